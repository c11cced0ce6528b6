/**
 * A layer's factors as exports write them: float32, balanced first where they are quantized; and how far the matrix they
 * stand for is from the weight.
 */
import { balanceFactors } from '../factor/balance.ts';
import { decompose, type DecomposeOptions } from '../factor/decompose/decompose.ts';
import { reconstruct } from '../factor/decompose/reconstruct.ts';
import type { Factorization } from '../factor/factorization.ts';
import { relativeDistance, tensor, type Matrix, type Tensor } from '../tensor/dense.ts';

export interface Factors {
  /** Of float32 numbers, in the order and shapes of the forward einsum. */
  readonly factors: readonly Tensor[];
  /** ||W - W'|| / ||W||, Frobenius, of these factors. */
  readonly relativeError: number;
}

export interface FactorOptions extends DecomposeOptions {
  /** Factors of equal size: what quantization wants. */
  readonly balanced?: boolean;
}

/** @param w [out, in] */
export function factorsOf(
  w: Matrix,
  f: Factorization,
  { balanced, ...options }: FactorOptions = {},
): Factors {
  const { factors } = decompose(w, f, options);
  const kept = balanced === true && f.format !== 'dense' ? balanceFactors(f, factors) : factors;
  const rounded = kept.map(({ shape, values }) => tensor(shape, values.map(Math.fround)));
  return { factors: rounded, relativeError: relativeDistance(w.values, reconstruct(f, rounded).values) };
}
