/**
 * A model that this program exported, read back: each factorized layer as the one layer it stands for, its weight put
 * together from the factors when it is read, and the factorization beside it. The file's metadata key `rankscape` says
 * which layers; the graph says whether that is so. Layers that do not match stay what the graph shows, factors. Left out:
 * convolutions, transposed inputs, 4-bit codes that are taken apart by shifts.
 */
import type { ModelProto, NodeProto, TensorProto } from 'onnx-buf';
import { InputError } from '../base/checks.ts';
import { reconstruct } from '../factor/decompose/reconstruct.ts';
import type { Factorization } from '../factor/factorization.ts';
import { factorShapes, operandNames } from '../factor/forward.ts';
import { checkFactorization } from '../factor/ranks.ts';
import { product } from '../factor/tensorization.ts';
import { createConstants, shapeOf, type Constants } from '../onnx/constants.ts';
import type { ModelFile } from '../onnx/dropped-files.ts';
import { floatBytes, type FloatDtype } from '../onnx/edit-elements.ts';
import { constantType, namer, rebuild, unused } from '../onnx/edit-graph.ts';
import { changed, node, rawTensor } from '../onnx/edit-messages.ts';
import { linkGraph, type Graph, type Op, type Use, type Value } from '../onnx/graph.ts';
import { onnxLayers } from '../onnx/layers.ts';
import { noteOf, withNote } from '../onnx/note.ts';
import type { OnnxLayer, OnnxModel, OnnxTensor, WeightSource } from '../onnx/model.ts';
import { readOnnxWeight } from '../onnx/weights.ts';
import { tensor, transpose, type Tensor } from '../tensor/dense.ts';
import { parseDesign, type DesignLayer } from './design.ts';

export interface Restored {
  readonly file: ModelFile;
  /** By layer name; the file's other layers are what they are. */
  readonly design: ReadonlyMap<string, Factorization>;
}

/**
 * Unchanged unless the file says that it is an export. Weights are not read.
 * @param only names of layers; the others stay factors
 */
export function restoreFactorized(file: ModelFile, only?: ReadonlySet<string>): Restored {
  const unchanged = { file, design: new Map<string, Factorization>() };
  if (file.format !== 'onnx') return unchanged;
  const said = designOf(file.onnx).filter(
    ({ name, factorization }) => factorization.format !== 'dense' && only?.has(name) !== false,
  );
  if (said.length === 0) return unchanged;
  const graph = linkGraph(file.onnx.proto);
  const constants = createConstants(file.onnx, graph);
  const found = said.flatMap((layer) => findChain(graph, constants, layer) ?? []);
  if (found.length === 0) return unchanged;
  const { onnx, weights } = withMatrices(file.onnx, constants, found);
  const model = onnxLayers(onnx, { name: file.name });
  const design = model.linears.flatMap(({ name, weight }) => {
    const factorization = weights.get(weight);
    return factorization === undefined ? [] : [[name, factorization] as const];
  });
  return { file: { ...file, onnx, model }, design: new Map(design) };
}

