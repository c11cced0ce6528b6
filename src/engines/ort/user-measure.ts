/**
 * A person's model with other matrices in its layers, beside itself on their own examples: divergence and answers that
 * changed need no labels, accuracy is measured where they are. Padding, as `attention_mask` tells it, is left out.
 */
import { answered, createCoding, keptRows, rowCount, type Logits } from '../../core/accuracy/rows.ts';
import {
  measurementOf,
  noTally,
  withBatch,
  type Answered,
  type Measurement,
} from '../../core/accuracy/tally.ts';
import { InputError, check } from '../../core/base/checks.ts';
import { withDenseWeights, type DenseWeight } from '../../core/onnx/edit-dense.ts';
import type { OnnxModel } from '../../core/onnx/model.ts';
import { floatOutputs, someMask, type Labels, type UserInputs } from '../../core/onnx/user-inputs.ts';
import { wholeModel } from './export.ts';
import type { Ort, OrtSession } from './ort.ts';
import { batchFor, feedsOf } from './user-batches.ts';
import { checkModelSize } from './user-statistics.ts';

export interface UserMeasurement {
  readonly examples: number;
  /** Compared, by name. */
  readonly outputs: readonly string[];
  /** Of every answer: `kl` and `flips` only. */
  readonly all: Measurement;
  /** Of the answers that have a label; null when there is none. */
  readonly labelled: Measurement | null;
}

export interface UserRange {
  /** The first so many, all by default. */
  readonly examples?: number | undefined;
  /** Those that have labels by default, else those called logits, else all that are floats but caches. */
  readonly outputs?: readonly string[] | undefined;
}

/** Elements of one output that are held at once. */
const mostOutput = 2 ** 24;

/**
 * Yields after each batch what is known so far.
 * @param weights in place of those of these layers; the others stay
 * @throws InputError when a model does not run, or outputs and labels do not fit together
 */
export async function* measureUserModel(
  ort: Ort,
  model: OnnxModel,
  weights: readonly DenseWeight[],
  inputs: UserInputs,
  range: UserRange = {},
): AsyncGenerator<UserMeasurement, void> {
  checkModelSize(model);
  const { outputs, labels } = chosen(model, inputs, range.outputs);
  const most = Math.min(range.examples ?? inputs.count, inputs.count);
  check(
    inputs.batch === null || most % inputs.batch === 0,
    'inputs',
    `examples must be a multiple of ${inputs.batch}, the batch that the graph fixes`,
    most,
  );
  const given: UserInputs = { ...inputs, count: most };
  const dense = await ort.createSession(await wholeModel(model));
  let candidate: OrtSession | null = null;
  try {
    const other = await ort.createSession(await wholeModel(withDenseWeights(model, weights)));
    candidate = other;
    const step = await batchFor(dense, given, { most: await fittingBatch(dense, given, outputs) });
    const coding = createCoding();
    let [all, labelled] = [noTally, noTally];
    for (let from = 0; from < most; from += step) {
      const count = Math.min(step, most - from);
      const feeds = feedsOf(inputs, from, count);
      const both = [await dense.run(feeds, outputs), await other.run(feeds, outputs)] as const;
      const teacher = logitsOf(both[0]);
      const rows = rowCount(teacher);
      check(rows % count === 0, 'outputs', `must have rows for each of ${count} examples`, rows);
      const kept = unpadded(inputs, from, count, rows);
      const [a, b] = [keptRows(teacher, kept), keptRows(logitsOf(both[1]), kept)];
      const [before, after] = [answered(a, outputs, coding), answered(b, outputs, coding)];
      all = withBatch(all, new Int32Array(kept.length).fill(noAnswer), before, after);
      if (labels.size > 0) {
        const first = (from * rows) / count;
        const truth = truthOf(
          labels,
          a,
          kept.map((row) => first + row),
          (inputs.count * rows) / count,
        );
        const known = [...truth.keys()].filter((k) => truth[k] !== null);
        const codes = Int32Array.from(known, (k) => coding(truth[k] ?? []));
        const [right, left] = [answersOf(a, labels, known, coding), answersOf(b, labels, known, coding)];
        labelled = withBatch(labelled, codes, right, left);
      }
      yield {
        examples: from + count,
        outputs,
        all: measurementOf(all),
        labelled: labelled.n === 0 ? null : measurementOf(labelled),
      };
    }
  } finally {
    await dense.release();
    await candidate?.release();
  }
}

