import { describe, expect, it } from 'vitest';
import { measurementOf, noTally } from '../core/accuracy/tally.ts';
import { denseFactorization } from '../core/factor/ranks.ts';
import {
  isAlike,
  isDone,
  measurementKey,
  questionAbout,
  withAnswers,
  withMeasured,
  withOwn,
  type Measurements,
} from './measurements.ts';

const plain = { kind: 'none' } as const;
const dense = [denseFactorization(8, 8), denseFactorization(8, 8)];
const factorized = [{ format: 'svd', outModes: [8], inModes: [8], ranks: [2] } as const, dense[1]!];
const question = questionAbout({ id: 'glyph-vit', own: null }, factorized, plain, 512);
const seen = (n: number) => measurementOf({ ...noTally, n, denseRight: n, candidateRight: n });
const none: Measurements = new Map();

describe('what was measured', () => {
  it('is told apart by model, design and storage', () => {
    const keys = [
      measurementKey('glyph-vit', factorized, plain),
      measurementKey('lexical-qa', factorized, plain),
      measurementKey('glyph-vit', dense, plain),
      measurementKey('glyph-vit', factorized.toReversed(), plain),
      measurementKey('glyph-vit', factorized, { kind: 'w8a8' }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    const other = (design: typeof dense, quantization: typeof plain | { readonly kind: 'w8a8' }) =>
      isAlike(question, questionAbout({ id: 'glyph-vit', own: null }, design, quantization, 9));
    expect([other(dense, plain), other(dense, { kind: 'w8a8' })]).toEqual([true, false]);
  });

  it('is replaced by as many examples or more, never by fewer', () => {
    const half = withMeasured(none, question, seen(256), 'part');
    expect(half.get(question.key)).toMatchObject({ examples: 256, complete: false, own: null });
    expect(isDone(half, question)).toBe(false);
    const whole = withMeasured(half, question, seen(512), 'whole');
    expect(whole.get(question.key)).toMatchObject({ examples: 512, complete: true });
    expect(isDone(whole, question)).toBe(true);
    expect(withMeasured(whole, question, seen(64), 'part')).toBe(whole);
    expect(withMeasured(whole, question, seen(512), 'shipped').get(question.key)?.figure.provenance).not.toBe(
      whole.get(question.key)?.figure.provenance,
    );
  });

  it('of a model of one’s own keeps its divergence, by the same rule', () => {
    const { figure } = withMeasured(none, question, seen(8), 'whole').get(question.key)!;
    const kl = { value: 0.1, low: 0.05, high: 0.2 };
    const reply = (examples: number) =>
      ({
        kind: 'own-measured',
        run: 1,
        examples,
        measurement: seen(examples),
        isLabelled: false,
        kl,
        figure,
        complete: true,
      }) as const;
    const known = withOwn(none, question, reply(20));
    expect(known.get(question.key)).toMatchObject({ examples: 20, own: { kl, isLabelled: false } });
    expect(withOwn(known, question, reply(8))).toBe(known);
  });
});

it('answers come in pieces; those from the first example on begin anew', () => {
  const batch = (from: number, ...values: number[]) => {
    const all = Int32Array.from(values);
    return { from, truth: all, dense: all, candidate: all.map((value) => value + 1) };
  };
  const first = withAnswers(null, batch(0, 1, 2));
  const both = withAnswers(first, batch(2, 3));
  expect([...both.truth]).toEqual([1, 2, 3]);
  expect([...both.candidate]).toEqual([2, 3, 4]);
  expect([...withAnswers(both, batch(0, 7)).dense]).toEqual([7]);
});
