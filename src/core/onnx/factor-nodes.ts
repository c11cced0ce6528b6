/**
 * A layer's factors along its contraction path as ONNX nodes that every runtime has: MatMul where a step is one as it
 * stands, else an Einsum of two operands; before opset 12, which brought Einsum, Transpose, Reshape and MatMul. Any
 * leading axes of the input go through. Where its rank is known they keep their places (Reshape copies an extent at 0);
 * where it is not, they are joined and put back from the input's Shape.
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
export function emitContraction(to: Emitter, contraction: Contraction): string {
  const { path, factors, input, rank, output } = contraction;
  const { inputs, output: result, extents } = path.einsum;
  const [[rows = '', ...ins] = [], ...terms] = inputs;
  const outs = result.slice(1);
  const extent = (label: string): number => extents.get(label) ?? 1;
  // A product made of Reshapes has one axis of unknown extent at most.
  const joined = rank === null || (to.opset < einsumFrom && rank !== 2);
  const leads = joined ? [rows] : Array.from({ length: rank - 1 }, (_, k) => `${rows}${k}`);
  const steps: Steps = { to, extent, open: leads.length === 1 ? leads[0] : undefined };
  const start =
    !joined && ins.length === 1
      ? input
      : to.add('Reshape', 'split', [
          input,
          shapeOf(to, [...leads.map(() => (joined ? -1 : 0)), ...ins.map(extent)]),
        ]);
  let list: readonly Labelled[] = [
    { value: start, labels: [...leads, ...ins] },
    ...terms.map((labels, k) => ({ value: factors[k] ?? '', labels })),
  ];
  const splits = joined || outs.length > 1;
  path.steps.forEach((step, index) => {
    const [a, b] = step.operands.map((position) => list[position]);
    invariant(a !== undefined, 'a step without operands');
    const others = list.filter((_, position) => !step.operands.includes(position));
    const kept = new Set([...leads, ...outs, ...others.flatMap(({ labels }) => labels)]);
    const last = index === path.steps.length - 1;
    const goal: Goal = {
      kept,
      order: last ? [...leads, ...outs] : null,
      output: last && !splits ? output : undefined,
    };
    list = [...others, b === undefined ? reduce(steps, a, goal) : join(steps, a, b, goal)];
  });
  const [done] = list;
  invariant(done !== undefined && list.length === 1, 'a path ends with one value');
  if (!splits) return done.value;
  const width = outs.reduce((product, label) => product * extent(label), 1);
  const shape = joined ? leadingShape(to, input, width) : shapeOf(to, [...leads.map(() => 0), width]);
  return to.add('Reshape', 'join', [done.value, shape], {}, output);
}

/** Operator versions of the default domain (onnx/docs/Changelog.md). */
const einsumFrom = 12;
const shapeRangeFrom = 15;
const sliceInputsFrom = 10;

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
  /** The label of unknown extent, where there is but one. */
  readonly open: string | undefined;
}

interface Goal {
  /** Labels that the result keeps, among others. */
  readonly kept: ReadonlySet<string>;
  /** Axes of the result; null when any order will do. */
  readonly order: readonly string[] | null;
  readonly output: string | undefined;
}

/** One operand: sums over the labels that nothing else has. */
function reduce({ to }: Steps, a: Labelled, { kept, order, output }: Goal): Labelled {
  const labels = order ?? a.labels.filter((label) => kept.has(label));
  if (to.opset < einsumFrom)
    return ordered(
      to,
      sumOver(to, a, (label) => kept.has(label)),
      labels,
      output,
    );
  const letters = lettersFor(a.labels);
  const equation = `${letters(a.labels)}->${letters(labels)}`;
  return { value: to.add('Einsum', 'Einsum', [a.value], { equation }, output), labels };
}

function join(steps: Steps, first: Labelled, second: Labelled, goal: Goal): Labelled {
  const plain = plainProduct(steps.to, first, second, goal) ?? plainProduct(steps.to, second, first, goal);
  if (plain !== null) return plain;
  return steps.to.opset < einsumFrom
    ? product(steps, first, second, goal)
    : einsum(steps, first, second, goal);
}

function einsum({ to }: Steps, a: Labelled, b: Labelled, { kept, order, output }: Goal): Labelled {
  const { batch, m, n } = meet(a, b, kept);
  const labels = order ?? [...batch, ...m, ...n];
  const letters = lettersFor([...a.labels, ...b.labels]);
  const equation = `${letters(a.labels)},${letters(b.labels)}->${letters(labels)}`;
  return { value: to.add('Einsum', 'Einsum', [a.value, b.value], { equation }, output), labels };
}

/** [.., k] x [k, n] as they stand, or null. */
function plainProduct(to: Emitter, a: Labelled, b: Labelled, { kept, order, output }: Goal): Labelled | null {
  const [k, n] = b.labels;
  if (b.labels.length !== 2 || k === undefined || n === undefined) return null;
  const labels = [...a.labels.slice(0, -1), n];
  const fits =
    a.labels.at(-1) === k &&
    !kept.has(k) &&
    !a.labels.includes(n) &&
    labels.every((label, axis) => kept.has(label) && (order === null || order[axis] === label));
  return fits ? { value: to.add('MatMul', 'MatMul', [a.value, b.value], {}, output), labels } : null;
}

/** Transposed and reshaped to [batch, m, k] x [batch, k, n]. */
function product(steps: Steps, first: Labelled, second: Labelled, { kept, order, output }: Goal): Labelled {
  const { to, extent, open } = steps;
  const [left, right] =
    open !== undefined && second.labels.includes(open) ? [second, first] : [first, second];
  const a = sumOver(to, left, (label) => kept.has(label) || right.labels.includes(label));
  const b = sumOver(to, right, (label) => kept.has(label) || left.labels.includes(label));
  const { batch, m, n, k } = meet(a, b, kept);
  const size = (labels: readonly string[]): number =>
    open !== undefined && labels.includes(open)
      ? -1
      : labels.reduce((whole, label) => whole * extent(label), 1);
  const merged = (value: Labelled, groups: readonly (readonly string[])[]): string => {
    const turned = ordered(to, value, groups.flat(), undefined);
    if (groups.every(({ length }) => length === 1)) return turned.value;
    return to.add('Reshape', 'merge', [turned.value, shapeOf(to, groups.map(size))]);
  };
  const outer = batch.length === 0 ? [] : [batch];
  const x = merged(a, [...outer, m, k]);
  const y = merged(b, [...outer, k, n]);
  const labels = [...batch, ...m, ...n];
  const whole = to.add('MatMul', 'MatMul', [x, y]);
  const alone = [...outer, m, n].every(({ length }) => length === 1);
  const value = alone
    ? whole
    : to.add('Reshape', 'part', [
        whole,
        shapeOf(
          to,
          labels.map((label) => size([label])),
        ),
      ]);
  return ordered(to, { value, labels }, order ?? labels, output);
}

function sumOver(to: Emitter, a: Labelled, keeps: (label: string) => boolean): Labelled {
  const axes = a.labels.flatMap((label, axis) => (keeps(label) ? [] : [axis]));
  if (axes.length === 0) return a;
  const labels = a.labels.filter(keeps);
  return { value: to.add('ReduceSum', 'ReduceSum', [a.value], { axes, keepdims: 0 }), labels };
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

const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** ONNX wants ASCII letters. */
function lettersFor(labels: readonly string[]): (some: readonly string[]) => string {
  const all = [...new Set(labels)];
  invariant(all.length <= alphabet.length, 'a step with more labels than letters');
  return (some) => some.map((label) => alphabet.charAt(all.indexOf(label))).join('');
}