type LogitsByName = Readonly<Record<string, Logits>>;

/** Is no code of an answer. */
const noAnswer = -1;

interface Choice {
  readonly outputs: readonly string[];
  /** By the output that they label. */
  readonly labels: ReadonlyMap<string, Labels>;
}

/** What exporters call keys and values that are handed on to the next token. */
const caches = /present|past|cache/i;

function chosen(model: OnnxModel, { labels }: UserInputs, wanted: readonly string[] | undefined): Choice {
  const floats = floatOutputs(model);
  for (const name of wanted ?? [])
    check(floats.includes(name), 'outputs', `must be of ${floats.join(', ')}`, name);
  const called = floats.filter((name) => /logits/i.test(name));
  const usual = called.length > 0 ? called : floats.filter((name) => !caches.test(name));
  const among = wanted ?? usual;
  const found = new Map<string, Labels>();
  for (const [name, each] of labels) {
    const own = name.replace(/\/labels$/, '');
    const matches = among.filter((output) =>
      /^labels?$/.test(name) ? true : own === output || (own === name && output.includes(name)),
    );
    const [output] = matches;
    if (matches.length === 0) continue;
    check(
      output !== undefined && matches.length === 1,
      'inputs',
      `array ${name} must be named OUTPUT/labels: the outputs are ${matches.join(', ')}`,
    );
    found.set(output, each);
  }
  const outputs = wanted === undefined && found.size > 0 ? [...found.keys()] : among;
  check(
    outputs.length > 0,
    'outputs',
    'must have one of floats to be compared',
    model.proto.graph?.output.length,
  );
  return { outputs, labels: found };
}

/** So many examples that an output stays within bounds, found on one of them. */
async function fittingBatch(
  session: OrtSession,
  inputs: UserInputs,
  outputs: readonly string[],
): Promise<number | undefined> {
  if (inputs.batch !== null) return undefined;
  try {
    const one = await session.run(feedsOf(inputs, 0, 1), outputs);
    const largest = Math.max(...Object.values(one).map(({ values }) => values.length));
    return Math.max(1, Math.floor(mostOutput / largest));
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

const logitsOf = (outputs: Awaited<ReturnType<OrtSession['run']>>): LogitsByName =>
  Object.fromEntries(
    Object.entries(outputs).map(([name, { shape, values }]) => {
      if (values instanceof Float32Array) return [name, { shape, values }];
      throw new InputError('outputs', 'must be floats to be compared', name);
    }),
  );

/** Rows that are no padding, where a mask has one entry for each. */
function unpadded(inputs: UserInputs, from: number, count: number, rows: number): readonly number[] {
  const all = Array.from({ length: rows }, (_, row) => row);
  const mask = inputs.mask === null ? null : someMask(inputs.mask, from, count);
  if (mask === null || mask.length !== rows || rows === count) return all;
  return all.filter((row) => mask[row] !== 0);
}

/**
 * The right choices of every labelled output for these rows of all examples; null where a label is below 0, as trainers
 * mark what is not counted.
 */
function truthOf(
  labels: ReadonlyMap<string, Labels>,
  logits: LogitsByName,
  rows: readonly number[],
  total: number,
): readonly (readonly number[] | null)[] {
  const columns = [...labels].map(([name, { shape, values }]) => {
    const choices = logits[name]?.shape.at(-1) ?? 0;
    check(values.length === total, 'inputs', `labels of ${name} must be ${total}, one for each row`, shape);
    return { name, values, choices };
  });
  return rows.map((row) => {
    const answer = columns.map(({ name, values, choices }) => {
      const label = values[row]!;
      check(label < choices, 'inputs', `labels of ${name} must be below ${choices}`, label);
      return label;
    });
    return answer.every((label) => label >= 0) ? answer : null;
  });
}

/** Of the rows that have labels; divergence is told of all rows already. */
const answersOf = (
  logits: LogitsByName,
  labels: ReadonlyMap<string, Labels>,
  rows: readonly number[],
  coding: (answers: readonly number[]) => number,
): Answered => ({
  outputs: {},
  answers: answered(keptRows(logits, rows), [...labels.keys()], coding).answers,
});
