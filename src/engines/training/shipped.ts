/**
 * A trained network as a file for inference, with the names that the cards, the accuracy tiers and outsiders go by, and
 * its parameters read back from such a file.
 */
import { TensorProto_DataType, type ModelProto } from 'onnx-buf';
import { check, InputError } from '../../core/base/checks.ts';
import { createGraph, sizeOf, type Graph, type Value } from './graph.ts';
import { namedLinear, networkOf, type Linear, type Network, type NetworkId } from './networks.ts';

/** Any batch above 1 gives the same graph: its axis stays open. */
export const nominalBatch = 2;

/** The values of each parameter by its name. */
export type ParameterValues = ReadonlyMap<string, Float32Array>;

/** @param flat all parameters in the network's order */
export function splitParameters(network: Network, flat: Float32Array): ParameterValues {
  let from = 0;
  return new Map(
    network.parameters.map(({ name, shape }) => {
      const values = flat.subarray(from, from + sizeOf(shape));
      from += values.length;
      return [name, values] as const;
    }),
  );
}

/** The network between its named inputs and its stored parameters; @returns the logits. */
export function placeNetwork(
  graph: Graph,
  network: Network,
  parameters: ParameterValues,
  linear: Linear,
): readonly Value[] {
  const values = new Map<string, Value>();
  for (const { name, type, shape } of network.inputs)
    values.set(name, graph.input(name, type, [nominalBatch, ...shape]));
  for (const { name, shape } of network.parameters) {
    const of = parameters.get(name);
    check(of?.length === sizeOf(shape), name, `must have ${sizeOf(shape)} values`, of?.length);
    values.set(name, graph.initializer(name, shape, of));
  }
  const named = (name: string): Value => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`internal: no value ${name}`);
    return value;
  };
  return network.forward(named, named, linear);
}

/** Opset 18, open first axis `batch`, linear layers as MatMul and Add. */
export function shippedModel(
  network: Network,
  parameters: ParameterValues,
  metadata: Readonly<Record<string, string>> = {},
): ModelProto {
  const graph = createGraph();
  placeNetwork(graph, network, parameters, namedLinear).forEach((logits, i) =>
    graph.output(network.outputs[i]!.name, logits),
  );
  return graph.model(network.id, { leading: 'batch', metadata });
}

const isNetwork = (name: string | undefined): name is NetworkId =>
  name === 'glyph-vit' || name === 'lexical-qa';

/** The network and its parameters in a file that `shippedModel` wrote. @throws InputError for any other file. */
export function readShipped(model: ModelProto): {
  readonly network: Network;
  readonly parameters: ParameterValues;
} {
  const name = model.graph?.name;
  if (!isNetwork(name)) throw new InputError('model', 'must be one that this project trained', name);
  const stored = model.graph?.initializer ?? [];
  const parameters = new Map(
    stored
      .filter(({ dataType }) => dataType === TensorProto_DataType.FLOAT)
      // Copied: a part of a file need not start at a multiple of four.
      .map((of) => [of.name, new Float32Array(new Uint8Array(of.rawData).buffer)] as const),
  );
  return { network: networkOf(name), parameters };
}
