/**
 * Layers of an ONNX model replaced by their factors, along a contraction path. What stays: every value outside the
 * layers, their inputs and outputs by name (those of the MatMul, Gemm or Conv itself; a bias Add is not touched), graph
 * inputs, outputs, versions. What goes: the weight and the nodes that only prepare it, unless something else uses them.
 * The metadata key `rankscape` says what was done.
 */
import type { NodeProto, TensorProto } from 'onnx-buf';
import { InputError, check, invariant } from '../base/checks.ts';
import { findPath, type ContractionPath } from '../einsum/path.ts';
import type { Factorization } from '../factor/factorization.ts';
import { operandNames } from '../factor/forward.ts';
import { unquantized, type Quantization } from '../factor/quantization.ts';
import type { Tensor } from '../tensor/dense.ts';
import {
  computeType,
  knownTypes,
  namer,
  opsByNode,
  opsetOf,
  rebuild,
  unused,
  weightsOf,
  withEntry,
} from './edit-graph.ts';
import { changed, integers, rawTensor } from './edit-messages.ts';
import { floatBytes, type FloatDtype } from './edit-elements.ts';
import { createEmitter, emitContraction, type Emitter } from './factor-nodes.ts';
import { linkGraph, type Op, type Value } from './graph.ts';
import type { OnnxLayer, OnnxModel, OnnxSite } from './model.ts';
import { emitFactor, storageOf } from './quantized.ts';
import { onnxFiles } from './write.ts';

export interface LayerReplacement {
  readonly layer: OnnxLayer;
  readonly factorization: Factorization;
  /** In the order and shapes of the forward einsum. */
  readonly factors: readonly Tensor[];
  /** Of the forward einsum, whatever its rows. */
  readonly path: ContractionPath;
}

export interface ReplaceOptions {
  /** Factors in the layer's own numbers (default), or fp16. */
  readonly precision?: 'layer' | 'f16';
  /** Integers instead; fp16 then means nothing. */
  readonly quantization?: Quantization;
  /** For the metadata: version of this program, and the design's link where there is one. */
  readonly version: string;
  readonly link?: string | undefined;
}

export interface ReplacedLayer extends LayerReplacement {
  /** The factors as the file's numbers have them. */
  readonly stored: readonly Tensor[];
}

export interface OnnxEdit {
  readonly model: OnnxModel;
  readonly layers: readonly ReplacedLayer[];
}

/** @throws InputError for nodes and opsets that cannot be written, naming the layer */
export function replaceLayers(
  model: OnnxModel,
  replacements: readonly LayerReplacement[],
  options: ReplaceOptions,
): OnnxEdit {
  const { proto } = model;
  const opset = opsetOf(proto);
  const ir = Number(proto.irVersion);
  const storage = storageOf(options.quantization ?? unquantized, options.precision ?? 'layer');
  const types = knownTypes(proto);
  const ops = opsByNode(linkGraph(proto));
  const unique = namer(proto);
  const first: NodeProto[] = [];
  const added: TensorProto[] = [];
  const inPlaceOf = new Map<NodeProto, readonly NodeProto[]>();
  const freed: Value[] = [];
  const emitter = (nodes: NodeProto[], name: string): Emitter =>
    createEmitter({ nodes, tensors: added }, name, unique, opset, ir < 4);
  const layers = replacements.map((replacement): ReplacedLayer => {
    const { layer, factorization, factors } = replacement;
    const site = layer.sites[0];
    invariant(site !== undefined, 'a layer without a node');
    const dtype = computeType(types, ops.get(site.node), site);
    check(dtype !== undefined, `layer ${layer.name}`, 'must compute in floating point', layer.dtype);
    const before = emitter(first, layer.name);
    const names = operandNames(factorization).slice(1);
    const written = factors.map((factor, k) =>
      emitFactor(before, { opset, ir }, names[k] ?? '', factor, dtype, storage),
    );
    for (const each of layer.sites) {
      const op = ops.get(each.node);
      invariant(op !== undefined, `no node of ${layer.name}`);
      const nodes: NodeProto[] = [];
      const rank = types.get(each.input)?.rank ?? types.get(each.output)?.rank ?? null;
      const values = written.map(({ value }) => value);
      emitSite(emitter(nodes, layer.name), replacement, op, each, values, dtype, rank);
      inPlaceOf.set(each.node, nodes);
      freed.push(...weightsOf(op, each));
    }
    return { ...replacement, stored: written.map(({ stored }) => stored) };
  });
  const rebuilt = rebuild(proto, { removal: unused(proto, freed), inPlaceOf, first, added });
  const note = { version: options.version, link: options.link ?? null, layers: replacements.map(described) };
  const edited = withProto(
    model,
    changed(rebuilt, {
      metadataProps: withEntry(proto.metadataProps, 'rankscape', JSON.stringify(note)),
    }),
  );
  return { model: edited, layers };
}

