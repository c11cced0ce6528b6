/**
 * Factors of least weighted error tr E C E^T, by alternating least squares from given ones on; block terms one block at a
 * time. Never worse than what was given.
 */
import { tensor, type Matrix, type Tensor } from '../../tensor/dense.ts';
import { timesTransposed } from '../../tensor/matmul.ts';
import type { Factorization } from '../factorization.ts';
import { weightedSquare } from './covariance.ts';
import { alternate } from './effort.ts';
import { reconstruct } from './reconstruct.ts';
import { planSweeps } from './sweeps.ts';

/** Gains below this share of the whole end it. */
const patience = 1e-6;
const mostSweeps = 60;

/** The first one gains most: never none. */
const sweepsFor = (macs: number, work: number): number =>
  Math.max(1, Math.min(mostSweeps, Math.floor(work / macs)));

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
  const plan = planSweeps(f, c, work / 2);
  if (plan === null) return begin;
  const { sweep, macs } = plan;
  const sweeps = sweepsFor(macs, work);
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
  const plan = planSweeps(one, c, work / count / 2);
  if (plan === null) return begin;
  const { sweep, macs } = plan;
  const all = count * (macs + 4 * w.values.length * w.columns);
  const sweeps = sweepsFor(all, work);
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
