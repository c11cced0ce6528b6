/**
 * The same product from factors of equal size: per rank component (each index of a bond) the slices of the factors that
 * share it are scaled to equal root mean squares, which is exact, in a few rounds over the bonds. Quantization and
 * distillation want it: a factor that carries all the scale leaves the others' steps too coarse.
 */
import { norm, tensor, type Tensor } from '../tensor/dense.ts';
import type { Factorization } from './factorization.ts';
import { weightEinsum } from './forward.ts';
import { product } from './tensorization.ts';

const rounds = 8;
/** Slices below that share of the largest one hold nothing that could be scaled. */
const negligible = 1e-12;

/** @param factors in the order and shapes of the forward einsum */
export function balanceFactors(f: Factorization, factors: readonly Tensor[]): readonly Tensor[] {
  const { inputs, output } = weightEinsum(f);
  const bonds = [...new Set(inputs.flat())].filter((label) => !output.includes(label));
  const balanced = factors.map(({ shape, values }) => tensor(shape, values.slice()));
  for (let round = 0; round < rounds; round++) {
    // Scale travels one bond a round; all at once it is there.
    equalize(balanced);
    for (const bond of bonds) {
      const sharing = inputs.flatMap((term, k) => {
        const axis = term.indexOf(bond);
        const factor = balanced[k];
        return axis < 0 || factor === undefined ? [] : [{ factor, axis, sizes: sliceSizes(factor, axis) }];
      });
      const largest = sharing.map(({ sizes }) => Math.max(...sizes));
      const extent = sharing[0]?.sizes.length ?? 0;
      for (let index = 0; index < extent; index++) {
        const sizes = sharing.map((each) => each.sizes[index]!);
        if (sizes.some((size, k) => !(size > negligible * largest[k]!))) continue;
        const mean = Math.exp(sizes.reduce((sum, size) => sum + Math.log(size), 0) / sizes.length);
        sharing.forEach(({ factor, axis }, k) => scaleSlice(factor, axis, index, mean / sizes[k]!));
      }
    }
  }
  return balanced;
}

function equalize(factors: readonly Tensor[]): void {
  const sizes = factors.map(({ values }) => norm(values) / Math.sqrt(values.length));
  if (sizes.includes(0)) return;
  const mean = Math.exp(sizes.reduce((sum, size) => sum + Math.log(size), 0) / sizes.length);
  factors.forEach(({ values }, k) => {
    for (let i = 0; i < values.length; i++) values[i]! *= mean / sizes[k]!;
  });
}

/** Root mean square of each slice along an axis. */
function sliceSizes({ shape, values }: Tensor, axis: number): readonly number[] {
  const extent = shape[axis] ?? 1;
  const inner = product(shape.slice(axis + 1));
  const squares = new Float64Array(extent);
  for (let i = 0; i < values.length; i++) squares[Math.floor(i / inner) % extent]! += values[i]! ** 2;
  return Array.from(squares, (square) => Math.sqrt((square * extent) / values.length));
}

function scaleSlice({ shape, values }: Tensor, axis: number, index: number, scale: number): void {
  const extent = shape[axis] ?? 1;
  const inner = product(shape.slice(axis + 1));
  for (let from = index * inner; from < values.length; from += extent * inner)
    for (let i = from; i < from + inner; i++) values[i]! *= scale;
}
