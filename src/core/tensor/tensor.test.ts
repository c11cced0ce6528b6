import fc from 'fast-check';
import { EigenvalueDecomposition, Matrix as Oracle, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { fold, matrix, norm, permute, relativeDistance, transpose, unfold, type Matrix } from './dense.ts';
import { eigenSymmetric, eigenvaluesSymmetric } from './eigen.ts';
import { gram, matmul, timesTransposed } from './matmul.ts';
import { solveRight } from './solve.ts';
import { singularValues, truncate, truncateLeft } from './svd.ts';
import { gaussianMatrix, gaussianTensor } from './tensor.fixture.ts';

const oracle = ({ rows, columns, values }: Matrix): Oracle => Oracle.from1DArray(rows, columns, [...values]);
const sides = fc.tuple(fc.integer({ min: 1, max: 23 }), fc.integer({ min: 1, max: 23 }), fc.nat(1000));

/** Largest difference relative to the largest entry of b. */
function distance(a: Float64Array, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let [most, largest] = [0, 0];
  for (const [i, value] of a.entries()) {
    most = Math.max(most, Math.abs(value - (b[i] ?? Number.NaN)));
    largest = Math.max(largest, Math.abs(b[i] ?? 0));
  }
  return largest === 0 ? most : most / largest;
}

describe('products', () => {
  it('are those of ml-matrix, whatever the remainders of the blocks', () => {
    fc.assert(
      fc.property(sides, fc.integer({ min: 1, max: 9 }), ([m, k, seed], n) => {
        const a = gaussianMatrix(m, k, seed);
        const b = gaussianMatrix(k, n, seed + 1);
        const expected = oracle(a).mmul(oracle(b)).to1DArray();
        expect(distance(matmul(a, b).values, expected)).toBeLessThan(1e-13);
        expect(distance(timesTransposed(a, transpose(b)).values, expected)).toBeLessThan(1e-13);
        expect(distance(gram(a).values, timesTransposed(a, a).values)).toBeLessThan(1e-14);
      }),
    );
  });

  it('cross the pieces of long rows', () => {
    const a = gaussianMatrix(3, 1300, 4);
    expect(distance(gram(a).values, oracle(a).mmul(oracle(a).transpose()).to1DArray())).toBeLessThan(1e-13);
  });

  it('solveRight undoes a product', () => {
    const x = gaussianMatrix(5, 7, 1);
    const g = gram(gaussianMatrix(7, 40, 2));
    expect(distance(solveRight(matmul(x, g), g).values, x.values)).toBeLessThan(1e-9);
  });

  it('solveRight stands singular systems: the product is met', () => {
    const g = gram(gaussianMatrix(7, 3, 2));
    const b = matmul(gaussianMatrix(5, 7, 1), g);
    expect(distance(matmul(solveRight(b, g), g).values, b.values)).toBeLessThan(1e-6);
  });
});

describe('axes', () => {
  it('permute puts every entry where it belongs', () => {
    const t = gaussianTensor([2, 3, 4, 5]);
    const order = [2, 0, 3, 1];
    const p = permute(t, order);
    expect(p.shape).toEqual([4, 2, 5, 3]);
    for (let a = 0; a < 2; a++)
      for (let b = 0; b < 3; b++)
        for (let c = 0; c < 4; c++)
          for (let d = 0; d < 5; d++)
            expect(p.values[((c * 2 + a) * 5 + d) * 3 + b]).toBe(t.values[((a * 3 + b) * 4 + c) * 5 + d]);
  });

  it('fold undoes unfold', () => {
    const t = gaussianTensor([3, 4, 2, 5]);
    for (const axis of [0, 1, 2, 3]) {
      const m = unfold(t, axis);
      expect([m.rows, m.columns]).toEqual([t.shape[axis], 120 / (t.shape[axis] ?? 1)]);
      expect(fold(m, t.shape, axis)).toEqual({ shape: t.shape, values: t.values });
    }
  });

  it('norms are safe against overflow', () => {
    expect(norm(Float64Array.from([3e200, 4e200]))).toBeCloseTo(5e200, -190);
    expect(relativeDistance(new Float64Array(2), new Float64Array(2))).toBe(0);
    expect(relativeDistance(Float64Array.from([3, 4]), Float64Array.from([3, 3]))).toBeCloseTo(0.2, 14);
  });
});

describe('eigenvalues and singular values', () => {
  it('are those of ml-matrix', () => {
    fc.assert(
      fc.property(sides, ([m, n, seed]) => {
        const a = gaussianMatrix(m, n, seed);
        const singular = [
          ...new SingularValueDecomposition(oracle(a), { autoTranspose: true }).diagonal,
        ].sort((x, y) => y - x);
        // Through the Gram matrix: absolute, not relative accuracy of the small ones.
        expect(distance(singularValues(a), singular.slice(0, Math.min(m, n)))).toBeLessThan(3e-7);
        const square = gaussianMatrix(n, n, seed);
        const symmetric = matrix(
          n,
          n,
          square.values.map((value, i) => value + (square.values[(i % n) * n + Math.floor(i / n)] ?? 0)),
        );
        const eigen = [...new EigenvalueDecomposition(oracle(symmetric)).realEigenvalues].sort(
          (x, y) => y - x,
        );
        expect(distance(eigenvaluesSymmetric(symmetric), eigen)).toBeLessThan(1e-12);
      }),
    );
  });

  it('vectors are orthonormal and diagonalize', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(1000), (n, seed) => {
        const a = gram(gaussianMatrix(n, n + 2, seed));
        const { values, vectors } = eigenSymmetric(a);
        const identity = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
        expect(distance(gram(vectors).values, identity)).toBeLessThan(1e-12);
        const diagonal = identity.map((one, i) => one * (values[Math.floor(i / n)] ?? 0));
        expect(distance(matmul(matmul(vectors, a), transpose(vectors)).values, diagonal)).toBeLessThan(1e-12);
        expect(eigenSymmetric(a, 1).vectors.values).toEqual(vectors.values.slice(0, n));
      }),
    );
  });

  it('stand the special cases: zero, identity, diagonal, rank one, equal values', () => {
    const n = 6;
    const of = (f: (i: number, j: number) => number): Matrix =>
      matrix(
        n,
        n,
        Float64Array.from({ length: n * n }, (_, at) => f(Math.floor(at / n), at % n)),
      );
    expect([...eigenvaluesSymmetric(of(() => 0))]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...eigenvaluesSymmetric(of((i, j) => Number(i === j)))]).toEqual([1, 1, 1, 1, 1, 1]);
    expect([...eigenvaluesSymmetric(of((i, j) => (i === j ? i : 0)))]).toEqual([5, 4, 3, 2, 1, 0]);
    expect([...singularValues(matrix(2, 3, new Float64Array(6)))]).toEqual([0, 0]);
    expect(distance(eigenvaluesSymmetric(of(() => 1)), [6, 0, 0, 0, 0, 0])).toBeLessThan(1e-14);
    expect(singularValues(matrix(1, 3, Float64Array.from([2, 3, 6])))[0]).toBeCloseTo(7, 12);
    const tiny = gram(gaussianMatrix(n, n, 1)).values.map((value) => value * 2 ** -1060);
    expect([...eigenSymmetric(matrix(n, n, tiny)).values]).toEqual([0, 0, 0, 0, 0, 0]);
    const ones = eigenSymmetric(
      of(() => 1),
      2,
    ).vectors;
    expect(distance(gram(ones).values, [1, 0, 0, 1])).toBeLessThan(1e-14);
  });

  it('truncate leaves exactly the tail, and full rank leaves nothing', () => {
    fc.assert(
      fc.property(sides, fc.nat(), ([m, n, seed], pick) => {
        const a = gaussianMatrix(m, n, seed);
        const full = Math.min(m, n);
        const rank = 1 + (pick % full);
        const values = singularValues(a);
        const tail = norm(values.subarray(rank)) / norm(values);
        for (const cut of [truncate, truncateLeft]) {
          const { left, right } = cut(a, rank);
          expect([left.rows, left.columns, right.rows, right.columns]).toEqual([m, rank, rank, n]);
          expect(relativeDistance(a.values, matmul(left, right).values)).toBeCloseTo(
            rank === full ? 0 : tail,
            7,
          );
        }
        const { left } = truncateLeft(a, rank);
        const identity = Float64Array.from({ length: rank * rank }, (_, i) => (i % (rank + 1) === 0 ? 1 : 0));
        expect(distance(gram(transpose(left)).values, identity)).toBeLessThan(1e-6);
      }),
    );
  });
});
