/**
 * CP by alternating least squares with several seeded starts (Kolda, Bader 2009): the first start from the modes' leading
 * singular vectors, filled up with chance where a mode has fewer than R. Also Kronecker sums of three and more factors,
 * on paired modes. Small tensors end with Gauss-Newton steps. The work is bounded, not timed, so that the same seed gives
 * the same factors anywhere.
 */
import type { Random } from '../../base/random.ts';
import { matrix, norm, tensor, transpose, unfold, type Matrix, type Tensor } from '../../tensor/dense.ts';
import { gram, timesTransposed } from '../../tensor/matmul.ts';
import { solveRight } from '../../tensor/solve.ts';
import { leftVectors } from '../../tensor/svd.ts';
import { product } from '../tensorization.ts';
import { alternate, effort, thoroughWork, type Effort, type Swept } from './effort.ts';
import { mostUnknowns, refineCp } from './gauss-newton.ts';

/** sum_r a_r o b_r o ...: factors [n_k, R] -> tensor [n_1, ..]. */
export function rankOneSum(factors: readonly Matrix[]): Tensor {
  const shape = factors.map(({ rows }) => rows);
  if (factors.length === 1) {
    const [only = matrix(0, 0, new Float64Array())] = factors;
    return tensor(
      shape,
      timesTransposed(only, matrix(1, only.columns, new Float64Array(only.columns).fill(1))).values,
    );
  }
  const half = splitEvenly(shape);
  const left = khatriRao(factors.slice(0, half).map(transpose));
  const right = khatriRao(factors.slice(half).map(transpose));
  return tensor(shape, timesTransposed(transpose(left), transpose(right)).values);
}

/** Where to part the modes so that neither half's product is much larger. */
function splitEvenly(shape: readonly number[]): number {
  let best = 1;
  let least = Infinity;
  for (let k = 1; k < shape.length; k++) {
    const most = Math.max(product(shape.slice(0, k)), product(shape.slice(k)));
    if (most < least) [best, least] = [k, most];
  }
  return best;
}

/** Row r: the outer product of the factors' r-th rows; factors [R, n_k] -> [R, prod n]. */
function khatriRao(factors: readonly Matrix[]): Matrix {
  return factors.reduce((a, b) => {
    const [m, n] = [a.columns, b.columns];
    const values = new Float64Array(a.rows * m * n);
    for (let r = 0; r < a.rows; r++)
      for (let i = 0; i < m; i++) {
        const x = a.values[r * m + i]!;
        const at = (r * m + i) * n;
        for (let j = 0; j < n; j++) values[at + j] = x * b.values[r * n + j]!;
      }
    return matrix(a.rows, m * n, values);
  });
}

/** Entries of a Khatri-Rao product held at a time. */
const mostHeld = 1 << 22;

/** Unfolding [n, rest] times the Khatri-Rao product of the others, a few ranks at a time -> [n, R]. */
function project(unfolded: Matrix, others: readonly Matrix[], rank: number): Matrix {
  const values = new Float64Array(rank * unfolded.rows);
  const step = Math.max(1, Math.floor(mostHeld / unfolded.columns));
  for (let from = 0; from < rank; from += step) {
    const to = Math.min(rank, from + step);
    const some = others.map(({ columns, values: all }) =>
      matrix(to - from, columns, all.subarray(from * columns, to * columns)),
    );
    values.set(timesTransposed(khatriRao(some), unfolded).values, from * unfolded.rows);
  }
  return transpose(matrix(rank, unfolded.rows, values));
}

/** Gauss-Newton steps of every start, and of the best one. */
const firstSteps = 40;
const lastSteps = 200;
/** Small tensors are cheap, and their optima many. */
const fewUnknowns: Effort = { starts: 8, sweeps: 50 };

