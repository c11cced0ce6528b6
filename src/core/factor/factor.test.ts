import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reference } from '../base/reference.ts';
import { findPath } from '../einsum/path.ts';
import { formats, type Factorization, type Format } from './factorization.ts';
import { forwardEinsum } from './forward.ts';
import { breakEvenRanks, parameterCount } from './parameters.ts';
import {
  checkFactorization,
  clipRanks,
  rankCount,
  rankLimits,
  ranksForBudget,
  tltorchRanks,
} from './ranks.ts';
import { balancedModes, divisors, orderedFactorizations, tltorchModes } from './tensorization.ts';

const factorizedPaths = reference<{
  readonly cases: readonly {
    readonly format: string;
    readonly eq: string;
    readonly shapes: readonly (readonly number[])[];
    readonly params: number;
    readonly batch: number;
    readonly in: number;
    readonly out: number;
    readonly exact_macs: { readonly macs: number };
  }[];
}>('factorized_paths.json');

const tltorch = reference<{
  readonly shapes: readonly {
    readonly in_features: number;
    readonly out_features: number;
    readonly order: number | null;
    readonly in_tensorized: readonly number[];
    readonly out_tensorized: readonly number[];
  }[];
  readonly ranks: readonly {
    readonly in_tensorized: readonly number[];
    readonly out_tensorized: readonly number[];
    readonly rank_arg: number;
    readonly format: string;
    readonly rank: number | readonly number[];
    readonly params: number;
  }[];
}>('tltorch.json');

const product = (values: readonly number[]): number => values.reduce((all, value) => all * value, 1);

describe.skipIf(tltorch === null)('tensorly-torch heuristics', () => {
  it('chooses the same modes', () => {
    for (const row of tltorch?.shapes ?? [])
      expect(tltorchModes(row.in_features, row.out_features, row.order)).toEqual({
        inModes: row.in_tensorized,
        outModes: row.out_tensorized,
      });
  });

  it('resolves a float rank to the same ranks', () => {
    const names = { CP: 'cp', Tucker: 'tucker', BlockTT: 'ttm', TT: 'tt', TR: 'tr' } as const;
    const wrong: unknown[] = [];
    for (const row of tltorch?.ranks ?? []) {
      if (row.format === 'SVD') continue; // its own truncation, not one of the library's formats
      const format = names[row.format as keyof typeof names];
      const ranks = tltorchRanks(format, row.out_tensorized, row.in_tensorized, row.rank_arg);
      const theirs = typeof row.rank === 'number' ? [row.rank] : row.rank;
      const inner =
        format === 'tt' || format === 'ttm'
          ? theirs.slice(1, -1)
          : format === 'tr'
            ? theirs.slice(0, -1)
            : theirs;
      if (JSON.stringify(ranks) !== JSON.stringify(inner)) wrong.push({ row, ranks });
      const weights = format === 'cp' ? (ranks[0] ?? 0) : 0;
      const count = parameterCount({
        format,
        outModes: row.out_tensorized,
        inModes: row.in_tensorized,
        ranks: inner,
      });
      expect(count + weights).toBe(row.params);
    }
    expect(wrong).toEqual([]);
  });
});

/** The factorization behind a row of the reference: its ranks are the extents that are no mode and no row. */
function fromReference(row: {
  readonly format: string;
  readonly eq: string;
  readonly shapes: readonly (readonly number[])[];
}): Factorization | null {
  const [inputs = '', output = ''] = row.eq.split('->');
  const terms = inputs.split(',');
  const extents = new Map<string, number>();
  terms.forEach((term, k) =>
    [...term].forEach((letter, axis) => extents.set(letter, row.shapes[k]?.[axis] ?? 1)),
  );
  const size = (letter: string): number => extents.get(letter) ?? 1;
  const inLetters = [...(terms[0] ?? '')].slice(1);
  const outLetters = [...output].slice(1);
  const names: Readonly<Record<string, Format>> = {
    lowrank: 'svd',
    kronsum: 'kronecker',
    btd: 'block-term',
    block_term: 'block-term',
  };
  const format = names[row.format] ?? (row.format as Format);
  if (!formats.includes(format)) return null;
  const modes = new Set([...inLetters, ...outLetters, 'b']);
  const seen: string[] = [];
  for (const term of terms.slice(1))
    for (const letter of term) if (!modes.has(letter) && !seen.includes(letter)) seen.push(letter);
  return { format, outModes: outLetters.map(size), inModes: inLetters.map(size), ranks: seen.map(size) };
}

describe.skipIf(factorizedPaths === null)('factorized layers of the reference', () => {
  it('count the same parameters and need the same least MACs', () => {
    let compared = 0;
    for (const row of factorizedPaths?.cases ?? []) {
      const f = fromReference(row);
      if (f === null) continue;
      const isTr = f.format === 'tr';
      const ranks = isTr ? [f.ranks[0] ?? 1, ...f.ranks.slice(1)] : f.ranks;
      const at = { ...f, ranks };
      expect(parameterCount(at), row.eq).toBe(row.params);
      expect(findPath(forwardEinsum(at, row.batch), 'macs').macs, row.eq).toBe(row.exact_macs.macs);
      compared++;
    }
    expect(compared).toBeGreaterThan(70);
  });
});

