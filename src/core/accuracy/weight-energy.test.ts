import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reference } from '../base/reference.ts';
import { formats, type Factorization } from '../factor/factorization.ts';
import { clipRanks, rankCount, rankLimits } from '../factor/ranks.ts';
import { createWeightEnergy } from './weight-energy.ts';
import { flatCumulative, flatShare, spectrumOf } from './spectrum.ts';

interface Row {
  readonly rank?: number;
  readonly ranks?: readonly number[];
  readonly als_random_best?: number;
  readonly tr_als_best?: number;
  readonly tt_svd?: number;
  readonly hooi_tensorly?: number;
}
const gauss = reference<{
  readonly matrices: {
    readonly gauss_96x96: {
      readonly svd: { readonly singular_values: readonly number[] };
      readonly cp_order4: readonly Row[];
      readonly cp_order6: readonly Row[];
      readonly tr_order4: readonly Row[];
      readonly tt_order4: readonly Row[];
      readonly tt_order6: readonly Row[];
      readonly tucker_order4: readonly Row[];
      readonly tucker_order6: readonly Row[];
      readonly kronecker_sum: {
        readonly results: readonly { readonly terms: number; readonly error: number }[];
      };
    };
  };
}>('decomposition.json')?.matrices.gauss_96x96;

const order4 = { outModes: [12, 8], inModes: [12, 8] };
const order6 = { outModes: [4, 4, 6], inModes: [4, 4, 6] };

describe('flat spectrum', () => {
  it('a square Gaussian matrix: shares known in closed form', () => {
    // Marchenko-Pastur at aspect 1: eigenvalues above x(t) are (t - sin t) / pi of all.
    const t = 1.3;
    const r = (1e6 * (t - Math.sin(t))) / Math.PI;
    expect(flatShare(1e6, 1e6, r)).toBeCloseTo((t - Math.sin(t) * Math.cos(t)) / Math.PI, 6);
  });

  it('a very wide matrix keeps the share of its rows', () => {
    expect(flatShare(10, 1e9, 4)).toBeCloseTo(0.4, 3);
  });

  it('rises from 0 to 1', () => {
    const shares = flatCumulative(48, 70);
    expect(shares[0]).toBe(0);
    expect(shares.at(-1)).toBe(1);
    for (let r = 1; r < shares.length; r++) expect(shares[r]).toBeGreaterThan(shares[r - 1] ?? 1);
  });
});

describe.skipIf(gauss === undefined)('against decompositions of a Gaussian 96 x 96', () => {
  const energy = createWeightEnergy(96, 96, {
    kind: 'spectrum',
    spectrum: spectrumOf(Float64Array.from(gauss?.svd.singular_values ?? [])),
  });
  const error = (f: Factorization): number => Math.sqrt(1 - energy.kept(f).value);
  const rows = (
    list: readonly Row[] | undefined,
    best: (row: Row) => number | undefined,
    f: (row: Row) => Factorization,
  ): readonly { readonly estimated: number; readonly best: number }[] =>
    (list ?? []).flatMap((row) => {
      const value = best(row);
      return value === undefined ? [] : [{ estimated: error(f(row)), best: value }];
    });
  const all = [
    ...rows(
      gauss?.cp_order4,
      (row) => row.als_random_best,
      (row) => ({ format: 'cp', ...order4, ranks: [row.rank ?? 0] }),
    ),
    ...rows(
      gauss?.cp_order6,
      (row) => row.als_random_best,
      (row) => ({ format: 'cp', ...order6, ranks: [row.rank ?? 0] }),
    ),
    ...rows(
      gauss?.tr_order4,
      (row) => row.tr_als_best,
      (row) => ({ format: 'tr', ...order4, ranks: (row.ranks ?? []).slice(0, -1) }),
    ),
    ...rows(
      gauss?.tt_order4,
      (row) => row.tt_svd,
      (row) => ({ format: 'tt', ...order4, ranks: row.ranks ?? [] }),
    ),
    ...rows(
      gauss?.tt_order6,
      (row) => row.tt_svd,
      (row) => ({ format: 'tt', ...order6, ranks: row.ranks ?? [] }),
    ),
    ...rows(
      gauss?.tucker_order4,
      (row) => row.hooi_tensorly,
      (row) => ({ format: 'tucker', ...order4, ranks: row.ranks ?? [] }),
    ),
    ...rows(
      gauss?.tucker_order6,
      (row) => row.hooi_tensorly,
      (row) => ({ format: 'tucker', ...order6, ranks: row.ranks ?? [] }),
    ),
  ];

  it('every estimated error is within 2 % of what the decomposition reaches', () => {
    expect(all.length).toBeGreaterThan(20);
    for (const { estimated, best } of all)
      expect(Math.abs(estimated / best - 1), JSON.stringify({ estimated, best })).toBeLessThan(0.02);
  });

  it('Kronecker sums within 3.3 %', () => {
    for (const { terms, error: best } of gauss?.kronecker_sum.results ?? [])
      expect(Math.abs(error({ format: 'kronecker', ...order4, ranks: [terms] }) / best - 1)).toBeLessThan(
        0.033,
      );
  });
});

const anyFactorization = fc
  .tuple(
    fc.constantFrom(...formats),
    fc.constantFrom(order4, order6),
    fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 7, maxLength: 7 }),
  )
  .map(([format, modes, ranks]): Factorization => {
    const flat = format === 'dense' || format === 'svd';
    const { outModes, inModes } = flat ? { outModes: [96], inModes: [96] } : modes;
    return clipRanks({
      format,
      outModes,
      inModes,
      ranks: ranks.slice(0, rankCount(format, outModes.length, inModes.length)),
    });
  });

describe('weight energy kept', () => {
  const synthetic = createWeightEnergy(96, 96, { kind: 'synthetic' });

  it('stands between 0 and 1, low <= value <= high', () => {
    fc.assert(
      fc.property(anyFactorization, (f) => {
        const { value, low, high } = synthetic.kept(f);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(value).toBeGreaterThanOrEqual(low);
        expect(high).toBeGreaterThanOrEqual(value);
        expect(high).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('a rank more never keeps noticeably less', () => {
    fc.assert(
      fc.property(anyFactorization, fc.nat(), (f, pick) => {
        if (f.ranks.length === 0) return;
        const k = pick % f.ranks.length;
        const max = rankLimits(f)[k]?.max ?? 1;
        if ((f.ranks[k] ?? 1) >= max) return;
        const more = { ...f, ranks: f.ranks.with(k, (f.ranks[k] ?? 1) + 1) };
        expect(synthetic.kept(more).value).toBeGreaterThanOrEqual(synthetic.kept(f).value - 1e-3);
      }),
      { numRuns: 500 },
    );
  });

  it('full ranks keep everything', () => {
    for (const format of formats) {
      const flat = format === 'dense' || format === 'svd';
      const { outModes, inModes } = flat ? { outModes: [96], inModes: [96] } : order4;
      const huge = new Array<number>(rankCount(format, outModes.length, inModes.length)).fill(1e6);
      expect(synthetic.kept(clipRanks({ format, outModes, inModes, ranks: huge })).value).toBe(1);
    }
  });
});
