/**
 * What a network answers when some of its linear layers are replaced, beside its dense self: the measurement behind the
 * estimated tier (each layer alone) and the calibrated one (all of a design's together). The examples are the first of
 * the calibration stream, without labels.
 */
import type { Response } from '../../core/accuracy/response.ts';
import {
  measurementOf,
  noTally,
  sharedConfidence,
  withBatch,
  type Answered,
  type Measurement,
} from '../../core/accuracy/tally.ts';
import { invariant } from '../../core/base/checks.ts';
import { seeds, type Examples, type Task } from '../../core/tasks/task.ts';
import type { Matrix } from '../../core/tensor/dense.ts';
import type { LinearLayer } from '../../core/workload/model.ts';
import { openNetwork, type TaskNetwork } from './network.ts';
import type { Feeds, Ort } from './ort.ts';
import { calibrationExamples, layerStatistics } from './statistics.ts';

/** Responses are means over so many: orders of designs change little with more. */
export const responseExamples = 64;
const batch = 32;

/**
 * What a student answers to calibration examples `first` to `first + count`, told in one piece at the end; in between how
 * many it has answered.
 */
export async function* responding(
  network: TaskNetwork,
  student: (examples: Examples) => Promise<Answered>,
  first = 0,
  count = responseExamples,
): AsyncGenerator<number, Response> {
  let [tally, shared, own] = [noTally, 0, 0];
  for (let from = first; from < first + count; from += batch) {
    const { examples, dense } = await network.lesson(
      seeds.calibration,
      from,
      Math.min(batch, first + count - from),
    );
    const answered = await student(examples);
    tally = withBatch(tally, dense.answers, dense, answered);
    shared += sharedConfidence(dense, answered, examples.count);
    own += sharedConfidence(dense, dense, examples.count);
    yield tally.n;
  }
  const { kl, flips } = measurementOf(tally);
  return { kl, soft: shared / own, hard: 1 - flips };
}

async function compare(
  network: TaskNetwork,
  weights: ReadonlyMap<string, Matrix>,
  first: number,
  count: number,
): Promise<Measurement> {
  let tally = noTally;
  for (let from = first; from < first + count; from += batch) {
    const lesson = await network.lesson(seeds.heldOut, from, Math.min(batch, first + count - from));
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
  /** As `responding`, with these [out, in] in place of the layers at these positions. */
  readonly response: (
    weights: ReadonlyMap<number, Matrix>,
    first?: number,
    count?: number,
  ) => Promise<Response>;
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
  const named = (weights: ReadonlyMap<number, Matrix>): ReadonlyMap<string, Matrix> =>
    new Map([...weights].map(([index, w]) => [layers[index]?.linear.name ?? '', w]));
  return {
    task,
    layers,
    response: async (weights, first, count) => {
      const inPlace = named(weights);
      const student = (examples: Examples): Promise<Answered> => network.student(inPlace, examples);
      const steps = responding(network, student, first, count);
      for (;;) {
        const step = await steps.next();
        if (step.done === true) return step.value;
      }
    },
    measure: (weights, from, count) => compare(network, named(weights), from, count),
    release: network.release,
  };
}

function* calibration(task: Task): Generator<Feeds> {
  for (let from = 0; from < calibrationExamples; from += batch)
    yield task.examples(seeds.calibration, from, batch).inputs;
}
