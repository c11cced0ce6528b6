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
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = values[i * n + j]! + (i === j ? shift : 0);
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      if (i > j) l[i * n + j] = sum / l[j * n + j]!;
      else if (sum > 0) l[i * n + i] = Math.sqrt(sum);
      else return null;
    }
  return l;
}

function substitute(l: Float64Array, n: number, x: Float64Array, at: number): void {
  for (let i = 0; i < n; i++) {
    let sum = x[at + i]!;
    for (let k = 0; k < i; k++) sum -= l[i * n + k]! * x[at + k]!;
    x[at + i] = sum / l[i * n + i]!;
  }
  // Row by row of L, not column by column: L^T x = b read in the order of memory.
  for (let i = n - 1; i >= 0; i--) {
    const value = x[at + i]! / l[i * n + i]!;
    x[at + i] = value;
    for (let k = 0; k < i; k++) x[at + k]! -= value * l[i * n + k]!;
  }
}
