/** One linear layer as a model of its own, X [rows, in] -> Y [rows, out], and random numbers for it. */
import { createRandom } from '../../core/base/random.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { factorShapes, forwardEinsum } from '../../core/factor/forward.ts';
import { product } from '../../core/factor/tensorization.ts';
import { constant, tensorValue } from '../../core/onnx/edit-messages.ts';
import { tensor, type Tensor } from '../../core/tensor/dense.ts';
import { graphBytes, nodeOf } from './nodes.ts';

export interface LayerShape {
  readonly rows: number;
  readonly in: number;
  readonly out: number;
}

/** y = x W. @param weight [in, out] */
export function denseGraph({ rows, in: inside, out }: LayerShape, weight: Float32Array): Uint8Array {
  return graphBytes({
    name: 'layer',
    nodes: [nodeOf('MatMul', ['x', 'W'], 'y')],
    tensors: [constant('W', [inside, out], weight)],
    inputs: [tensorValue('x', 'F32', [rows, inside])],
    outputs: [tensorValue('y', 'F32', [rows, out])],
  });
}

/** Numbers of ordinary size for `denseGraph`. */
export function randomWeight({ in: inside, out }: LayerShape, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: inside * out }, () => random.normal() / Math.sqrt(inside));
}

/**
 * Random factors whose matrix has entries of variance 1 / in, so that what they make is neither huge nor denormal: for
 * timing, where the numbers do not matter.
 */
export function randomFactors(f: Factorization, seed: number): readonly Tensor[] {
  const random = createRandom(seed);
  const shapes = factorShapes(f);
  const { output, extents } = forwardEinsum(f, 1);
  const kept = new Set(output);
  const terms = [...extents].reduce(
    (count, [label, extent]) => (kept.has(label) ? count : count * extent),
    1,
  );
  const scale = terms ** (-1 / (2 * shapes.length));
  return shapes.map((shape) =>
    tensor(
      shape,
      Float64Array.from({ length: product(shape) }, () => scale * random.normal()),
    ),
  );
}
