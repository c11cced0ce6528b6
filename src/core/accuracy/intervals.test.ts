import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import { pairedDifference, ratioInterval, wilson } from './intervals.ts';

describe('the interval of a share', () => {
  // Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('%i of %i: %f to %f', (successes, n, low, high) => {
    const interval = wilson(successes, n);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
    expect(interval.value).toBe(successes / n);
  });

  it('lies in 0 to 1 around the share, mirrors, and narrows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, q) => {
        const k = Math.round(q * n);
        const { value, low, high } = wilson(k, n);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
        expect(wilson(n - k, n).low).toBeCloseTo(1 - high, 12);
        expect(wilson(4 * k, 4 * n).high - wilson(4 * k, 4 * n).low).toBeLessThan(high - low);
      }),
    );
    expect(wilson(0, 0)).toMatchObject({ low: 0, high: 1 });
    expect(wilson(7, 7).high).toBe(1);
  });
});

describe('two models on the same examples', () => {
  // Exact by rational arithmetic: 2 sum_{k <= min} C(n, k) / 2^n.
  it.each([
    [0, 0, 1],
    [0, 5, 0.0625],
    [3, 11, 0.057373046875],
    [59, 6, 4.964650327128617e-12],
    [86, 150, 3.715936139571442e-5],
    [16, 37, 0.005486344876760141],
    [1000, 1100, 0.030720707864242296],
  ])('%i gained, %i lost: p = %f', (gained, lost, p) => {
    expect(pairedDifference(gained, lost, 10_000).p / p).toBeCloseTo(1, 9);
    expect(pairedDifference(lost, gained, 10_000).p).toBeCloseTo(
      pairedDifference(gained, lost, 10_000).p,
      15,
    );
  });

  it('the approval ratings of 1,600 people asked twice: -0.04, -0.059 to -0.021', () => {
    // Agresti, Categorical Data Analysis (2002), section 10.1.1: 150 left, 86 joined.
    const { difference, low, high } = pairedDifference(86, 150, 1600);
    expect(difference).toBeCloseTo(-0.04, 12);
    expect(low).toBeCloseTo(-0.059, 3);
    expect(high).toBeCloseTo(-0.021, 3);
  });

  it('agreement everywhere is not certainty', () => {
    const { difference, low, high, p } = pairedDifference(0, 0, 512);
    expect([difference, p]).toEqual([0, 1]);
    // About 3 / n, the rule of three (Hanley, Lippman-Hand, JAMA 1983).
    expect(high).toBeGreaterThan(0.003);
    expect(high).toBeLessThan(0.008);
    expect(low).toBeCloseTo(-high, 12);
    expect(pairedDifference(0, 0, 0)).toEqual({ difference: 0, low: -1, high: 1, p: 1 });
  });

  it('contains the difference seen, but for the pull to the middle of two examples', () => {
    fc.assert(
      fc.property(fc.nat(400), fc.nat(400), fc.nat(4_000), (gained, lost, agreed) => {
        const n = gained + lost + agreed;
        if (n === 0) return;
        const { difference, low, high, p } = pairedDifference(gained, lost, n);
        expect(low - 1e-9).toBeLessThanOrEqual(difference);
        expect(high + 1e-9).toBeGreaterThanOrEqual(difference);
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('the interval of a ratio over examples', () => {
  it('is that of a mean where examples are alike in size', () => {
    const examples = [1, 2, 3, 6].map((sum) => ({ size: 1, sum }));
    const { value, low, high } = ratioInterval(examples);
    // Mean 3, standard deviation sqrt(14 / 3), standard error half of it.
    expect(value).toBe(3);
    expect(high - value).toBeCloseTo((1.959964 * Math.sqrt(14 / 3)) / 2, 5);
    expect(value - low).toBeCloseTo(high - value, 12);
  });

  it('covers the truth 19 times of 20 where answers of an example are alike', () => {
    const random = createRandom(3);
    let covered = 0;
    for (let round = 0; round < 1000; round++) {
      const examples = Array.from({ length: 60 }, () => {
        const size = 1 + random.below(9);
        return { size, sum: size * Math.exp(0.5 * random.normal()) };
      });
      const { low, high } = ratioInterval(examples);
      if (low <= Math.exp(0.125) && Math.exp(0.125) <= high) covered += 1;
    }
    expect(covered).toBeGreaterThan(915);
    expect(covered).toBeLessThan(975);
  });

  it('is open for one example, and nothing for none', () => {
    expect(ratioInterval([{ size: 2, sum: 1 }])).toEqual({ value: 0.5, low: 0, high: 1 });
    expect(ratioInterval([])).toEqual({ value: 0, low: 0, high: 0 });
  });
});
