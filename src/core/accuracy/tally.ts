/**
 * What a candidate's answers say beside the dense model's on the same examples: accuracy, flips (Dutta et al., "Accuracy
 * is Not All You Need", NeurIPS 2024) and the Kullback-Leibler divergence from the dense model's distribution, which
 * needs no labels. Batches are added one after another; nothing is kept of the examples.
 */
import type { Outputs } from '../tasks/task.ts';
import type { AccuracyFigure } from './figure.ts';
import { pairedDifference, wilson, type PairedDifference, type Share } from './intervals.ts';

export interface Tally {
  readonly n: number;
  readonly denseRight: number;
  readonly candidateRight: number;
  /** Right answers of the candidate alone, of the dense model alone. */
  readonly gained: number;
  readonly lost: number;
  /** Examples answered differently, right or wrong. */
  readonly flips: number;
  /** Sum over examples, nats. */
  readonly divergence: number;
  /** Sums of what answers share with the right ones, where the task tells. */
  readonly overlap?: { readonly dense: number; readonly candidate: number };
}

export interface Measurement {
  readonly n: number;
  /** Shares of right answers, 95 % (Wilson). */
  readonly dense: Share;
  readonly candidate: Share;
  /** Mean divergence from the dense model, nats an example. */
  readonly kl: number;
  /** Share of examples answered differently from the dense model. */
  readonly flips: number;
  /** Candidate less dense, 95 %, on the same examples. */
  readonly paired: PairedDifference;
  /** Examples that only the candidate, and only the dense model answers rightly. */
  readonly gained: number;
  readonly lost: number;
  /** Means of what answers share with the right ones, 0 to 1 (F1 of spans), where the task tells. */
  readonly f1?: { readonly dense: number; readonly candidate: number };
}

/** One model's logits and answers for a batch. */
export interface Answered {
  readonly outputs: Outputs;
  readonly answers: Int32Array;
}

export const noTally: Tally = {
  n: 0,
  denseRight: 0,
  candidateRight: 0,
  gained: 0,
  lost: 0,
  flips: 0,
  divergence: 0,
};

/** The tally with one more batch. @param shared what an answer has of the right one, 0 to 1 */
export function withBatch(
  tally: Tally,
  truth: Int32Array,
  dense: Answered,
  candidate: Answered,
  shared?: (answer: number, truth: number) => number,
): Tally {
  let { n, denseRight, candidateRight, gained, lost, flips, divergence } = tally;
  for (const [k, right] of truth.entries()) {
    const denseIs = dense.answers[k] === right;
    const candidateIs = candidate.answers[k] === right;
    n++;
    if (denseIs) denseRight++;
    if (candidateIs) candidateRight++;
    if (candidateIs && !denseIs) gained++;
    if (denseIs && !candidateIs) lost++;
    if (dense.answers[k] !== candidate.answers[k]) flips++;
  }
  for (const [name, teacher] of Object.entries(dense.outputs)) {
    const student = candidate.outputs[name];
    if (student !== undefined) divergence += divergenceOf(teacher, student, truth.length);
  }
  const counted = { n, denseRight, candidateRight, gained, lost, flips, divergence };
  if (shared === undefined) return counted;
  const sum = ({ answers }: Answered): number =>
    truth.reduce((all, right, k) => all + shared(answers[k] ?? right, right), 0);
  const { overlap = { dense: 0, candidate: 0 } } = tally;
  return {
    ...counted,
    overlap: { dense: overlap.dense + sum(dense), candidate: overlap.candidate + sum(candidate) },
  };
}

/**
 * Sum over examples of the probability that the candidate gives to what the dense model holds most probable, of all
 * outputs together. Unlike answers it is told by degrees.
 */
