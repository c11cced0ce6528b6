/**
 * A person's model with other matrices in its layers, beside itself on their own examples: divergence and answers that
 * changed need no labels, accuracy is measured where they are. Padding, as `attention_mask` tells it, is left out.
 */
import { answered, createCoding, keptRows, rowCount, type Logits } from '../../core/accuracy/rows.ts';
import { ratioInterval, type Share } from '../../core/accuracy/intervals.ts';
import {
  measurementOf,
  noTally,
  rowDivergences,
  withBatch,
  type Answered,
  type Measurement,
  type Tally,
} from '../../core/accuracy/tally.ts';
import { InputError, check } from '../../core/base/checks.ts';
import { withDenseWeights, type DenseWeight } from '../../core/onnx/edit-dense.ts';
import type { OnnxModel } from '../../core/onnx/model.ts';
import { floatOutputs, someMask, type Labels, type UserInputs } from '../../core/onnx/user-inputs.ts';
import { wholeModel } from './export.ts';
import type { AnyFeeds, Ort, OrtSession } from './ort.ts';
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
  /** Mean divergence of an answer, nats, with its 95 % interval over examples. */
  readonly kl: Share;
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
  { examples, outputs }: UserRange = {},
): AsyncGenerator<UserMeasurement, void> {
  const comparison = await openComparison(ort, model, inputs, outputs);
  try {
    yield* comparison.compare(weights, examples);
  } finally {
    await comparison.release();
  }
}

/** A model on its examples, ready to be compared with itself under other weights. */
export interface Comparison {
  /** As `measureUserModel`; what the model itself says is computed once. */
  readonly compare: (
    weights: readonly DenseWeight[],
    examples?: number,
  ) => AsyncGenerator<UserMeasurement, void>;
  /** Whether there are labels for any output. */
  readonly isLabelled: boolean;
  readonly release: () => Promise<void>;
}

/** Elements of the model's own outputs that are kept between comparisons: 64 MB. */
const mostKept = 2 ** 24;

/** @param wanted outputs; see `UserRange` */
export async function openComparison(
  ort: Ort,
  model: OnnxModel,
  inputs: UserInputs,
  wanted?: readonly string[],
): Promise<Comparison> {
  checkModelSize(model);
  const { outputs, labels } = chosen(model, inputs, wanted);
  const dense = await ort.createSession(await wholeModel(model));
  const teacher = teacherOf(dense, outputs);
  let step: number | null = null;
  return {
    isLabelled: labels.size > 0,
    release: dense.release,
    compare: async function* compare(weights, examples) {
      const most = Math.min(examples ?? inputs.count, inputs.count);
      check(
        inputs.batch === null || most % inputs.batch === 0,
        'inputs',
        `examples must be a multiple of ${inputs.batch}, the batch that the graph fixes`,
        most,
      );
      step ??= await batchFor(
        dense,
        { ...inputs, count: most },
        { most: await fittingBatch(dense, inputs, outputs) },
      );
      const other = await ort.createSession(await wholeModel(withDenseWeights(model, weights)));
      try {
        const coding = createCoding();
        let tallies: Tallies = { all: noTally, labelled: noTally, sums: [] };
        for (let from = 0; from < most; from += step) {
          const count = Math.min(step, most - from);
          const feeds = feedsOf(inputs, from, count);
          const both = [
            await teacher(from, count, feeds),
            logitsOf(await other.run(feeds, outputs)),
          ] as const;
          tallies = withExamples(tallies, both, { inputs, labels, outputs, coding, from, count });
          yield measurementAt(tallies, from + count, outputs);
        }
      } finally {
        await other.release();
      }
    },
  };
}

/** What the model itself says of examples `from` to `from + count`. */
function teacherOf(
  session: OrtSession,
  outputs: readonly string[],
): (from: number, count: number, feeds: AnyFeeds) => Promise<LogitsByName> {
  const kept = new Map<string, LogitsByName>();
  let room = mostKept;
  return async (from, count, feeds) => {
    const key = `${from} ${count}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const made = logitsOf(await session.run(feeds, outputs));
    const size = Object.values(made).reduce((sum, { values }) => sum + values.length, 0);
    if (size <= room) {
      kept.set(key, made);
      room -= size;
    }
    return made;
  };
}

interface Tallies {
  readonly all: Tally;
  readonly labelled: Tally;
  /** Of each example, its answers and the sum of their divergences. */
  readonly sums: readonly ExampleSum[];
}

interface ExampleSum {
  readonly rows: number;
  readonly nats: number;
}

interface Batch extends Choice {
  readonly inputs: UserInputs;
  readonly coding: (answers: readonly number[]) => number;
  readonly from: number;
  readonly count: number;
}

function withExamples(
  { all, labelled, sums }: Tallies,
  [teacher, student]: readonly [LogitsByName, LogitsByName],
  { inputs, labels, outputs, coding, from, count }: Batch,
): Tallies {
  const rows = rowCount(teacher);
  check(rows % count === 0, 'outputs', `must have rows for each of ${count} examples`, rows);
  const kept = unpadded(inputs, from, count, rows);
  const [a, b] = [keptRows(teacher, kept), keptRows(student, kept)];
  const [before, after] = [answered(a, outputs, coding), answered(b, outputs, coding)];
  const nats = rowDivergences(before, after, kept.length);
  const perExample = rows / count;
  const added = Array.from({ length: count }, () => ({ rows: 0, nats: 0 }));
  kept.forEach((row, k) => {
    const example = added[Math.floor(row / perExample)]!;
    example.rows += 1;
    example.nats += nats[k]!;
  });
  const whole = withBatch(all, new Int32Array(kept.length).fill(noAnswer), before, after);
  const next = { all: whole, sums: [...sums, ...added] };
  if (labels.size === 0) return { ...next, labelled };
  const first = from * perExample;
  const places = kept.map((row) => first + row);
  const truth = truthOf(labels, a, places, inputs.count * perExample);
  const known = [...truth.keys()].filter((k) => truth[k] !== null);
  const codes = Int32Array.from(known, (k) => coding(truth[k] ?? []));
  const [right, left] = [answersOf(a, labels, known, coding), answersOf(b, labels, known, coding)];
  return { ...next, labelled: withBatch(labelled, codes, right, left) };
}

function measurementAt(
  { all, labelled, sums }: Tallies,
  examples: number,
  outputs: readonly string[],
): UserMeasurement {
  return {
    examples,
    outputs,
    all: measurementOf(all),
    labelled: labelled.n === 0 ? null : measurementOf(labelled),
    kl: ratioInterval(sums.map(({ rows, nats }) => ({ size: rows, sum: nats }))),
  };
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
