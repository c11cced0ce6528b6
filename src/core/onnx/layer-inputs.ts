/**
 * What each layer of a graph multiplies, as rows of as many numbers as the layer has inputs: the axes of a convolution's
 * channels, of a transposed Gemm and of an Einsum's contracted letters come last.
 */
import { InputError, check } from '../base/checks.ts';
import { knownTypes, opsByNode, placeOf } from './edit-graph.ts';
import { einsumSite, spatialAxes } from './edit-sites.ts';
import { intAttribute, linkGraph, nodeName, type Op } from './graph.ts';
import type { OnnxLayer, OnnxModel, OnnxSite } from './model.ts';

export interface LayerInput {
  /** A value of the main graph. */
  readonly value: string;
  /** Inputs of the layer: the length of a row. */
  readonly width: number;
  /** Order of the value's axes that puts those of a row last; null where they are already. */
  readonly perm: readonly number[] | null;
}

export interface LayerInputs {
  /** Of the layer. */
  readonly name: string;
  /** One per node that multiplies by the weight as [out, in]; never empty. */
  readonly inputs: readonly LayerInput[];
}

/** @throws InputError for layers whose input cannot be given out, naming layer and reason */
export function layerInputs(model: OnnxModel, layers: readonly OnnxLayer[]): readonly LayerInputs[] {
  const graph = linkGraph(model.proto);
  const linked = opsByNode(graph);
  const types = knownTypes(model.proto);
  /** A body of If, Loop or Scan is not the main graph, whose values alone can be given out. */
  const isOutside = ({ graph: own, input }: OnnxSite, op: Op): boolean => {
    const value = graph.values.get(input);
    return value !== undefined && (own === model.proto.graph || op.inputs.includes(value));
  };
  return layers.map((layer) => {
    const inputs = layer.sites.flatMap((site): readonly LayerInput[] => {
      const { op } = placeOf(linked, site);
      if (site.reversed || !isOutside(site, op)) return [];
      const rank = types.get(site.input)?.rank ?? types.get(site.output)?.rank ?? null;
      return [{ value: site.input, width: layer.in, perm: orderOf(layer, site, op, rank) }];
    });
    check(
      inputs.length > 0,
      `layer ${layer.name}`,
      'must read a value of the main graph to be calibrated; its nodes are all inside If, Loop or Scan',
      layer.node,
    );
    return { name: layer.name, inputs };
  });
}

function orderOf(layer: OnnxLayer, site: OnnxSite, op: Op, rank: number | null): readonly number[] | null {
  switch (op.type) {
    case 'MatMul':
    case 'com.microsoft.FusedMatMul':
    case 'com.microsoft.MatMulNBits':
    case 'com.microsoft.DynamicQuantizeMatMul':
    case 'com.microsoft.MatMulIntegerToFloat':
    case 'MatMulInteger':
      return null;
    case 'Gemm':
    case 'com.microsoft.FusedGemm':
      return intAttribute(op.node, 'transA', 0) === 1 ? [1, 0] : null;
    case 'Conv':
      return [0, ...spatialAxes(op, rank).map((axis) => axis + 2), 1];
    case 'Einsum': {
      const { activation, others, contracted } = einsumSite({ layer, site, op });
      const order = [...others, ...contracted].map((letter) => activation.indexOf(letter));
      return activation.includes('.') || order.every((axis, k) => axis === k) ? null : order;
    }
    default:
      throw new InputError(
        `layer ${layer.name}`,
        `node ${nodeName(op.node)} reads integers; export the model in QDQ format, without fusion, to calibrate it`,
        op.node.opType,
      );
  }
}
