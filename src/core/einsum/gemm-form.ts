/**
 * One step of a contraction as what a kernel computes: a strided, batched matrix product
 *
 *   out[batch, m, n] = sum over k of a[batch, m, k] * b[batch, k, n]
 *
 * in which each of batch, m, n, k is a list of axes with a stride per array. A label's role follows from who moves
 * along it: both operands and the output (batch), one operand and the output (m, n), no output (k). A diagonal is the
 * sum of its strides, a broadcast axis has stride 0, an index that one operand alone sums over has stride 0 in the
 * other. Axes that are neighbours in every array are merged, axes of extent 1 dropped. A step of one operand has no b.
 */
import { check, invariant } from '../base/checks.ts';

export interface GemmAxis {
  readonly extent: number;
  /** Words moved in each array by one step along the axis; 0 where the array does not have it. */
  readonly a: number;
  readonly b: number;
  readonly out: number;
}

export interface GemmForm {
  /** Outer axes first, by the strides of the output (k: of the operands). */
  readonly batch: readonly GemmAxis[];
  readonly m: readonly GemmAxis[];
  readonly n: readonly GemmAxis[];
  readonly k: readonly GemmAxis[];
  /** Words of each array; b is null for a step of one operand. */
  readonly words: { readonly a: number; readonly b: number | null; readonly out: number };
}

/** A step with the labels of its arrays in axis order; `shapes` are those of the inputs, 1 where one is broadcast. */
export interface LabelledStep {
  readonly inputs: readonly (readonly string[])[];
  readonly shapes: readonly (readonly number[])[];
  readonly output: readonly string[];
}

type Group = 'batch' | 'm' | 'n' | 'k';

/** The extent of each label of a step: the largest but for an operand whose axis has size 1. */
export function stepExtents({ inputs, shapes }: LabelledStep): ReadonlyMap<string, number> {
  const extents = new Map<string, number>();
  inputs.forEach((labels, k) =>
    labels.forEach((label, axis) => {
      const size = shapes[k]?.[axis] ?? 1;
      const known = extents.get(label);
      check(
        known === undefined || known === 1 || size === 1 || size === known,
        'einsum',
        'an index must have one extent',
        `${label} = ${known} and ${size}`,
      );
      if (known === undefined || known === 1) extents.set(label, size);
    }),
  );
  return extents;
}

/** @throws InputError when two operands disagree about an extent */
export function gemmForm(step: LabelledStep): GemmForm {
  const { inputs, shapes, output } = step;
  invariant(inputs.length === 1 || inputs.length === 2, 'a step has one or two operands');
  const extents = stepExtents(step);
  const outShape = output.map((label) => extents.get(label) ?? 1);
  const a = stridesOf(inputs[0] ?? [], shapes[0] ?? []);
  const b = stridesOf(inputs[1] ?? [], shapes[1] ?? []);
  const out = stridesOf(output, outShape);
  const groups: Record<Group, GemmAxis[]> = { batch: [], m: [], n: [], k: [] };
  for (const [label, extent] of extents) {
    if (extent === 1) continue;
    const axis = { extent, a: a.get(label) ?? 0, b: b.get(label) ?? 0, out: out.get(label) ?? 0 };
    groups[groupOf(output.includes(label), axis)].push(axis);
  }
  return {
    batch: mergeAxes(groups.batch),
    m: mergeAxes(groups.m),
    n: mergeAxes(groups.n),
    k: mergeAxes(groups.k),
    words: {
      a: product(shapes[0] ?? []),
      b: shapes[1] === undefined ? null : product(shapes[1]),
      out: product(outShape),
    },
  };
}

/** The same product with the operands in each other's place, and m and n with them. */
export function transposeForm({ batch, m, n, k, words }: GemmForm): GemmForm {
  invariant(words.b !== null, 'only a product of two operands is transposed');
  const swap = (axes: readonly GemmAxis[]): GemmAxis[] =>
    axes.map((axis) => ({ ...axis, a: axis.b, b: axis.a }));
  return {
    batch: swap(batch),
    m: swap(n),
    n: swap(m),
    k: swap(k),
    words: { a: words.b, b: words.a, out: words.out },
  };
}

/** How many combinations of the axes' positions there are; 1 without axes. */
export function extentOf(axes: readonly GemmAxis[]): number {
  return axes.reduce((count, { extent }) => count * extent, 1);
}

/** Multiply-accumulates of a form; for one operand the words it visits. */
export function formMacs({ batch, m, n, k }: GemmForm): number {
  return extentOf(batch) * extentOf(m) * extentOf(n) * extentOf(k);
}

function groupOf(kept: boolean, { a, b }: GemmAxis): Group {
  if (!kept) return 'k';
  if (b === 0) return 'm';
  return a === 0 ? 'n' : 'batch';
}

const product = (shape: readonly number[]): number => shape.reduce((words, extent) => words * extent, 1);

/** Row-major strides by label; those of a repeated label add up, an axis of size 1 does not move. */
export function stridesOf(labels: readonly string[], shape: readonly number[]): ReadonlyMap<string, number> {
  const moved = new Map<string, number>();
  let stride = 1;
  for (let axis = labels.length - 1; axis >= 0; axis--) {
    const label = labels[axis] ?? '';
    const size = shape[axis] ?? 1;
    if (size !== 1) moved.set(label, (moved.get(label) ?? 0) + stride);
    stride *= Math.max(1, size);
  }
  return moved;
}

/** Outer axes first; an axis that steps over exactly one turn of its neighbour, in every array, becomes one with it. */
export function mergeAxes(axes: readonly GemmAxis[]): readonly GemmAxis[] {
  const sorted = axes.toSorted((x, y) => y.out - x.out || y.a - x.a || y.b - x.b);
  const merged: GemmAxis[] = [];
  for (const axis of sorted) {
    const outer = merged.at(-1);
    const joins =
      outer !== undefined &&
      outer.a === axis.a * axis.extent &&
      outer.b === axis.b * axis.extent &&
      outer.out === axis.out * axis.extent;
    if (joins) merged[merged.length - 1] = { ...axis, extent: outer.extent * axis.extent };
    else merged.push(axis);
  }
  return merged;
}
