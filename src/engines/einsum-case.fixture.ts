/**
 * Test-only: one einsum, its data, and what it must come to. Apart from the table, which is read where there are files:
 * this runs in a browser too.
 */
import { createRandom } from '../core/base/random.ts';
import { contract, evaluateEinsum, visited } from '../core/einsum/evaluate.ts';
import { parseEinsum } from '../core/einsum/parse.ts';
import { findPath } from '../core/einsum/path.ts';

export interface EinsumCase {
  readonly name: string;
  readonly equation: string;
  readonly shapes: readonly (readonly number[])[];
  readonly seed: number;
}

/** None near 0, of either sign: what is left out or counted twice shows. */
export function operandsOf({ shapes, seed }: EinsumCase): readonly Float32Array[] {
  const random = createRandom(seed + 1);
  const value = (): number => (random.below(2) === 0 ? -1 : 1) * (0.25 + 0.75 * random.next());
  return shapes.map((shape) =>
    Float32Array.from({ length: shape.reduce((words, extent) => words * extent, 1) }, value),
  );
}

export interface Expected {
  readonly shape: readonly number[];
  readonly values: Float64Array;
  /** Per word, the sum of the products' magnitudes: what rounding errors are shares of. */
  readonly magnitudes: Float64Array;
}

/** Index combinations above which three and more operands are evaluated step by step. */
const mostAtOnce = 2e5;

/** By the slow evaluator, in float64. */
export function expectedOf(given: EinsumCase): Expected {
  const einsum = parseEinsum(given.equation, given.shapes);
  const evaluate = (operands: readonly Float64Array[]) =>
    visited(einsum) <= mostAtOnce || operands.length === 1
      ? evaluateEinsum(einsum, operands)
      : contract(findPath(einsum), operands);
  const operands = operandsOf(given).map((values) => Float64Array.from(values));
  const { shape, values } = evaluate(operands);
  const magnitudes = evaluate(operands.map((each) => each.map(Math.abs))).values;
  return { shape, values, magnitudes };
}

/** Infinity when a word is missing or no number. */
export function worstError({ values, magnitudes }: Expected, found: ArrayLike<number>): number {
  if (found.length !== values.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < values.length; i++) {
    const error = Math.abs((found[i] ?? NaN) - values[i]!) / Math.max(magnitudes[i]!, Number.MIN_VALUE);
    if (!(error <= worst)) worst = Number.isNaN(error) ? Infinity : error;
  }
  return worst;
}

/**
 * The largest `worstError` there may be. f64: rounded to float32 at the end alone. f32 and f16: sums of at most 128
 * words a step err by far less than 128 roundings of 2^-24 and 2^-11; a mistake of one term in 128 shows at 2e-3.
 */
export const tolerance = { f64: 2 ** -24 * 1.01, f32: 2e-6, f16: 8e-3 } as const;
