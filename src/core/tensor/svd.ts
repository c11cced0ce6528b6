/**
 * Singular values through the smaller Gram matrix: Householder tridiagonalization, then QL with implicit shifts.
 * Source: Golub and Van Loan, Matrix Computations, 8.3. Values below about 1e-8 of the largest are lost, which is
 * harmless for truncation.
 */
import { InputError } from '../base/checks.ts';
import type { Matrix } from './dense.ts';

/** Descending; min(rows, columns) of them. */
export function singularValues(m: Matrix): Float64Array {
  const gram = gramOf(m);
  return eigenvaluesSymmetric(gram, Math.min(m.rows, m.columns))
    .map((value) => Math.sqrt(Math.max(0, value)))
    .sort((a, b) => b - a);
}

/** The smaller of M M^T and M^T M, lower triangle and its mirror. */
function gramOf({ rows, columns, values }: Matrix): Float64Array {
  const n = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const byRow = rows <= columns ? values : transposed(values, rows, columns);
  const gram = new Float64Array(n * n);
  // Four rows at a time, so that each value read serves four sums.
  for (let i = 0; i < n; i += 4) {
    const height = Math.min(4, n - i);
    for (let j = 0; j < i + height; j++) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      const b = j * length;
      const a0 = i * length;
      const a1 = Math.min(i + 1, n - 1) * length;
      const a2 = Math.min(i + 2, n - 1) * length;
      const a3 = Math.min(i + 3, n - 1) * length;
      for (let k = 0; k < length; k++) {
        const x = byRow[b + k]!;
        s0 += x * byRow[a0 + k]!;
        s1 += x * byRow[a1 + k]!;
        s2 += x * byRow[a2 + k]!;
        s3 += x * byRow[a3 + k]!;
      }
      const sums = [s0, s1, s2, s3];
      for (let r = 0; r < height; r++) {
        gram[(i + r) * n + j] = sums[r]!;
        gram[j * n + i + r] = sums[r]!;
      }
    }
  }
  return gram;
}

function transposed(values: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j]!;
  return result;
}

/** Eigenvalues of a symmetric matrix [n, n] in no order; the matrix is overwritten. */
export function eigenvaluesSymmetric(a: Float64Array, n: number): Float64Array {
  const { diagonal, off } = tridiagonal(a, n);
  implicitQl(diagonal, off, n);
  return diagonal;
}

/** Householder reflections from the last row up; only the leading block is updated, as rank-two products of rows. */
function tridiagonal(a: Float64Array, n: number): { diagonal: Float64Array; off: Float64Array } {
  const diagonal = new Float64Array(n);
  const off = new Float64Array(n);
  const v = new Float64Array(n);
  const p = new Float64Array(n);
  for (let i = n - 1; i > 0; i--) {
    const row = i * n;
    let scale = 0;
    for (let k = 0; k < i; k++) scale = Math.max(scale, Math.abs(a[row + k]!));
    diagonal[i] = a[row + i]!;
    if (scale === 0) continue;
    let norm = 0;
    for (let k = 0; k < i; k++) {
      v[k] = a[row + k]! / scale;
      norm += v[k]! * v[k]!;
    }
    const last = v[i - 1]!;
    const sigma = last >= 0 ? -Math.sqrt(norm) : Math.sqrt(norm);
    off[i] = sigma * scale;
    v[i - 1] = last - sigma;
    const h = norm - last * sigma;
    if (h === 0) continue;
    let vp = 0;
    for (let j = 0; j < i; j++) {
      let sum = 0;
      const at = j * n;
      for (let k = 0; k < i; k++) sum += a[at + k]! * v[k]!;
      p[j] = sum / h;
      vp += p[j]! * v[j]!;
    }
    const half = vp / (2 * h);
    for (let j = 0; j < i; j++) p[j] = p[j]! - half * v[j]!;
    for (let j = 0; j < i; j++) {
      const vj = v[j]!;
      const pj = p[j]!;
      const at = j * n;
      for (let k = 0; k < i; k++) a[at + k] = a[at + k]! - vj * p[k]! - pj * v[k]!;
    }
  }
  diagonal[0] = a[0]!;
  return { diagonal, off };
}

const mostSweeps = 60;

/** `off[i]` couples i - 1 and i. */
function implicitQl(d: Float64Array, off: Float64Array, n: number): void {
  const e = new Float64Array(n);
  for (let i = 1; i < n; i++) e[i - 1] = off[i]!;
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) m++;
      if (m === l) break;
      if (sweep === mostSweeps || !Number.isFinite(e[m]!))
        throw new InputError('singular values', 'must converge; the matrix holds values that are not finite');
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = Math.hypot(g, 1);
      g = d[m]! - d[l]! + e[l]! / (g + (g >= 0 ? r : -r));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] = d[i + 1]! - p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
      }
      if (r === 0 && i >= l) continue;
      d[l] = d[l]! - p;
      e[l] = g;
      e[m] = 0;
    }
  }
}
