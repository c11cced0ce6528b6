/**
 * Matrices that a graph makes of its tensors before it multiplies by them: transposed, reshaped, cut, cast or dequantized
 * constants (operator definitions of opset 24 and earlier ones). They are described, not computed; `weights.ts` reads them.
 */
import { intAttribute, intsAttribute, intsOf, type Graph, type Op, type Value } from './graph.ts';
import type { OnnxDtype, OnnxModel, OnnxTensor, WeightSource } from './model.ts';

export interface Constants {
  /** Null for what depends on an input, or is made by an operator that is not understood. */
  readonly sourceOf: (value: Value | null | undefined) => WeightSource | null;
  /** Whether a value depends on nothing but tensors of the file. */
  readonly isConstant: (value: Value | null | undefined) => boolean;
}

/** Longest chain of operators between a tensor and its use. */
const mostSteps = 16;
/** Operators whose result is the same numbers. */
const same = new Set(['Identity', 'Dropout', 'Cast', 'CastLike']);
const random = /^(?:Random|Bernoulli|Multinomial)/;

export function createConstants(model: OnnxModel, graph: Graph): Constants {
  const constant = new Set<Value>();
  const isConstant = (value: Value | null | undefined): boolean =>
    value !== null && value !== undefined && (value.data !== null || constant.has(value));
  for (const op of graph.ops) {
    const isPlain = !random.test(op.type) && op.node.attribute.every(({ g }) => g === undefined);
    const given = op.inputs.filter((value) => value !== null);
    if (isPlain && given.every(isConstant) && (given.length > 0 || op.type === 'Constant'))
      for (const value of op.outputs) constant.add(value);
  }
  const known = new Map<Value, WeightSource | null>();
  const find = (value: Value | null | undefined, steps: number): WeightSource | null => {
    if (value === null || value === undefined || steps > mostSteps) return null;
    const found = known.get(value);
    if (found !== undefined) return found;
    const source = make(value, steps);
    known.set(value, source);
    return source;
  };
  const make = (value: Value, steps: number): WeightSource | null => {
    const { data, producer: op } = value;
    if (data !== null) {
      const tensor: OnnxTensor = model.tensorOf(data);
      // A Constant node's tensor is named by its output.
      return {
        kind: 'tensor',
        tensor: tensor.name === value.name ? tensor : { ...tensor, name: value.name },
      };
    }
    if (op === null || (value !== op.outputs[0] && op.type !== 'Split')) return null;
    const of = find(op.inputs[0], steps + 1);
    if (of === null) return null;
    if (same.has(op.type))
      return op.type.startsWith('Cast') && !floats.has(storedDtype(of)) && !isFloatCast(op) ? null : of;
    const shape = shapeOf(of);
    switch (op.type) {
      case 'Transpose': {
        const order = intsAttribute(op.node, 'perm') ?? shape.map((_, axis) => shape.length - 1 - axis);
        return isOrder(order, shape.length) ? { kind: 'transpose', of, order } : null;
      }
      case 'Reshape':
      case 'Flatten':
      case 'Squeeze':
      case 'Unsqueeze': {
        const next = reshaped(op, shape);
        return next === null ? null : { kind: 'reshape', of, shape: next };
      }
      case 'Split':
        return splitOff(op, of, op.outputs.indexOf(value));
      case 'Slice':
        return sliced(op, of);
      case 'DequantizeLinear':
      case 'com.microsoft.DequantizeLinear':
        return dequantized(op, of, (slot) => find(op.inputs[slot], steps + 1));
      default:
        return null;
    }
  };
  return { sourceOf: (value) => find(value, 0), isConstant };
}

const floats: ReadonlySet<OnnxDtype> = new Set(['F64', 'F32', 'F16', 'BF16']);

/** Casts from integers count where they end in floats: 1 FLOAT, 10 FLOAT16, 11 DOUBLE, 16 BFLOAT16. */
function isFloatCast(op: Op): boolean {
  return [1, 10, 11, 16].includes(intAttribute(op.node, 'to', 0));
}

function isOrder(order: readonly number[], rank: number): boolean {
  return (
    order.length === rank && new Set(order).size === rank && order.every((axis) => axis >= 0 && axis < rank)
  );
}

const product = (extents: readonly number[]): number => extents.reduce((all, extent) => all * extent, 1);

function reshaped(op: Op, shape: readonly number[]): readonly number[] | null {
  const given = intsOf(op.inputs[1]) ?? intsAttribute(op.node, op.type === 'Reshape' ? 'shape' : 'axes');
  switch (op.type) {
    case 'Reshape': {
      if (given === null) return null;
      const filled = given.map((extent, axis) => (extent === 0 ? (shape[axis] ?? 0) : extent));
      const rest = product(filled.filter((extent) => extent !== -1));
      const next = filled.map((extent) => (extent === -1 ? product(shape) / rest : extent));
      return fits(next, shape) ? next : null;
    }
    case 'Flatten': {
      const axis = intAttribute(op.node, 'axis', 1);
      const at = axis < 0 ? axis + shape.length : axis;
      return [product(shape.slice(0, at)), product(shape.slice(at))];
    }
    case 'Squeeze': {
      const axes = given?.map((axis) => (axis < 0 ? axis + shape.length : axis));
      const next = shape.filter((extent, axis) => (axes === undefined ? extent !== 1 : !axes.includes(axis)));
      return fits(next, shape) ? next : null;
    }
    default: {
      if (given === null || given.length > 8) return null;
      const rank = shape.length + given.length;
      const axes = new Set(given.map((axis) => (axis < 0 ? axis + rank : axis)));
      const rest = [...shape];
      const next = Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : (rest.shift() ?? 0)));
      return fits(next, shape) ? next : null;
    }
  }
}