const described = ({ layer, factorization }: LayerReplacement): object => {
  const { format, outModes, inModes, ranks } = factorization;
  return { name: layer.name, format, outModes, inModes, ranks };
};

/** The model of an edited skeleton; tensors that it shares are found as before. */
export function withProto(model: OnnxModel, proto: OnnxModel['proto']): OnnxModel {
  const { tensorOf } = model;
  const edited = {
    proto,
    initializers: new Map((proto.graph?.initializer ?? []).map((each) => [each.name, tensorOf(each)])),
    tensorOf,
    bytes: 0,
  };
  return { ...edited, bytes: onnxFiles(edited).bytes };
}

type Post = (value: string, output: string | undefined) => string;

function emitSite(
  to: Emitter,
  { layer, path }: LayerReplacement,
  { type }: Op,
  site: OnnxSite,
  factors: readonly string[],
  dtype: FloatDtype,
  rank: number | null,
): void {
  const { node } = site;
  const scalar = (hint: string, value: number): string =>
    to.constant(hint, (name) => rawTensor(name, dtype, [], floatBytes(Float64Array.of(value), dtype)));
  const posts: Post[] = [];
  const then = (op: string, hint: string, others: readonly string[], attributes = {}): void => {
    posts.push((value, output) => to.add(op, hint, [value, ...others], attributes, output));
  };
  let { input } = site;
  let axes = rank;
  const addBias = (): void => {
    if (site.bias === null || !site.ownBias || site.beta === 0) return;
    const bias = site.beta === 1 ? site.bias : to.add('Mul', 'beta', [site.bias, scalar('beta', site.beta)]);
    then('Add', 'Add', [bias]);
  };
  switch (type) {
    case 'MatMul':
    case 'com.microsoft.MatMulNBits':
      addBias();
      break;
    case 'Gemm':
      axes = 2;
      if (int(node, 'transA') === 1) input = to.add('Transpose', 'transA', [input], { perm: [1, 0] });
      if (site.alpha !== 1) then('Mul', 'alpha', [scalar('alpha', site.alpha)]);
      addBias();
      break;
    case 'Conv': {
      const spatial = ints(node, 'kernel_shape')?.length ?? (rank === null ? 2 : rank - 2);
      axes = 2 + spatial;
      input = stridden(to, layer.name, input, node, spatial);
      const places = Array.from({ length: spatial }, (_, k) => k);
      input = to.add('Transpose', 'channelsLast', [input], { perm: [0, ...places.map((k) => k + 2), 1] });
      addBias();
      then('Transpose', 'channelsFirst', [], { perm: [0, axes - 1, ...places.map((k) => k + 1)] });
      break;
    }
    default:
      throw new InputError(`layer ${layer.name}`, 'node must be a MatMul, Gemm or Conv to be replaced', type);
  }
  const last = posts.length === 0;
  let value = emitContraction(to, {
    path: site.reversed ? reversedPath(path) : path,
    factors,
    input,
    rank: axes,
    output: last ? site.output : undefined,
  });
  posts.forEach((post, k) => (value = post(value, k === posts.length - 1 ? site.output : undefined)));
}

/** The cheapest path of y = x W, from that of y = x W^T. */
function reversedPath({ einsum }: ContractionPath): ContractionPath {
  const [[rows = '', ...ins] = [], ...factors] = einsum.inputs;
  return findPath({
    inputs: [[rows, ...einsum.output.slice(1)], ...factors],
    output: [rows, ...ins],
    extents: einsum.extents,
  });
}

const int = (node: NodeProto, name: string): number =>
  Number(node.attribute.find((each) => each.name === name)?.i ?? 0n);

const ints = (node: NodeProto, name: string): readonly number[] | undefined =>
  node.attribute.find((each) => each.name === name)?.ints.map(Number);

/** The points that a 1x1 convolution with strides visits. */
function stridden(to: Emitter, layer: string, input: string, node: NodeProto, spatial: number): string {
  const pads = ints(node, 'pads') ?? [];
  check(
    pads.every((pad) => pad === 0),
    `layer ${layer}`,
    'convolution must have no padding to be replaced',
    pads,
  );
  const strides = ints(node, 'strides') ?? [];
  if (strides.every((stride) => stride === 1)) return input;
  check(
    to.opset >= 10,
    `layer ${layer}`,
    'strides need opset 10 (convert with onnx.version_converter)',
    to.opset,
  );
  const list = (hint: string, values: readonly number[]): string =>
    to.constant(hint, (name) => integers(name, values));
  const axes = Array.from({ length: spatial }, (_, k) => k);
  return to.add('Slice', 'strides', [
    input,
    list(
      'starts',
      axes.map(() => 0),
    ),
    list(
      'ends',
      axes.map(() => 2 ** 31 - 1),
    ),
    list(
      'axes',
      axes.map((k) => k + 2),
    ),
    list('strides', strides),
  ]);
}
