/**
 * Differentiable operations: each emits its ONNX node and records how a cotangent is pulled back through it (the
 * vector-Jacobian products of Giles, "Collected matrix derivative results", 2008, and Ba et al., "Layer Normalization",
 * 2016). Elementwise operations broadcast as NumPy does.
 */
import { invariant } from '../../core/base/checks.ts';
import { first, sizeOf, type Value } from './graph.ts';

type Attributes = NonNullable<Parameters<Value['graph']['node']>[0]['attributes']>;

/** A node of one output that nothing is pulled back through: what gradients and optimizers are made of. */
export function plain(
  op: string,
  inputs: readonly Value[],
  shape: readonly number[],
  attributes: Attributes = {},
): Value {
  const graph = inputs[0]?.graph;
  invariant(graph !== undefined, `${op} without inputs`);
  return first(graph.node({ op, inputs, shapes: [shape], attributes }));
}

const record = (
  output: Value,
  inputs: readonly Value[],
  pullBack: (cotangent: Value, needed: readonly boolean[]) => readonly (Value | null)[],
): Value => output.graph.record({ output, inputs, pullBack });

function broadcast(a: readonly number[], b: readonly number[]): readonly number[] {
  const order = Math.max(a.length, b.length);
  return Array.from({ length: order }, (_, axis) => {
    const x = a[axis - order + a.length] ?? 1;
    const y = b[axis - order + b.length] ?? 1;
    invariant(x === y || x === 1 || y === 1, `shapes [${a}] and [${b}]`);
    return x === 1 ? y : x;
  });
}

/** Sums what broadcasting repeated: the cotangent of an operand of that shape. */
function sumTo(value: Value, shape: readonly number[]): Value {
  const extra = value.shape.length - shape.length;
  const axes = value.shape.flatMap((extent, axis) =>
    axis < extra || (shape[axis - extra] === 1 && extent !== 1) ? [axis] : [],
  );
  if (axes.length === 0) return value;
  const kept = value.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const onlyExtra = axes.every((axis) => axis < extra);
  const summed = plain(
    'ReduceSum',
    [value, value.graph.ints(axes)],
    onlyExtra ? value.shape.slice(extra) : kept,
    { keepdims: { int: onlyExtra ? 0 : 1 } },
  );
  return onlyExtra ? summed : view(summed, shape);
}

/** A reshape without a record. */
const view = (x: Value, shape: readonly number[]): Value =>
  plain('Reshape', [x, x.graph.ints(shape.map((extent, axis) => (axis === 0 ? -1 : extent)))], shape);

const swapLast = (x: Value): Value => {
  const order = x.shape.length;
  const axes = [...Array(order).keys()];
  [axes[order - 2], axes[order - 1]] = [order - 1, order - 2];
  return permute(x, axes);
};

const permute = (x: Value, axes: readonly number[]): Value =>
  plain(
    'Transpose',
    [x],
    axes.map((axis) => x.shape[axis] ?? 1),
    { perm: { ints: axes } },
  );

export function add(
  a: Value,
  b: Value,
  names: { readonly name?: string; readonly output?: string } = {},
): Value {
  const shape = broadcast(a.shape, b.shape);
  const y = first(a.graph.node({ op: 'Add', inputs: [a, b], shapes: [shape], ...names }));
  return record(y, [a, b], (g, needed) =>
    [a, b].map((side, i) => (needed[i] === true ? sumTo(g, side.shape) : null)),
  );
}

export function multiply(a: Value, b: Value): Value {
  const shape = broadcast(a.shape, b.shape);
  const times = (x: Value, y: Value): Value => plain('Mul', [x, y], broadcast(x.shape, y.shape));
  return record(plain('Mul', [a, b], shape), [a, b], (g, needed) => [
    needed[0] === true ? sumTo(times(g, b), a.shape) : null,
    needed[1] === true ? sumTo(times(g, a), b.shape) : null,
  ]);
}

/** x times a constant. */
export const scale = (x: Value, factor: number): Value => multiply(x, x.graph.floats([factor]));

/** @param shape as many elements; the leading extent may change with the batch, the others may not */
export function reshape(x: Value, shape: readonly number[]): Value {
  invariant(sizeOf(shape) === sizeOf(x.shape), `reshape [${x.shape}] to [${shape}]`);
  return record(view(x, shape), [x], (g) => [view(g, x.shape)]);
}

