/**
 * The weights a candidate computes with: W' of each layer, put together again from its factors as they would be stored.
 * Any format may then run in the dense model's graph; what is lost is what the factors lose, no more. Alternating
 * methods stop when somebody waits (`quick`), so that a measurement never flatters what an export gives.
 */
import { factorizationKey } from '../cost/layer.ts';
import { balanceFactors } from '../factor/balance.ts';
import { quantizationName } from '../factor/check-quantization.ts';
import { decompose } from '../factor/decompose/decompose.ts';
import { reconstruct } from '../factor/decompose/reconstruct.ts';
import type { Factorization } from '../factor/factorization.ts';
import { unquantized, type Quantization } from '../factor/quantization.ts';
import { quantizeWeights } from '../factor/quantize.ts';
import { matrix, tensor, type Matrix } from '../tensor/dense.ts';

export interface RebuildOptions {
  /** E[x x^T] of the layer's input, [in, in]: the factors then keep what inputs use. Absent: plain least squares. */
  readonly covariance?: Matrix;
  /** How the factors are stored; of a dense layer its matrix. */
  readonly quantization?: Quantization;
}

/**
 * @param w [out, in]
 * @returns W' [out, in]; W itself for a dense layer that is not quantized
 * @throws InputError when the factorization does not fit W
 */
export function rebuiltWeight(
  w: Matrix,
  f: Factorization,
  { covariance, quantization = unquantized }: RebuildOptions = {},
): Matrix {
  const stored = (values: Float64Array, shape: readonly number[]): Float64Array =>
    quantizeWeights(values, shape, quantization).values;
  if (f.format === 'dense')
    return quantization.kind === 'none'
      ? w
      : matrix(w.rows, w.columns, stored(w.values, [w.rows, w.columns]));
  const effort = 'quick';
  const { factors } = decompose(w, f, covariance === undefined ? { effort } : { effort, covariance });
  if (quantization.kind === 'none') return reconstruct(f, factors);
  const kept = balanceFactors(f, factors).map(({ shape, values }) => tensor(shape, stored(values, shape)));
  return reconstruct(f, kept);
}

/** Rebuilds each layer once per factorization and storage. One per model: layers go by their names. */
export interface Rebuilder {
  readonly rebuilt: (layer: string, w: Matrix, f: Factorization, options?: RebuildOptions) => Matrix;
}

/** Matrices kept; the oldest go first. A small model's are 0.07 to 0.3 MB each. */
const mostKept = 256;

export function createRebuilder(): Rebuilder {
  const known = new Map<string, Matrix>();
  return {
    rebuilt: (layer, w, f, options = {}) => {
      const { covariance, quantization = unquantized } = options;
      const key = [
        layer,
        factorizationKey(f),
        quantizationName(quantization),
        covariance === undefined ? 'plain' : 'weighted',
      ].join(' ');
      const found = known.get(key);
      if (found !== undefined) return found;
      const made = rebuiltWeight(w, f, options);
      if (known.size >= mostKept) known.delete(known.keys().next().value ?? '');
      known.set(key, made);
      return made;
    },
  };
}