describe('modes', () => {
  it('768 has 16, 84 and 224 ordered factorizations of order 2, 3 and 4', () => {
    expect([2, 3, 4].map((order) => orderedFactorizations(768, order).length)).toEqual([16, 84, 224]);
  });

  it('divisors are complete and ascending', () => {
    expect(divisors(36)).toEqual([1, 2, 3, 4, 6, 9, 12, 18, 36]);
    expect(divisors(1)).toEqual([1]);
  });

  it('balanced modes multiply exactly, primes included', () => {
    expect(balancedModes(768, 2)).toEqual([24, 32]);
    expect(balancedModes(3072, 3)).toEqual([12, 16, 16]);
    expect(balancedModes(769, 2)).toEqual([1, 769]);
  });
});

const sides = fc.constantFrom<readonly [readonly number[], readonly number[]]>(
  [
    [4, 6],
    [3, 8],
  ],
  [
    [2, 3, 4],
    [4, 2, 2],
  ],
  [
    [24, 32],
    [16, 48],
  ],
);
const factorization = fc
  .tuple(
    fc.constantFrom(...formats),
    sides,
    fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 7, maxLength: 7 }),
  )
  .map(([format, [outModes, inModes], ranks]): Factorization => {
    const flat = format === 'dense' || format === 'svd';
    const out = flat ? [product(outModes)] : outModes;
    const inside = flat ? [product(inModes)] : inModes;
    return {
      format,
      outModes: out,
      inModes: inside,
      ranks: ranks.slice(0, rankCount(format, out.length, inside.length)),
    };
  });

describe('ranks', () => {
  it('clipped ranks are realizable, and clipping again changes nothing', () => {
    fc.assert(
      fc.property(factorization, (f) => {
        const clipped = clipRanks(f);
        const checked = checkFactorization(clipped, product(f.outModes), product(f.inModes));
        expect(checked.ranks).toEqual(clipped.ranks);
        expect(clipRanks(clipped)).toEqual(clipped);
      }),
    );
  });

  it('every value between the limits is realizable', () => {
    fc.assert(
      fc.property(factorization, fc.nat(), (f, pick) => {
        const clipped = clipRanks(f);
        rankLimits(clipped).forEach(({ min, max }, k) => {
          expect(min).toBeLessThanOrEqual(max);
          const value = min + (pick % (max - min + 1));
          const moved = { ...clipped, ranks: clipped.ranks.with(k, value) };
          expect(clipRanks(moved).ranks).toEqual(moved.ranks);
        });
      }),
    );
  });

  it('parameters are the sizes of the factors in the forward einsum', () => {
    fc.assert(
      fc.property(factorization, (f) => {
        const clipped = clipRanks(f);
        const { inputs, extents } = forwardEinsum(clipped, 5);
        const sizes = inputs
          .slice(1)
          .map((labels) => product(labels.map((label) => extents.get(label) ?? 0)));
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(parameterCount(clipped));
      }),
    );
  });

  it('break-even is the last rank below dense', () => {
    const svd: Factorization = { format: 'svd', outModes: [768], inModes: [768], ranks: [10] };
    expect(breakEvenRanks(svd)).toEqual([383]);
    expect(parameterCount({ ...svd, ranks: [384] })).toBe(768 * 768);
  });

  it('ranks for a budget do not exceed it, and the next size would', () => {
    for (const format of formats.filter((name) => name !== 'dense')) {
      const flat = format === 'svd';
      const out = flat ? [768] : [24, 32];
      const ranks = ranksForBudget(format, out, out, 60_000);
      expect(ranks).not.toBeNull();
      const count = parameterCount({ format, outModes: out, inModes: out, ranks: ranks ?? [] });
      expect(count).toBeLessThanOrEqual(60_000);
      expect(count).toBeGreaterThan(30_000);
    }
    expect(ranksForBudget('svd', [768], [768], 100)).toBeNull();
  });

  it('refuses by name what cannot be', () => {
    expect(() =>
      checkFactorization({ format: 'tt', outModes: [4, 6], inModes: [3, 8], ranks: [5, 9, 8] }, 24, 24),
    ).toThrow('rank r1 of tt: must be at most 4 to be realizable, got 5');
    expect(() =>
      checkFactorization({ format: 'svd', outModes: [768], inModes: [768], ranks: [0] }, 768, 768),
    ).toThrow('rank r of svd: must be a positive integer, got 0');
    expect(() =>
      checkFactorization({ format: 'ttm', outModes: [4, 6], inModes: [24], ranks: [2] }, 24, 24),
    ).toThrow('modes of ttm: must be as many on both sides');
    expect(() =>
      checkFactorization({ format: 'cp', outModes: [5, 5], inModes: [24], ranks: [2] }, 24, 24),
    ).toThrow('output modes: must be positive integers that multiply to 24, got "5 x 5 = 25"');
  });

  it('drops boundary ones', () => {
    const f: Factorization = { format: 'ttm', outModes: [4, 6], inModes: [3, 8], ranks: [1, 5, 1] };
    expect(checkFactorization(f, 24, 24).ranks).toEqual([5]);
  });
});
