/**
 * What a network says when one linear layer alone is replaced: the measurement behind the estimated and the calibrated
 * tier. The examples are the first of the calibration stream; the other layers stay dense.
 */
import { measurementOf, noTally, withBatch, type Measurement } from '../../core/accuracy/tally.ts';
import { invariant } from '../../core/base/checks.ts';
import { seeds, type Task } from '../../core/tasks/task.ts';
import type { Matrix } from '../../core/tensor/dense.ts';
import type { LinearLayer } from '../../core/workload/model.ts';
import { openNetwork, type TaskNetwork } from './network.ts';
import type { Feeds, Ort } from './ort.ts';
import { calibrationExamples, layerStatistics } from './statistics.ts';

/** Divergences are means over so many: orders of designs change little with more. */
export const divergenceExamples = 64;
const batch = 32;

/** Mean KL from the dense model, nats an example, with W' [out, in] in place of the layer of this name alone. */
export async function layerDivergence(network: TaskNetwork, name: string, w: Matrix): Promise<number> {
  const measured = await compare(network, new Map([[name, w]]), seeds.calibration, 0, divergenceExamples);
  return measured.kl;
}

async function compare(
  network: TaskNetwork,
  weights: ReadonlyMap<string, Matrix>,
  seed: number,
  first: number,
  count: number,
): Promise<Measurement> {
  let tally = noTally;
  for (let from = first; from < first + count; from += batch) {
    const lesson = await network.lesson(seed, from, Math.min(batch, first + count - from));
    tally = withBatch(tally, lesson.truth, lesson.dense, await network.student(weights, lesson.examples));
  }
  return measurementOf(tally);
}

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
  /** As `layerDivergence`, by the layer's position. */
  readonly divergence: (index: number, w: Matrix) => Promise<number>;
  /** All of these layers replaced, on examples `from` to `from + count` of the held-out stream. */
  readonly measure: (
    weights: ReadonlyMap<number, Matrix>,
    from: number,
    count: number,
  ) => Promise<Measurement>;
  readonly release: () => Promise<void>;
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
  const network = await openNetwork(ort, bytes, linears, task);
  const statistics = await layerStatistics(ort, network.proto, network.layers, calibration(task));
  const layers = linears.map((linear, index) => {
    const weight = network.layers[index]?.matrix;
    const covariance = statistics.get(linear.name)?.covariance;
    invariant(weight !== undefined && covariance !== undefined, `no statistics of ${linear.name}`);
    return { linear, weight, covariance };
  });
  const nameOf = (index: number): string => layers[index]?.linear.name ?? '';
  return {
    task,
    layers,
    divergence: (index, w) => layerDivergence(network, nameOf(index), w),
    measure: (weights, from, count) => {
      const named = new Map([...weights].map(([index, w]) => [nameOf(index), w]));
      return compare(network, named, seeds.heldOut, from, count);
    },
    release: network.release,
  };
}

function* calibration(task: Task): Generator<Feeds> {
  for (let from = 0; from < calibrationExamples; from += batch)
    yield task.examples(seeds.calibration, from, batch).inputs;
}
