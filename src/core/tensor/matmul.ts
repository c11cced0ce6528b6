/**
 * Matrix products on typed arrays. One kernel, rows times rows (A B^T), in which everything is read in order: two rows of
 * A against four of B at a time, so that six loads feed eight multiply-adds.
 */
import { invariant } from '../base/checks.ts';
import { transpose, type Matrix } from './dense.ts';

/** Length of row pieces: six of them stay in the first-level cache. */
const piece = 512;

/** A B^T: A [m, k], B [n, k] -> [m, n]. */
export function timesTransposed(a: Matrix, b: Matrix): Matrix {
  invariant(a.columns === b.columns, `product of ${a.columns} and ${b.columns} columns`);
  const values = new Float64Array(a.rows * b.rows);
  for (let from = 0; from < a.columns; from += piece)
    accumulate(values, a, b, from, Math.min(a.columns, from + piece), false);
  return { rows: a.rows, columns: b.rows, values };
}

/** A A^T, both triangles. */
export function gram(a: Matrix): Matrix {
  const n = a.rows;
  const values = new Float64Array(n * n);
  for (let from = 0; from < a.columns; from += piece)
    accumulate(values, a, a, from, Math.min(a.columns, from + piece), true);
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) values[i * n + j] = values[j * n + i]!;
  return { rows: n, columns: n, values };
}

/** A B: A [m, k], B [k, n] -> [m, n]. */
export function matmul(a: Matrix, b: Matrix): Matrix {
  return timesTransposed(a, transpose(b));
}

/** Adds columns from..to of A times those of B^T; `lower`: only what reaches below the diagonal. */
function accumulate(c: Float64Array, a: Matrix, b: Matrix, from: number, to: number, lower: boolean): void {
  const { rows: m, columns: k, values: x } = a;
  const { rows: n, values: y } = b;
  let i = 0;
  for (; i + 1 < m; i += 2) {
    const last = lower ? Math.min(n, i + 2) : n;
    let j = 0;
    for (; j + 3 < last; j += 4) block(c, n, x, y, k, i, j, from, to);
    for (; j < last; j++) {
      c[i * n + j]! += dot(x, i * k, y, j * k, from, to);
      c[(i + 1) * n + j]! += dot(x, (i + 1) * k, y, j * k, from, to);
    }
  }
  for (; i < m; i++) for (let j = 0; j < n; j++) c[i * n + j]! += dot(x, i * k, y, j * k, from, to);
}

function block(
  c: Float64Array,
  n: number,
  x: Float64Array,
  y: Float64Array,
  k: number,
  i: number,
  j: number,
  from: number,
  to: number,
): void {
  let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0];
  const [a0, a1] = [i * k, (i + 1) * k];
  const [b0, b1, b2, b3] = [j * k, (j + 1) * k, (j + 2) * k, (j + 3) * k];
  for (let p = from; p < to; p++) {
    const u = x[a0 + p]!;
    const v = x[a1 + p]!;
    const w0 = y[b0 + p]!;
    const w1 = y[b1 + p]!;
    const w2 = y[b2 + p]!;
    const w3 = y[b3 + p]!;
    s00 += u * w0;
    s01 += u * w1;
    s02 += u * w2;
    s03 += u * w3;
    s10 += v * w0;
    s11 += v * w1;
    s12 += v * w2;
    s13 += v * w3;
  }
  const top = i * n + j;
  const bottom = top + n;
  c[top]! += s00;
  c[top + 1]! += s01;
  c[top + 2]! += s02;
  c[top + 3]! += s03;
  c[bottom]! += s10;
  c[bottom + 1]! += s11;
  c[bottom + 2]! += s12;
  c[bottom + 3]! += s13;
}

function dot(x: Float64Array, a: number, y: Float64Array, b: number, from: number, to: number): number {
  let sum = 0;
  for (let p = from; p < to; p++) sum += x[a + p]! * y[b + p]!;
  return sum;
}
