/**
 * Tier T2: a candidate's accuracy on fresh examples, beside the dense model's on the same ones. Work comes in steps of
 * well under 100 ms, so that a caller may stop between two.
 */
import { createRebuilder } from '../../core/accuracy/rebuild.ts';
import type { Response } from '../../core/accuracy/response.ts';
import {
  measurementOf,
  noTally,
  withBatch,
  type Answered,
  type Measurement,
} from '../../core/accuracy/tally.ts';
import { check } from '../../core/base/checks.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import type { Quantization } from '../../core/factor/quantization.ts';
import { seeds, type Examples, type Task } from '../../core/tasks/task.ts';
import type { Matrix } from '../../core/tensor/dense.ts';
import type { LinearLayer } from '../../core/workload/model.ts';
import { openNetwork } from './network.ts';
import type { Ort } from './ort.ts';
import { responding, responseExamples } from './probe.ts';
import { withRoundedInputs } from './rounding.ts';
import { calibrationExamples, openStatistician, type LayerStatistics } from './statistics.ts';

export interface CandidateModel {
  /** One factorization per linear layer of the model. */
  readonly design: readonly Factorization[];
  readonly quantization: Quantization;
}

export interface ExampleRange {
  /** Stream of examples; held-out by default. */
  readonly seed?: number;
  /** The first so many of the stream. */
  readonly examples: number;
}

/** Answers to a batch of examples, in the coding of the task. */
export interface BatchAnswers {
  /** Place of the first one in the stream. */
  readonly from: number;
  readonly truth: Int32Array;
  readonly dense: Int32Array;
  readonly candidate: Int32Array;
}

export type MeasureStep =
  /** Once per model: what the layers' inputs are like. */
  | { readonly kind: 'calibrated'; readonly examples: number; readonly of: number }
  /** Layers put together again from their factors. */
  | { readonly kind: 'rebuilt'; readonly layers: number; readonly of: number }
  /** Calibration examples answered beside the dense model. */
  | { readonly kind: 'compared'; readonly examples: number; readonly of: number }
  /** Figures of all examples so far, answers of the newest. */
  | { readonly kind: 'measured'; readonly measurement: Measurement; readonly answers: BatchAnswers };

/** Every generator may be left at any step; the next call goes on from what is known. */
export interface Measurer {
  readonly task: Task;
  /** @throws InputError when the design does not fit the model or the runtime fails */
  readonly measure: (candidate: CandidateModel, range: ExampleRange) => AsyncGenerator<MeasureStep, void>;
  /** For tier T1: the candidate beside the dense model on the first calibration examples, without labels. */
  readonly respond: (candidate: CandidateModel) => AsyncGenerator<MeasureStep, Response>;
  /** By layer name, from the calibration stream. */
  readonly calibrate: () => AsyncGenerator<MeasureStep, ReadonlyMap<string, LayerStatistics>>;
  /** Frees its sessions. */
  readonly release: () => Promise<void>;
}

/** About 16 million multiply-adds an example: 32 take 20 to 40 ms. */
const batch = 32;

/**
 * @param bytes ONNX file whose linear layers are these, in this order
 * @param calibration examples that tell what the layers' inputs are like
 * @throws InputError when the file is not that model or does not run
 */
export async function openMeasurer(
  ort: Ort,
  bytes: Uint8Array,
  linears: readonly LinearLayer[],
  task: Task,
  calibration = calibrationExamples,
): Promise<Measurer> {
  const network = await openNetwork(ort, bytes, linears, task);
  const { layers, proto } = network;
  const { rebuilt } = createRebuilder();

  const statistician = once(() => openStatistician(ort, proto, layers));
  let seen = 0;
  let statistics: ReadonlyMap<string, LayerStatistics> | null = null;
  async function* calibrate(): AsyncGenerator<MeasureStep, ReadonlyMap<string, LayerStatistics>> {
    while (statistics === null) {
      const { add, result, release } = await statistician.get();
      if (seen < calibration) {
        await add(task.examples(seeds.calibration, seen, batch).inputs);
        seen += batch;
        yield { kind: 'calibrated', examples: seen, of: calibration };
      } else {
        statistics = result();
        await release();
      }
    }
    return statistics;
  }

  const rounding = once(() => {
    const largest = new Map([...(statistics ?? [])].map(([name, of]) => [name, of.largest]));
    return network.variant((graph) => withRoundedInputs(graph, layers, largest));
  });

  /** The layers that change, by name. */
  async function* rebuild({
    design,
    quantization,
  }: CandidateModel): AsyncGenerator<MeasureStep, ReadonlyMap<string, Matrix>> {
    check(design.length === layers.length, 'design', `must have ${layers.length} layers`, design.length);
    const factorized = design.some(({ format }) => format !== 'dense');
    const known = factorized || quantization.kind === 'w8a8' ? yield* calibrate() : null;
    const weights = new Map<string, Matrix>();
    for (const [k, f] of design.entries()) {
      if (f.format === 'dense' && quantization.kind === 'none') continue;
      const { name, matrix } = layers[k]!;
      const covariance = known?.get(name)?.covariance;
      const options = covariance === undefined ? { quantization } : { quantization, covariance };
      weights.set(name, rebuilt(name, matrix, f, options));
      yield { kind: 'rebuilt', layers: k + 1, of: layers.length };
    }
    return weights;
  }

  async function* prepare(
    candidate: CandidateModel,
  ): AsyncGenerator<MeasureStep, (examples: Examples) => Promise<Answered>> {
    const weights = yield* rebuild(candidate);
    const { student } = candidate.quantization.kind === 'w8a8' ? await rounding.get() : network;
    return (examples) => student(weights, examples);
  }

  return {
    task,
    calibrate,
    respond: async function* respond(candidate) {
      const steps = responding(network, yield* prepare(candidate));
      for (;;) {
        const step = await steps.next();
        if (step.done === true) return step.value;
        yield { kind: 'compared', examples: step.value, of: responseExamples };
      }
    },
    measure: async function* measure(candidate, { seed = seeds.heldOut, examples: most }) {
      const student = yield* prepare(candidate);
      let tally = noTally;
      for (let from = 0; from < most; from += batch) {
        const { examples, truth, dense } = await network.lesson(seed, from, Math.min(batch, most - from));
        const answered = await student(examples);
        tally = withBatch(tally, truth, dense, answered, task.overlap);
        yield {
          kind: 'measured',
          measurement: measurementOf(tally),
          answers: { from, truth, dense: dense.answers, candidate: answered.answers },
        };
      }
    },
    release: async () => {
      await network.release();
      await rounding.made()?.then(({ release }) => release());
      if (statistics === null) await statistician.made()?.then(({ release }) => release());
    },
  };
}

/** Made at the first call, again after a failure. */
function once<T>(make: () => Promise<T>): {
  readonly get: () => Promise<T>;
  readonly made: () => Promise<T> | null;
} {
  let promise: Promise<T> | null = null;
  const get = (): Promise<T> =>
    (promise ??= make().catch((error: unknown) => {
      promise = null;
      throw error;
    }));
  return { get, made: () => promise };
}
