/**
 * Singular values and truncations through the smaller Gram matrix: one symmetric eigendecomposition serves every rank.
 * Singular values below about 1e-8 of the largest are lost in rounding, which no truncation notices.
 */
import { transpose, type Matrix } from './dense.ts';
import { eigenSymmetric, eigenvaluesSymmetric } from './eigen.ts';
import { gram, matmul } from './matmul.ts';

/** All min(rows, columns), descending. */
export function singularValues(m: Matrix): Float64Array {
  const wide = m.rows <= m.columns ? m : transpose(m);
  return eigenvaluesSymmetric(gram(wide)).map((value) => Math.sqrt(Math.max(0, value)));
}

/** The `count` leading left singular vectors as rows, [count, m.rows]; count <= m.rows. */
export function leftVectors(m: Matrix, count: number): Matrix {
  return eigenSymmetric(gram(m), count).vectors;
}

export interface Truncation {
  /** [rows, rank] */
  readonly left: Matrix;
  /** [rank, columns]; left x right is the nearest matrix of this rank. */
  readonly right: Matrix;
}

/**
 * Best approximation of the given rank <= min(rows, columns). The factor on the smaller side is orthonormal (columns of
 * left, or rows of right).
 */
export function truncate(m: Matrix, rank: number): Truncation {
  if (m.rows <= m.columns) {
    const rows = leftVectors(m, rank);
    return { left: transpose(rows), right: matmul(rows, m) };
  }
  const { right, left } = truncate(transpose(m), rank);
  return { left: transpose(right), right: transpose(left) };
}

/** As `truncate`, with orthonormal left columns whichever side is smaller. */
export function truncateLeft(m: Matrix, rank: number): Truncation {
  const { left, right } = truncate(m, rank);
  if (m.rows <= m.columns) return { left, right };
  // left = m V: its columns are orthogonal, of length sigma; move the lengths to the right.
  const columns = transpose(left);
  const lengths = Float64Array.from({ length: rank }, (_, k) => {
    let sum = 0;
    for (let i = 0; i < m.rows; i++) sum += columns.values[k * m.rows + i]! ** 2;
    return Math.sqrt(sum);
  });
  const scaled = (of: Matrix, by: (length: number) => number): Matrix => ({
    ...of,
    values: of.values.map((value, i) => value * by(lengths[Math.floor(i / of.columns)]!)),
  });
  return {
    left: transpose(scaled(columns, (length) => (length > 0 ? 1 / length : 0))),
    right: scaled(right, (length) => length),
  };
}
