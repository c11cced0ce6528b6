/**
 * What sensitivity tables are made of, for every linear layer y = x W + b at once: its inputs x_t and the cotangents
 * g_t = d(v . logits) / d y_t, so that v^T J . dW = sum_t x_t^T dW g_t for each example. Signs v are random +-1 on the
 * logits: unlike gradients of sampled labels they do not vanish where the network is confident.
 */
import type { ModelProto } from 'onnx-buf';
import { gradients } from './gradients.ts';
import { createGraph, type Value } from './graph.ts';
import { namedLinear, type Network } from './networks.ts';
import { nominalBatch, placeNetwork, readShipped, type ParameterValues } from './shipped.ts';

export interface JacobianLayer {
  readonly layer: string;
  readonly in: number;
  readonly out: number;
  /** Rows per example: tokens, 1 for what sees one row per sequence. */
  readonly rows: number;
  /** Output with the layer's inputs, [batch, rows, in], [batch, in] where rows is 1; layers may share it. */
  readonly input: string;
  /** Output with the cotangents, [batch, rows, out] or [batch, out]. */
  readonly cotangent: string;
}

export interface JacobianGraph {
  readonly model: ModelProto;
  readonly layers: readonly JacobianLayer[];
  /** Inputs beside the network's own: v for each output, float32 [batch, choices]. */
  readonly signs: readonly { readonly name: string; readonly output: string; readonly choices: number }[];
}

/** @param shipped a file that this project trained, its data included. @throws InputError for any other. */
export function jacobianGraph(shipped: ModelProto): JacobianGraph {
  const { network, parameters } = readShipped(shipped);
  return jacobianOf(network, parameters);
}

export function jacobianOf(network: Network, parameters: ParameterValues): JacobianGraph {
  const graph = createGraph();
  const seen: { readonly layer: string; readonly x: Value; readonly y: Value }[] = [];
  const logits = placeNetwork(graph, network, parameters, (layer, x, weights) => {
    const y = namedLinear(layer, x, weights);
    seen.push({ layer, x, y });
    return y;
  });
  const signs = network.outputs.map(({ name, choices }) => ({
    name: `${name}/signs`,
    output: name,
    choices,
  }));
  const starts = logits.map((value, i) => ({
    value,
    cotangent: graph.input(signs[i]!.name, 'float32', [nominalBatch, signs[i]!.choices]),
  }));
  const cotangents = gradients(
    starts,
    seen.map(({ y }) => y),
  );
  logits.forEach((value, i) => graph.output(network.outputs[i]!.name, value));
  const inputNames = new Map<Value, string>();
  const layers = seen.map(({ layer, x, y }, i) => {
    const input = inputNames.get(x) ?? graph.output(`${layer}/input`, x);
    inputNames.set(x, input);
    return {
      layer,
      in: x.shape.at(-1)!,
      out: y.shape.at(-1)!,
      rows: x.shape.length === 3 ? x.shape[1]! : 1,
      input,
      cotangent: graph.output(`${layer}/cotangent`, cotangents[i]!),
    };
  });
  return { model: graph.model(`${network.id} jacobian`, { leading: 'batch' }), layers, signs };
}
