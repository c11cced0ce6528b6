import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import { conformalBound, conformalRank } from './conformal.ts';

describe('conformal bound', () => {
  it('ranks by hand: binomial tails', () => {
    // 0.9^22 = .0985 <= .1 < 0.9^21 = .109: the largest of 22 scores is the first that can promise.
    expect(conformalRank(21)).toBe(22);
    expect(conformalRank(22)).toBe(22);
    // Half of them with even odds: P(Binomial(3, .5) >= 2) = .5.
    expect(conformalRank(3, 0.5, 0.5)).toBe(2);
    expect(conformalBound([3, 1, 2], 0.5, 0.5)).toBe(2);
    expect(conformalBound([3, 1, 2])).toBe(Number.POSITIVE_INFINITY);
    expect(() => conformalRank(0)).toThrow('calibration set: must have a member');
  });

  it('covers exchangeable scores as often as it promises', () => {
    const random = createRandom(4);
    const draws = 2000;
    let kept = 0;
    let covered = 0;
    for (let draw = 0; draw < draws; draw++) {
      // Uniform scores: the bound is its own coverage.
      const bound = conformalBound(Array.from({ length: 80 }, () => random.next()));
      if (bound >= 0.9) kept++;
      covered += Math.min(1, bound);
    }
    // Standard error .0067; k is a whole number, so the promise is kept a little more often than asked for.
    expect(kept / draws).toBeGreaterThan(0.88);
    expect(kept / draws).toBeLessThan(0.97);
    expect(covered / draws).toBeCloseTo(conformalRank(80) / 81, 2);
  });
});
