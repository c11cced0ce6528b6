import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reference } from '../base/reference.ts';
import { anyFactorization } from './factor.fixture.ts';
import { formats, type Factorization, type Format } from './factorization.ts';
import { breakEvenRanks, parameterCount } from './parameters.ts';
import {
  checkFactorization,
  clipRanks,
  denseFactorization,
  rankCount,
  rankJoins,
  rankLimits,
  rankNames,
  ranksForBudget,
  tltorchRanks,
} from './ranks.ts';
import { product } from './tensorization.ts';

const check = (f: Factorization): Factorization =>
  checkFactorization(f, product(f.outModes), product(f.inModes));

const ttm: Factorization = { format: 'ttm', outModes: [8, 8, 12], inModes: [8, 8, 12], ranks: [16, 16] };
const tt: Factorization = { format: 'tt', outModes: [24, 32], inModes: [24, 32], ranks: [24, 64, 32] };
const tucker: Factorization = { format: 'tucker', outModes: [4, 4], inModes: [6, 6], ranks: [4, 4, 6, 6] };
const svd: Factorization = { format: 'svd', outModes: [768], inModes: [768], ranks: [64] };

describe('realizable ranks', () => {
  it('any clipped factorization passes, and clipping again changes nothing', () => {
    fc.assert(
      fc.property(anyFactorization(), (f) => {
        expect(check(f)).toBe(f);
        expect(clipRanks(f)).toBe(f);
      }),
      { numRuns: 500 },
    );
  });

  it('every value within its limits keeps the others realizable, one beyond does not', () => {
    fc.assert(
      fc.property(anyFactorization(), (f) => {
        rankLimits(f).forEach(({ min, max }, k) => {
          const at = (rank: number): Factorization => ({ ...f, ranks: f.ranks.with(k, rank) });
          for (const rank of [min, max, Math.floor((min + max) / 2)])
            expect(check(at(rank)).ranks[k]).toBe(rank);
          expect(() => check(at(max + 1))).toThrow('rank');
          if (min > 1) expect(() => check(at(min - 1))).toThrow('rank');
          expect(rankLimits(at(max))[k]).toEqual({ min, max });
        });
      }),
      { numRuns: 300 },
    );
  });

  it('clips to the largest realizable ranks below the wish', () => {
    fc.assert(
      fc.property(
        anyFactorization(formats, { most: 4, order: 2 }),
        fc.array(fc.nat(6), { minLength: 5, maxLength: 5 }),
        (f, more) => {
          const wish = { ...f, ranks: f.ranks.map((rank, k) => rank + (more[k] ?? 0)) };
          const clipped = clipRanks(wish);
          clipped.ranks.forEach((rank, k) => {
            expect(rank).toBeGreaterThanOrEqual(f.ranks[k] ?? 0); // f is realizable and below the wish
            expect(rank).toBeLessThanOrEqual(wish.ranks[k] ?? 0);
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('has the limits of the products left and right', () => {
    expect(clipRanks({ ...tt, ranks: [999, 999, 999] }).ranks).toEqual([24, 768, 32]);
    expect(clipRanks({ ...ttm, ranks: [999, 999] }).ranks).toEqual([64, 144]);
    expect(clipRanks({ ...tucker, ranks: [1, 4, 6, 1] }).ranks).toEqual([1, 4, 4, 1]);
    expect(rankLimits(tucker)).toEqual([
      { min: 1, max: 4 },
      { min: 1, max: 4 },
      { min: 1, max: 6 },
      { min: 1, max: 6 },
    ]);
    expect(rankLimits(svd)).toEqual([{ min: 1, max: 768 }]);
    expect(rankLimits({ ...ttm, ranks: [1, 144] })).toEqual([
      { min: 3, max: 64 },
      { min: 1, max: 64 },
    ]);
  });

  it('accepts and drops the boundary ones of trains, and the repeated rank of rings, only', () => {
    expect(check({ ...ttm, ranks: [1, 16, 16, 1] })).toEqual(ttm);
    expect(check({ ...tt, ranks: [1, 24, 64, 32, 1] })).toEqual(tt);
    expect(clipRanks({ ...ttm, ranks: [1, 16, 16, 1] })).toEqual(ttm);
    expect(check({ ...tucker, format: 'tr', ranks: [2, 3, 4, 5, 2] }).ranks).toEqual([2, 3, 4, 5]);
    expect(() => check({ ...tucker, ranks: [1, 4, 4, 6, 6, 1] })).toThrow(
      'ranks: tucker of 2 and 2 modes has 4',
    );
  });

  it('names what is unsound', () => {
    const wrong =
      (f: Partial<Factorization>): (() => unknown) =>
      () =>
        checkFactorization({ ...ttm, ...f }, 768, 768);
    expect(wrong({ outModes: [8, 8, 8] })).toThrow('output modes: must multiply to 768; 8 x 8 x 8 is 512');
    expect(wrong({ inModes: [8, -8, 12] })).toThrow('input modes: must be positive integers, got [8,-8,12]');
    expect(wrong({ inModes: [64, 12] })).toThrow('ttm: needs as many output as input modes, got [3,2]');
    expect(wrong({ ranks: [65, 16] })).toThrow('rank r1 of ttm: must be at most 64 to be realizable, got 65');
    expect(wrong({ ranks: [0, 16] })).toThrow('rank r1 of ttm: must be a positive integer, got 0');
    expect(wrong({ ranks: [1.5, 16] })).toThrow('rank r1 of ttm: must be a positive integer, got 1.5');
    expect(wrong({ ranks: [] })).toThrow('ranks: ttm of 3 and 3 modes has 2, got []');
    expect(wrong({ format: 'hosvd' as Format })).toThrow('format: must be one of dense svd');
    expect(wrong({ format: 'svd' })).toThrow('output modes: of svd must be 1 to 1');
    expect(() => clipRanks({ ...ttm, ranks: [Number.NaN, 3] })).toThrow('ranks: must be numbers, got NaN');
    expect(clipRanks({ ...ttm, ranks: [Infinity, -3] }).ranks).toEqual([64, 1]);
  });
});

describe('names', () => {
  it('has one name and one sentence per rank', () => {
    fc.assert(
      fc.property(anyFactorization(), (f) => {
        expect(rankNames(f).length).toBe(f.ranks.length);
        expect(rankJoins(f).length).toBe(f.ranks.length);
        expect(rankCount(f.format, f.outModes.length, f.inModes.length)).toBe(f.ranks.length);
        expect(new Set(rankNames(f)).size).toBe(f.ranks.length);
      }),
    );
  });

  it('says what a rank joins', () => {
    expect(rankJoins(tt)).toEqual(['joins 24 and 32', 'joins 32 and 24', 'joins 24 and 32']);
    expect(rankJoins(ttm)).toEqual(['joins 8×8 and 8×8', 'joins 8×8 and 12×12']);
    expect(rankJoins(svd)).toEqual(['joins 768 and 768']);
    expect(rankNames({ ...tucker, format: 'tr' })).toEqual(['r0', 'r1', 'r2', 'r3']);
    expect(rankNames({ ...tucker, format: 'block-term', ranks: [2, 4, 4, 6, 6] })[0]).toBe('C');
  });
});

describe('ranks from a size', () => {
  it('stays within the budget and near it', () => {
    const cases: readonly (readonly [Format, readonly number[], readonly number[]])[] = [
      ['svd', [768], [768]],
      ['cp', [24, 32], [24, 32]],
      ['kronecker', [24, 32], [24, 32]],
      ['tucker', [24, 32], [24, 32]],
      ['tt', [24, 32], [24, 32]],
      ['ttm', [8, 8, 12], [8, 8, 12]],
      ['tr', [24, 32], [24, 32]],
      ['block-term', [24, 32], [24, 32]],
    ];
    for (const [format, outModes, inModes] of cases)
      for (const share of [0.05, 0.1, 0.37]) {
        const target = share * 768 * 768;
        const ranks = ranksForBudget(format, outModes, inModes, target) ?? [];
        const f = check({ format, outModes, inModes, ranks });
        expect(parameterCount(f)).toBeLessThanOrEqual(target);
        expect(parameterCount(f)).toBeGreaterThan(0.8 * target);
      }
  });

  it('is null when ranks of one are too many, and full when there is room', () => {
    expect(ranksForBudget('svd', [768], [768], 1535)).toBeNull();
    expect(ranksForBudget('svd', [768], [768], 1536)).toEqual([1]);
    expect(ranksForBudget('svd', [768], [768], 1e12)).toEqual([768]);
    expect(ranksForBudget('dense', [768], [768], 768 * 768)).toEqual([]);
    expect(ranksForBudget('dense', [768], [768], 768 * 768 - 1)).toBeNull();
  });

  it('breaks even where the parameters do', () => {
    expect(breakEvenRanks(svd)).toEqual([383]);
    expect(breakEvenRanks(denseFactorization(768, 768))).toEqual([]);
    fc.assert(
      fc.property(anyFactorization(), (f) => {
        const dense = product(f.outModes) * product(f.inModes);
        const limits = rankLimits(f);
        breakEvenRanks(f).forEach((rank, k) => {
          const at = (value: number): number => parameterCount({ ...f, ranks: f.ranks.with(k, value) });
          if (rank === null) expect(at(1)).toBeGreaterThanOrEqual(dense);
          else {
            expect(at(rank)).toBeLessThan(dense);
            if (rank < (limits[k]?.max ?? 0)) expect(at(rank + 1)).toBeGreaterThanOrEqual(dense);
          }
        });
      }),
    );
  });
});

interface Row {
  readonly in_tensorized?: readonly number[];
  readonly out_tensorized?: readonly number[];
  readonly in_features: number;
  readonly out_features: number;
  readonly format: string;
  readonly rank_arg: number;
  readonly rank: number | readonly number[];
  readonly rank_after_ttsvd?: readonly number[];
  readonly params: number;
  readonly params_after_ttsvd?: number;
}

const named: Readonly<Record<string, Format>> = {
  CP: 'cp',
  Tucker: 'tucker',
  BlockTT: 'ttm',
  TT: 'tt',
  TR: 'tr',
  SVD: 'svd',
};

describe('tltorchRanks', () => {
  const table = reference<{ readonly ranks: readonly Row[] }>('tltorch.json');

  it.skipIf(table === null)(
    'gives the ranks and parameters of tensorly-torch (needs the reference figures)',
    () => {
      expect(table?.ranks.length).toBeGreaterThan(1000);
      for (const row of table?.ranks ?? []) {
        const format = named[row.format] ?? 'dense';
        const outModes = row.out_tensorized ?? [row.out_features];
        const inModes = row.in_tensorized ?? [row.in_features];
        const ranks = tltorchRanks(format, outModes, inModes, row.rank_arg);
        const f: Factorization = { format, outModes, inModes, ranks };
        const nominal = typeof row.rank === 'number' ? [row.rank] : row.rank;
        const inner = (list: readonly number[]): readonly number[] =>
          format === 'tt' || format === 'ttm'
            ? list.slice(1, -1)
            : format === 'tr'
              ? list.slice(0, -1)
              : list;
        expect({ row, ranks }).toEqual({ row, ranks: inner(nominal) });
        // CP keeps its weights apart there.
        expect(parameterCount(f) + (format === 'cp' ? (ranks[0] ?? 0) : 0)).toBe(row.params);
        if (row.rank_after_ttsvd !== undefined) {
          // TT-SVD never sees that a later bond is too narrow for an earlier one; the realizable ranks do.
          const theirs = { ...f, ranks: inner(row.rank_after_ttsvd) };
          expect(parameterCount(theirs)).toBe(row.params_after_ttsvd);
          expect(clipRanks(f).ranks).toEqual(clipRanks(theirs).ranks);
        }
      }
    },
  );

  it('names what tensorly-torch lacks', () => {
    expect(() => tltorchRanks('kronecker', [4, 4], [4, 4], 0.1)).toThrow('format: tensorly-torch has');
  });
});
