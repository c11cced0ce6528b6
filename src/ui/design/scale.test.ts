import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterKey, interpolate, placeOf, rankScale, snapInto, ticksOf, valueAt } from './scale.ts';

const ranges = fc
  .tuple(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 0, max: 4096 }))
  .map(([min, more]) => rankScale(min, min + more));

describe('rank scale', () => {
  it('is logarithmic above a factor of 12', () => {
    expect(rankScale(4, 48).log).toBe(false);
    expect(rankScale(1, 13).log).toBe(true);
  });

  it('finds every value again where it stands', () => {
    fc.assert(
      fc.property(ranges, fc.double({ min: 0, max: 1, noNaN: true }), (scale, share) => {
        const value = Math.round(scale.min + share * (scale.max - scale.min));
        expect(valueAt(scale, placeOf(scale, value))).toBe(value);
      }),
    );
  });

  it('never leaves its range, wherever the pointer is', () => {
    fc.assert(
      fc.property(
        ranges,
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.integer({ min: 1, max: 64 }),
        (scale, place, step) => {
          const value = snapInto(scale, valueAt(scale, place), step);
          expect(Number.isInteger(value)).toBe(true);
          expect(value).toBeGreaterThanOrEqual(scale.min);
          expect(value).toBeLessThanOrEqual(scale.max);
        },
      ),
    );
  });

  it.each([
    [1, 614, 188, 8, 192],
    [1, 614, 3, 8, 8],
    [1, 614, 614, 8, 608],
    [1, 6, 5, 8, 5],
    [1, 614, 190, 1, 190],
  ])('in %d to %d, %d snapped to %d is %d', (min, max, value, step, snapped) => {
    expect(snapInto(rankScale(min, max), value, step)).toBe(snapped);
  });

  it.each([
    ['ArrowRight', 1, 101],
    ['ArrowLeft', 1, 99],
    ['ArrowUp', 8, 104],
    ['ArrowDown', 8, 96],
    ['PageUp', 1, 108],
    ['PageDown', 8, 72],
    ['Home', 8, 1],
    ['End', 1, 614],
  ])('%s with step %d goes from 100 to %d', (key, step, value) => {
    expect(afterKey(rankScale(1, 614), 100, key, step)).toBe(value);
  });

  it('leaves other keys alone and stops at the ends', () => {
    expect(afterKey(rankScale(1, 614), 100, 'a', 1)).toBeNull();
    expect(afterKey(rankScale(1, 614), 614, 'ArrowRight', 8)).toBe(614);
  });

  it('labels few round numbers inside the range', () => {
    fc.assert(
      fc.property(ranges, (scale) => {
        const ticks = ticksOf(scale);
        expect(ticks.length).toBeLessThanOrEqual(8);
        expect(ticks.every((tick) => tick >= scale.min && tick <= scale.max)).toBe(true);
      }),
    );
    expect(ticksOf(rankScale(1, 768))).toEqual([2, 8, 32, 128, 512]);
    expect(ticksOf(rankScale(4, 48))).toEqual([8, 16, 24, 32, 40, 48]);
  });

  it('reads a curve between its samples', () => {
    expect(interpolate([1, 3, 9], [10, 20, 80], 3)).toBe(20);
    expect(interpolate([1, 3, 9], [10, 20, 80], 6)).toBe(50);
    expect(interpolate([1, 3, 9], [10, 20, 80], 0)).toBe(10);
    expect(interpolate([1, 3, 9], [10, 20, 80], 10)).toBe(80);
  });
});
