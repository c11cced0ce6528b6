import { describe, expect, it } from 'vitest';
import { Matrix as Oracle, SVD } from 'ml-matrix';
import { createRandom } from '../base/random.ts';
import { singularValues } from './svd.ts';

describe('singular values', () => {
  it.each([
    [1, 1],
    [3, 7],
    [20, 20],
    [33, 12],
    [5, 64],
  ])('of a random %i x %i matrix equal the oracle', (rows, columns) => {
    const random = createRandom(rows * 100 + columns);
    const values = Float64Array.from({ length: rows * columns }, () => random.normal());
    const oracle = new SVD(Oracle.from1DArray(rows, columns, [...values])).diagonal.toSorted((a, b) => b - a);
    const ours = singularValues({ rows, columns, values });
    expect(ours.length).toBe(Math.min(rows, columns));
    ours.forEach((value, k) => expect(value).toBeCloseTo(oracle[k] ?? 0, 8));
  });

  it('of a rank-deficient and of a zero matrix', () => {
    const values = Float64Array.from({ length: 24 }, (_, i) => Math.floor(i / 6) + 1);
    const [first, ...rest] = singularValues({ rows: 4, columns: 6, values });
    expect(first).toBeCloseTo(Math.sqrt(6 * 30), 9);
    for (const value of rest) expect(value).toBeLessThan(1e-6);
    expect([...singularValues({ rows: 2, columns: 3, values: new Float64Array(6) })]).toEqual([0, 0]);
  });
});
