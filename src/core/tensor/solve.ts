/** Symmetric positive semidefinite systems: Cholesky, and least squares by normal equations with a small ridge. */
import { invariant } from '../base/checks.ts';
import type { Matrix } from './dense.ts';

/** Relative to the mean of the diagonal: enough to keep singular G solvable, too little to be seen in an error. */
const ridge = 1e-13;

/** @param g [q, q] symmetric; @returns B [m, q] -> X [m, q] with X G = B */
export function solverOf(g: Matrix): (b: Matrix) => Matrix {
  const q = g.rows;
  const mean = meanDiagonal(g);
  invariant(Number.isFinite(mean), 'least squares of entries that are not finite');
  let factor: Float64Array | null = null;
  for (let more = ridge; factor === null; more *= 100) factor = cholesky(g, more * (mean > 0 ? mean : 1));
  const lower = factor;
  return (b) => {
    const x = b.values.slice();
    for (let row = 0; row < b.rows; row++) substitute(lower, q, x, row * q);
    return { rows: b.rows, columns: q, values: x };
  };
}

/** @param b [m, q] @param g [q, q] symmetric; @returns X [m, q] with X G = B */
export function solveRight(b: Matrix, g: Matrix): Matrix {
  return solverOf(g)(b);
}

export function meanDiagonal({ rows: n, values }: Matrix): number {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += values[i * n + i]!;
  return n === 0 ? 0 : trace / n;
}

/** Lower triangle L with L L^T = G + shift, or null when that is not positive definite. */
export function cholesky({ rows: n, values }: Matrix, shift: number): Float64Array | null {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++) l[row + j] = (values[row + j]! - dot(l, row, l, j * n, j)) / l[j * n + j]!;
    const rest = values[row + i]! + shift - dot(l, row, l, row, i);
    if (!(rest > 0)) return null;
    l[row + i] = Math.sqrt(rest);
  }
  return l;
}

function substitute(l: Float64Array, n: number, x: Float64Array, at: number): void {
  for (let i = 0; i < n; i++) x[at + i] = (x[at + i]! - dot(l, i * n, x, at, i)) / l[i * n + i]!;
  // Row by row of L, not column by column: L^T x = b read in the order of memory.
  for (let i = n - 1; i >= 0; i--) {
    const value = x[at + i]! / l[i * n + i]!;
    const row = i * n;
    x[at + i] = value;
    for (let k = 0; k < i; k++) x[at + k]! -= value * l[row + k]!;
  }
}

/** Four sums at once: one would wait for each addition. */
function dot(x: Float64Array, a: number, y: Float64Array, b: number, count: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < count; k += 4) {
    s0 += x[a + k]! * y[b + k]!;
    s1 += x[a + k + 1]! * y[b + k + 1]!;
    s2 += x[a + k + 2]! * y[b + k + 2]!;
    s3 += x[a + k + 3]! * y[b + k + 3]!;
  }
  for (; k < count; k++) s0 += x[a + k]! * y[b + k]!;
  return s0 + s1 + (s2 + s3);
}
