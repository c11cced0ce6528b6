/**
 * Alternating least squares for any format that is a network of factors: each factor in turn is the solution given the
 * others. Given the others, W' is linear in the factor, and the normal equations are those of `normal-equations.ts`. No
 * step makes the error larger.
 */
import { norm, permute, tensor, type Matrix, type Tensor } from '../../tensor/dense.ts';
import type { Factorization } from '../factorization.ts';
import { weightEinsum } from '../forward.ts';
import { along, conjugateGradients, dot, type Along } from './conjugate.ts';
import type { Swept } from './effort.ts';
import { normalEquations, runFed, type Fed, type NormalEquations } from './normal-equations.ts';

export interface Sweeps {
  /** Multiply-accumulates of one sweep. */
  readonly macs: number;
  /** @param target W C (W without a weight), flat @param whole tr W C W^T */
  readonly sweep: (target: Float64Array, whole: number, begin: readonly Tensor[]) => Swept<Tensor>;
}

/**
 * @param c [in, in], positive definite; null for plain least squares
 * @param work multiply-accumulates that one sweep should stay below where it has the choice
 * @returns null when the ranks are too large for it
 */
export function planSweeps(f: Factorization, c: Matrix | null, work: number): Sweeps | null {
  const count = weightEinsum(f).inputs.length;
  const updates: NormalEquations[] = [];
  for (let k = 0; k < count; k++) {
    const equations = normalEquations(f, c, k, work / count);
    if (equations === null) return null;
    updates.push(equations);
  }
  return {
    macs: updates.reduce((sum, { macs }) => sum + macs, 0),
    sweep: (target, whole, begin) => {
      const factors = [...begin];
      let squared = whole;
      updates.forEach((equations, k) => {
        const updated = update(equations, target, whole, factors, k);
        factors[k] = updated.factor;
        ({ squared } = updated);
      });
      return { factors: balanced(factors), error: Math.sqrt(Math.max(0, squared / (whole || 1))) };
    },
  };
}

/** Factors of equal norm, the same product. */
function balanced(factors: readonly Tensor[]): readonly Tensor[] {
  const norms = factors.map(({ values }) => norm(values));
  if (norms.includes(0)) return factors;
  const mean = Math.exp(norms.reduce((sum, size) => sum + Math.log(size), 0) / norms.length);
  return factors.map(({ shape, values }, k) => ({
    shape,
    values: values.map((value) => (value * mean) / norms[k]!),
  }));
}

/** Factor k given the others. */
function update(
  { ordered, order, right, parts, whole, steps }: NormalEquations,
  target: Float64Array,
  squaredWhole: number,
  factors: readonly Tensor[],
  k: number,
): { readonly factor: Tensor; readonly squared: number } {
  const given = factors.map(({ values }) => values);
  const run = (fed: Fed, first: Float64Array): Float64Array => runFed(fed, first, given);
  const b = run(right, target);
  const everywhere = (values: Float64Array, maps: readonly Along[]): Float64Array => {
    let all = values;
    let before = b.length / parts.reduce((product, { side }) => product * side, 1);
    parts.forEach(({ side }, p) => {
      all = along(all, before, side, b.length / before / side, maps[p]!);
      before *= side;
    });
    return all;
  };
  const systems = parts.map((part) => part.makeSystem((fed) => run(fed, b)));
  const current = factors[k]!;
  const { x, residual } = conjugateGradients(
    (values) =>
      whole === null
        ? everywhere(
            values,
            systems.map(({ apply }) => apply),
          )
        : run(whole, values),
    (values) =>
      everywhere(
        values,
        systems.map(({ solve }) => solve),
      ),
    b,
    permute(current, order).values,
    steps,
  );
  const back = order.map((_, axis) => order.indexOf(axis));
  return {
    factor: tensor(current.shape, permute(tensor(ordered, x), back).values),
    // ||E||^2 = whole - 2 <b, x> + <x, A x> with A x = b - residual.
    squared: squaredWhole - dot(b, x) - dot(residual, x),
  };
}
