import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paretoDomain, plotFrame, plotScales, type Place } from './frame.ts';
import { nearest, nonDominated, staircase, thinned, walk } from './frontier.ts';

const metric = 'weightEnergyKeptPercent';

const place = fc.record({
  x: fc.double({ min: 0.9, max: 40, noNaN: true }),
  y: fc.integer({ min: 0, max: 100 }),
});

describe('nonDominated', () => {
  it('agrees with the definition', () => {
    fc.assert(
      fc.property(fc.array(place, { maxLength: 40 }), (places) => {
        const kept = nonDominated(places);
        const beaten = (p: Place): boolean =>
          places.some((q) => q.x >= p.x && q.y >= p.y && (q.x > p.x || q.y > p.y));
        for (const p of places) expect(kept.some((q) => q.x === p.x && q.y === p.y)).toBe(!beaten(p));
      }),
    );
  });

  it('goes from left to right, down', () => {
    const kept = nonDominated([
      { x: 5, y: 60 },
      { x: 1, y: 100 },
      { x: 3, y: 50 },
      { x: 2, y: 90 },
    ]);
    expect(kept).toEqual([
      { x: 1, y: 100 },
      { x: 2, y: 90 },
      { x: 5, y: 60 },
    ]);
  });
});

const frame = plotFrame(600, 400);
const domain = paretoDomain([{ x: 9, y: 12 }], metric);
const scales = plotScales(frame, domain);
const places = [
  { x: 1, y: 100 },
  { x: 2, y: 90 },
  { x: 6, y: 40 },
];

describe('staircase', () => {
  it('only steps: along a level to its place, then down', () => {
    const path = staircase(places, scales, domain);
    const x = (v: number): string => String(Math.round(scales.x(v) * 10) / 10);
    const y = (v: number): string => String(Math.round(scales.y(v) * 10) / 10);
    expect(path).toBe(`M${x(0.86)} ${y(100)}H${x(1)}V${y(90)}H${x(2)}V${y(40)}H${x(6)}V${y(domain.y[0])}`);
  });

  it('is nothing without places', () => {
    expect(staircase([], scales, domain)).toBe('');
  });
});

describe('thinned', () => {
  it('keeps dots apart', () => {
    const many = Array.from({ length: 300 }, (_, i) => ({ x: 1 + i / 50, y: 100 - i / 5 }));
    const dots = thinned(many, scales, domain, 9);
    expect(dots.length).toBeGreaterThan(20);
    for (const [i, dot] of dots.entries()) {
      const before = dots[i - 1];
      if (before !== undefined)
        expect(Math.hypot(dot.x - before.x, dot.y - before.y)).toBeGreaterThanOrEqual(9);
    }
  });
});

describe('nearest', () => {
  it('finds the place under the pointer, or none out of reach', () => {
    expect(nearest(places, scales, scales.x(2) + 5, scales.y(90) - 4, 22)).toBe(1);
    expect(nearest(places, scales, scales.x(2) + 40, scales.y(90) - 40, 22)).toBe(-1);
  });
});

describe('walk', () => {
  const now = { x: 2.2, y: 50 };
  it('begins beside the current design', () => {
    expect(walk('ArrowRight', null, places, now)).toBe(1);
  });
  it('steps, stops at the ends, jumps', () => {
    expect(walk('ArrowRight', 1, places, now)).toBe(2);
    expect(walk('ArrowRight', 2, places, now)).toBe(2);
    expect(walk('ArrowLeft', 0, places, now)).toBe(0);
    expect(walk('Home', 2, places, now)).toBe(0);
    expect(walk('End', 0, places, now)).toBe(2);
  });
  it('leaves other keys alone, and an empty frontier', () => {
    expect(walk('Tab', 1, places, now)).toBeNull();
    expect(walk('ArrowRight', null, [], now)).toBeNull();
  });
});
