/**
 * A model with other matrices in its layers, all nodes kept: what an export is compared with. The matrix takes the place
 * of the value that the node multiplies by, so that quantized, cast or shared weights do not matter.
 */
import type { NodeProto, TensorProto } from 'onnx-buf';
import { check, invariant } from '../base/checks.ts';
import { transpose, type Matrix } from '../tensor/dense.ts';
import { computeType, knownTypes, namer, opsByNode, rebuild, unused, weightsOf } from './edit-graph.ts';
import { floatBytes } from './edit-elements.ts';
import { changed, node, rawTensor } from './edit-messages.ts';
import { withProto } from './edit.ts';
import { linkGraph, type Value } from './graph.ts';
import type { OnnxLayer, OnnxModel } from './model.ts';

export interface DenseWeight {
  readonly layer: OnnxLayer;
  /** [out, in] */
  readonly weight: Matrix;
}

/** @throws InputError for nodes that no export replaces */
export function withDenseWeights(model: OnnxModel, weights: readonly DenseWeight[]): OnnxModel {
  const { proto } = model;
  const ops = opsByNode(linkGraph(proto));
  const types = knownTypes(proto);
  const unique = namer(proto);
  const inPlaceOf = new Map<NodeProto, readonly NodeProto[]>();
  const added: TensorProto[] = [];
  const freed: Value[] = [];
  for (const { layer, weight } of weights)
    for (const site of layer.sites) {
      const op = ops.get(site.node);
      invariant(op !== undefined, `no node of ${layer.name}`);
      const dtype = computeType(types, op, site);
      check(dtype !== undefined, `layer ${layer.name}`, 'must compute in floating point', layer.dtype);
      const name = unique(`${layer.name}.dense`);
      const add = (m: Matrix, shape: readonly number[]): number =>
        added.push(rawTensor(name, dtype, shape, floatBytes(m.values, dtype)));
      const { rows: out, columns } = weight;
      const [first] = weightsOf(op, site);
      const slot = op.inputs.findIndex((value) => value === first);
      const input = site.node.input.with(slot, name);
      switch (op.type) {
        case 'MatMul':
          if (site.reversed) add(weight, [out, columns]);
          else add(transpose(weight), [columns, out]);
          inPlaceOf.set(site.node, [changed(site.node, { input })]);
          break;
        case 'Gemm': {
          const transB = site.node.attribute.some((each) => each.name === 'transB' && each.i === 1n);
          if (transB === site.reversed) add(transpose(weight), [columns, out]);
          else add(weight, [out, columns]);
          inPlaceOf.set(site.node, [changed(site.node, { input })]);
          break;
        }
        case 'Conv': {
          const spatial = (types.get(site.output)?.rank ?? types.get(site.input)?.rank ?? 4) - 2;
          add(weight, [out, columns, ...Array.from({ length: spatial }, () => 1)]);
          inPlaceOf.set(site.node, [changed(site.node, { input })]);
          break;
        }
        default: {
          check(
            op.type === 'com.microsoft.MatMulNBits' && !site.ownBias,
            `layer ${layer.name}`,
            'node must be a MatMul, Gemm or Conv to be replaced',
            op.type,
          );
          add(transpose(weight), [columns, out]);
          inPlaceOf.set(site.node, [node('MatMul', site.node.name, [site.input, name], site.output)]);
        }
      }
      freed.push(...weightsOf(op, site));
    }
  return withProto(model, rebuild(proto, { removal: unused(proto, freed), inPlaceOf, first: [], added }));
}
