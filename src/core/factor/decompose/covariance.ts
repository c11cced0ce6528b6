/**
 * Second moments C = E[x x^T] of a layer's inputs as a weight on errors: ||(W - W') C^(1/2)||^2 = tr (W - W') C (W - W')^T
 * is the mean squared error of the outputs. Sources: DRONE (Chen et al. 2021), SVD-LLM (Wang et al. 2024): the optimum of
 * rank r is the truncation of W C^(1/2), undone. With its r leading left singular vectors U that is U U^T W, without any
 * inverse.
 *
 * C may be singular (fewer examples than inputs, dead units). Decompositions are then made with C + ridge, the ridge
 * 1e-9 of the mean second moment: it decides only what C leaves open, namely in favour of W itself. Errors are measured
 * with the C that was given.
 */
import { check } from '../../base/checks.ts';
import { matrix, transpose, type Matrix } from '../../tensor/dense.ts';
import { gram, matmul, timesTransposed } from '../../tensor/matmul.ts';
import { cholesky, meanDiagonal } from '../../tensor/solve.ts';
import { truncateLeft, type Truncation } from '../../tensor/svd.ts';

export interface Moments {
  /** As given, made exactly symmetric. */
  readonly given: Matrix;
  /** With the ridge. */
  readonly regular: Matrix;
  /** Lower triangular L with L L^T = regular. */
  readonly root: Matrix;
}

/**
 * E[x x^T] of inputs [rows, in].
 * @throws InputError when their squares are beyond float64
 */
export function secondMoments(inputs: Matrix): Matrix {
  const { rows, columns, values } = gram(transpose(inputs));
  const mean = values.map((value) => value / inputs.rows);
  check(mean.every(Number.isFinite), 'inputs', 'must have finite second moments');
  return matrix(rows, columns, mean);
}

const smallestRidge = 1e-9;
/** Rounding of float32 sums leaves eigenvalues this far below zero, relative to the trace. */
const roundingOfTrace = 1e-5;
const asymmetry = 1e-4;

/**
 * @param c [in, in]; @returns null when all inputs are zero, which weighs nothing
 * @throws InputError when C has other sides, is not finite, not symmetric or not positive semidefinite
 */
export function momentsOf(c: Matrix, columns: number): Moments | null {
  const n = columns;
  check(c.rows === n && c.columns === n, 'covariance', `must be ${n} x ${n}`, [c.rows, c.columns]);
  check(c.values.every(Number.isFinite), 'covariance', 'must be finite numbers');
  let largest = 0;
  for (const value of c.values) largest = Math.max(largest, Math.abs(value));
  if (largest === 0) return null;
  const values = new Float64Array(n * n);
  let apart = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const [a, b] = [c.values[i * n + j]!, c.values[j * n + i]!];
      apart = Math.max(apart, Math.abs(a - b));
      // Scaled to entries of at most one, which no error notices: it is relative.
      values[i * n + j] = values[j * n + i] = (a / largest + b / largest) / 2;
    }
  check(apart <= asymmetry * largest, 'covariance', 'must be symmetric', `a difference of ${apart}`);
  const given = matrix(n, n, values);
  const mean = meanDiagonal(given);
  for (let ridge = smallestRidge * mean; ridge <= roundingOfTrace * mean * n; ridge *= 10) {
    const root = cholesky(given, ridge);
    if (root === null) continue;
    const regular = values.slice();
    for (let i = 0; i < n; i++) regular[i * n + i]! += ridge;
    return { given, regular: matrix(n, n, regular), root: matrix(n, n, root) };
  }
  check(false, 'covariance', 'must be positive semidefinite');
}

/** ||(W - W') C^(1/2)|| / ||W C^(1/2)||; 0 when both are zero. */
export function weightedDistance(w: Matrix, other: Matrix, { given }: Moments): number {
  const difference = matrix(
    w.rows,
    w.columns,
    w.values.map((value, i) => value - other.values[i]!),
  );
  const whole = weightedSquare(w, given);
  const apart = weightedSquare(difference, given);
  return whole > 0 ? Math.sqrt(apart / whole) : apart > 0 ? 1 : 0;
}

/** tr E C E^T, not below zero. */
export function weightedSquare(e: Matrix, c: Matrix): number {
  const { values } = timesTransposed(e, c);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * e.values[i]!;
  return Math.max(0, sum);
}

/** The matrix of this rank whose weighted error is least. */
export function truncateWeighted(w: Matrix, rank: number, { root }: Moments): Truncation {
  const { left } = truncateLeft(matmul(w, root), rank);
  const rows = orthonormalize(transpose(left));
  return { left: transpose(rows), right: matmul(rows, w) };
}

/** What is left of a row below this share of it is rounding: no direction of its own. */
const dependent = 1e-6;

/** Rows made orthonormal from the first one on (Gram-Schmidt, twice); dependent ones become zero. */
function orthonormalize(m: Matrix): Matrix {
  const { rows, columns: n } = m;
  const values = m.values.slice();
  for (let r = 0; r < rows; r++) {
    const at = r * n;
    const before = length(values, at, n);
    for (let round = 0; round < 2; round++)
      for (let q = 0; q < r; q++) {
        let along = 0;
        for (let i = 0; i < n; i++) along += values[at + i]! * values[q * n + i]!;
        for (let i = 0; i < n; i++) values[at + i]! -= along * values[q * n + i]!;
      }
    const after = length(values, at, n);
    const scale = after > dependent * before ? 1 / after : 0;
    for (let i = 0; i < n; i++) values[at + i]! *= scale;
  }
  return matrix(rows, n, values);
}

function length(values: Float64Array, at: number, n: number): number {
  let sum = 0;
  for (let i = at; i < at + n; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
}
