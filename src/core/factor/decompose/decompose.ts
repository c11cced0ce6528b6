/**
 * A matrix into the factors of a factorization, least squares in the Frobenius norm: svd, ttm, tt by truncated singular
 * values; kronecker of two by the rearranged matrix (Van Loan, Pitsianis 1993), of more by alternating least squares;
 * tucker, cp, tr, block-term each by its file here. Left out: activations (whitening happens before).
 */
import { check, invariant } from '../../base/checks.ts';
import { createRandom } from '../../base/random.ts';
import { relativeDistance, tensor, transpose, type Matrix, type Tensor } from '../../tensor/dense.ts';
import { truncate } from '../../tensor/svd.ts';
import type { Factorization } from '../factorization.ts';
import { factorShapes } from '../forward.ts';
import { checkFactorization } from '../ranks.ts';
import { decomposeBlocks } from './block-term.ts';
import { alternateCp } from './cp.ts';
import { pair, reconstruct } from './reconstruct.ts';
import { decomposeRing } from './ring.ts';
import { cutTrain } from './train.ts';
import { boxFactors, decomposeTucker } from './tucker.ts';

const largestWeight = 1e100;

export interface Decomposition {
  /** In the order and shapes of the forward einsum. */
  readonly factors: readonly Tensor[];
  /** ||W - W'|| / ||W||, Frobenius. */
  readonly relativeError: number;
}

export interface DecomposeOptions {
  /** Of the starts of alternating methods; the same seed gives the same factors. */
  readonly seed?: number;
}

/**
 * @param w [out, in]
 * @throws InputError when the factorization does not fit W, W is not finite, or ranks are too large for the method
 */
export function decompose(w: Matrix, f: Factorization, { seed = 1 }: DecomposeOptions = {}): Decomposition {
  const sound = checkFactorization(f, w.rows, w.columns);
  check(w.values.every(Number.isFinite), 'weights', 'must be finite numbers');
  // Their squares are summed.
  check(
    w.values.every((value) => Math.abs(value) <= largestWeight),
    'weights',
    `must be at most ${largestWeight}`,
  );
  const flat = factorValues(w, sound, seed);
  const factors = factorShapes(sound).map((shape, k) => {
    const values = flat[k];
    invariant(values !== undefined, `no factor ${k} of ${sound.format}`);
    return tensor(shape, values);
  });
  const relativeError = relativeDistance(w.values, reconstruct(sound, factors).values);
  return { factors, relativeError };
}

function factorValues(w: Matrix, f: Factorization, seed: number): readonly Float64Array[] {
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
        return alternateCp(paired, first, random).map((factor) => transpose(factor).values);
      const [rows = 1, columns = 1] = paired.shape;
      const { left, right } = truncate({ rows, columns, values: paired.values }, first);
      return [transpose(left).values, right.values];
    }
    case 'cp': {
      if (whole.shape.length !== 2) return alternateCp(whole, first, random).map(valuesOf);
      const { left, right } = truncate(w, first);
      return [left.values, transpose(right).values];
    }
    case 'tucker':
      return boxFactors(decomposeTucker(whole, ranks, random)).map(valuesOf);
    case 'tt':
      return cutTrain(whole, ranks).map(valuesOf);
    case 'ttm':
      return cutTrain(pair(w, f), ranks).map(valuesOf);
    case 'tr':
      return decomposeRing(whole, ranks, outModes.length, random).map(valuesOf);
    case 'block-term':
      return decomposeBlocks(whole, ranks, random).map(valuesOf);
    default:
      return f.format satisfies never;
  }
}