/** @returns factors [n_k, R], scale in the first */
export function alternateCp(t: Tensor, rank: number, random: Random, work = thoroughWork): readonly Matrix[] {
  const unfoldings = t.shape.map((_, axis) => unfold(t, axis));
  const whole = norm(t.values);
  const few = work >= thoroughWork && rank * t.shape.reduce((sum, n) => sum + n, 0) <= mostUnknowns;
  const { starts, sweeps } = few ? fewUnknowns : effort(2 * t.shape.length * t.values.length * rank, work);
  const projectAll = (factors: readonly Matrix[], k: number): Matrix =>
    transpose(
      project(
        unfoldings[k]!,
        factors.filter((_, j) => j !== k),
        rank,
      ),
    );
  let best: readonly Matrix[] = [];
  let least = Infinity;
  for (let start = 0; start < starts; start++) {
    const begin = unfoldings.map((unfolded) => startFactor(unfolded, rank, start === 0, random));
    const alternated = alternate(begin, (given) => sweepCp(unfoldings, given, rank, whole), sweeps, patience);
    const { factors, error } = few ? refineCp(alternated.factors, projectAll, whole, firstSteps) : alternated;
    if (error < least) [best, least] = [factors, error];
  }
  return (few ? refineCp(best, projectAll, whole, lastSteps).factors : best).map(transpose);
}

/** [R, n] */
function startFactor(unfolded: Matrix, rank: number, leading: boolean, random: Random): Matrix {
  const n = unfolded.rows;
  const values = Float64Array.from({ length: rank * n }, random.normal);
  if (leading) values.set(leftVectors(unfolded, Math.min(rank, n)).values);
  return matrix(rank, n, values);
}

const patience = 1e-10;

/** One least-squares step per mode. */
function sweepCp(
  unfoldings: readonly Matrix[],
  begin: readonly Matrix[],
  rank: number,
  whole: number,
): Swept<Matrix> {
  const factors = [...begin];
  const grams = factors.map(gram);
  let squared = 0;
  unfoldings.forEach((unfolded, k) => {
    const g = hadamard(
      grams.filter((_, j) => j !== k),
      rank,
    );
    const others = factors.filter((_, j) => j !== k);
    const projected = project(unfolded, others, rank);
    const solved = transpose(solveRight(projected, g));
    if (k === unfoldings.length - 1) {
      const own = hadamard([g, gram(solved)], rank).values.reduce((sum, value) => sum + value, 0);
      squared = whole * whole - 2 * dotTransposed(solved, projected) + own;
    }
    factors[k] = k === 0 ? solved : unitRows(solved, factors);
    grams[k] = gram(factors[k]);
    if (k > 0) grams[0] = gram(factors[0] ?? solved);
  });
  return { factors, error: Math.sqrt(Math.max(0, squared)) / (whole || 1) };
}

/** Rows of length one; their lengths go into the first factor's rows. */
function unitRows(m: Matrix, factors: Matrix[]): Matrix {
  const [first = m] = factors;
  const values = m.values.slice();
  const scaled = first.values.slice();
  for (let r = 0; r < m.rows; r++) {
    const length = norm(m.values.subarray(r * m.columns, (r + 1) * m.columns));
    if (length === 0) continue;
    for (let i = r * m.columns; i < (r + 1) * m.columns; i++) values[i]! /= length;
    for (let i = r * first.columns; i < (r + 1) * first.columns; i++) scaled[i]! *= length;
  }
  factors[0] = { ...first, values: scaled };
  return { ...m, values };
}

function hadamard(matrices: readonly Matrix[], rank: number): Matrix {
  const values = new Float64Array(rank * rank).fill(1);
  for (const m of matrices) for (let i = 0; i < values.length; i++) values[i]! *= m.values[i]!;
  return matrix(rank, rank, values);
}

/** sum_ij a_ij b_ji */
function dotTransposed(a: Matrix, b: Matrix): number {
  let sum = 0;
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.columns; j++) sum += a.values[i * a.columns + j]! * b.values[j * b.columns + i]!;
  return sum;
}
