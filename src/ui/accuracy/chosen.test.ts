import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeOf, choose, countChanges, type Predictions } from './chosen.ts';

const some = fc
  .array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)), { maxLength: 60 })
  .map((rows): Predictions => ({
    seed: 3,
    from: 100,
    dense: Int32Array.from(rows, ([a]) => a),
    candidate: Int32Array.from(rows, ([, b]) => b),
    truth: Int32Array.from(rows, ([, , c]) => c),
  }));

describe('which predictions are shown', () => {
  it('names what the compression did', () => {
    expect(changeOf(1, 1, 2)).toBe('same');
    expect(changeOf(1, 2, 1)).toBe('lost');
    expect(changeOf(2, 1, 1)).toBe('gained');
    expect(changeOf(2, 3, 1)).toBe('moved');
  });

  it('shows each example once, as many as there is room for, changed ones before the others', () => {
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 30 }), (predictions, most) => {
        const shown = choose(predictions, most);
        expect(shown.length).toBe(Math.min(most, predictions.truth.length));
        expect(new Set(shown.map(({ index }) => index)).size).toBe(shown.length);
        const firstSame = shown.findIndex(({ change }) => change === 'same');
        if (firstSame >= 0)
          expect(shown.slice(firstSame).every(({ change }) => change === 'same')).toBe(true);
        for (const { index, dense, truth } of shown) {
          expect(dense).toBe(predictions.dense[index - 100]);
          expect(truth).toBe(predictions.truth[index - 100]);
        }
      }),
    );
  });

  it('counts every example once', () => {
    fc.assert(
      fc.property(some, (predictions) => {
        const counts = countChanges(predictions);
        expect(counts.lost + counts.gained + counts.moved + counts.same).toBe(predictions.truth.length);
      }),
    );
  });
});
