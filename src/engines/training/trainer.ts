/**
 * Trains a network from a seed: initial parameters, schedule, and one run of the step graph after another. Same seed,
 * same examples, same weights (one thread; a second one changes the order of sums).
 */
import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { createRandom } from '../../core/base/random.ts';
import type { Column, Examples } from '../../core/tasks/task.ts';
import type { Ort } from '../ort/ort.ts';
import { sizeOf } from './graph.ts';
import type { Network, Parameter } from './networks.ts';
import type { AdamW } from './optimizer.ts';
import { parameterCount, stepNames, targetName, trainingStep } from './step.ts';

export interface Recipe {
  readonly batch: number;
  readonly steps: number;
  /** The highest; rises linearly over `warmUp` steps, then falls as a cosine to zero. */
  readonly learningRate: number;
  readonly warmUp: number;
  readonly decay: number;
  readonly optimizer: AdamW;
  /** A seed whose loss is still above this at that step is given up. */
  readonly plateau: { readonly step: number; readonly loss: number };
}

export interface Trainer {
  /** Runs step t = 0, 1, ..; @returns the loss of the batch before the step. */
  readonly step: (examples: Examples) => Promise<number>;
  readonly steps: () => number;
  /** All parameters in the network's order. */
  readonly parameters: () => Float32Array;
  readonly release: () => Promise<void>;
}

/** Linear warm-up, then half a cosine (Loshchilov, Hutter, "SGDR", 2017) that would reach 0 after the last step. */
export function learningRate(step: number, { learningRate: highest, warmUp, steps }: Recipe): number {
  if (step < warmUp) return (highest * (step + 1)) / warmUp;
  const part = (step - warmUp) / Math.max(1, steps - warmUp);
  return (highest * (1 + Math.cos(Math.PI * Math.min(1, part)))) / 2;
}

export function initialParameters(parameters: readonly Parameter[], seed: number): Float32Array {
  const random = createRandom(seed);
  const values = new Float32Array(parameterCount(parameters));
  let at = 0;
  for (const { shape, start } of parameters)
    for (let i = sizeOf(shape); i > 0; i--)
      values[at++] = 'value' in start ? start.value : start.deviation * random.normal();
  return values;
}

/** [count, choices], 1 at the right answer. */
export function oneHot(labels: Int32Array, choices: number): Float32Array {
  const values = new Float32Array(labels.length * choices);
  labels.forEach((label, i) => {
    values[i * choices + label] = 1;
  });
  return values;
}

export async function createTrainer(
  ort: Ort,
  network: Network,
  recipe: Recipe,
  seed: number,
): Promise<Trainer> {
  const { batch, decay, optimizer } = recipe;
  const model = toBinary(ModelProtoSchema, trainingStep(network, batch, optimizer));
  const session = await ort.createSession(model);
  const count = parameterCount(network.parameters);
  const vector = (values: Float32Array): Column => ({ shape: [values.length], values });
  const scalar = (value: number): Column => ({ shape: [], values: Float32Array.of(value) });
  let state: readonly Column[] = [
    vector(initialParameters(network.parameters, seed)),
    vector(new Float32Array(count)),
    vector(new Float32Array(count)),
  ];
  let done = 0;
  const step = async (examples: Examples): Promise<number> => {
    const rates = [
      learningRate(done, recipe),
      decay,
      1 / (1 - optimizer.beta1 ** (done + 1)),
      1 / (1 - optimizer.beta2 ** (done + 1)),
    ];
    const targets = network.outputs.map(({ label, choices }) => {
      const values = oneHot(examples.labels[label]!, choices);
      return [targetName(label), { shape: [batch, choices], values }] as const;
    });
    const results = await session.run({
      ...examples.inputs,
      ...Object.fromEntries(targets),
      ...Object.fromEntries(stepNames.state.map((name, i) => [name, state[i]!])),
      ...Object.fromEntries(stepNames.rates.map((name, i) => [name, scalar(rates[i]!)])),
    });
    state = stepNames.next.map((name) => results[name]!);
    done += 1;
    return Number(results[stepNames.loss]!.values[0]);
  };
  return {
    step,
    steps: () => done,
    parameters: () => (state[0]!.values as Float32Array).slice(),
    release: session.release,
  };
}
