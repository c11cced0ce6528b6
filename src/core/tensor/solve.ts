/** Least squares by normal equations: X = B G^-1 for a symmetric positive semidefinite G, by Cholesky with a small ridge. */
import { invariant } from '../base/checks.ts';
import type { Matrix } from './dense.ts';

/** Relative to the mean of the diagonal: enough to keep singular G solvable, too little to be seen in an error. */
const ridge = 1e-13;

/** @param b [m, q] @param g [q, q] symmetric; @returns X [m, q] with X G = B */
export function solveRight(b: Matrix, g: Matrix): Matrix {
  const q = g.rows;
  let trace = 0;
  for (let i = 0; i < q; i++) trace += g.values[i * q + i]!;
  invariant(Number.isFinite(trace), 'least squares of entries that are not finite');
  let factor: Float64Array | null = null;
  for (let more = ridge; factor === null; more *= 100)
    factor = cholesky(g, more * (trace > 0 ? trace / q : 1));
  const x = b.values.slice();
  for (let row = 0; row < b.rows; row++) substitute(factor, q, x, row * q);
  return { rows: b.rows, columns: q, values: x };
}

/** Lower triangle L with L L^T = G + shift, or null when that is not positive definite. */
function cholesky({ rows: n, values }: Matrix, shift: number): Float64Array | null {
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
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[at + i]!;
    for (let k = i + 1; k < n; k++) sum -= l[k * n + i]! * x[at + k]!;
    x[at + i] = sum / l[i * n + i]!;
  }
}
