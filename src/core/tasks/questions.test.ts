import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import { questionLength, questionTask, spanF1, spanOf } from './questions.ts';
import { seeds, type Examples } from './task.ts';
import { taskOf, tasks } from './tasks.ts';
import {
  anyCategory,
  anyProperty,
  categoryToken,
  meaningOf,
  propertyToken,
  vocabularySize,
  wordOf,
} from './words.ts';

const rows = ({ inputs, count }: Examples): readonly (readonly number[])[] => {
  const tokens = Array.from(inputs['tokens']?.values ?? [], Number);
  return Array.from({ length: count }, (_, k) => tokens.slice(k * questionLength, (k + 1) * questionLength));
};

interface Found {
  readonly property: number;
  readonly category: number;
  readonly start: number;
  readonly end: number;
}

/** Phrases read back from the words alone, without the generator. */
function phrasesIn(tokens: readonly number[]): readonly Found[] {
  const found: Found[] = [];
  for (let at = 4; at < tokens.length - 1; at++) {
    const adjective = meaningOf(tokens[at] ?? 0);
    const noun = meaningOf(tokens[at + 1] ?? 0);
    if (adjective?.kind !== 'property' || noun?.kind !== 'category') continue;
    const start = wordOf(tokens[at - 1] ?? 0) === 'very' ? at - 1 : at;
    expect(['the', 'a']).toContain(wordOf(tokens[start - 1] ?? 0));
    found.push({ property: adjective.of, category: noun.of, start, end: at + 1 });
  }
  return found;
}

const asksFor = (tokens: readonly number[], { property, category }: Found): boolean =>
  (tokens[1] === anyProperty || tokens[1] === propertyToken(property)) &&
  (tokens[2] === anyCategory || tokens[2] === categoryToken(category));

const many = questionTask.examples(seeds.heldOut, 0, 4_000);
const questions = rows(many);

describe('the vocabulary', () => {
  it('has 384 different words', () => {
    const words = Array.from({ length: vocabularySize }, (_, token) => wordOf(token));
    expect(vocabularySize).toBe(384);
    expect(new Set(words).size).toBe(384);
    expect(words.every((word) => /^([a-z]+|\?)$/.test(word))).toBe(true);
    expect(words.at(-1)).toBe('beryl');
    expect(words.filter((_, token) => meaningOf(token)?.kind === 'property')).toHaveLength(80);
    expect(words.filter((_, token) => meaningOf(token)?.kind === 'category')).toHaveLength(256);
  });
});

describe('questions', () => {
  it('can be read', () => {
    const [first = []] = questions;
    const [start, end] = spanOf(questionTask.truth(many)[0] ?? 0);
    expect(first.map(wordOf).join(' ')).toMatchInlineSnapshot(
      `"which sized vessel ? a large robin the brown barrel the hot cup with or the big apple not a very big cup but"`,
    );
    expect(
      first
        .slice(start, end + 1)
        .map(wordOf)
        .join(' '),
    ).toMatchInlineSnapshot(`"very big cup"`);
  });

  it('depend on seed and index alone', () => {
    expect(rows(questionTask.examples(seeds.heldOut, 1_234, 5))).toEqual(questions.slice(1_234, 1_239));
    expect(rows(questionTask.examples(seeds.training, 0, 1))[0]).not.toEqual(questions[0]);
  });

  it('have five phrases of which exactly one is asked for, and that one is the label', () => {
    const truth = questionTask.truth(many);
    for (const [k, tokens] of questions.entries()) {
      const phrases = phrasesIn(tokens);
      const matching = phrases.filter((phrase) => asksFor(tokens, phrase));
      expect(phrases).toHaveLength(5);
      expect(matching).toHaveLength(1);
      expect([matching[0]?.start, matching[0]?.end]).toEqual(spanOf(truth[k] ?? 0));
      expect([matching[0]?.start, matching[0]?.end]).toEqual([
        many.labels['start']?.[k],
        many.labels['end']?.[k],
      ]);
    }
  });

  it('that ask for both leave two phrases of the category and two of the property', () => {
    const both = questions.filter((tokens) => tokens[1] !== anyProperty && tokens[2] !== anyCategory);
    for (const tokens of both) {
      const phrases = phrasesIn(tokens);
      expect(phrases.filter(({ property }) => propertyToken(property) === tokens[1])).toHaveLength(3);
      expect(phrases.filter(({ category }) => categoryToken(category) === tokens[2])).toHaveLength(3);
    }
    expect(both.length / questions.length).toBeCloseTo(0.4, 1);
  });

  it('follow the shares of the recipe', () => {
    const share = (holds: (tokens: readonly number[]) => boolean): number =>
      questions.filter(holds).length / questions.length;
    // Four standard errors of 4,000 examples: 0.03.
    expect(Math.abs(share((tokens) => tokens[1] === anyProperty) - 0.35)).toBeLessThan(0.03);
    expect(Math.abs(share((tokens) => tokens[2] === anyCategory) - 0.25)).toBeLessThan(0.03);
    const stressed = questions.flat().filter((token) => wordOf(token) === 'very').length;
    expect(Math.abs(stressed / (5 * questions.length) - 0.3)).toBeLessThan(0.015);
    const used = new Set(questions.flat());
    expect([...used].every((token) => token >= 0 && token < vocabularySize)).toBe(true);
    expect(used.size).toBe(vocabularySize);
  });

  it('draw what is asked for after Zipf', () => {
    const ask = questions.filter((tokens) => tokens[2] !== anyCategory);
    const share = (category: number): number =>
      ask.filter((tokens) => tokens[2] === categoryToken(category)).length / ask.length;
    const harmonic = Array.from({ length: 16 }, (_, k) => 1 / (k + 1)).reduce((sum, x) => sum + x, 0);
    for (const k of [0, 1, 3, 7, 15]) expect(Math.abs(share(k) - 1 / (k + 1) / harmonic)).toBeLessThan(0.03);
    expect(share(0)).toBeGreaterThan(1.5 * share(1));
  });

  it('put the answer anywhere', () => {
    const starts = new Set(many.labels['start']);
    expect(Math.min(...starts)).toBe(5);
    expect(Math.max(...starts)).toBe(22);
    expect(starts.size).toBe(18);
  });
});