export function transpose(x: Value, axes: readonly number[]): Value {
  const back = axes.map((_, axis) => axes.indexOf(axis));
  return record(permute(x, axes), [x], (g) => [permute(g, back)]);
}

/** Elements from..to of one axis. */
export function slice(x: Value, axis: number, from: number, to: number): Value {
  const { graph, shape } = x;
  const extent = shape[axis] ?? 1;
  const cut = shape.map((n, i) => (i === axis ? to - from : n));
  const inputs = [x, graph.ints([from]), graph.ints([to]), graph.ints([axis])];
  return record(plain('Slice', inputs, cut), [x], (g) => {
    const before = shape.map((_, i) => (i === axis ? from : 0));
    const after = shape.map((_, i) => (i === axis ? extent - to : 0));
    return [plain('Pad', [g, graph.ints([...before, ...after])], shape)];
  });
}

/** All of it, to a scalar. */
export function sum(x: Value): Value {
  const total = plain('ReduceSum', [x], [], { keepdims: { int: 0 } });
  return record(total, [x], (g) => [expandLike(g, x)]);
}

/** Mean over one axis, which goes. */
export function mean(x: Value, axis: number): Value {
  const rest = x.shape.filter((_, i) => i !== axis);
  const kept = x.shape.map((n, i) => (i === axis ? 1 : n));
  const averaged = plain('ReduceMean', [x, x.graph.ints([axis])], rest, { keepdims: { int: 0 } });
  return record(averaged, [x], (g) => {
    const share = plain('Mul', [g, x.graph.floats([1 / (x.shape[axis] ?? 1)])], g.shape);
    return [expandLike(view(share, kept), x)];
  });
}

function expandLike(g: Value, x: Value): Value {
  const shape = first(x.graph.node({ op: 'Shape', inputs: [x], shapes: [[x.shape.length]], type: 'int64' }));
  return plain('Expand', [g, shape], x.shape);
}

/** x [.., m, k] by w [k, n], or stacks of matrices [.., m, k] by [.., k, n]. */
export function matmul(
  x: Value,
  w: Value,
  names: { readonly name?: string; readonly output?: string } = {},
): Value {
  const inner = x.shape.at(-1) ?? 1;
  const columns = w.shape.at(-1) ?? 1;
  invariant(inner === w.shape.at(-2), `product of [${x.shape}] and [${w.shape}]`);
  const shape = [...x.shape.slice(0, -1), columns];
  const y = first(x.graph.node({ op: 'MatMul', inputs: [x, w], shapes: [shape], ...names }));
  const stacked = w.shape.length > 2;
  return record(y, [x, w], (g, needed) => {
    if (stacked)
      return [
        needed[0] === true ? plain('MatMul', [g, swapLast(w)], x.shape) : null,
        needed[1] === true ? plain('MatMul', [swapLast(x), g], w.shape) : null,
      ];
    const [rowsOfX, rowsOfG] = [rows(x), rows(g)];
    return [
      needed[0] === true ? unrows(gemm(rowsOfG, w, 'B'), x.shape) : null,
      needed[1] === true ? gemm(rowsOfX, rowsOfG, 'A') : null,
    ];
  });
}

/** x [.., k] w [k, n] + b [n] as one Gemm. */
export function affine(x: Value, w: Value, b: Value): Value {
  const xs = rows(x);
  const shape = [...x.shape.slice(0, -1), w.shape[1] ?? 1];
  const y = plain('Gemm', [xs, w, b], [xs.shape[0] ?? 1, w.shape[1] ?? 1]);
  return record(unrows(y, shape), [x, w, b], (g, needed) => {
    const gs = rows(g);
    return [
      needed[0] === true ? unrows(gemm(gs, w, 'B'), x.shape) : null,
      needed[1] === true ? gemm(xs, gs, 'A') : null,
      needed[2] === true ? sumTo(gs, b.shape) : null,
    ];
  });
}

const rows = (x: Value): Value =>
  x.shape.length === 2 ? x : view(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1) ?? 1]);

const unrows = (x: Value, shape: readonly number[]): Value => (shape.length === 2 ? x : view(x, shape));

/** A product of matrices of which one is read transposed. */
function gemm(a: Value, b: Value, transposed: 'A' | 'B'): Value {
  const m = transposed === 'A' ? a.shape[1] : a.shape[0];
  const n = transposed === 'B' ? b.shape[0] : b.shape[1];
  return plain('Gemm', [a, b], [m ?? 1, n ?? 1], { [`trans${transposed}`]: { int: 1 } });
}

