/** Operands of a case and what some rows of its output must be, by the float64 evaluator. */
import { createRandom } from '../../src/core/base/random.ts';
import { contract } from '../../src/core/einsum/evaluate.ts';
import { parseEinsum } from '../../src/core/einsum/parse.ts';
import { findPath } from '../../src/core/einsum/path.ts';
import type { BenchCase } from './cases.ts';

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Normal, and scaled so that the output is near one. */
export function operandsOf({ equation, shapes }: BenchCase, seed: number): readonly Float32Array[] {
  const random = createRandom(seed);
  const einsum = parseEinsum(equation, shapes);
  let terms = 1;
  for (const [label, extent] of einsum.extents) if (!einsum.output.includes(label)) terms *= extent;
  const scale = terms ** (-1 / (2 * shapes.length));
  return shapes.map((shape) => Float32Array.from({ length: count(shape) }, () => scale * random.normal()));
}

export interface Expected {
  readonly rows: readonly number[];
  readonly rowSize: number;
  readonly size: number;
  readonly values: Float64Array;
}

/** MACs that the evaluator may spend on one case: a second or two. */
const mostMacs = 2e7;

/** All rows where that is quick, else as many as are, from the first to the last. */
export function expectedOf({ equation, shapes }: BenchCase, operands: readonly Float32Array[]): Expected {
  const [shape = []] = shapes;
  const [all = 1, ...rest] = shape;
  const whole = parseEinsum(equation, shapes);
  const macs = findPath(whole).macs;
  const few = Math.max(1, Math.min(all, Math.floor((all * mostMacs) / macs)));
  const rows = Array.from({ length: few }, (_, k) =>
    few === 1 ? all - 1 : Math.round((k * (all - 1)) / (few - 1)),
  );
  const rowSize = count(rest);
  const first = new Float64Array(few * rowSize);
  rows.forEach((row, k) => {
    const values = operands[0]?.subarray(row * rowSize, (row + 1) * rowSize) ?? [];
    first.set(values, k * rowSize);
  });
  const einsum = parseEinsum(equation, [[few, ...rest], ...shapes.slice(1)]);
  const others = operands.slice(1).map((values) => Float64Array.from(values));
  const { values } = contract(findPath(einsum), [first, ...others]);
  const size = count(whole.output.map((label) => whole.extents.get(label) ?? 1));
  return { rows, rowSize: values.length / few, size, values };
}

/** Of the largest value expected: rounding of float32 sums of thousands of terms stays far below. */
export const tolerance = 1e-4;

/** The largest difference, as a share of the largest value expected. */
export function differenceOf({ rows, rowSize, size, values }: Expected, given: Float32Array): number {
  if (given.length !== size) return Infinity;
  let largest = 0;
  let most = 0;
  rows.forEach((row, k) => {
    for (let i = 0; i < rowSize; i++) {
      const value = values[k * rowSize + i] ?? 0;
      const difference = Math.abs(value - (given[row * rowSize + i] ?? NaN));
      if (!(difference <= most)) most = Number.isNaN(difference) ? Infinity : difference;
      largest = Math.max(largest, Math.abs(value));
    }
  });
  return most === 0 ? 0 : most / largest;
}