const fits = (next: readonly number[], shape: readonly number[]): boolean =>
  next.every((extent) => Number.isSafeInteger(extent) && extent > 0) && product(next) === product(shape);

/** One output of Split: given sizes, or equal parts of which the last may be smaller. */
function splitOff(op: Op, of: WeightSource, index: number): WeightSource | null {
  const shape = shapeOf(of);
  const given = intAttribute(op.node, 'axis', 0);
  const axis = given < 0 ? given + shape.length : given;
  const extent = shape[axis];
  if (extent === undefined || index < 0) return null;
  const hasSizes = op.inputs[1] !== null && op.inputs[1] !== undefined;
  const sizes = hasSizes ? intsOf(op.inputs[1]) : intsAttribute(op.node, 'split');
  if (hasSizes && sizes === null) return null;
  const each = Math.ceil(extent / op.outputs.length);
  const start = sizes === null ? index * each : sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
  return slice(of, axis, start, start + (sizes === null ? each : (sizes[index] ?? 0)));
}

/** Slice with steps of 1 (inputs since opset 10, attributes before). */
function sliced(op: Op, of: WeightSource): WeightSource | null {
  const list = (slot: number, name: string): readonly number[] | null =>
    intsOf(op.inputs[slot]) ?? intsAttribute(op.node, name);
  const starts = list(1, 'starts');
  const ends = list(2, 'ends');
  const steps = intsOf(op.inputs[4]);
  if (starts === null || ends === null || steps?.some((step) => step !== 1) === true) return null;
  const rank = shapeOf(of).length;
  const axes = list(3, 'axes') ?? starts.map((_, axis) => axis);
  let source: WeightSource | null = of;
  for (const [i, given] of axes.entries())
    source = source && slice(source, given < 0 ? given + rank : given, starts[i] ?? 0, ends[i] ?? 0);
  return source;
}

/** From `start` to before `end`, both counted from the back when negative. Null when nothing is left. */
function slice(of: WeightSource, axis: number, start: number, end: number): WeightSource | null {
  const size = shapeOf(of)[axis];
  if (size === undefined) return null;
  const place = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size);
  const [from, to] = [place(start), place(end)];
  if (to <= from) return null;
  return to - from === size ? of : { kind: 'slice', of, axis, start: from, extent: to - from };
}

function dequantized(
  op: Op,
  of: WeightSource,
  input: (slot: number) => WeightSource | null,
): WeightSource | null {
  const scale = input(1);
  const hasZero = op.inputs[2] !== null && op.inputs[2] !== undefined;
  const zero = hasZero ? input(2) : null;
  if (scale === null || (hasZero && zero === null)) return null;
  const shape = shapeOf(of);
  const given = intAttribute(op.node, 'axis', 1);
  const axis = given < 0 ? given + shape.length : given;
  const blockSize = intAttribute(op.node, 'block_size', 0);
  return dequantize(of, scale, zero, axis, blockSize);
}

/** Null when the scales do not fit the tensor. */
export function dequantize(
  of: WeightSource,
  scale: WeightSource,
  zero: WeightSource | null,
  axis: number,
  blockSize: number,
): WeightSource | null {
  const shape = shapeOf(of);
  const scales = shapeOf(scale);
  const along = shape[axis];
  const isOne = product(scales) === 1;
  const isAxis = along !== undefined && product(scales) === along && scales.length <= shape.length;
  const isBlocked =
    blockSize > 0 &&
    scales.length === shape.length &&
    scales.every((extent, i) => extent === (i === axis ? Math.ceil((along ?? 0) / blockSize) : shape[i]));
  const zeroFits = zero === null || product(shapeOf(zero)) === product(scales);
  if (!zeroFits || !(blockSize > 0 ? isBlocked : isOne || isAxis)) return null;
  return { kind: 'dequantize', of, scale, zero, axis: isOne ? 0 : axis, blockSize };
}

/** Extents of a described matrix. */
export function shapeOf(source: WeightSource): readonly number[] {
  switch (source.kind) {
    case 'tensor':
      return source.tensor.shape;
    case 'transpose': {
      const shape = shapeOf(source.of);
      return source.order.map((axis) => shape[axis] ?? 1);
    }
    case 'reshape':
      return source.shape;
    case 'slice':
      return shapeOf(source.of).map((extent, axis) => (axis === source.axis ? source.extent : extent));
    case 'dequantize':
      return shapeOf(source.of);
    case 'nbits':
      return [source.out, source.in];
  }
}

/** The tensor that holds the numbers. */
export function storedTensor(source: WeightSource): OnnxTensor {
  switch (source.kind) {
    case 'tensor':
      return source.tensor;
    case 'nbits':
      return source.packed;
    default:
      return storedTensor(source.of);
  }
}

const storedDtype = (source: WeightSource): OnnxDtype => storedTensor(source).dtype;

/** Equal for two descriptions of the same matrix or of its transpose. */
export function sourceKey(source: WeightSource, tensorKey: (tensor: OnnxTensor) => string): string {
  switch (source.kind) {
    case 'tensor':
      return tensorKey(source.tensor);
    case 'nbits':
      return tensorKey(source.packed);
    case 'dequantize':
      return `${sourceKey(source.of, tensorKey)} by ${sourceKey(source.scale, tensorKey)}`;
    case 'slice':
      return `${sourceKey(source.of, tensorKey)} ${source.axis}:${source.start}:${source.extent}`;
    case 'transpose':
    case 'reshape':
      return sourceKey(source.of, tensorKey);
  }
}
