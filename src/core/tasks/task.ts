/**
 * A task that the shipped models were trained for: examples made from a seed, as many as wanted. Example i of a seed is
 * the same whatever is asked for beside it, so batches may be made one after another.
 */
export interface Column {
  /** Rows first: [examples, ...]. */
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

export interface Examples {
  readonly count: number;
  /** By the name of the ONNX graph's input. */
  readonly inputs: Readonly<Record<string, Column>>;
  /** Right answers by name: `labels`, or `start` and `end` (inclusive). */
  readonly labels: Readonly<Record<string, Int32Array>>;
}

/** Model outputs by name, flat, row-major. */
export type Outputs = Readonly<Record<string, Float32Array>>;

export interface Task {
  readonly id: 'glyph-vit' | 'lexical-qa';
  /** Accuracy, exact match. */
  readonly score: string;
  /** Chance level, 0 to 1. */
  readonly chance: number;
  /** Examples `from` (inclusive) to `from + count` of the stream that `seed` names. */
  examples(seed: number, from: number, count: number): Examples;
  /** One entry per example: what the model answers, as numbers that compare equal when the answers are the same. */
  answers(outputs: Outputs, count: number): Int32Array;
  /** The right answers in the same coding. */
  truth(examples: Examples): Int32Array;
  /** How much of two answers is shared, 0 to 1, where that is a matter of degree: F1 of spans. */
  overlap?(answer: number, truth: number): number;
}

/** What each model's answers are scored by: to know which have a task, without the tasks. */
export const taskScores: Readonly<Record<Task['id'], string>> = {
  'glyph-vit': 'accuracy',
  'lexical-qa': 'exact match',
};

/** Null for a model without a task. */
export const taskScore = (modelId: string): string | null =>
  Object.hasOwn(taskScores, modelId) ? taskScores[modelId as Task['id']] : null;

/** Streams of examples: training, calibration and held-out never share one. */
export const seeds = { training: 1, calibration: 2, heldOut: 3 } as const;