export function sharedConfidence(dense: Answered, candidate: Answered, rows: number): number {
  const shared = new Float64Array(rows).fill(1);
  for (const [name, teacher] of Object.entries(dense.outputs)) {
    const student = candidate.outputs[name];
    if (student === undefined) continue;
    const choices = teacher.length / rows;
    for (let row = 0; row < rows; row++) {
      const from = row * choices;
      let top = from;
      for (let k = from; k < from + choices; k++) if (teacher[k]! > teacher[top]!) top = k;
      const q = normalizer(student, from, choices);
      const probability = Math.exp(student[top]! - q.largest - q.logSum);
      // Not `>=`: logits that are no numbers share nothing.
      shared[row] = shared[row]! * (probability > 0 ? probability : 0);
    }
  }
  return shared.reduce((sum, each) => sum + each, 0);
}

/** Below it no probability counts as less: what a broken model gives (infinite logits) stays a number. */
const leastLogProbability = Math.log(1e-12);

/** KL of each row, nats, summed over outputs; each output holds `rows` rows of choices. */
export function rowDivergences(dense: Answered, candidate: Answered, rows: number): Float64Array {
  const nats = new Float64Array(rows);
  for (const [name, teacher] of Object.entries(dense.outputs)) {
    const student = candidate.outputs[name];
    if (student === undefined) continue;
    const choices = teacher.length / rows;
    for (let row = 0; row < rows; row++) {
      const [from, to] = [row * choices, (row + 1) * choices];
      nats[row]! += divergenceOf(teacher.subarray(from, to), student.subarray(from, to), 1);
    }
  }
  return nats;
}

/** Sum over rows of KL(softmax teacher || softmax student), nats; `values` hold `rows` rows of choices each. */
function divergenceOf(teacher: Float32Array, student: Float32Array, rows: number): number {
  const choices = teacher.length / rows;
  let sum = 0;
  for (let from = 0; from < teacher.length; from += choices) {
    const p = normalizer(teacher, from, choices);
    const q = normalizer(student, from, choices);
    let row = 0;
    for (let k = from; k < from + choices; k++) {
      const logP = teacher[k]! - p.largest - p.logSum;
      const logQ = student[k]! - q.largest - q.logSum;
      // Not `<`: logits that are no numbers count as impossible too.
      const known = logQ > leastLogProbability ? logQ : leastLogProbability;
      if (logP > leastLogProbability) row += Math.exp(logP) * (logP - known);
    }
    sum += Math.max(0, row);
  }
  return sum;
}

/** log sum exp of one row in two parts: added up, the smaller one would be lost beside very large logits. */
function normalizer(
  values: Float32Array,
  from: number,
  choices: number,
): { readonly largest: number; readonly logSum: number } {
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = from; k < from + choices; k++) largest = Math.max(largest, values[k]!);
  let sum = 0;
  for (let k = from; k < from + choices; k++) sum += Math.exp(values[k]! - largest);
  return { largest, logSum: Math.log(sum) };
}

export function measurementOf({
  n,
  denseRight,
  candidateRight,
  gained,
  lost,
  flips,
  divergence,
  overlap,
}: Tally): Measurement {
  return {
    n,
    dense: wilson(denseRight, n),
    candidate: wilson(candidateRight, n),
    kl: n === 0 ? 0 : divergence / n,
    flips: n === 0 ? 0 : flips / n,
    paired: pairedDifference(gained, lost, n),
    gained,
    lost,
    ...(overlap !== undefined &&
      n > 0 && { f1: { dense: overlap.dense / n, candidate: overlap.candidate / n } }),
  };
}

/**
 * On the vertical axis: points of accuracy against the dense model.
 * @param score what is counted, `accuracy`
 * @param where in this tab or process, or by the scripts that made what ships with it
 */
export function measuredFigure(
  { n, paired }: Measurement,
  score: string,
  seed: number,
  where: 'here' | 'shipped' = 'here',
): AccuracyFigure {
  return {
    metric: 'accuracyChangePoints',
    tier: 'measured',
    value: 100 * paired.difference,
    low: 100 * paired.low,
    high: 100 * paired.high,
    provenance:
      `Measured ${where === 'here' ? 'in this run' : 'when this version was made,'} with onnxruntime: ${score} on ${n.toLocaleString('en')} held-out examples (seed ${seed}), ` +
      'paired with the dense model; 95 % interval (Bonett, Price 2012).',
  };
}
