/**
 * A matrix into the factors of a factorization, least squares in the Frobenius norm: svd, ttm, tt by truncated singular
 * values; kronecker of two by the rearranged matrix (Van Loan, Pitsianis 1993), of more by alternating least squares;
 * tucker, cp, tr, block-term each by its file here. With second moments of the inputs: the truncation of W C^(1/2) for
 * svd (exact), and for the others weighted alternating least squares from the plain factors on.
 */
import { check, invariant } from '../../base/checks.ts';
import { createRandom } from '../../base/random.ts';
import { matrix, relativeDistance, tensor, transpose, type Matrix, type Tensor } from '../../tensor/dense.ts';
import { truncate } from '../../tensor/svd.ts';
import type { Factorization } from '../factorization.ts';
import { factorShapes } from '../forward.ts';
import { checkFactorization } from '../ranks.ts';
import { decomposeBlocks } from './block-term.ts';
import { momentsOf, truncateWeighted, weightedDistance, type Moments } from './covariance.ts';
import { alternateCp } from './cp.ts';
import { quickWork, thoroughWork } from './effort.ts';
import { pair, reconstruct } from './reconstruct.ts';
import { decomposeRing } from './ring.ts';
import { cutTrain } from './train.ts';
import { boxFactors, decomposeTucker } from './tucker.ts';
import { improveWeighted } from './weighted.ts';

const largestWeight = 1e100;

export interface Decomposition {
  /** In the order and shapes of the forward einsum. */
  readonly factors: readonly Tensor[];
  /** ||W - W'|| / ||W||, Frobenius. */
  readonly relativeError: number;
  /** ||(W - W') C^(1/2)|| / ||W C^(1/2)||, of the outputs; null without second moments. */
  readonly weightedError: number | null;
}

export interface DecomposeOptions {
  /** Of the starts of alternating methods; the same seed gives the same factors. */
  readonly seed?: number;
  /** Second moments C = E[x x^T] of the inputs, [in, in]: the factors are those of least weighted error then. */
  readonly covariance?: Matrix;
  /** Alternating methods: as good as they get (seconds), or an answer while somebody waits (tens of ms up to 384 x 96). */
  readonly effort?: 'thorough' | 'quick';
}

/**
 * @param w [out, in]
 * @throws InputError when the factorization does not fit W, W is not finite, C is no second moments of in inputs, or
 *   ranks are too large for the method
 */
export function decompose(w: Matrix, f: Factorization, options: DecomposeOptions = {}): Decomposition {
  const sound = checkFactorization(f, w.rows, w.columns);
  check(w.values.every(Number.isFinite), 'weights', 'must be finite numbers');
  let largest = 0;
  for (const value of w.values) largest = Math.max(largest, Math.abs(value));
  check(largest <= largestWeight, 'weights', `must be at most ${largestWeight}`);
  // Errors are relative, and squares of very small or large weights are not.
  const scale = largest === 0 ? 1 : 2 ** -Math.max(-1000, Math.floor(Math.log2(largest)));
  const { factors, ...errors } = decomposeScaled(
    matrix(
      w.rows,
      w.columns,
      w.values.map((value) => value * scale),
    ),
    sound,
    options,
  );
  const unscaled = factors.map(({ shape, values }, k) =>
    tensor(shape, k === 0 ? values.map((value) => value / scale) : values),
  );
  return { factors: unscaled, ...errors };
}

/** @param w with entries of order one */
function decomposeScaled(w: Matrix, f: Factorization, options: DecomposeOptions): Decomposition {
  const { seed = 1, covariance, effort = 'thorough' } = options;
  const moments = covariance === undefined ? null : momentsOf(covariance, w.columns);
  const work = effort === 'thorough' ? thoroughWork : quickWork;
  const plain = shaped(f, factorValues(w, f, seed, work));
  const rebuilt = reconstruct(f, plain);
  const relativeError = relativeDistance(w.values, rebuilt.values);
  if (covariance === undefined) return { factors: plain, relativeError, weightedError: null };
  // Inputs that are all zero weigh nothing.
  if (moments === null) return { factors: plain, relativeError, weightedError: 0 };
  const weightedError = weightedDistance(w, rebuilt, moments);
  const factors = weightedFactors(w, f, moments, plain, work);
  const better = reconstruct(f, factors);
  const lowered = weightedDistance(w, better, moments);
  return lowered <= weightedError
    ? { factors, relativeError: relativeDistance(w.values, better.values), weightedError: lowered }
    : { factors: plain, relativeError, weightedError };
}

function shaped(f: Factorization, flat: readonly Float64Array[]): readonly Tensor[] {
  return factorShapes(f).map((shape, k) => {
    const values = flat[k];
    invariant(values !== undefined, `no factor ${k} of ${f.format}`);
    return tensor(shape, values);
  });
}

/** @param plain factors to start from */
function weightedFactors(
  w: Matrix,
  f: Factorization,
  moments: Moments,
  plain: readonly Tensor[],
  work: number,
): readonly Tensor[] {
  if (f.format !== 'svd') return improveWeighted(w, f, moments.regular, plain, work);
  const { left, right } = truncateWeighted(w, f.ranks[0] ?? 1, moments);
  return shaped(f, [transpose(right).values, transpose(left).values]);
}

function factorValues(w: Matrix, f: Factorization, seed: number, work: number): readonly Float64Array[] {
  const { outModes, inModes, ranks } = f;
  const [first = 1] = ranks;
  const whole = tensor([...outModes, ...inModes], w.values);
  const random = createRandom(seed);
  const valuesOf = ({ values }: { readonly values: Float64Array }): Float64Array => values;
  switch (f.format) {
    case 'dense':
      return [w.values];
    case 'svd': {
      const { left, right } = truncate(w, first);
      return [transpose(right).values, transpose(left).values];
    }
    case 'kronecker': {
      const paired = pair(w, f);
      if (paired.shape.length === 1) return [paired.values];
      if (paired.shape.length !== 2)
        return alternateCp(paired, first, random, work).map((factor) => transpose(factor).values);
      const [rows = 1, columns = 1] = paired.shape;
      const { left, right } = truncate({ rows, columns, values: paired.values }, first);
      return [transpose(left).values, right.values];
    }
    case 'cp': {
      if (whole.shape.length !== 2) return alternateCp(whole, first, random, work).map(valuesOf);
      const { left, right } = truncate(w, first);
      return [left.values, transpose(right).values];
    }
    case 'tucker':
      return boxFactors(decomposeTucker(whole, ranks, random, work)).map(valuesOf);
    case 'tt':
      return cutTrain(whole, ranks).map(valuesOf);
    case 'ttm':
      return cutTrain(pair(w, f), ranks).map(valuesOf);
    case 'tr':
      return decomposeRing(whole, ranks, outModes.length, random, work).map(valuesOf);
    case 'block-term':
      return decomposeBlocks(whole, ranks, random, work).map(valuesOf);
    default:
      return f.format satisfies never;
  }
}
