import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../base/random.ts';
import { fitTier, tierAxis, type MeasuredDesign } from './tier-curve.ts';

const range = { least: -97, most: 3 };

/** Points fall along a logistic curve in ln damage; noise is widest on the slope. */
function designs(random: Random, count: number): readonly MeasuredDesign[] {
  return Array.from({ length: count }, () => {
    const log = 5 * random.normal();
    const share = 1 / (1 + Math.exp(-log));
    const noise = 20 * share * (1 - share) * random.normal();
    return { damage: Math.exp(log), points: Math.max(range.least, -95 * share + noise) };
  });
}

const axisOf = (seed: number, count = 120) =>
  tierAxis(fitTier(designs(createRandom(seed), count)), range, 'estimated', 'a test');

describe('tier curve', () => {
  it('more damage never raises the value, and lowers it until nothing is left', () => {
    const { value } = axisOf(1);
    let before = 0;
    for (let log = -12; log < 12; log += 0.01) {
      const now = value(Math.exp(log));
      expect(now).toBeLessThan(before);
      before = now;
    }
    expect(value(0)).toBe(0);
    expect(value(1e300)).toBeGreaterThanOrEqual(range.least - 1);
  });

  it('the band contains the value, stays within what is possible and widens with the damage band', () => {
    const { figure } = axisOf(2);
    const damages = fc.tuple(
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 1, max: 10, noNaN: true }),
    );
    fc.assert(
      fc.property(damages, ([value, below, above]) => {
        const sure = figure({ value, low: value, high: value });
        const wide = figure({ value, low: value * below, high: value * above });
        expect(sure.low).toBeLessThanOrEqual(sure.value);
        expect(sure.high).toBeGreaterThanOrEqual(sure.value);
        expect(wide.high).toBeLessThanOrEqual(range.most);
        expect(wide.value).toBe(sure.value);
        expect(Number.isFinite(wide.low + wide.high)).toBe(true);
      }),
    );
  });

  it('the dense model has no change and no band', () => {
    expect(axisOf(3).figure({ value: 0, low: 0, high: 0 })).toEqual({
      metric: 'accuracyChangePoints',
      tier: 'estimated',
      value: 0,
      low: 0,
      high: 0,
      provenance: 'a test',
    });
  });

  it('covers fresh designs as it promises, on both ends of the axis', () => {
    let [covered, steep, all, slopes] = [0, 0, 0, 0];
    for (let seed = 1; seed <= 40; seed++) {
      const axis = axisOf(seed);
      for (const { damage, points } of designs(createRandom(1000 + seed), 100)) {
        const { low, high } = axis.figure({ value: damage, low: damage, high: damage });
        const inside = low <= points && points <= high ? 1 : 0;
        all++;
        covered += inside;
        if (damage > 0.3 && damage < 3) {
          slopes++;
          steep += inside;
        }
      }
    }
    // 57 of 60 scores are needed for 90 % to be sure: .95 of fresh ones on average.
    expect(covered / all).toBeGreaterThan(0.9);
    expect(covered / all).toBeLessThan(0.98);
    expect(steep / slopes).toBeGreaterThan(0.82);
  });

  it('recovers the curve behind the noise', () => {
    const { value } = axisOf(5, 600);
    expect(value(1)).toBeCloseTo(-47.5, -1);
    expect(value(Math.exp(3))).toBeCloseTo(-95 / (1 + Math.exp(-3)), -1);
    expect(value(Math.exp(-4))).toBeGreaterThan(-4);
  });

  it('refuses too few designs and what is no number', () => {
    expect(() => fitTier(designs(createRandom(1), 49))).toThrow('at least 50 measured designs, got 49');
    const bad = designs(createRandom(1), 60).map((design, i) =>
      i === 3 ? { ...design, damage: 0 } : design,
    );
    expect(() => fitTier(bad)).toThrow('positive finite damages');
  });
});
