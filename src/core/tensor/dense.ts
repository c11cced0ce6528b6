/** Dense row-major arrays of float64 and what needs no arithmetic to speak of. Values are never written through. */
import { invariant } from '../base/checks.ts';

export interface Tensor {
  readonly shape: readonly number[];
  /** Row-major: the last axis is contiguous. */
  readonly values: Float64Array;
}

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly values: Float64Array;
}

/** The same values under another shape. */
export function matrix(rows: number, columns: number, values: Float64Array): Matrix {
  invariant(values.length === rows * columns, `${rows} x ${columns} matrix of ${values.length} values`);
  return { rows, columns, values };
}

/** The same values under another shape. */
export function tensor(shape: readonly number[], values: Float64Array): Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  invariant(values.length === size, `tensor ${shape.join(' x ')} of ${values.length} values`);
  return { shape, values };
}

/** Tiles that fit the cache: one side is always read or written across rows. */
const tile = 32;

export function transpose({ rows, columns, values }: Matrix): Matrix {
  const result = new Float64Array(values.length);
  for (let top = 0; top < rows; top += tile)
    for (let left = 0; left < columns; left += tile) {
      const bottom = Math.min(rows, top + tile);
      const right = Math.min(columns, left + tile);
      for (let i = top; i < bottom; i++)
        for (let j = left; j < right; j++) result[j * rows + i] = values[i * columns + j]!;
    }
  return { rows: columns, columns: rows, values: result };
}

/** Axis k of the result is axis `order[k]` of the tensor. */
export function permute({ shape, values }: Tensor, order: readonly number[]): Tensor {
  const strides = shape.map((_, axis) =>
    shape.slice(axis + 1).reduce((product, extent) => product * extent, 1),
  );
  const extents = order.map((axis) => shape[axis] ?? 1);
  const steps = order.map((axis) => strides[axis] ?? 1);
  const result = new Float64Array(values.length);
  const last = extents.length - 1;
  if (last < 0) return { shape: [], values: values.slice() };
  const inner = extents[last]!;
  const step = steps[last]!;
  const counter = new Int32Array(extents.length);
  let from = 0;
  for (let to = 0; to < result.length; to += inner) {
    for (let i = 0, at = from; i < inner; i++, at += step) result[to + i] = values[at]!;
    for (let axis = last - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++counter[axis]! < extents[axis]!) break;
      from -= steps[axis]! * extents[axis]!;
      counter[axis] = 0;
    }
  }
  return { shape: extents, values: result };
}

/** Mode `axis` as rows, the other modes in their order as columns. */
export function unfold(t: Tensor, axis: number): Matrix {
  const rows = t.shape[axis] ?? 1;
  const others = t.shape.map((_, k) => k).filter((k) => k !== axis);
  const { values } = axis === 0 ? t : permute(t, [axis, ...others]);
  return { rows, columns: rows === 0 ? 0 : values.length / rows, values };
}

/** The tensor of this shape whose unfolding along `axis` is the matrix. */
export function fold(m: Matrix, shape: readonly number[], axis: number): Tensor {
  const others = shape.filter((_, k) => k !== axis);
  const moved = tensor([shape[axis] ?? 1, ...others], m.values);
  if (axis === 0) return moved;
  // Axis k of the result is where it stands among [axis, ...others].
  return permute(
    moved,
    shape.map((_, k) => (k === axis ? 0 : k < axis ? k + 1 : k)),
  );
}

const smallestSafe = 1e-280;

/** Frobenius norm, safe against overflow. */
export function norm(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  // Neither overflown nor so small that squares may have been lost.
  if (sum > smallestSafe && sum < Infinity) return Math.sqrt(sum);
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  sum = 0;
  for (const value of values) sum += (value / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/** ||a - b|| / ||a||; 0 when both are zero. */
export function relativeDistance(a: Float64Array, b: Float64Array): number {
  const whole = norm(a);
  const difference = norm(a.map((value, i) => value - b[i]!));
  return whole === 0 ? (difference === 0 ? 0 : 1) : difference / whole;
}
