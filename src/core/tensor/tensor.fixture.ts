/** Test-only: seeded Gaussian matrices and tensors. */
import { createRandom } from '../base/random.ts';
import { matrix, tensor, type Matrix, type Tensor } from './dense.ts';

export function gaussian(size: number, seed: number): Float64Array {
  const { normal } = createRandom(seed);
  return Float64Array.from({ length: size }, normal);
}

export const gaussianMatrix = (rows: number, columns: number, seed = 1): Matrix =>
  matrix(rows, columns, gaussian(rows * columns, seed));

export const gaussianTensor = (shape: readonly number[], seed = 1): Tensor =>
  tensor(
    shape,
    gaussian(
      shape.reduce((product, extent) => product * extent, 1),
      seed,
    ),
  );
