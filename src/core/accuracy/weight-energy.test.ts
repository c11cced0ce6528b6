import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reference } from '../base/reference.ts';
import { formats, type Factorization } from '../factor/factorization.ts';
import { clipRanks, rankCount, rankLimits } from '../factor/ranks.ts';
import { spectrumOf } from './spectrum.ts';
import { createWeightEnergy } from './weight-energy.ts';

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

  it('every estimated error is within 2.5 % of what the decomposition reaches', () => {
    expect(all.length).toBeGreaterThan(20);
    for (const { estimated, best } of all)
      expect(Math.abs(estimated / best - 1), JSON.stringify({ estimated, best })).toBeLessThan(0.025);
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

  it('a rank more never keeps less: exactly for most formats, within a hundredth where cuts compete', () => {
    fc.assert(
      fc.property(anyFactorization, fc.nat(), (f, pick) => {
        if (f.ranks.length === 0) return;
        const k = pick % f.ranks.length;
        const max = rankLimits(f)[k]?.max ?? 1;
        if ((f.ranks[k] ?? 1) >= max) return;
        const more = { ...f, ranks: f.ranks.with(k, (f.ranks[k] ?? 1) + 1) };
        const compete = ['tt', 'tr', 'tucker', 'block-term'].includes(f.format);
        for (const end of ['value', 'low', 'high'] as const)
          expect(synthetic.kept(more)[end]).toBeGreaterThanOrEqual(
            synthetic.kept(f)[end] - (compete ? 1e-2 : 1e-12),
          );
      }),
      { numRuns: 500 },
    );
  });

  it('svd of a known spectrum is exact, the others have a band around their value', () => {
    const spectrum = spectrumOf(Float64Array.from([3, 2, 1]));
    const { kept } = createWeightEnergy(3, 4, { kind: 'spectrum', spectrum });
    const svd = (rank: number): Factorization => ({
      format: 'svd',
      outModes: [3],
      inModes: [4],
      ranks: [rank],
    });
    expect(kept(svd(1)).value).toBeCloseTo(9 / 14, 14);
    expect(kept(svd(2))).toEqual({
      value: kept(svd(2)).value,
      low: kept(svd(2)).value,
      high: kept(svd(2)).value,
    });
    expect(kept(svd(3)).value).toBe(1);
    const cp = kept({ format: 'cp', outModes: [3], inModes: [2, 2], ranks: [1] });
    expect(cp.low).toBeLessThan(cp.value);
    expect(cp.high).toBeGreaterThan(cp.value);
  });

  it('a train whose outer ranks are full keeps what svd keeps', () => {
    for (const rank of [7, 40, 96]) {
      const tt: Factorization = { format: 'tt', ...order4, ranks: [12, rank, 8] };
      const svd: Factorization = { format: 'svd', outModes: [96], inModes: [96], ranks: [rank] };
      expect(synthetic.kept(tt)).toEqual(synthetic.kept(svd));
    }
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

interface Decomposed {
  readonly singular_values_every_32: readonly number[];
  readonly kronecker_sum: { readonly results: readonly { readonly terms: number; readonly error: number }[] };
  readonly ttm_2: Results;
  readonly ttm_3: Results;
  readonly ttm_4: Results;
  readonly tt_2x2: readonly Row[];
  readonly tt_3x3: readonly Row[];
  readonly tucker_2x2: readonly Row[];
  readonly tucker_3x3: readonly Row[];
}
interface Results {
  readonly results: readonly { readonly ranks: readonly number[]; readonly ttm_svd: number }[];
}
const steep = reference<{ readonly matrices: { readonly 'gaussmix_power0.5_768x768': Decomposed } }>(
  'decomposition.json',
)?.matrices['gaussmix_power0.5_768x768'];

describe.skipIf(steep === undefined)('against decompositions of a 768 x 768 with a steep spectrum', () => {
  /** The reference has every 32nd singular value: a power law to the second, geometric between the others. */
  const known = steep?.singular_values_every_32 ?? [];
  const [first = 1, second = 1] = known;
  const values = Float64Array.from({ length: 768 }, (_, k) => {
    if (k < 32) return first * (k + 1) ** (Math.log(second / first) / Math.log(33));
    const [a = 1, b = 1e-4] = [known[k >> 5], known[(k >> 5) + 1]];
    return a * (b / a) ** ((k % 32) / 32);
  });
  const energy = createWeightEnergy(768, 768, { kind: 'spectrum', spectrum: spectrumOf(values) });
  const two = { outModes: [24, 32], inModes: [24, 32] };
  const three = { outModes: [8, 8, 12], inModes: [8, 8, 12] };
  const four = { outModes: [4, 4, 6, 8], inModes: [4, 4, 6, 8] };
  const cases: readonly (readonly [Factorization, number | undefined])[] = [
    ...(steep?.kronecker_sum.results ?? []).map(
      ({ terms, error }) => [{ format: 'kronecker', ...two, ranks: [terms] }, error] as const,
    ),
    ...([two, three, four] as const).flatMap((modes, k) =>
      ((k === 0 ? steep?.ttm_2 : k === 1 ? steep?.ttm_3 : steep?.ttm_4)?.results ?? []).map(
        ({ ranks, ttm_svd }) => [{ format: 'ttm', ...modes, ranks }, ttm_svd] as const,
      ),
    ),
    ...(steep?.tt_2x2 ?? []).map(
      ({ ranks = [], tt_svd }) => [{ format: 'tt', ...two, ranks }, tt_svd] as const,
    ),
    ...(steep?.tt_3x3 ?? []).map(
      ({ ranks = [], tt_svd }) => [{ format: 'tt', ...three, ranks }, tt_svd] as const,
    ),
    ...(steep?.tucker_2x2 ?? []).map(
      ({ ranks = [], ...row }) =>
        [{ format: 'tucker', ...two, ranks }, (row as { st_hosvd?: number }).st_hosvd] as const,
    ),
    ...(steep?.tucker_3x3 ?? []).map(
      ({ ranks = [], ...row }) =>
        [{ format: 'tucker', ...three, ranks }, (row as { st_hosvd?: number }).st_hosvd] as const,
    ),
  ];

  it('every estimated error is within 6 % of the decomposition, and so is the band', () => {
    expect(cases.length).toBeGreaterThan(30);
    for (const [f, error = 0] of cases) {
      const { value, low, high } = energy.kept(f);
      expect(Math.abs(Math.sqrt(1 - value) / error - 1), JSON.stringify(f)).toBeLessThan(0.06);
      const kept = 1 - error * error;
      expect(kept, JSON.stringify(f)).toBeGreaterThan(low - 1e-3);
      expect(kept, JSON.stringify(f)).toBeLessThan(high + 1e-3);
    }
  });
});