function designOf({ proto }: OnnxModel): readonly DesignLayer[] {
  const note = noteOf(proto);
  if (note === null || note.layers.length === 0) return [];
  try {
    return parseDesign(note).map(({ name, factorization: f }) => ({
      name,
      factorization: checkFactorization(f, product(f.outModes), product(f.inModes)),
    }));
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** The nodes that stand for one layer. */
interface Chain extends DesignLayer {
  readonly input: Value;
  /** The node that gives the layer's output. */
  readonly last: Op;
  /** All that multiply the input by factors, `last` among them. */
  readonly ops: ReadonlySet<Op>;
  /** In the order and shapes of the forward einsum. */
  readonly factors: readonly WeightSource[];
  readonly dtype: FloatDtype;
}

/** Null where the graph is not as the metadata say. */
function findChain(graph: Graph, constants: Constants, layer: DesignLayer): Chain | null {
  const { name, factorization } = layer;
  const own = graph.ops.filter(({ node: { name: of } }) => of.startsWith(`${name}/`));
  const shapes = factorShapes(factorization);
  const names = operandNames(factorization).slice(1);
  const stored = names.map((operand) => graph.values.get(`${name}.${operand}`));
  const factors = stored.map((value, k) => factorSource(value, shapes[k] ?? [], constants));
  const whole = factors.filter((factor) => factor !== null);
  if (whole.length < names.length) return null;

  const roots = new Set(whole.map(({ value }) => value));
  /** Factors that a value is made of. */
  const madeOf = new Map<Value, ReadonlySet<Value>>();
  const factorsIn = (value: Value): ReadonlySet<Value> =>
    roots.has(value) ? new Set([value]) : (madeOf.get(value) ?? new Set());
  const ops = new Set<Op>();
  const inputs = new Set<Value>();
  let last: Op | null = null;
  for (const op of own) {
    const given = op.inputs.filter((value) => value !== null);
    const all = new Set(given.flatMap((value) => [...factorsIn(value)]));
    for (const output of op.outputs) madeOf.set(output, all);
    if (given.every(constants.isConstant)) continue;
    const hint = op.node.name.slice(name.length + 1);
    if (framed.test(hint)) return null;
    // Others of this name were there before.
    if (!ours.test(hint)) continue;
    const isExtent = all.size === 0 && extents.has(op.type);
    if (!isExtent && last !== null && !(follows.has(op.type) && isSoleUse(last, op))) break;
    const outside = given.filter((value) => !constants.isConstant(value) && !madeBy(value, ops));
    if (outside.length > 0 && !begins.has(op.type)) return null;
    for (const value of outside) inputs.add(value);
    ops.add(op);
    if (all.size === roots.size) last = op;
  }
  const [input] = inputs;
  const dtype = computedIn(ops, constants);
  if (last === null || input === undefined || dtype === undefined) return null;
  if (inputs.size > 1 || !isClosed(ops, last)) return null;
  // A weight that several nodes use is one layer still, which one product does not stand for.
  const parts = [...roots, ...[...madeOf].flatMap(([value, of]) => (of.size > 0 ? [value] : []))];
  const isOwn = ({ op }: Use): boolean => ops.has(op) || op.outputs.every(constants.isConstant);
  if (!parts.filter(constants.isConstant).every(({ uses }) => uses.every(isOwn))) return null;
  return { ...layer, input, last, ops, factors: whole.map(({ source }) => source), dtype };
}

/** What an input meets first: a product, the splitting of its axis, the extents of the others. */
const begins = new Set(['MatMul', 'Reshape', 'Shape']);
/** What finds out the extents of the input's other axes. */
const extents = new Set(['Shape', 'Slice', 'Concat']);
/** What may come after the last product. */
const follows = new Set(['Reshape', 'Transpose']);
/** What `factor-nodes.ts` calls its nodes. */
const ours = /^(?:split|join|merge|part|MatMul|Transpose|Shape|Slice|Concat|ReduceSum)(?:_\d+)?$/;
/** Nodes that turn an input or a result: the layer was no plain product. */
const framed = /^(?:operand|result|transA|channelsLast|channelsFirst)(?:_\d+)?$/;

/** The type of what is multiplied. */
function computedIn(ops: ReadonlySet<Op>, { isConstant }: Constants): FloatDtype | undefined {
  const operands = [...ops].flatMap(({ type, inputs }) => (type === 'MatMul' ? inputs : []));
  return operands
    .filter(isConstant)
    .map(constantType)
    .find((dtype) => dtype !== undefined);
}

const madeBy = (value: Value, ops: ReadonlySet<Op>): boolean =>
  value.producer !== null && ops.has(value.producer);

function isSoleUse({ outputs: [output] }: Op, op: Op): boolean {
  return output !== undefined && !output.isOutput && output.uses.length === 1 && output.uses[0]?.op === op;
}

/** Whether nothing outside uses what is inside, the last value aside. */
const isClosed = (ops: ReadonlySet<Op>, last: Op): boolean =>
  [...ops].every(
    (op) =>
      op === last ||
      op.outputs.every(({ isOutput, uses }) => !isOutput && uses.every((use) => ops.has(use.op))),
  );

/** The first value made of a stored factor that has its numbers in its shape. */
function factorSource(
  stored: Value | undefined,
  shape: readonly number[],
  { sourceOf, isConstant }: Constants,
): { readonly value: Value; readonly source: WeightSource } | null {
  for (let value = stored; value !== undefined;) {
    const source = sourceOf(value);
    if (source !== null && isFloat(source) && shapeOf(source).join() === shape.join())
      return { value, source };
    const next: Value | undefined = value.uses
      .flatMap(({ op, slot }) => (slot === 0 ? op.outputs : []))
      .find(isConstant);
    value = next;
  }
  return null;
}

function isFloat(source: WeightSource): boolean {
  if (source.kind === 'dequantize' || source.kind === 'nbits') return true;
  return source.kind === 'tensor' ? /^B?F\d\d$/.test(source.tensor.dtype) : isFloat(source.of);
}

/** One MatMul in place of each chain, by a weight that is made when it is read. */
function withMatrices(
  model: OnnxModel,
  constants: Constants,
  chains: readonly Chain[],
): { readonly onnx: OnnxModel; readonly weights: ReadonlyMap<string, Factorization> } {
  const unique = namer(model.proto);
  const inPlaceOf = new Map<NodeProto, readonly NodeProto[]>();
  const made = new Map<TensorProto, OnnxTensor>();
  const weights = new Map<string, Factorization>();
  // Writers ask for a tensor in parts: the last matrix is kept.
  let kept: { readonly name: string; readonly bytes: Promise<Uint8Array> } | null = null;
  const keep = (name: string, read: () => Promise<Uint8Array>): Promise<Uint8Array> => {
    if (kept?.name !== name) kept = { name, bytes: read() };
    return kept.bytes;
  };
  const freed: Value[] = [];
  const gone: Op[] = [];
  for (const chain of chains) {
    const { name, factorization, input, last, ops } = chain;
    const weight = unique(`${name}.weight`);
    const shape = [product(factorization.inModes), product(factorization.outModes)];
    const message = rawTensor(weight, chain.dtype, shape, new Uint8Array());
    made.set(message, lazyTensor(model, chain, weight, shape, keep));
    weights.set(weight, factorization);
    const output = last.outputs[0]?.name ?? '';
    inPlaceOf.set(last.node, [node('MatMul', last.node.name, [input.name, weight], output, {})]);
    for (const op of ops) {
      if (op !== last) gone.push(op);
      for (const value of op.inputs) if (value !== null && constants.isConstant(value)) freed.push(value);
    }
  }
  const removal = unused(model.proto, freed, []);
  const nodes = new Set(removal.nodes);
  const names = new Set(removal.names);
  for (const op of gone) {
    nodes.add(op.node);
    for (const { name } of op.outputs) names.add(name);
  }
  const rebuilt = rebuild(model.proto, {
    removal: { ...removal, nodes, names },
    inPlaceOf,
    first: [],
    added: [...made.keys()],
  });
  const proto = withoutNoted(rebuilt, new Set(chains.map(({ name }) => name)));
  const tensorOf: OnnxModel['tensorOf'] = (message) => made.get(message) ?? model.tensorOf(message);
  const initializers = new Map((proto.graph?.initializer ?? []).map((each) => [each.name, tensorOf(each)]));
  return { onnx: { proto, initializers, tensorOf, bytes: model.bytes }, weights };
}

/** The model whose metadata do not speak of these layers any more. */
function withoutNoted(proto: ModelProto, names: ReadonlySet<string>): ModelProto {
  const note = noteOf(proto);
  if (note === null) return proto;
  const layers = note.layers.filter(({ name }) => !names.has(name));
  return changed(proto, { metadataProps: withNote(proto, { ...note, layers }) });
}

const sizes: Readonly<Record<FloatDtype, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

function lazyTensor(
  model: OnnxModel,
  { factorization, factors, dtype }: Chain,
  name: string,
  shape: readonly number[],
  keep: (name: string, read: () => Promise<Uint8Array>) => Promise<Uint8Array>,
): OnnxTensor {
  const shapes = factorShapes(factorization);
  const read = async (): Promise<Uint8Array> => {
    const values: Tensor[] = [];
    for (const [k, source] of factors.entries())
      values.push(await readFactor(model, source, shapes[k] ?? []));
    return floatBytes(transpose(reconstruct(factorization, values)).values, dtype);
  };
  return {
    name,
    shape,
    dtype,
    bytes: product(shape) * sizes[dtype],
    place: 'skeleton',
    readBytes: async (offset = 0, length) => {
      const bytes = await keep(name, read);
      return bytes.subarray(offset, length === undefined ? undefined : offset + length);
    },
  };
}

async function readFactor(model: OnnxModel, source: WeightSource, shape: readonly number[]): Promise<Tensor> {
  const columns = shape.at(-1) ?? 1;
  const rows = product(shape) / columns;
  // A factor of any order is read as the matrix of its last axis.
  const asMatrix = { name: 'factor', source, transposed: false, out: rows, in: columns };
  const { values } = await readOnnxWeight(model, asMatrix as OnnxLayer);
  return tensor(shape, values);
}
