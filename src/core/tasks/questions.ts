/**
 * Lexical extractive question answering, in the manner of SQuAD (Rajpurkar et al., EMNLP 2016) but made from a grammar:
 * `which coloured fruit ?` and 20 words with five phrases DET [very] ADJECTIVE NOUN between fillers; the answer is the one
 * phrase whose adjective is about the property and whose noun is of the category asked for. Words are drawn after Zipf's
 * law, so that a model that is compressed loses the rare ones first.
 */
import type { Random } from '../base/random.ts';
import { checkStream, randomOf } from './stream.ts';
import { taskScores, type Task } from './task.ts';
import {
  adjectivesEach,
  adjectiveToken,
  anyCategory,
  anyProperty,
  categoryCount,
  categoryToken,
  determiners,
  fillerCount,
  fillerToken,
  nounsEach,
  nounToken,
  propertyCount,
  propertyToken,
  questionMark,
  very,
  which,
} from './words.ts';

/** Words of a question with its context; there is no padding. */
export const questionLength = 24;
const asked = 4;
const phraseCount = 5;
const veryShare = 0.3;
/** What the question asks for. */
const kinds = [
  { share: 0.35, property: false, category: true },
  { share: 0.25, property: true, category: false },
  { share: 0.4, property: true, category: true },
] as const;
/** The longest answer reaches this far from its first word. */
const reach = 3;

/** Cumulative weights 1/k, k = 1..count. */
function zipf(count: number): Float64Array {
  let sum = 0;
  const sums = Float64Array.from({ length: count }, (_, k) => (sum += 1 / (k + 1)));
  return sums.map((value) => value / sum);
}

const zipfOf = {
  property: zipf(propertyCount),
  category: zipf(categoryCount),
  adjective: zipf(adjectivesEach),
  noun: zipf(nounsEach),
};

function drawRank(random: Random, sums: Float64Array): number {
  const place = random.next();
  let rank = 0;
  while (rank < sums.length - 1 && sums[rank]! <= place) rank++;
  return rank;
}

/** Zipf's law without one of its ranks. */
function drawOther(random: Random, sums: Float64Array, but: number): number {
  for (;;) {
    const rank = drawRank(random, sums);
    if (rank !== but) return rank;
  }
}

interface Phrase {
  readonly property: number;
  readonly category: number;
}

interface Kind {
  readonly property: boolean;
  readonly category: boolean;
}

function kindOf(random: Random): Kind {
  const place = random.next();
  return place < kinds[0].share ? kinds[0] : place < kinds[0].share + kinds[1].share ? kinds[1] : kinds[2];
}

/** The phrases that are not the answer. Asked for both: two share the category, two the property, none both. */
function others(random: Random, kind: Kind, answer: Phrase): readonly Phrase[] {
  return Array.from({ length: phraseCount - 1 }, (_, k) => {
    const both = kind.property && kind.category;
    const sameCategory = both && k < 2;
    const sameProperty = both && k >= 2;
    const property = sameProperty
      ? answer.property
      : kind.property
        ? drawOther(random, zipfOf.property, answer.property)
        : drawRank(random, zipfOf.property);
    const category = sameCategory
      ? answer.category
      : kind.category
        ? drawOther(random, zipfOf.category, answer.category)
        : drawRank(random, zipfOf.category);
    return { property, category };
  });
}

/** Items in random order (Fisher, Yates). */
function shuffled<T>(random: Random, items: readonly T[]): readonly T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}

/** Writes one question at `offset`; returns the positions of its answer's first and last word. */
function writeQuestion(tokens: BigInt64Array, offset: number, random: Random): readonly [number, number] {
  const kind = kindOf(random);
  const answer = {
    property: drawRank(random, zipfOf.property),
    category: drawRank(random, zipfOf.category),
  };
  const phrases = shuffled(random, [answer, ...others(random, kind, answer)]);
  const stressed = phrases.map(() => random.next() < veryShare);
  // Fillers fall into the gaps before, between and after the phrases.
  const gaps = new Array<number>(phraseCount + 1).fill(0);
  const words = stressed.reduce((sum, isStressed) => sum + (isStressed ? 4 : 3), 0);
  for (let filler = words; filler < questionLength - asked; filler++) {
    const gap = random.below(gaps.length);
    gaps[gap] = gaps[gap]! + 1;
  }

  let at = 0;
  const put = (token: number): void => {
    tokens[offset + at] = BigInt(token);
    at++;
  };
  put(which);
  put(kind.property ? propertyToken(answer.property) : anyProperty);
  put(kind.category ? categoryToken(answer.category) : anyCategory);
  put(questionMark);
  let span: readonly [number, number] = [0, 0];
  for (let k = 0; k <= phraseCount; k++) {
    for (let filler = 0; filler < gaps[k]!; filler++) put(fillerToken(random.below(fillerCount)));
    const phrase = phrases[k];
    if (phrase === undefined) break;
    put(determiners[random.below(2)]!);
    const start = at;
    if (stressed[k] === true) put(very);
    put(adjectiveToken(phrase.property, drawRank(random, zipfOf.adjective)));
    put(nounToken(phrase.category, drawRank(random, zipfOf.noun)));
    if (phrase === answer) span = [start, at - 1];
  }
  return span;
}

/** One number for a span. */
const coded = (start: number, end: number): number => start * questionLength + end;

/** First and last position (inclusive) of an answer. */
export const spanOf = (answer: number): readonly [start: number, end: number] => [
  Math.floor(answer / questionLength),
  answer % questionLength,
];

/** F1 of the words that two spans hold (Rajpurkar et al., SQuAD, 2016; words are told apart by their places here). */
export function spanF1(answer: number, truth: number): number {
  const [a, b] = [spanOf(answer), spanOf(truth)];
  const shared = Math.min(a[1], b[1]) - Math.max(a[0], b[0]) + 1;
  return shared <= 0 ? 0 : (2 * shared) / (a[1] - a[0] + 1 + (b[1] - b[0] + 1));
}

/** The span with the largest sum of its two logits among those of at most four words. */
function bestSpan(starts: Float32Array, ends: Float32Array, offset: number): number {
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (let start = 0; start < questionLength; start++)
    for (let end = start; end <= Math.min(start + reach, questionLength - 1); end++) {
      const sum = starts[offset + start]! + ends[offset + end]!;
      if (sum > most) [best, most] = [coded(start, end), sum];
    }
  return best;
}

/** Spans of at most four words: what is left to a model that has learned nothing. */
const spanCount = (reach + 1) * questionLength - (reach * (reach + 1)) / 2;

export const questionTask: Task = {
  id: 'lexical-qa',
  score: taskScores['lexical-qa'],
  chance: 1 / spanCount,
  examples: (seed, from, count) => {
    checkStream(seed, from, count);
    const values = new BigInt64Array(count * questionLength);
    const start = new Int32Array(count);
    const end = new Int32Array(count);
    for (let k = 0; k < count; k++)
      [start[k], end[k]] = writeQuestion(values, k * questionLength, randomOf(seed, from + k));
    return {
      count,
      inputs: { tokens: { shape: [count, questionLength], values } },
      labels: { start, end },
    };
  },
  answers: ({ start_logits: starts = new Float32Array(), end_logits: ends = new Float32Array() }, count) =>
    Int32Array.from({ length: count }, (_, k) => bestSpan(starts, ends, k * questionLength)),
  truth: ({ labels, count }) =>
    Int32Array.from({ length: count }, (_, k) => coded(labels['start']?.[k] ?? 0, labels['end']?.[k] ?? 0)),
  overlap: spanF1,
};
