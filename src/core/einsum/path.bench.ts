/**
 * Path search on prepared einsums: chains, TTM and CP layers as in the reference's path_speed_python.json, one result
 * per number of operands (mean over its equations). Budgets: 1.5, 3 and 15 us at 4, 5 and 7 operands.
 */
import type { Bench } from '../base/bench.ts';
import type { Einsum } from './einsum.ts';
import { parseEinsum } from './parse.ts';
import { findPath } from './path.ts';

const chain = { a: 49, b: 37, c: 21, d: 42, e: 5, f: 53, g: 29, h: 39 };
const ttm = { b: 128, i: 4, j: 5, k: 6, l: 4, m: 5, n: 6, I: 5, J: 6, K: 4, L: 5, M: 6, N: 4 };
const bonds = { B: 8, C: 8, D: 8, E: 8, F: 8 };
const cp = { b: 128, i: 6, j: 7, k: 8, I: 7, J: 8, K: 9, r: 32 };

type Case = readonly [equation: string, extents: Readonly<Record<string, number>>];
const cases: Readonly<Record<4 | 5 | 7, readonly Case[]>> = {
  4: [
    ['ab,bc,cd,de->ae', chain],
    ['bijk,IiB,BJjC,CKk->bIJK', { ...ttm, ...bonds }],
    ['bi,r,Ir,ir->bI', cp],
  ],
  5: [
    ['ab,bc,cd,de,ef->af', chain],
    ['bijkl,IiB,BJjC,CKkD,DLl->bIJKL', { ...ttm, ...bonds }],
    ['bij,Ir,Jr,ir,jr->bIJ', cp],
  ],
  7: [
    ['ab,bc,cd,de,ef,fg,gh->ah', chain],
    ['bijklmn,IiB,BJjC,CKkD,DLlE,EMmF,FNn->bIJKLMN', { ...ttm, ...bonds }],
    ['bijk,Ir,Jr,Kr,ir,jr,kr->bIJK', cp],
  ],
};

const shapesOf = ([equation, extents]: Case): number[][] =>
  (equation.split('->')[0] ?? '').split(',').map((term) => Array.from(term, (label) => extents[label] ?? 1));

const rounds = 100;

/** Median over `rounds` of the mean over a few hundred calls, in microseconds per call. */
function medianUs(now: () => number, calls: readonly (() => unknown)[]): number {
  const perRound = 100;
  const once = (): void => {
    for (let repeat = 0; repeat < perRound; repeat++) for (const call of calls) call();
  };
  for (let warm = 0; warm < 50; warm++) once();
  const times = Array.from({ length: rounds }, () => {
    const start = now();
    once();
    return ((now() - start) * 1000) / (perRound * calls.length);
  });
  return times.toSorted((a, b) => a - b)[rounds / 2] ?? 0;
}

const search = (operands: 4 | 5 | 7, budget: number): Bench => ({
  name: `contraction path, exact, ${operands} operands`,
  unit: 'us',
  budget,
  run: (now) => {
    const einsums: Einsum[] = cases[operands].map((one) => parseEinsum(one[0], shapesOf(one)));
    return medianUs(
      now,
      einsums.map((einsum) => () => findPath(einsum)),
    );
  },
});

export const benches: readonly Bench[] = [
  search(4, 1.5),
  search(5, 3),
  search(7, 15),
  {
    name: 'parse an einsum of 5 operands',
    unit: 'us',
    budget: null,
    run: (now) => {
      const prepared = cases[5].map((one) => [one[0], shapesOf(one)] as const);
      return medianUs(
        now,
        prepared.map(
          ([equation, shapes]) =>
            () =>
              parseEinsum(equation, shapes),
        ),
      );
    },
  },
];
