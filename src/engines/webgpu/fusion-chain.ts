/**
 * Two steps of a program whose intermediate T nobody else reads, as one computation:
 *
 *   T[rows, inner] = sum over k of a[rows, inner, k] * b[rows, inner, k]
 *   out[rows, columns] = sum over inner of T[rows, inner] * c[rows, inner, columns]
 *
 * Rows are the axes that T hands on to the output, inner those that the second step sums over. Whoever has some rows of
 * T whole can finish the same rows of the output, so that T need not be written. Source of the idea: HEAT's fused
 * mappings (Gu et al. 2022), here on the user's own device.
 */
import { invariant } from '../../core/base/checks.ts';
import {
  extentOf,
  mergeAxes,
  stepExtents,
  stridesOf,
  type GemmAxis,
  type GemmForm,
} from '../../core/einsum/gemm-form.ts';
import type { Program } from '../../core/einsum/program.ts';

/** Words moved in each array by one step along the axis; T has no strides of its own. */
export interface ChainAxis {
  readonly extent: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly out: number;
}

export interface Chain {
  /** Positions of the two steps in the program. */
  readonly steps: readonly [number, number];
  /** Numbers of the values: what is read, the intermediate, what is written. */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly between: number;
  readonly to: number;
  readonly rows: readonly ChainAxis[];
  readonly inner: readonly ChainAxis[];
  readonly k: readonly ChainAxis[];
  readonly columns: readonly ChainAxis[];
  readonly words: { readonly a: number; readonly b: number; readonly c: number; readonly out: number };
}

/** Every pair of steps that can be one, in the order of the first. */
export function chainsOf(program: Program): readonly Chain[] {
  return program.steps.flatMap((_, step) => chainFrom(program, step) ?? []);
}

function chainFrom({ shapes, steps }: Program, step: number): Chain | null {
  const first = steps[step];
  const between = shapes.length + step;
  const readers = steps.flatMap(({ left, right }, k) => (left === between || right === between ? [k] : []));
  const [position] = readers;
  if (first === undefined || position === undefined || readers.length > 1) return null;
  const second = steps[position];
  if (second === undefined || first.right === null || second.right === null) return null;
  if (second.left === second.right) return null;
  const side = second.left === between ? 1 : 0;
  const extents = new Map([...stepExtents(first.labelled), ...stepExtents(second.labelled)]);
  const handed = first.labelled.output;
  const kept = second.labelled.output;
  const other = second.labelled.inputs[side] ?? [];
  // An index that the second step sums over and that only its other operand has.
  if (other.some((label) => !handed.includes(label) && !kept.includes(label))) return null;
  const a = stridesOf(first.labelled.inputs[0] ?? [], first.labelled.shapes[0] ?? []);
  const b = stridesOf(first.labelled.inputs[1] ?? [], first.labelled.shapes[1] ?? []);
  const c = stridesOf(other, second.labelled.shapes[side] ?? []);
  const out = stridesOf(
    kept,
    kept.map((label) => extents.get(label) ?? 1),
  );
  const groups = { rows: [], inner: [], k: [], columns: [] } satisfies Record<string, ChainAxis[]>;
  const typed: Readonly<Record<keyof typeof groups, ChainAxis[]>> = groups;
  for (const [label, extent] of extents) {
    if (extent === 1) continue;
    const group = handed.includes(label)
      ? kept.includes(label)
        ? 'rows'
        : 'inner'
      : kept.includes(label)
        ? 'columns'
        : 'k';
    typed[group].push({
      extent,
      a: a.get(label) ?? 0,
      b: b.get(label) ?? 0,
      c: c.get(label) ?? 0,
      out: out.get(label) ?? 0,
    });
  }
  const words = { a: first.form.words.a, b: first.form.words.b ?? 0, out: second.form.words.out };
  const ofOther = side === 1 ? second.form.words.b : second.form.words.a;
  return {
    steps: [step, position],
    a: first.left,
    b: first.right,
    c: side === 1 ? second.right : second.left,
    between,
    to: shapes.length + position,
    rows: merged(typed.rows, (x, y) => y.out - x.out || y.a - x.a || y.b - x.b),
    inner: merged(typed.inner, (x, y) => y.c - x.c || y.b - x.b || y.a - x.a),
    k: merged(typed.k, (x, y) => y.a - x.a || y.b - x.b),
    columns: merged(typed.columns, (x, y) => y.out - x.out || y.c - x.c),
    words: { ...words, c: ofOther ?? 0 },
  };
}

