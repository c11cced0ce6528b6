import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from './checks.ts';
import { createRandom } from './random.ts';
import { isMedianKnown, spreadOf } from './spread.ts';

describe('spread', () => {
  it('has the quartiles of numpy.percentile', () => {
    // numpy 2.2: np.percentile([...], [25, 50, 75])
    expect(spreadOf([3, 1, 4, 1, 5, 9, 2, 6])).toEqual({ low: 1.75, median: 3.5, high: 5.25, count: 8 });
    expect(spreadOf([7])).toEqual({ low: 7, median: 7, high: 7, count: 1 });
    expect(() => spreadOf([])).toThrow(InputError);
  });

  it('keeps its order, and does not depend on that of the samples', () => {
    const some = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(some, (samples) => {
        const { low, median, high } = spreadOf(samples);
        expect(low).toBeLessThanOrEqual(median);
        expect(median).toBeLessThanOrEqual(high);
        expect(spreadOf(samples.toReversed())).toEqual({ low, median, high, count: samples.length });
      }),
    );
  });
});

describe('the interval of the median', () => {
  it('covers the true median in at least 95 % of cases when it says so', () => {
    const random = createRandom(5);
    let known = 0;
    let right = 0;
    for (let trial = 0; trial < 400; trial++) {
      const samples: number[] = [];
      while (samples.length < 200 && !isMedianKnown(samples, 0.1))
        samples.push(1 + 0.1 * Math.abs(random.normal()));
      if (!isMedianKnown(samples, 0.1)) continue;
      known += 1;
      // Median of |N(0, 1)|.
      if (Math.abs(spreadOf(samples).median - (1 + 0.1 * 0.6745)) <= 0.1 * spreadOf(samples).median)
        right += 1;
    }
    expect(known).toBeGreaterThan(350);
    expect(right / known).toBeGreaterThan(0.95);
  });

  it('is not known of few samples, nor of scattered ones', () => {
    expect(isMedianKnown([1, 1, 1], 0.01)).toBe(false);
    expect(
      isMedianKnown(
        Array.from({ length: 20 }, () => 1),
        0.01,
      ),
    ).toBe(true);
    expect(
      isMedianKnown(
        Array.from({ length: 20 }, (_, k) => k),
        0.1,
      ),
    ).toBe(false);
  });
});
