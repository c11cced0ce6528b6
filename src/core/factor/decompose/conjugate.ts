/** Preconditioned conjugate gradients (Hestenes, Stiefel 1952), and matrices applied along one axis of an array. */
import { matrix, permute, tensor, type Matrix } from '../../tensor/dense.ts';

type Map = (x: Float64Array) => Float64Array;

/**
 * A x = b for a symmetric positive semidefinite A from `begin` on, at most so many steps. <x, A x> - 2 <b, x> never
 * rises; with solve = A^-1 one step is the solution.
 */
export function conjugateGradients(
  apply: Map,
  solve: Map,
  b: Float64Array,
  begin: Float64Array,
  steps: number,
): { readonly x: Float64Array; readonly residual: Float64Array } {
  const x = begin.slice();
  const residual = apply(x).map((value, i) => b[i]! - value);
  let direction: Float64Array | null = null;
  let last = 1;
  for (let step = 0; step < steps; step++) {
    const solved = solve(residual);
    const now = dot(residual, solved);
    if (!(now > 0)) break;
    const before: Float64Array | null = direction;
    direction = before === null ? solved : solved.map((value, i) => value + (now / last) * before[i]!);
    last = now;
    const curved = apply(direction);
    const curvature = dot(direction, curved);
    if (!(curvature > 0)) break;
    const length = dot(direction, residual) / curvature;
    for (let i = 0; i < x.length; i++) {
      x[i]! += length * direction[i]!;
      residual[i]! -= length * curved[i]!;
    }
  }
  return { x, residual };
}

/** What a map does to each row. */
export type Along = (rows: Matrix) => Matrix;

/** Applies `map` to X [before, side, after] along `side`. */
export function along(
  x: Float64Array,
  before: number,
  side: number,
  after: number,
  map: Along,
): Float64Array {
  if (after === 1) return map(matrix(before, side, x)).values;
  const turned = permute(tensor([before, side, after], x), [0, 2, 1]);
  const { values } = map(matrix(before * after, side, turned.values));
  return permute(tensor([before, after, side], values), [0, 2, 1]).values;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