const arrays = ['a', 'b', 'c', 'out'] as const;

/** Outer axes first; an axis that steps over exactly one turn of its neighbour, in every array, becomes one with it. */
function merged(
  axes: readonly ChainAxis[],
  order: (x: ChainAxis, y: ChainAxis) => number,
): readonly ChainAxis[] {
  const result: ChainAxis[] = [];
  for (const axis of axes.toSorted(order)) {
    const outer = result.at(-1);
    if (outer !== undefined && arrays.every((array) => outer[array] === axis[array] * axis.extent))
      result[result.length - 1] = { ...axis, extent: outer.extent * axis.extent };
    else result.push(axis);
  }
  return result;
}

const extent = (axes: readonly ChainAxis[]): number => axes.reduce((count, axis) => count * axis.extent, 1);

/** Words of T that belong to one row. */
export const innerExtent = ({ inner }: Chain): number => extent(inner);

/** Multiply-accumulates of both steps. */
export const chainMacs = ({ rows, inner, k, columns }: Chain): number =>
  extent(rows) * extent(inner) * (extent(k) + extent(columns));

/** Both products for `size` neighbours along one axis of the rows; the other rows are somewhere else. */
export interface ChainForms {
  readonly first: GemmForm;
  readonly second: GemmForm;
}

/**
 * @param along which of the chain's rows the tile lies on; null where there are none
 * @returns products in which T is row-major [size, inner], `out` of the first and `a` of the second
 */
export function chainForms(chain: Chain, along: ChainAxis | null, size: number): ChainForms {
  const width = innerExtent(chain);
  invariant(along === null ? size === 1 : size <= along.extent, 'a tile lies within its rows');
  const row = along === null ? [] : [{ ...along, extent: size }];
  let below = width;
  const inner = chain.inner.map((axis) => {
    below /= axis.extent;
    return { ...axis, between: below };
  });
  const first: GemmAxis[] = [
    ...row.map(({ extent: rows, a, b }) => ({ extent: rows, a, b, out: width })),
    ...inner.map(({ extent: count, a, b, between }) => ({ extent: count, a, b, out: between })),
  ];
  const second: GemmAxis[] = [
    ...row.map(({ extent: rows, c, out }) => ({ extent: rows, a: width, b: c, out })),
    ...chain.columns.map(({ extent: count, c, out }) => ({ extent: count, a: 0, b: c, out })),
  ];
  const { words } = chain;
  return {
    first: productForm(
      first,
      chain.k.map(({ extent: count, a, b }) => ({ extent: count, a, b, out: 0 })),
      { a: words.a, b: words.b, out: size * width },
    ),
    second: productForm(
      second,
      inner.map(({ extent: count, between, c }) => ({ extent: count, a: between, b: c, out: 0 })),
      { a: size * width, b: words.c, out: words.out },
    ),
  };
}

function productForm(kept: readonly GemmAxis[], k: readonly GemmAxis[], words: GemmForm['words']): GemmForm {
  const axes = kept.filter((axis) => axis.extent > 1);
  return {
    batch: mergeAxes(axes.filter(({ a, b }) => a !== 0 && b !== 0)),
    m: mergeAxes(axes.filter(({ b }) => b === 0)),
    n: mergeAxes(axes.filter(({ a, b }) => a === 0 && b !== 0)),
    k: mergeAxes(k.filter((axis) => axis.extent > 1)),
    words,
  };
}

/** Whether there is anything to multiply. */
export const isEmptyChain = (chain: Chain): boolean =>
  extentOf([...chain.rows, ...chain.inner, ...chain.k, ...chain.columns]) === 0;
