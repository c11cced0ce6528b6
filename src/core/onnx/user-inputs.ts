/**
 * Examples for a model, as a person has them: a .npz with one array per input of the graph, first axis the examples, and
 * the right answers beside them where there are any. Checked against the graph by name, type and extents.
 */
import type { ValueInfoProto } from 'onnx-buf';
import { InputError, check } from '../base/checks.ts';
import type { NpyArray } from '../workload/npy.ts';
import { isNpz, npzArray, npzNames } from '../workload/npz.ts';
import { mainGraph } from './edit-graph.ts';
import { dataTypes } from './edit-messages.ts';
import type { OnnxModel } from './model.ts';
import { inputDtype, type ProbeInput } from './probe-inputs.ts';

export interface Labels {
  /** [examples], or [examples, ...] where an output answers more than once. */
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

export interface Mask {
  readonly shape: readonly [examples: number, tokens: number];
  readonly values: Float64Array;
}

/** Arrays by name: a .npz, or what was made of texts and pictures. */
export interface NamedArrays {
  readonly names: readonly string[];
  /** @throws InputError when it is damaged */
  readonly read: (name: string) => NpyArray;
}

export interface UserInputs {
  readonly count: number;
  /** [examples, tokens]: 0 where a token is padding, else 1; null where none is. */
  readonly mask: Mask | null;
  /** Examples that go in at once, where the graph says. */
  readonly batch: number | null;
  readonly inputs: readonly UserInput[];
  /** Right answers by the name that the file gives them. */
  readonly labels: ReadonlyMap<string, Labels>;
}

export interface UserInput extends ProbeInput {
  /** Goes in whole with every batch: it has no axis of examples. */
  readonly isShared: boolean;
}

const subject = 'inputs';
const mostElements = 2 ** 27;

/** What a graph says of an input. */
export interface Declared {
  readonly name: string;
  readonly dtype: ProbeInput['dtype'];
  /** Numbers are fixed, texts are names of open extents; null for any shape. */
  readonly shape: readonly (number | string | null)[] | null;
}

/** Inputs that must be given: initializers among them have values already. */
const givenInputs = ({ proto }: OnnxModel): readonly ValueInfoProto[] => {
  const { input, initializer } = mainGraph(proto);
  const constants = new Set(initializer.map(({ name }) => name));
  return input.filter(({ name }) => !constants.has(name));
};

export const declaredInputs = (model: OnnxModel): readonly Declared[] => givenInputs(model).map(declared);

function declared(info: ValueInfoProto): Declared {
  const { name, type } = info;
  const shape = type?.value.case === 'tensorType' ? type.value.value.shape : undefined;
  const extents = shape?.dim.map(({ value }) =>
    value.case === 'dimValue' ? Number(value.value) : value.case === 'dimParam' ? value.value : null,
  );
  return { name, dtype: inputDtype(info), shape: extents ?? null };
}

const isFixed = (extent: number | string | null | undefined): extent is number => typeof extent === 'number';

/** Whether a file has an array for any input of the graph: then it is meant for the graph. */
export function hasGraphInputs(model: OnnxModel, bytes: Uint8Array): boolean {
  if (!isNpz(bytes)) return false;
  const names = new Set(npzNames(bytes));
  return givenInputs(model).some(({ name }) => names.has(name));
}

/**
 * @param bytes .npz; right answers are arrays of whole numbers named `labels` or `label`, OUTPUT/labels, or as a part of the name of
 * one output (`start` of `start_logits`); other arrays are left alone. Caches of past keys and values may be left out.
 * @throws InputError that names the array
 */
export function readInputs(model: OnnxModel, bytes: Uint8Array): UserInputs {
  check(isNpz(bytes), subject, `must be a .npz with one array per input of the graph`);
  return inputsOf(model, { names: npzNames(bytes), read: (name) => npzArray(bytes, name) });
}

/**
 * The same of arrays by name.
 * @param padding where the graph takes no mask; else its own, `attention_mask`, tells
 */
export function inputsOf(model: OnnxModel, arrays: NamedArrays, padding: Mask | null = null): UserInputs {
  const { names } = arrays;
  const all = declaredInputs(model);
  const wanted = all.filter((each) => names.includes(each.name) || !isPast(each));
  const missing = wanted.find(({ name }) => !names.includes(name));
  if (missing !== undefined)
    throw new InputError(subject, `must have the array ${missing.name} (${typeText(missing)})`, names);
  const fixed = wanted.every(({ shape }) => shape === null || shape.length === 0 || isFixed(shape[0]));
  let room = mostElements;
  const inputs = wanted.map((each): UserInput => {
    const array = arrays.read(each.name);
    room -= array.values.length;
    check(room >= 0, subject, `arrays must have at most ${mostElements} elements together`, each.name);
    const isShared =
      each.shape?.length === 0 || (!fixed && isFixed(each.shape?.[0]) && array.shape[0] === each.shape[0]);
    checkType(each, array);
    checkShape(each, array.shape, isShared);
    return { name: each.name, dtype: each.dtype, shape: array.shape, values: array.values, isShared };
  });
  checkNamedExtents(wanted, inputs);
  const [first, ...others] = inputs.filter(({ isShared }) => !isShared);
  check(first !== undefined, subject, 'must have an axis of examples in one array at least');
  const count = first.shape[0] ?? 1;
  for (const { name, shape } of others)
    check(shape[0] === count, subject, `${name} must have ${count} examples, as ${first.name} has`, shape[0]);
  const batch = fixed ? batchOf(wanted) : null;
  if (batch !== null)
    check(
      count % batch === 0,
      subject,
      `examples must be a multiple of ${batch}, the batch that the graph fixes`,
      count,
    );
  const past = all.filter((each) => !wanted.includes(each)).map((each) => nothingPast(each, count));
  return {
    count,
    batch,
    mask: maskIn(inputs) ?? padding,
    inputs: [...inputs, ...past],
    labels: labelsOf(model, arrays, wanted, count),
  };
}

/** As exporters of language models call it: 0 where a token is padding. */
const isMask = (name: string): boolean => /attention_mask/i.test(name);

function maskIn(inputs: readonly UserInput[]): Mask | null {
  const found = inputs.find(
    ({ name, shape, values, isShared }) =>
      isMask(name) && shape.length === 2 && !isShared && values.includes(0),
  );
  if (found === undefined) return null;
  const [examples = 0, tokens = 0] = found.shape;
  return { shape: [examples, tokens], values: found.values };
}

const pastExtent = (extent: number | string | null): boolean =>
  typeof extent === 'string' && /^past/i.test(extent) && !extent.includes('+');

/** Keys and values of tokens before the first: none, unless they are given. */
export const isPast = ({ shape }: Declared): boolean =>
  shape !== null &&
  shape.some(pastExtent) &&
  shape.every((extent, axis) => axis === 0 || pastExtent(extent) || isFixed(extent));

function nothingPast({ name, dtype, shape }: Declared, count: number): UserInput {
  const extents = (shape ?? []).map((extent, axis) => (axis === 0 ? count : isFixed(extent) ? extent : 0));
  return { name, dtype, shape: extents, values: new Float64Array(), isShared: false };
}

export const typeText = ({ dtype, shape }: Declared): string =>
  shape === null ? wordOf[dtype] : `${wordOf[dtype]} [${shape.map((extent) => extent ?? '?').join(', ')}]`;

const isFloat = (dtype: string): boolean => dtype.startsWith('F');

function checkType({ name, dtype }: Declared, { dtype: given, values }: NpyArray): void {
  const fits = dtype === 'BOOL' ? given === 'BOOL' : isFloat(dtype) ? given !== 'BOOL' : !isFloat(given);
  check(fits, subject, `array ${name} must be of ${wordOf[dtype]}`, wordOf[given]);
  const most = { I32: 2 ** 31 - 1, F16: 65_504, F32: 3.4e38 }[dtype as string] ?? Infinity;
  for (let k = 0; k < values.length; k++)
    if (Math.abs(values[k]!) > most)
      throw new InputError(subject, `array ${name} must hold ${wordOf[dtype]} (element ${k})`, values[k]);
}

const wordOf: Readonly<Record<NpyArray['dtype'], string>> = {
  F16: 'float16',
  F32: 'float32',
  F64: 'float64',
  I8: 'int8',
  U8: 'uint8',
  I16: 'int16',
  I32: 'int32',
  I64: 'int64',
  BOOL: 'bool',
};

function checkShape({ name, shape }: Declared, given: readonly number[], isShared: boolean): void {
  if (shape === null) return;
  const text = `[${shape.map((extent) => extent ?? '?').join(', ')}]`;
  check(given.length === shape.length, subject, `array ${name} must have the shape ${text}`, given);
  shape.forEach((extent, axis) => {
    const isExamples = axis === 0 && !isShared;
    check(
      isExamples || !isFixed(extent) || extent === given[axis],
      subject,
      `array ${name} must have the extent ${extent} on axis ${axis}`,
      given,
    );
  });
}

/** Axes of one name have one extent. */
function checkNamedExtents(wanted: readonly Declared[], inputs: readonly UserInput[]): void {
  const known = new Map<string, { readonly extent: number; readonly name: string }>();
  wanted.forEach(({ name, shape }, k) =>
    (shape ?? []).forEach((word, axis) => {
      const extent = inputs[k]?.shape[axis];
      if (typeof word !== 'string' || word === '' || extent === undefined) return;
      const before = known.get(word);
      if (before === undefined) known.set(word, { extent, name });
      else
        check(
          before.extent === extent,
          subject,
          `array ${name} must have ${before.extent} ${word} on axis ${axis}, as ${before.name} has`,
          extent,
        );
    }),
  );
}

function batchOf(wanted: readonly Declared[]): number | null {
  const batches = wanted.flatMap(({ shape }) => (isFixed(shape?.[0]) ? [shape[0]] : []));
  const [batch = null] = batches;
  check(new Set(batches).size <= 1, subject, 'of the graph must have one batch', batches);
  return batch;
}

function labelsOf(
  { proto }: OnnxModel,
  { names, read }: NamedArrays,
  wanted: readonly Declared[],
  count: number,
): ReadonlyMap<string, Labels> {
  const inputs = new Set(wanted.map(({ name }) => name));
  const isLabel = labelTest(proto);
  return new Map(
    names
      .filter((name) => !inputs.has(name) && isLabel(name))
      .map((name): [string, Labels] => {
        const { dtype, shape, values } = read(name);
        check(!isFloat(dtype), subject, `array ${name} must hold whole numbers`, wordOf[dtype]);
        check(shape[0] === count, subject, `array ${name} must have ${count} examples`, shape);
        return [name, { shape, values }];
      }),
  );
}

/** Whether right answers go by this name: `labels`, OUTPUT/labels, or a part of the name of one output. */
export function labelTest(proto: OnnxModel['proto']): (name: string) => boolean {
  const outputs = mainGraph(proto).output.map(({ name }) => name);
  return (name) =>
    /^labels?$/.test(name) ||
    outputs.some((output) => name === `${output}/labels`) ||
    (!outputs.includes(name) && outputs.filter((output) => output.includes(name)).length === 1);
}

/** Float outputs of the graph, by name, as far as their types are told. */
export const floatOutputs = ({ proto }: OnnxModel): readonly string[] =>
  mainGraph(proto).output.flatMap(({ name, type }) => {
    const element = type?.value.case === 'tensorType' ? type.value.value.elemType : undefined;
    const floats = [dataTypes.F32, dataTypes.F16, dataTypes.F64, dataTypes.BF16] as readonly unknown[];
    return element === undefined || floats.includes(element) ? [name] : [];
  });

/** The padding of examples `from` to `from + count`, one entry a token. */
export const someMask = (mask: Mask, from: number, count: number): Float64Array =>
  mask.values.subarray(from * mask.shape[1], (from + count) * mask.shape[1]);

/** Examples `from` to `from + count`. */
export const someInputs = ({ inputs }: UserInputs, from: number, count: number): readonly ProbeInput[] =>
  inputs.map(({ name, dtype, shape, values, isShared }) => {
    if (isShared) return { name, dtype, shape, values };
    const row = shape.slice(1).reduce((product, extent) => product * extent, 1);
    return {
      name,
      dtype,
      shape: [count, ...shape.slice(1)],
      values: values.subarray(from * row, (from + count) * row),
    };
  });
