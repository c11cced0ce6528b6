/**
 * Weighted alternating least squares for any format that is a network of factors: each factor in turn is the least
 * squares solution given the others under the error tr E C E^T. Given the others, W' is linear in the factor, and the
 * normal equations are those of `normal-equations.ts`. No step makes the error larger.
 */
import { norm, permute, tensor, type Matrix, type Tensor } from '../../tensor/dense.ts';
import { timesTransposed } from '../../tensor/matmul.ts';
import { weightedSquare } from './covariance.ts';
import type { Factorization } from '../factorization.ts';
import { weightEinsum } from '../forward.ts';
import { alternate, effort, type Swept } from './effort.ts';
import { along, conjugateGradients, dot, type Along } from './conjugate.ts';
import { normalEquations, type Fed, type NormalEquations } from './normal-equations.ts';
import { reconstruct } from './reconstruct.ts';

/** Gains below this share of the whole end it. */
const patience = 1e-6;
const mostSweeps = 60;

/**
 * Better factors than the given ones under the weight C, or the same: as many sweeps as the work allows, at least one.
 * @param c [in, in], positive definite @param work multiply-accumulates
 */
export function improveWeighted(
  w: Matrix,
  f: Factorization,
  c: Matrix,
  begin: readonly Tensor[],
  work: number,
): readonly Tensor[] {
  if (begin.length < 2) return begin;
  return f.format === 'block-term'
    ? improveBlocks(w, f, c, begin, work)
    : improveNetwork(w, f, c, begin, work);
}

function improveNetwork(
  w: Matrix,
  f: Factorization,
  c: Matrix,
  begin: readonly Tensor[],
  work: number,
): readonly Tensor[] {
  const { sweep, macs } = planWeighted(f, c, work);
  const sweeps = Math.min(mostSweeps, effort(macs, work).sweeps);
  const target = timesTransposed(w, c).values;
  const whole = weightedSquare(w, c);
  return alternate(begin, (factors) => sweep(target, whole, factors), sweeps, patience).factors;
}

/** Block after block as the Tucker decomposition of what the others leave. */
function improveBlocks(
  w: Matrix,
  f: Factorization,
  c: Matrix,
  begin: readonly Tensor[],
  work: number,
): readonly Tensor[] {
  const [count = 1, ...ranks] = f.ranks;
  const one: Factorization = { ...f, format: 'tucker', ranks };
  const blocks = Array.from({ length: count }, (_, b): readonly Tensor[] =>
    begin.map(({ shape, values }) => {
      const size = values.length / count;
      return tensor(shape.slice(1), values.slice(b * size, (b + 1) * size));
    }),
  );
  const { sweep, macs } = planWeighted(one, c, work / count);
  const all = count * (macs + 4 * w.values.length * w.columns);
  const sweeps = Math.min(mostSweeps, effort(all, work).sweeps);
  let left = minus(w, reconstruct(f, begin), 1);
  const whole = weightedSquare(w, c);
  let before = weightedSquare(left, c);
  for (let round = 0; round < sweeps; round++) {
    blocks.forEach((block, b) => {
      const target = minus(left, reconstruct(one, block), -1);
      const improved = sweep(timesTransposed(target, c).values, weightedSquare(target, c), block).factors;
      blocks[b] = improved;
      left = minus(target, reconstruct(one, improved), 1);
    });
    const now = weightedSquare(left, c);
    if (!(before - now > 2 * patience * Math.sqrt(whole * before))) break;
    before = now;
  }
  return begin.map(({ shape, values }, k) => {
    const joined = new Float64Array(values.length);
    blocks.forEach((block, b) => joined.set(block[k]?.values ?? [], (b * values.length) / count));
    return tensor(shape, joined);
  });
}

const minus = (a: Matrix, b: Matrix, sign: number): Matrix => ({
  ...a,
  values: a.values.map((value, i) => value - sign * b.values[i]!),
});

interface WeightedPlan {
  /** Multiply-accumulates of one sweep. */
  readonly macs: number;
  /** @param target W C, flat @param whole tr W C W^T */
  readonly sweep: (target: Float64Array, whole: number, begin: readonly Tensor[]) => Swept<Tensor>;
}

function planWeighted(f: Factorization, c: Matrix, work: number): WeightedPlan {
  const count = weightEinsum(f).inputs.length;
  const updates = Array.from({ length: count }, (_, k) => normalEquations(f, c, k, work / count));
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
  const run = ({ network, operands }: Fed, first: Float64Array): Float64Array =>
    network.run(
      operands.map((operand) =>
        typeof operand !== 'number' ? operand : operand < 0 ? first : given[operand]!,
      ),
    );
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
