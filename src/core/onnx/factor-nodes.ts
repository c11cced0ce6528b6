/**
 * A layer's factors along its contraction path as nodes that every runtime has, in any opset: each step is a MatMul, with
 * Reshape and Transpose around it where its axes need them. One Einsum a step would do from opset 12 on, but is no faster
 * (onnxruntime-web, WASM, one thread, 768 x 768, 128 rows, best of 25 runs in ms, Einsum / MatMul: kronecker 31 / 13,
 * ttm 11 / 9, tucker 1.12 / 0.93, block-term 1.87 / 1.59, cp 21 / 22, tt 0.93 / 1.09) and one plain kernel on WebGPU.
 * Any leading axes of the input go through: where every product is one of matrices, as in svd, they are not touched;
 * else they are joined and put back from its Shape.
 */
import type { NodeProto, TensorProto } from 'onnx-buf';
import { invariant } from '../base/checks.ts';
import type { ContractionPath } from '../einsum/path.ts';
import { integers, node, type AttributeValue } from './edit-messages.ts';

/** Where nodes and constants go, with names that nothing else has. */
export interface Emitter {
  readonly opset: number;
  /** @returns the name of its value: `output`, or a new one made of `hint` */
  readonly add: (
    op: string,
    hint: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
    output?: string,
  ) => string;
  /** @returns the name of its value */
  readonly constant: (hint: string, make: (name: string) => TensorProto) => string;
}

interface Sinks {
  readonly nodes: NodeProto[];
  readonly tensors: TensorProto[];
}

/**
 * @param unique a name that nothing in the model has, made of the one given
 * @param asNodes constants become Constant nodes: before IR version 4 an initializer had to be a graph input
 */
export function createEmitter(
  { nodes, tensors }: Sinks,
  prefix: string,
  unique: (wish: string) => string,
  opset: number,
  asNodes: boolean,
): Emitter {
  const add: Emitter['add'] = (op, hint, inputs, attributes = {}, output) => {
    const name = unique(`${prefix}/${hint}`);
    const value = output ?? unique(`${name}_output`);
    nodes.push(node(op, name, inputs, value, attributes));
    return value;
  };
  return {
    opset,
    add,
    constant: (hint, make) => {
      const name = unique(`${prefix}.${hint}`);
      if (asNodes) nodes.push(node('Constant', unique(`${name}/Constant`), [], name, { value: make('') }));
      else tensors.push(make(name));
      return name;
    },
  };
}

/** A value with its axes named. */
interface Labelled {
  readonly value: string;
  readonly labels: readonly string[];
}

export interface Contraction {
  /** Of the layer's einsum; the first operand is the input, its first label the rows. */
  readonly path: ContractionPath;
  /** Value names of the factors, in the einsum's order and shapes. */
  readonly factors: readonly string[];
  readonly input: string;
  /** Number of the input's axes, or null where the graph does not tell. */
  readonly rank: number | null;
  /** Name for the last value. */
  readonly output: string | undefined;
}

/** @returns the value with the layer's outputs as its last axis */
export function emitContraction(to: Emitter, { path, factors, input, rank, output }: Contraction): string {
  const { inputs, output: result, extents } = path.einsum;
  const [[rows = '', ...ins] = [], ...terms] = inputs;
  const outs = result.slice(1);
  const extent = (label: string): number => extents.get(label) ?? 1;
  const steps: Steps = { to, extent, rows };
  const untouched = isMatrixChain(path);
  const kept = untouched || rank === 2;
  const start =
    untouched || (kept && ins.length === 1)
      ? input
      : to.add('Reshape', 'split', [input, shapeOf(to, [kept ? 0 : -1, ...ins.map(extent)])]);
  const joins = !kept || outs.length > 1;
  const last = walk(
    path,
    [
      { value: start, labels: [rows, ...ins] },
      ...terms.map((labels, k) => ({ value: factors[k] ?? '', labels })),
    ],
    (a, b, goal) => {
      const ends = goal.order !== null && !joins ? { ...goal, output } : goal;
      return b === undefined ? reduce(steps, a, ends) : join(steps, a, b, ends);
    },
  );
  if (!joins) return last.value;
  const width = outs.reduce((whole, label) => whole * extent(label), 1);
  const shape = kept ? shapeOf(to, [0, width]) : leadingShape(to, input, width);
  return to.add('Reshape', 'join', [last.value, shape], {}, output);
}

type Act<T> = (a: T, b: T | undefined, goal: Goal) => T;

/** Follows a path over anything that has labels. */
function walk<T extends { readonly labels: readonly string[] }>(
  { einsum, steps }: ContractionPath,
  operands: readonly T[],
  act: Act<T>,
): T {
  let list = operands;
  steps.forEach((step, index) => {
    const [a, b] = step.operands.map((position) => list[position]);
    invariant(a !== undefined, 'a step without operands');
    const others = list.filter((_, position) => !step.operands.includes(position));
    const kept = new Set([...einsum.output, ...others.flatMap(({ labels }) => labels)]);
    const order = index === steps.length - 1 ? einsum.output : null;
    list = [...others, act(a, b, { kept, order, output: undefined })];
  });
  const [done] = list;
  invariant(done !== undefined && list.length === 1, 'a path ends with one value');
  return done;
}

/** Whether rows only ever meet matrices, [rows, k] x [k, n]: leading axes then need not be known. */
function isMatrixChain(path: ContractionPath): boolean {
  const { inputs, output } = path.einsum;
  const [rows = ''] = output;
  let chain = inputs[0]?.length === 2 && output.length === 2;
  walk(
    path,
    inputs.map((labels) => ({ labels })),
    (a, b, { kept }) => {
      const labels = [...new Set([...a.labels, ...(b?.labels ?? [])])].filter((label) => kept.has(label));
      const [x, y] = b?.labels.includes(rows) === true ? [b, a] : [a, b];
      if (x.labels.includes(rows))
        chain &&= y?.labels.length === 2 && x.labels.length === 2 && labels.length === 2;
      return { labels };
    },
  );
  return chain;
}

