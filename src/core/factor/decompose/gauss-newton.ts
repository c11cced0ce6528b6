/**
 * Damped Gauss-Newton steps for CP (Levenberg 1944, Marquardt 1963; Tomasi, Bro 2006): all factors at once, which leaves
 * the swamps that alternating least squares creeps through. Dense, so for few unknowns only.
 */
import { matrix, type Matrix } from '../../tensor/dense.ts';
import { gram } from '../../tensor/matmul.ts';
import { meanDiagonal, solverOf } from '../../tensor/solve.ts';
import type { Swept } from './effort.ts';

/** Unknowns that are worth it: a step is a system of so many. */
export const mostUnknowns = 180;
const firstDamping = 1e-3;
const largestDamping = 1e12;
/** Relative gains below end it. */
const patience = 1e-9;

/**
 * @param begin [R, n_k] each @param project of all factors but k: the unfolding times their products, [R, n_k]
 * @param whole norm of the tensor
 */
export function refineCp(
  begin: readonly Matrix[],
  project: (factors: readonly Matrix[], k: number) => Matrix,
  whole: number,
  steps: number,
): Swept<Matrix> {
  let factors = begin;
  let state = linearize(factors, project, whole);
  let damping = firstDamping;
  for (let step = 0; step < steps && damping < largestDamping; step++) {
    const next = stepped(factors, state, damping);
    const there = linearize(next, project, whole);
    if (there.error < state.error) {
      const gain = state.error - there.error;
      const small = gain <= patience * state.error;
      [factors, state] = [next, there];
      damping /= 3;
      if (small) break;
    } else damping *= 4;
  }
  return { factors, error: state.error };
}

interface Linearized {
  readonly error: number;
  /** J^T r of all unknowns, factor after factor. */
  readonly gradient: Float64Array;
  /** J^T J. */
  readonly system: Matrix;
}

function linearize(
  factors: readonly Matrix[],
  project: (factors: readonly Matrix[], k: number) => Matrix,
  whole: number,
): Linearized {
  const rank = factors[0]?.rows ?? 0;
  const grams = factors.map(gram);
  const without = (skipped: readonly number[]): Float64Array => {
    const all = new Float64Array(rank * rank).fill(1);
    grams.forEach(({ values }, j) => {
      if (!skipped.includes(j)) for (let i = 0; i < all.length; i++) all[i]! *= values[i]!;
    });
    return all;
  };
  const starts: number[] = [];
  let size = 0;
  for (const { values } of factors) {
    starts.push(size);
    size += values.length;
  }
  const gradient = new Float64Array(size);
  const system = new Float64Array(size * size);
  let squared = whole * whole;
  factors.forEach((own, k) => {
    const [n, at] = [own.columns, starts[k]!];
    const projected = project(factors, k).values;
    const rest = without([k]);
    for (let r = 0; r < rank; r++)
      for (let i = 0; i < n; i++) {
        let value = -projected[r * n + i]!;
        for (let s = 0; s < rank; s++) {
          value += rest[r * rank + s]! * own.values[s * n + i]!;
          system[(at + r * n + i) * size + at + s * n + i] = rest[r * rank + s]!;
        }
        gradient[at + r * n + i] = value;
        // <W', W'> - 2 <T, W'>, from the last factor.
        if (k === factors.length - 1) squared += own.values[r * n + i]! * (value - projected[r * n + i]!);
      }
    factors.slice(0, k).forEach((other, l) => {
      const [m, to] = [other.columns, starts[l]!];
      const both = without([k, l]);
      for (let r = 0; r < rank; r++)
        for (let s = 0; s < rank; s++)
          for (let i = 0; i < n; i++)
            for (let j = 0; j < m; j++) {
              const value = both[r * rank + s]! * own.values[s * n + i]! * other.values[r * m + j]!;
              system[(at + r * n + i) * size + to + s * m + j] = value;
              system[(to + s * m + j) * size + at + r * n + i] = value;
            }
    });
  });
  return {
    error: Math.sqrt(Math.max(0, squared)) / (whole || 1),
    gradient,
    system: matrix(size, size, system),
  };
}

function stepped(
  factors: readonly Matrix[],
  { gradient, system }: Linearized,
  damping: number,
): readonly Matrix[] {
  const size = gradient.length;
  const damped = matrix(size, size, system.values.slice());
  const added = damping * meanDiagonal(system);
  for (let i = 0; i < size; i++) damped.values[i * size + i]! += added;
  const change = solverOf(damped)(matrix(1, size, gradient)).values;
  let at = 0;
  return factors.map(({ rows, columns, values }) => {
    const from = at;
    at += values.length;
    return matrix(
      rows,
      columns,
      values.map((value, i) => value - change[from + i]!),
    );
  });
}