/** Rows of a table [rows, width] by int64 indices of any shape -> [.., width]. */
export function lookUp(table: Value, indices: Value): Value {
  const { graph } = table;
  const width = table.shape[1] ?? 1;
  const found = plain('Gather', [table, indices], [...indices.shape, width], { axis: { int: 0 } });
  return record(found, [table], (g) => {
    const flat = first(
      graph.node({
        op: 'Reshape',
        inputs: [indices, graph.ints([-1, 1])],
        shapes: [[sizeOf(indices.shape), 1]],
        type: 'int64',
      }),
    );
    // Expand instead of a stored table of zeros: it is folded when the session is made.
    const zeros = plain('Expand', [graph.floats([0]), graph.ints(table.shape)], table.shape);
    return [plain('ScatterND', [zeros, flat, rows(g)], table.shape, { reduction: { text: 'add' } })];
  });
}

/** Normalizes the last axis, then times `gain` plus `shift`. */
export function layerNorm(x: Value, gain: Value, shift: Value, epsilon: number): Value {
  const { graph, shape } = x;
  const last = shape.length - 1;
  const width = shape[last] ?? 1;
  const statistic = shape.map((n, axis) => (axis === last ? 1 : n));
  const outputs = graph.node({
    op: 'LayerNormalization',
    inputs: [x, gain, shift],
    shapes: [shape, statistic, statistic],
    attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
  });
  const [y, average, inverse] = outputs;
  invariant(
    y !== undefined && average !== undefined && inverse !== undefined,
    'LayerNormalization has three',
  );
  return record(y, [x, gain, shift], (g, needed) => {
    const centred = plain('Sub', [x, average], shape);
    const normal = plain('Mul', [centred, inverse], shape);
    const averaged = (of: Value): Value =>
      plain('ReduceMean', [of, graph.ints([last])], statistic, { keepdims: { int: 1 } });
    const pulled = (): Value => {
      const inside = plain('Mul', [g, gain], shape);
      const along = averaged(plain('Mul', [inside, normal], shape));
      const flat = plain('Sub', [inside, averaged(inside)], shape);
      return plain(
        'Mul',
        [plain('Sub', [flat, plain('Mul', [normal, along], shape)], shape), inverse],
        shape,
      );
    };
    return [
      needed[0] === true ? pulled() : null,
      needed[1] === true ? sumTo(plain('Mul', [g, normal], shape), [width]) : null,
      needed[2] === true ? sumTo(g, [width]) : null,
    ];
  });
}

/** Over the last axis. */
export function softmax(x: Value): Value {
  const y = plain('Softmax', [x], x.shape, { axis: { int: -1 } });
  return record(y, [x], (g) => {
    const weighted = plain('Mul', [g, y], x.shape);
    return [plain('Sub', [weighted, plain('Mul', [y, sumLast(weighted)], x.shape)], x.shape)];
  });
}

/** Over the last axis. */
export function logSoftmax(x: Value): Value {
  const y = plain('LogSoftmax', [x], x.shape, { axis: { int: -1 } });
  return record(y, [x], (g) => {
    const shares = plain('Exp', [y], x.shape);
    return [plain('Sub', [g, plain('Mul', [shares, sumLast(g)], x.shape)], x.shape)];
  });
}

const sumLast = (x: Value): Value => {
  const last = x.shape.length - 1;
  const shape = x.shape.map((n, axis) => (axis === last ? 1 : n));
  return plain('ReduceSum', [x, x.graph.ints([last])], shape, { keepdims: { int: 1 } });
};

/** x Phi(x) with the error function (Hendrycks, Gimpel 2016). */
export function gelu(x: Value): Value {
  const { graph, shape } = x;
  const number = (value: number): Value => graph.floats([value]);
  const error = plain('Erf', [plain('Mul', [x, number(Math.SQRT1_2)], shape)], shape);
  const share = plain('Mul', [plain('Add', [error, number(1)], shape), number(0.5)], shape);
  return record(plain('Mul', [x, share], shape), [x], (g) => {
    // Phi(x) + x phi(x), phi the density of the standard normal distribution.
    const square = plain('Mul', [x, plain('Mul', [x, number(-0.5)], shape)], shape);
    const density = plain('Mul', [plain('Exp', [square], shape), number(1 / Math.sqrt(2 * Math.PI))], shape);
    const slope = plain('Add', [share, plain('Mul', [x, density], shape)], shape);
    return [plain('Mul', [g, slope], shape)];
  });
}
