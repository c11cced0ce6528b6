/**
 * A whole training step as one ONNX model: parameters and moments go in and come out as flat vectors, with the loss of
 * the batch. Rates are scalar inputs, so one graph serves any schedule.
 */
import type { ModelProto } from 'onnx-buf';
import { gradients } from './gradients.ts';
import { createGraph, sizeOf, type Graph, type Value } from './graph.ts';
import { gemmLinear, type Network, type Parameter } from './networks.ts';
import { add, logSoftmax, multiply, plain, scale, sum } from './ops.ts';
import { adamW, type AdamW } from './optimizer.ts';

/** Names of the step's inputs and outputs beside those of the network. */
export const stepNames = {
  state: ['parameters', 'first_moment', 'second_moment'],
  rates: ['learning_rate', 'decay', 'correction1', 'correction2'],
  next: ['next_parameters', 'next_first_moment', 'next_second_moment'],
  loss: 'loss',
} as const;

/** Name of the input that takes the right answers of an output, one-hot: [batch, choices]. */
export const targetName = (label: string): string => `target_${label}`;

export const parameterCount = (parameters: readonly Parameter[]): number =>
  parameters.reduce((n, { shape }) => n + sizeOf(shape), 0);

/** WebGPU's storage buffers allow a Concat of at most seven inputs. */
const widestConcat = 7;

/** Vectors one after another. */
function join(parts: readonly Value[]): Value {
  let level = parts;
  while (level.length > 1) {
    const next: Value[] = [];
    for (let i = 0; i < level.length; i += widestConcat) {
      const group = level.slice(i, i + widestConcat);
      const total = group.reduce((n, { shape }) => n + sizeOf(shape), 0);
      next.push(plain('Concat', group, [total], { axis: { int: 0 } }));
    }
    level = next;
  }
  return level[0]!;
}

/** Each parameter cut out of the vector of all. */
function cut(vector: Value, parameters: readonly Parameter[]): ReadonlyMap<string, Value> {
  const { graph } = vector;
  let from = 0;
  return new Map(
    parameters.map(({ name, shape }) => {
      const to = from + sizeOf(shape);
      const bounds = [graph.ints([from]), graph.ints([to]), graph.ints([0])];
      const part = plain('Slice', [vector, ...bounds], [to - from]);
      from = to;
      return [name, shape.length === 1 ? part : plain('Reshape', [part, graph.ints(shape)], shape)] as const;
    }),
  );
}

/** 1 for entries of matrices, 0 for those of vectors; folded when the session is made. */
function matricesOnly(graph: Graph, parameters: readonly Parameter[]): Value {
  const run = (shape: readonly number[]): Value => {
    const size = sizeOf(shape);
    return plain('Expand', [graph.floats([shape.length > 1 ? 1 : 0]), graph.ints([size])], [size]);
  };
  return join(parameters.map(({ shape }) => run(shape)));
}

const lookup =
  (values: ReadonlyMap<string, Value>) =>
  (name: string): Value => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`internal: no value ${name}`);
    return value;
  };

/** Mean cross-entropy of the outputs, and over the outputs: natural logarithms. */
function crossEntropy(network: Network, logits: readonly Value[], graph: Graph): Value {
  const parts = network.outputs.map(({ label, choices }, i) => {
    const of = logits[i]!;
    const batch = of.shape[0] ?? 1;
    const target = graph.input(targetName(label), 'float32', [batch, choices]);
    return scale(sum(multiply(logSoftmax(of), target)), -1 / (batch * network.outputs.length));
  });
  return parts.reduce((a, b) => add(a, b));
}

/** The loss of a batch and its gradient, a vector like that of the parameters. */
export function lossAndGradient(
  network: Network,
  batch: number,
  parameters: Value,
): { readonly loss: Value; readonly gradient: Value } {
  const { graph } = parameters;
  const inputs = new Map(
    network.inputs.map(({ name, type, shape }) => [name, graph.input(name, type, [batch, ...shape])]),
  );
  const weights = cut(parameters, network.parameters);
  const logits = network.forward(lookup(inputs), lookup(weights), gemmLinear);
  const loss = crossEntropy(network, logits, graph);
  const parts = gradients([{ value: loss, cotangent: graph.floats([1]) }], [...weights.values()]);
  const flat = parts.map((part) =>
    part.shape.length === 1 ? part : plain('Reshape', [part, graph.ints([-1])], [sizeOf(part.shape)]),
  );
  return { loss, gradient: join(flat) };
}

/** The step for batches of `batch` examples. */
export function trainingStep(network: Network, batch: number, optimizer: AdamW): ModelProto {
  const graph = createGraph();
  const count = parameterCount(network.parameters);
  const vector = (name: string): Value => graph.input(name, 'float32', [count]);
  const rate = (name: string): Value => graph.input(name, 'float32', []);
  const [parameters, first, second] = stepNames.state;
  const moments = { parameters: vector(parameters), first: vector(first), second: vector(second) };
  const [learningRate, decay, correction1, correction2] = stepNames.rates;
  const rates = {
    learningRate: rate(learningRate),
    decay: rate(decay),
    correction1: rate(correction1),
    correction2: rate(correction2),
  };
  const { loss, gradient } = lossAndGradient(network, batch, moments.parameters);
  const next = adamW(moments, gradient, matricesOnly(graph, network.parameters), rates, optimizer);
  [next.parameters, next.first, next.second].forEach((value, i) => graph.output(stepNames.next[i]!, value));
  graph.output(stepNames.loss, loss);
  return graph.model(`${network.id} training step`);
}
