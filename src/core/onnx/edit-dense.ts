/**
 * A model with other matrices in its layers, all nodes kept: what an export is compared with. The matrix takes the place
 * of the value that the node multiplies by, so that quantized, cast or shared weights do not matter; integer products
 * and those of onnxruntime's own domain become a MatMul.
 */
import type { NodeProto, TensorProto } from 'onnx-buf';
import { check } from '../base/checks.ts';
import { transpose, type Matrix } from '../tensor/dense.ts';
import {
  computeType,
  knownTypes,
  namer,
  opsByNode,
  opsetOf,
  placeOf,
  rebuild,
  unused,
  weightsOf,
} from './edit-graph.ts';
import { floatBytes, type FloatDtype } from './edit-elements.ts';
import { changed, rawTensor } from './edit-messages.ts';
import { withProto } from './edit.ts';
import { einsumSite, spatialAxes } from './edit-sites.ts';
import { createEmitter } from './factor-nodes.ts';
import { intAttribute, linkGraph, type Op, type Value } from './graph.ts';
import type { OnnxLayer, OnnxModel, OnnxSite } from './model.ts';

export interface DenseWeight {
  readonly layer: OnnxLayer;
  /** [out, in] */
  readonly weight: Matrix;
}

export function withDenseWeights(model: OnnxModel, weights: readonly DenseWeight[]): OnnxModel {
  const { proto } = model;
  const opset = opsetOf(proto);
  const linked = opsByNode(linkGraph(proto));
  const types = knownTypes(proto);
  const unique = namer(proto);
  const inPlaceOf = new Map<NodeProto, readonly NodeProto[]>();
  const added: TensorProto[] = [];
  const freed: Value[] = [];
  for (const { layer, weight } of weights)
    for (const site of layer.sites) {
      const { op, anchor } = placeOf(linked, site);
      const dtype = computeType(types, anchor, site);
      check(dtype !== undefined, `layer ${layer.name}`, 'must compute in floating point', layer.dtype);
      const wanted = operand(layer, site, op, types.get(site.output)?.rank ?? null);
      const values = wanted.inOut === site.reversed ? weight : transpose(weight);
      const name = unique(`${layer.name}.dense`);
      added.push(rawTensor(name, dtype, wanted.shape, floatBytes(values.values, dtype)));
      freed.push(...weightsOf(anchor, site));
      const [own] = weightsOf(op, site);
      const slot = op.inputs.findIndex((value) => value === own);
      const nodes = wanted.inPlace
        ? [changed(site.node, { input: site.node.input.with(slot, name) })]
        : product(site, name, dtype, { added, prefix: layer.name, unique, opset });
      inPlaceOf.set(anchor.node, nodes);
    }
  const removal = unused(
    proto,
    freed,
    weights.flatMap(({ layer }) => layer.sites),
  );
  return withProto(model, rebuild(proto, { removal, inPlaceOf, first: [], added }));
}

interface Operand {
  readonly inPlace: boolean;
  readonly inOut: boolean;
  readonly shape: readonly number[];
}

/** What the node multiplies by. */
function operand(layer: OnnxLayer, site: OnnxSite, op: Op, rank: number | null): Operand {
  const [inside, out] = site.reversed ? [layer.out, layer.in] : [layer.in, layer.out];
  const plain = { inPlace: true, inOut: true, shape: [inside, out] };
  switch (op.type) {
    case 'MatMul':
      return plain;
    case 'Gemm':
      return intAttribute(op.node, 'transB', 0) === 1
        ? { inPlace: true, inOut: false, shape: [out, inside] }
        : plain;
    case 'Conv':
      return { inPlace: true, inOut: false, shape: [out, inside, ...spatialAxes(op, rank).map(() => 1)] };
    case 'Einsum': {
      const { contractedFirst, shape } = einsumSite({ layer, site, op });
      return { inPlace: true, inOut: contractedFirst, shape };
    }
    default:
      return { ...plain, inPlace: false };
  }
}

interface Making {
  readonly added: TensorProto[];
  readonly prefix: string;
  readonly unique: (wish: string) => string;
  readonly opset: number;
}

/** y = alpha x W + b by standard nodes. */
function product(site: OnnxSite, weight: string, dtype: FloatDtype, making: Making): readonly NodeProto[] {
  const { added, prefix, unique, opset } = making;
  const nodes: NodeProto[] = [];
  const to = createEmitter({ nodes, tensors: added }, prefix, unique, opset, false);
  const biased = site.ownBias && site.bias !== null;
  const scaled = site.alpha !== 1;
  let value = to.add('MatMul', 'dense', [site.input, weight], {}, biased || scaled ? undefined : site.output);
  if (scaled) {
    const bytes = floatBytes(Float64Array.of(site.alpha), dtype);
    const alpha = to.constant('alpha', (name) => rawTensor(name, dtype, [], bytes));
    value = to.add('Mul', 'alpha', [value, alpha], {}, biased ? undefined : site.output);
  }
  if (biased) to.add('Add', 'bias', [value, site.bias ?? ''], {}, site.output);
  return nodes;
}
