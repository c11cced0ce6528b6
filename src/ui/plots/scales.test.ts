import { scaleLinear, scaleLog, scaleSymlog } from 'd3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearScale, logScale, roundTicks, symlogScale } from './scales.ts';

const ends = (least: number, most: number) =>
  fc
    .tuple(fc.double({ min: least, max: most, noNaN: true }), fc.double({ min: 1e-3, max: 1e3, noNaN: true }))
    .map(([from, width]): [number, number] => [from, from + width]);
const range: [number, number] = [375, 30];
const share = fc.double({ min: -0.2, max: 1.2, noNaN: true });

describe('scales are those of d3', () => {
  it('linear', () => {
    fc.assert(
      fc.property(ends(-1e3, 1e3), share, (domain, at) => {
        const [ours, theirs] = [linearScale(domain, range), scaleLinear(domain, range)];
        const value = domain[0] + at * (domain[1] - domain[0]);
        expect(ours.at(value)).toBeCloseTo(theirs(value), 6);
        expect(ours.invert(100)).toBeCloseTo(theirs.invert(100), 6);
      }),
    );
  });

  it('logarithmic', () => {
    fc.assert(
      fc.property(ends(1e-3, 1e3), fc.double({ min: 1e-4, max: 1e4, noNaN: true }), (domain, value) => {
        const [ours, theirs] = [logScale(domain, range), scaleLog(domain, range)];
        const close = 1e-6 * Math.max(1, Math.abs(theirs(value)));
        expect(Math.abs(ours.at(value) - theirs(value))).toBeLessThan(close);
        expect(ours.invert(100) / theirs.invert(100)).toBeCloseTo(1, 6);
      }),
    );
  });

  it('logarithmic away from zero', () => {
    fc.assert(
      fc.property(ends(-1e3, 10), share, fc.constantFrom(0.02, 1), (domain, at, bend) => {
        const ours = symlogScale(domain, range, bend);
        const theirs = scaleSymlog(domain, range).constant(bend);
        const value = domain[0] + at * (domain[1] - domain[0]);
        expect(ours.at(value)).toBeCloseTo(theirs(value), 5);
        expect(ours.invert(100)).toBeCloseTo(theirs.invert(100), 5);
      }),
    );
  });

  it('round ticks', () => {
    for (let low = 0; low < 100; low++)
      for (let count = 2; count <= 6; count++)
        expect(roundTicks([low, 100], count)).toEqual(scaleLinear([low, 100], range).ticks(count));
  });
});