/** Operator versions of the default domain (onnx/docs/Changelog.md). */
const shapeRangeFrom = 15;
const sliceInputsFrom = 10;
const sumInputsFrom = 13;

const shapeOf = (to: Emitter, extents: readonly number[]): string =>
  to.constant('shape', (name) => integers(name, extents));

/** Extents of all axes of `input` but the last, then `width`. */
function leadingShape(to: Emitter, input: string, width: number): string {
  const leading =
    to.opset >= shapeRangeFrom
      ? to.add('Shape', 'Shape', [input], { end: -1 })
      : allButLast(to, to.add('Shape', 'Shape', [input]));
  return to.add('Concat', 'Concat', [leading, shapeOf(to, [width])], { axis: 0 });
}

function allButLast(to: Emitter, value: string): string {
  if (to.opset < sliceInputsFrom)
    return to.add('Slice', 'Slice', [value], { axes: [0], starts: [0], ends: [-1] });
  return to.add('Slice', 'Slice', [value, shapeOf(to, [0]), shapeOf(to, [-1])]);
}

interface Steps {
  readonly to: Emitter;
  readonly extent: (label: string) => number;
  /** The label of the rows, whose extent is not known. */
  readonly rows: string;
}

interface Goal {
  /** Labels that the result keeps, among others. */
  readonly kept: ReadonlySet<string>;
  /** Axes of the last result; null when any order will do. */
  readonly order: readonly string[] | null;
  readonly output: string | undefined;
}

/** One operand: sums over the labels that nothing else has. */
function reduce({ to }: Steps, a: Labelled, { kept, order, output }: Goal): Labelled {
  const summed = sumOver(to, a, (label) => kept.has(label));
  return ordered(to, summed, order ?? summed.labels, output);
}

/** Two operands as [batch, m, k] x [batch, k, n], rows in m. */
function join(steps: Steps, first: Labelled, second: Labelled, { kept, order, output }: Goal): Labelled {
  const { to, extent, rows } = steps;
  const [left, right] = second.labels.includes(rows) ? [second, first] : [first, second];
  const a = sumOver(to, left, (label) => kept.has(label) || right.labels.includes(label));
  const b = sumOver(to, right, (label) => kept.has(label) || left.labels.includes(label));
  const { batch, m, n, k } = meet(a, b, kept);
  const size = (labels: readonly string[]): number =>
    labels.includes(rows) ? -1 : labels.reduce((whole, label) => whole * extent(label), 1);
  const merged = (value: Labelled, groups: readonly (readonly string[])[]): string => {
    const turned = ordered(to, value, groups.flat(), undefined);
    if (groups.every(({ length }) => length === 1)) return turned.value;
    return to.add('Reshape', 'merge', [turned.value, shapeOf(to, groups.map(size))]);
  };
  const outer = batch.length === 0 ? [] : [batch];
  const labels = [...batch, ...m, ...n];
  const wanted = order ?? labels;
  const asItIs = [...outer, m, n].every(({ length }) => length === 1);
  const ends = asItIs && wanted.every((label, axis) => label === labels[axis]) ? output : undefined;
  const x = merged(a, [...outer, m, k]);
  const y = merged(b, [...outer, k, n]);
  const made = to.add('MatMul', 'MatMul', [x, y], {}, ends);
  if (ends !== undefined) return { value: made, labels };
  const extents = labels.map((label) => size([label]));
  const value = asItIs ? made : to.add('Reshape', 'part', [made, shapeOf(to, extents)]);
  return ordered(to, { value, labels }, wanted, output);
}

function sumOver(to: Emitter, a: Labelled, keeps: (label: string) => boolean): Labelled {
  const axes = a.labels.flatMap((label, axis) => (keeps(label) ? [] : [axis]));
  if (axes.length === 0) return a;
  const labels = a.labels.filter(keeps);
  const value =
    to.opset >= sumInputsFrom
      ? to.add('ReduceSum', 'ReduceSum', [a.value, shapeOf(to, axes)], { keepdims: 0 })
      : to.add('ReduceSum', 'ReduceSum', [a.value], { axes, keepdims: 0 });
  return { value, labels };
}

/** With a name for the output there is always a node that makes it. */
function ordered(to: Emitter, a: Labelled, labels: readonly string[], output: string | undefined): Labelled {
  const perm = labels.map((label) => a.labels.indexOf(label));
  if (output === undefined && perm.every((axis, k) => axis === k)) return a;
  return { value: to.add('Transpose', 'Transpose', [a.value], { perm }, output), labels };
}

/** How the labels of two operands meet: in both and kept, in one and kept, in both and summed. */
interface Meeting {
  readonly batch: readonly string[];
  readonly m: readonly string[];
  readonly n: readonly string[];
  readonly k: readonly string[];
}

function meet(a: Labelled, b: Labelled, kept: ReadonlySet<string>): Meeting {
  const inA = (label: string): boolean => a.labels.includes(label);
  const inB = (label: string): boolean => b.labels.includes(label);
  return {
    batch: a.labels.filter((label) => inB(label) && kept.has(label)),
    m: a.labels.filter((label) => !inB(label) && kept.has(label)),
    n: b.labels.filter((label) => !inA(label) && kept.has(label)),
    k: a.labels.filter((label) => inB(label) && !kept.has(label)),
  };
}
