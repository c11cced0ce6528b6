/**
 * What the network says when one linear layer alone is replaced: the measurement behind tiers T0 and T1. The weights are
 * inputs of one session, the others stay dense; the first examples of the calibration stream and what the dense model
 * answers to them are kept.
 */
import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import {
  measurementOf,
  noTally,
  withBatch,
  type Answered,
  type Measurement,
} from '../../core/accuracy/tally.ts';
import { invariant } from '../../core/base/checks.ts';
import { weightsAsInputs } from '../../core/onnx/expose.ts';
import { seeds, type Column, type Examples, type Task } from '../../core/tasks/task.ts';
import { transpose, type Matrix } from '../../core/tensor/dense.ts';
import type { LinearLayer } from '../../core/workload/model.ts';
import { layerSites, parseModel, readWeight } from './layers.ts';
import type { Feeds, Ort } from './ort.ts';
import { layerStatistics } from './statistics.ts';

export interface ProbedLayer {
  readonly linear: LinearLayer;
  /** [out, in] */
  readonly weight: Matrix;
  /** E[x x^T] over the calibration examples, [in, in]. */
  readonly covariance: Matrix;
}

export interface Probe {
  readonly task: Task;
  readonly layers: readonly ProbedLayer[];
  /** Mean KL from the dense model, nats an example, with W' [out, in] in place of layer `index` alone. */
  readonly divergence: (index: number, w: Matrix) => Promise<number>;
  /** All of these layers replaced, on examples `from` to `from + count` of the held-out stream. */
  readonly measure: (
    weights: ReadonlyMap<number, Matrix>,
    from: number,
    count: number,
  ) => Promise<Measurement>;
  readonly release: () => Promise<void>;
}

/** Divergences are means over so many: ranks of designs change little with more. */
export const divergenceExamples = 64;
const calibrationExamples = 512;
const batch = 32;

interface Taught {
  readonly examples: Examples;
  readonly truth: Int32Array;
  readonly dense: Answered;
}

/**
 * @param bytes ONNX file whose linear layers are these
 * @throws InputError when the file is not that model or does not run
 */
export async function openProbe(
  ort: Ort,
  bytes: Uint8Array,
  linears: readonly LinearLayer[],
  task: Task,
): Promise<Probe> {
  const proto = parseModel(bytes);
  const sites = layerSites(proto, linears);
  const statistics = await layerStatistics(ort, proto, sites, calibration(task));
  const layers = sites.map((site, index) => {
    const linear = linears[index];
    const covariance = statistics.get(site.name)?.covariance;
    invariant(linear !== undefined && covariance !== undefined, `no statistics of ${site.name}`);
    return { linear, weight: readWeight(proto, site), covariance };
  });
  const names = sites.map(({ weight }) => weight);
  const session = await ort.createSession(toBinary(ModelProtoSchema, weightsAsInputs(proto, names)));
  const dense: Feeds = Object.fromEntries(
    layers.map(({ weight }, index) => [names[index]!, columnOf(weight)]),
  );

  const answer = async (feeds: Feeds, { inputs, count }: Examples): Promise<Answered> => {
    const results = await session.run({ ...feeds, ...inputs });
    const outputs = Object.fromEntries(
      Object.entries(results).flatMap(([name, { values }]) =>
        values instanceof Float32Array ? [[name, values] as const] : [],
      ),
    );
    return { outputs, answers: task.answers(outputs, count) };
  };
  const taught = new Map<string, Taught>();
  const teach = async (seed: number, from: number, count: number): Promise<Taught> => {
    const key = `${seed} ${from} ${count}`;
    const known = taught.get(key);
    if (known !== undefined) return known;
    const examples = task.examples(seed, from, count);
    const made = { examples, truth: task.truth(examples), dense: await answer(dense, examples) };
    taught.set(key, made);
    return made;
  };
  const compare = async (
    replaced: Feeds,
    seed: number,
    first: number,
    count: number,
  ): Promise<Measurement> => {
    let tally = noTally;
    for (let from = first; from < first + count; from += batch) {
      const known = await teach(seed, from, Math.min(batch, first + count - from));
      const candidate = await answer({ ...dense, ...replaced }, known.examples);
      tally = withBatch(tally, known.truth, known.dense, candidate);
    }
    return measurementOf(tally);
  };
  return {
    task,
    layers,
    divergence: async (index, w) => {
      const replaced = { [names[index]!]: columnOf(w) };
      return (await compare(replaced, seeds.calibration, 0, divergenceExamples)).kl;
    },
    measure: (weights, from, count) => {
      const replaced = [...weights].map(([index, w]) => [names[index]!, columnOf(w)] as const);
      return compare(Object.fromEntries(replaced), seeds.heldOut, from, count);
    },
    release: () => session.release(),
  };
}

function* calibration(task: Task): Generator<Feeds> {
  for (let from = 0; from < calibrationExamples; from += batch)
    yield task.examples(seeds.calibration, from, batch).inputs;
}

/** [out, in] as the graph has it: [in, out] in float32. */
const columnOf = (w: Matrix): Column => ({
  shape: [w.columns, w.rows],
  values: Float32Array.from(transpose(w).values),
});
