/**
 * What was measured of designs (tier T2), by what was measured: model, factorizations and storage of the weights make the
 * key. More examples of one design replace fewer.
 */
import type { AccuracyReply, AnswerBatch, OwnModel } from '../../workers/protocol.ts';
import type { AccuracyFigure } from '../core/accuracy/figure.ts';
import type { Share } from '../core/accuracy/intervals.ts';
import type { OwnTable } from '../core/accuracy/own-model.ts';
import { measuredFigure, type Measurement } from '../core/accuracy/tally.ts';
import { factorizationKey } from '../core/cost/layer.ts';
import { quantizationName } from '../core/factor/check-quantization.ts';
import type { Quantization } from '../core/factor/quantization.ts';
import type { Candidate } from '../core/search/evaluation.ts';
import { seeds, taskScore } from '../core/tasks/task.ts';

/** What was measured of one design. */
export interface Measured {
  readonly measurement: Measurement;
  /** On the vertical axis: points against the dense model, or negative divergence from it. */
  readonly figure: AccuracyFigure;
  /** Examples that were run. */
  readonly examples: number;
  /** Of somebody's own model. */
  readonly own: { readonly kl: Share; readonly isLabelled: boolean } | null;
  /** Examples that were asked for have all been seen. */
  readonly complete: boolean;
}

/** Answers to the first examples of the seed, in the coding of `Task.answers`. */
export interface Answers {
  readonly seed: number;
  readonly truth: Int32Array;
  readonly dense: Int32Array;
  readonly candidate: Int32Array;
}

type OwnMeasured = Extract<AccuracyReply, { readonly kind: 'own-measured' }>;

/** By `measurementKey`. */
export type Measurements = ReadonlyMap<string, Measured>;

/** A measurement made elsewhere. */
export interface KnownMeasurement {
  readonly design: Candidate;
  readonly measurement: Measurement;
}

/** A person's own model with their examples. */
export interface OwnSubject {
  readonly own: OwnModel;
  readonly table: OwnTable;
  /** That can be measured on. */
  readonly heldOut: number;
}

/** The same key = the same measurement: model, factorization of each layer, storage of the weights. */
export function measurementKey(modelId: string, design: Candidate, quantization: Quantization): string {
  return [modelId, quantizationName(quantization), ...design.map(factorizationKey)].join(' ');
}

/** One thing to measure. */
export interface Question {
  readonly key: string;
  readonly modelId: string;
  /** Null for a model that comes with the page. */
  readonly own: OwnSubject | null;
  readonly design: Candidate;
  readonly quantization: Quantization;
  readonly examples: number;
}

export const questionAbout = (
  { id, own }: { readonly id: string; readonly own: OwnSubject | null },
  design: Candidate,
  quantization: Quantization,
  examples: number,
): Question => ({
  key: measurementKey(id, design, quantization),
  modelId: id,
  own,
  design,
  quantization,
  examples: own === null ? examples : Math.min(examples, own.heldOut),
});

/** Whether two questions are about one model stored in one way, so that their points are on one frontier. */
export const isAlike = (a: Question, b: Question): boolean =>
  a.modelId === b.modelId && quantizationName(a.quantization) === quantizationName(b.quantization);

export const isDone = (measurements: Measurements, { key, examples }: Question): boolean =>
  (measurements.get(key)?.examples ?? 0) >= examples;

/** @param of in part, or whole; or shipped with the page */
export function withMeasured(
  measurements: Measurements,
  { key, modelId }: Question,
  measurement: Measurement,
  of: 'part' | 'whole' | 'shipped',
): Measurements {
  const score = taskScore(modelId) ?? 'accuracy';
  const figure = measuredFigure(measurement, score, seeds.heldOut, of === 'shipped' ? of : 'here');
  const complete = of !== 'part';
  return withEntry(measurements, key, { measurement, figure, examples: measurement.n, own: null, complete });
}

/** Of somebody's own model. */
export const withOwn = (
  measurements: Measurements,
  { key }: Question,
  { measurement, figure, examples, isLabelled, kl, complete }: OwnMeasured,
): Measurements =>
  withEntry(measurements, key, { measurement, figure, examples, own: { kl, isLabelled }, complete });

function withEntry(measurements: Measurements, key: string, entry: Measured): Measurements {
  const known = measurements.get(key);
  return known !== undefined && known.examples > entry.examples
    ? measurements
    : new Map(measurements).set(key, entry);
}

export function withAnswers(known: Answers | null, { from, truth, dense, candidate }: AnswerBatch): Answers {
  if (known === null || from === 0) return { seed: seeds.heldOut, truth, dense, candidate };
  return {
    seed: known.seed,
    truth: joined(known.truth, truth),
    dense: joined(known.dense, dense),
    candidate: joined(known.candidate, candidate),
  };
}

function joined(first: Int32Array, second: Int32Array): Int32Array {
  const both = new Int32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
