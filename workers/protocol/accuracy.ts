/** Measured accuracy, on a task or on a person's own examples (accuracy.worker.ts). */
import type { AccuracyFigure } from '../../src/core/accuracy/figure.ts';
import type { Share } from '../../src/core/accuracy/intervals.ts';
import type { OwnTable } from '../../src/core/accuracy/own-model.ts';
import type { CalibrationTable } from '../../src/core/accuracy/sensitivity.ts';
import type { Spectrum } from '../../src/core/accuracy/spectrum.ts';
import type { Measurement } from '../../src/core/accuracy/tally.ts';
import type { Quantization } from '../../src/core/factor/quantization.ts';
import type { Candidate } from '../../src/core/search/evaluation.ts';

/** A person's ONNX model and their examples for it; nothing of them leaves the tab. */
export interface OwnModel {
  /** Another key = other files. */
  readonly key: string;
  readonly files: readonly File[];
  readonly examples: readonly NamedFile[];
}

export interface NamedFile {
  /** With the folders it was in, where they are known. */
  readonly name: string;
  readonly file: File;
}

/** Reads the examples, finds what layers read, and makes an axis of it; a newer run takes its place. */
export interface ExamplesStart {
  readonly kind: 'start-examples';
  readonly run: number;
  readonly own: OwnModel;
}

/** What examples are, once they are read. */
export interface ExamplesFound {
  readonly kind: 'arrays' | 'token ids' | 'text' | 'pictures';
  readonly count: number;
  /** Of each half. */
  readonly calibration: number;
  readonly heldOut: number;
  readonly isLabelled: boolean;
  /** How they were made, sentence by sentence. */
  readonly told: readonly string[];
}

export type ExamplesStage = 'reading' | 'calibrating' | 'spectra' | 'probing';

export type MeasuredModel =
  /** Id of a model with a task; its weights are the ONNX file at this address. */
  | { readonly kind: 'shipped'; readonly id: string; readonly url: string }
  | { readonly kind: 'own'; readonly own: OwnModel; readonly table: OwnTable };

/** Measures a design on held-out examples; a newer run takes its place. */
export interface MeasureStart {
  readonly kind: 'start-measure';
  readonly run: number;
  readonly model: MeasuredModel;
  readonly design: Candidate;
  readonly quantization: Quantization;
  readonly seed: number;
  readonly examples: number;
  /** Of a shipped model: tells, before the examples are run, the calibrated figure of these tables; null leaves it out. */
  readonly table: CalibrationTable | null;
}

export type AccuracyRequest =
  | MeasureStart
  | { readonly kind: 'cancel-measure'; readonly run: number }
  | ExamplesStart
  | { readonly kind: 'cancel-examples'; readonly run: number };

/** Answers to examples `from`, `from + 1`, ... of the seed, in the coding of `Task.answers`. */
export interface AnswerBatch {
  readonly from: number;
  readonly truth: Int32Array;
  readonly dense: Int32Array;
  readonly candidate: Int32Array;
}

export type MeasureStage = 'loading' | 'calibrating' | 'rebuilding' | 'comparing' | 'measuring';

export type AccuracyReply =
  | { readonly kind: 'calibrated'; readonly run: number; readonly figure: AccuracyFigure }
  | {
      readonly kind: 'measure-progress';
      readonly run: number;
      readonly stage: MeasureStage;
      readonly done: number;
      readonly of: number;
    }
  /** At 64, 128, 256, ... examples: the figures of all of them, and the answers since the reply before. */
  | {
      readonly kind: 'measured';
      readonly run: number;
      readonly measurement: Measurement;
      readonly answers: AnswerBatch;
      /** Whether it was the last. */
      readonly complete: boolean;
    }
  /** Of somebody's own model, after each batch of examples. */
  | {
      readonly kind: 'own-measured';
      readonly run: number;
      readonly examples: number;
      /** Of the answers that have labels; of all where none has. */
      readonly measurement: Measurement;
      readonly isLabelled: boolean;
      /** Mean divergence of an answer, nats, with its interval over examples. */
      readonly kl: Share;
      readonly figure: AccuracyFigure;
      readonly complete: boolean;
    }
  | { readonly kind: 'examples-found'; readonly run: number; readonly found: ExamplesFound }
  | {
      readonly kind: 'examples-progress';
      readonly run: number;
      readonly stage: ExamplesStage;
      readonly done: number;
      readonly of: number;
    }
  /** Of W C^(1/2), shares of its energy. */
  | {
      readonly kind: 'examples-spectrum';
      readonly run: number;
      readonly layer: string;
      readonly spectrum: Spectrum;
    }
  | { readonly kind: 'examples-table'; readonly run: number; readonly table: OwnTable }
  | { readonly kind: 'examples-failed'; readonly run: number; readonly message: string }
  | { readonly kind: 'measure-cancelled'; readonly run: number }
  | { readonly kind: 'measure-failed'; readonly run: number; readonly message: string };