describe('answers to questions', () => {
  const logits = (starts: readonly number[], ends: readonly number[]) => {
    const at = (given: readonly number[]): Float32Array => {
      const values = new Float32Array(questionLength);
      for (const [k, value] of given.entries()) values[k] = value;
      return values;
    };
    return { start_logits: at(starts), end_logits: at(ends) };
  };

  it('share words with the right one by degrees: F1 by hand, symmetric, 1 for the same span alone', () => {
    const span = (start: number, end: number): number => start * questionLength + end;
    expect(spanF1(span(3, 4), span(3, 4))).toBe(1);
    // One word of two, and the right answer has three: 2 x 1 / (2 + 3).
    expect(spanF1(span(2, 3), span(3, 5))).toBeCloseTo(0.4, 12);
    expect(spanF1(span(3, 5), span(2, 3))).toBeCloseTo(0.4, 12);
    expect(spanF1(span(4, 4), span(3, 6))).toBeCloseTo(0.4, 12);
    expect(spanF1(span(0, 1), span(2, 2))).toBe(0);
  });

  it('are the best span of at most four words', () => {
    const answer = (starts: readonly number[], ends: readonly number[]): readonly number[] =>
      spanOf(questionTask.answers(logits(starts, ends), 1)[0] ?? -1);
    expect(answer([0, 0, 0, 5], [0, 0, 0, 0, 0, 4])).toEqual([3, 5]);
    // An end before the start, and one too far away, do not count.
    expect(answer([0, 0, 0, 5], [9, 0, 0, 0, 1])).toEqual([0, 0]);
    expect(answer([5], [0, 0, 0, 1, 9])).toEqual([1, 4]);
    expect(answer([6], [0, 0, 0, 4, 9])).toEqual([0, 3]);
  });

  it('guessed blindly are right about as often as chance says', () => {
    const random = createRandom(1);
    const noise = (): Float32Array => Float32Array.from({ length: 4_000 * questionLength }, random.normal);
    const answers = questionTask.answers({ start_logits: noise(), end_logits: noise() }, 4_000);
    const truth = questionTask.truth(many);
    const right = answers.filter((answer, k) => answer === truth[k]).length;
    // Four standard errors around 4,000 / 90.
    expect(Math.abs(right - 4_000 * questionTask.chance)).toBeLessThan(27);
  });
});

describe('tasks', () => {
  it('are found by the id of their model', () => {
    for (const [id, task] of Object.entries(tasks)) {
      expect(task.id).toBe(id);
      expect(taskOf(id)).toBe(task);
    }
    expect(taskOf('bert-base')).toBeNull();
    expect(taskOf('constructor')).toBeNull();
  });
});
