/**
 * Layers of an ONNX model replaced by their factors, along a contraction path. What stays: every value outside the
 * layers, their inputs and outputs by name (those of the MatMul, Gemm or Conv itself; a bias Add is not touched), graph
 * inputs, outputs, versions. What goes: the weight and the nodes that only prepare it, unless something else uses them.
 * The metadata key `rankscape` says what was done.
 */
import type { NodeProto, TensorProto } from 'onnx-buf';
import { check, invariant } from '../base/checks.ts';
import type { ContractionPath } from '../einsum/path.ts';
import type { Factorization } from '../factor/factorization.ts';
import { operandNames } from '../factor/forward.ts';
import { unquantized, type Quantization } from '../factor/quantization.ts';
import type { Tensor } from '../tensor/dense.ts';
import {
  computeType,
  knownTypes,
  namer,
  opsByNode,
  placeOf,
  opsetOf,
  rebuild,
  unused,
  weightsOf,
} from './edit-graph.ts';
import { changed } from './edit-messages.ts';
import { emitSite } from './edit-sites.ts';
import { createEmitter, type Emitter } from './factor-nodes.ts';
import { linkGraph, type Value } from './graph.ts';
import type { OnnxLayer, OnnxModel } from './model.ts';
import { noteOf, withNote, type NotedLayer } from './note.ts';
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
  const linked = opsByNode(linkGraph(proto));
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
    const dtype = computeType(types, placeOf(linked, site).anchor, site);
    check(dtype !== undefined, `layer ${layer.name}`, 'must compute in floating point', layer.dtype);
    const before = emitter(first, layer.name);
    const names = operandNames(factorization).slice(1);
    const written = factors.map((factor, k) =>
      emitFactor(before, { opset, ir }, names[k] ?? '', factor, dtype, storage),
    );
    for (const each of layer.sites) {
      const { op, anchor } = placeOf(linked, each);
      const nodes: NodeProto[] = [];
      const rank = types.get(each.input)?.rank ?? types.get(each.output)?.rank ?? null;
      const values = written.map(({ value }) => value);
      const parts = { layer, site: each, op, path: replacement.path, factors: values, dtype, rank };
      emitSite(emitter(nodes, layer.name), parts);
      inPlaceOf.set(anchor.node, nodes);
      freed.push(...weightsOf(anchor, each));
    }
    return { ...replacement, stored: written.map(({ stored }) => stored) };
  });
  const rebuilt = rebuild(proto, {
    removal: unused(
      proto,
      freed,
      replacements.flatMap(({ layer }) => layer.sites),
    ),
    inPlaceOf,
    first,
    added,
  });
  const own = replacements.map(described);
  const names = new Set(own.map(({ name }) => name));
  // Of an export before this one.
  const earlier = noteOf(proto)?.layers.filter(({ name }) => !names.has(name)) ?? [];
  const note = { version: options.version, link: options.link ?? null, layers: [...earlier, ...own] };
  const edited = withProto(model, changed(rebuilt, { metadataProps: withNote(proto, note) }));
  return { model: edited, layers };
}

const described = ({ layer, factorization }: LayerReplacement): NotedLayer => {
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
