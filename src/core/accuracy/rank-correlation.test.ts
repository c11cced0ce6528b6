import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { averageRanks, kendall, spearman } from './rank-correlation.ts';

/** scipy 1.17.1: spearmanr, kendalltau (variant b). */
const cases: readonly (readonly [
  a: readonly number[],
  b: readonly number[],
  spearman: number,
  kendall: number,
])[] = [
  [[1, 2, 3, 4, 5], [5, 6, 7, 8, 7], 0.820782681668, 0.737864787373],
  [[1, 1, 2, 3, 3, 3], [2, 1, 2, 2, 5, 4], 0.754199711152, 0.696310623823],
  [[3.5, -1, 0, 0, 2, 9, 9, 4], [1, 1, 1, 0, -4, 7, 8, 2], 0.728450577529, 0.588348405415],
  [[10, 20, 30, 40], [4, 3, 2, 1], -1, -1],
  [
    [0.1, 0.4, 0.4, 0.4, 0.9, 0.3, 0.2, 0.7, 0.8, 0.8],
    [0.5, 0.2, 0.3, 0.3, 0.1, 0.9, 0.5, 0.6, 0.8, 0.7],
    -0.092883263366,
    -0.047632550823,
  ],
];

describe('rank correlation', () => {
  it.each(cases)('%j with %j as scipy', (a, b, rho, tau) => {
    expect(spearman(a, b)).toBeCloseTo(rho, 11);
    expect(kendall(a, b)).toBeCloseTo(tau, 11);
  });

  it('ties share their mean rank', () => {
    expect(averageRanks([7, 5, 7, 1])).toEqual([3.5, 2, 3.5, 1]);
  });

  it('sees only the order; a constant side orders nothing', () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), {
      minLength: 2,
      maxLength: 20,
    });
    fc.assert(
      fc.property(pairs, (both) => {
        const a = both.map(([x]) => x);
        const b = both.map(([, y]) => y);
        for (const of of [spearman, kendall]) {
          expect(of(a, b)).toBeCloseTo(
            of(
              a.map((x) => Math.exp(x)),
              b,
            ),
            12,
          );
          expect(of(a, b)).toBeCloseTo(
            -of(
              a.map((x) => -x),
              b,
            ),
            12,
          );
          expect(of(b, a)).toBeCloseTo(of(a, b), 12);
          expect(
            of(
              a,
              a.map(() => 1),
            ),
          ).toBe(0);
        }
      }),
    );
  });

  it('refuses unequal counts and what is no number', () => {
    expect(() => spearman([1], [1, 2])).toThrow('rank correlation: needs as many values on both sides');
    expect(() => kendall([1, Number.NaN], [1, 2])).toThrow('finite');
  });
});
