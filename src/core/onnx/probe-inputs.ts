/**
 * Random inputs that a graph takes: shapes with the free extents filled in, indices within the tables they look up,
 * masks of ones, positions in order, floats normal. What an extent means is read off its name: one of past keys is 0, a
 * sum of names is a sum, the first axis is the batch, any other a length.
 */
import type { ValueInfoProto } from 'onnx-buf';
import { InputError } from '../base/checks.ts';
import { createRandom, type Random } from '../base/random.ts';
import { mainGraph } from './edit-graph.ts';
import { dataTypes } from './edit-messages.ts';
import { intAttribute, intsOf, linkGraph, type Value } from './graph.ts';
import type { OnnxDtype, OnnxModel } from './model.ts';

export interface ProbeInput {
  readonly name: string;
  readonly dtype: 'F32' | 'F16' | 'F64' | 'I64' | 'I32' | 'BOOL';
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

export interface ProbeSize {
  readonly batch: number;
  readonly length: number;
  readonly seed: number;
}

const dtypes: readonly ProbeInput['dtype'][] = ['F32', 'F16', 'F64', 'I64', 'I32', 'BOOL'];

/** @throws InputError for inputs that are no tensors of numbers, naming them */
export function probeInputs(model: OnnxModel, size: ProbeSize): readonly ProbeInput[] {
  const { input, initializer } = mainGraph(model.proto);
  const constants = new Set(initializer.map(({ name }) => name));
  const { values } = linkGraph(model.proto);
  const random = createRandom(size.seed);
  return input
    .filter(({ name }) => !constants.has(name))
    .map((info): ProbeInput => {
      const { name } = info;
      const dtype = inputDtype(info);
      const shape = shapeOf(info, size);
      const count = shape.reduce((product, extent) => product * extent, 1);
      const numbers = filler(dtype, name, values.get(name), shape.at(-1) ?? 1, random);
      return { name, dtype, shape, values: Float64Array.from({ length: count }, (_, k) => numbers(k)) };
    });
}

const mostLengths = 24;

/**
 * Lengths that a graph may have been traced at: small integers among its constants, ascending. Exporters that follow one
 * run write extents down (PyTorch's TorchScript exporter in attention, for one).
 */
export function tracedLengths(model: OnnxModel, most: number): readonly number[] {
  const { values, ops } = linkGraph(model.proto);
  const found = new Set<number>();
  for (const value of [...values.values(), ...ops.flatMap(({ outputs }) => outputs)]) {
    if ((value.data?.dims.length ?? 0) > 1) continue;
    for (const extent of intsOf(value)?.slice(0, mostAxes) ?? [])
      if (extent > 1 && extent <= most) found.add(extent);
  }
  return [...found].sort((a, b) => a - b).slice(0, mostLengths);
}

const mostAxes = 8;

/** Element type of a graph's input. @throws InputError when it is no tensor of numbers */
export function inputDtype({ name, type }: ValueInfoProto): ProbeInput['dtype'] {
  const element = type?.value.case === 'tensorType' ? type.value.value.elemType : undefined;
  const found = dtypes.find((dtype) => dataTypes[dtype] === element);
  if (found !== undefined) return found;
  const given = (Object.keys(dataTypes) as OnnxDtype[]).find((dtype) => dataTypes[dtype] === element);
  throw new InputError(
    'ONNX input',
    `${name} must be a tensor of ${dtypes.join(', ')} to be tried`,
    given ?? type?.value.case ?? 'nothing',
  );
}

function shapeOf({ name, type }: ValueInfoProto, size: ProbeSize): readonly number[] {
  const shape = type?.value.case === 'tensorType' ? type.value.value.shape : undefined;
  if (shape === undefined)
    throw new InputError('ONNX input', `${name} must say how many axes it has to be tried`);
  return shape.dim.map(({ value }, axis) => {
    if (value.case === 'dimValue') return Number(value.value);
    return extentOf(value.case === 'dimParam' ? value.value : '', axis, size);
  });
}

/** Three colours, and pictures of one size whatever it is: models that leave these open mean the usual ones. */
const named: readonly (readonly [RegExp, number])[] = [
  [/channel/i, 3],
  [/height|width/i, 16],
];

function extentOf(name: string, axis: number, size: ProbeSize): number {
  if (name.includes('+'))
    return name.split('+').reduce((sum, part) => sum + extentOf(part.trim(), axis, size), 0);
  if (/past/i.test(name)) return 0;
  const usual = named.find(([pattern]) => pattern.test(name));
  if (usual !== undefined) return usual[1];
  return axis === 0 || /batch/i.test(name) ? size.batch : size.length;
}

function filler(
  dtype: ProbeInput['dtype'],
  name: string,
  value: Value | undefined,
  row: number,
  random: Random,
): (at: number) => number {
  if (dtype === 'F32' || dtype === 'F16' || dtype === 'F64') return random.normal;
  if (dtype === 'BOOL') return () => 1;
  const rows = value === undefined ? null : lookedUp(value, 0);
  // Not an index: a mask, or a number of things.
  if (rows === null) return () => 1;
  return /position/i.test(name) ? (at) => (at % row) % rows : () => random.below(rows);
}

/** Rows of the table that a value is an index of, past what only moves it. */
function lookedUp(value: Value, depth: number): number | null {
  if (depth > 8) return null;
  for (const { op, slot } of value.uses) {
    const [table] = op.inputs;
    if (op.type === 'Gather' && slot === 1) {
      const extent = table?.data?.dims[intAttribute(op.node, 'axis', 0)];
      if (extent !== undefined) return Number(extent);
    }
    const moves = ['Cast', 'Identity', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten', 'Clip', 'Slice'];
    if (slot !== 0 || !moves.includes(op.type)) continue;
    const further = op.outputs.map((output) => lookedUp(output, depth + 1)).find((found) => found !== null);
    if (further !== undefined) return further;
  }
  return null;
}
