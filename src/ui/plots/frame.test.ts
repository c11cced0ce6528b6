import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keptTicks, paretoDomain, plotFrame, plotScales, reductionTicks, widen } from './frame.ts';

describe('paretoDomain', () => {
  it('opens left of dense and above 100 %', () => {
    expect(paretoDomain([])).toEqual({ x: [0.86, 1.5], y: [98, 101.5] });
  });

  it('ends on round figures', () => {
    const domain = paretoDomain([
      { x: 1, y: 100 },
      { x: 7.9, y: 41 },
    ]);
    expect(domain).toEqual({ x: [0.86, 10], y: [40, 101.5] });
  });

  it('shows designs that cost more than dense', () => {
    const { x } = paretoDomain([{ x: 0.06, y: 50 }]);
    expect(x[0]).toBeLessThan(0.06);
    expect(x[0]).toBeGreaterThan(0.02);
  });

  it('holds every place, whatever it is', () => {
    const place = fc.record({
      x: fc.double({ min: 1e-3, max: 900, noNaN: true }),
      y: fc.double({ min: 0, max: 100, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(place), (places) => {
        const { x, y } = paretoDomain(places);
        for (const p of places) expect(p.x >= x[0] && p.x <= x[1] && p.y >= y[0] && p.y <= y[1]).toBe(true);
      }),
    );
  });

  it('widens to hold both', () => {
    const a = paretoDomain([{ x: 3.5, y: 30 }]);
    const b = paretoDomain([{ x: 40, y: 90 }]);
    expect(widen(a, b)).toEqual({ x: [0.86, 60], y: [20, 101.5] });
  });
});

describe('plotScales', () => {
  it('puts the best corner top right and inverts', () => {
    const frame = plotFrame(696, 420);
    const domain = paretoDomain([{ x: 11, y: 20 }]);
    const scales = plotScales(frame, domain);
    expect(scales.x(8)).toBeGreaterThan(scales.x(2));
    expect(scales.y(90)).toBeLessThan(scales.y(50));
    expect(scales.invertX(scales.x(3.3))).toBeCloseTo(3.3);
    expect(scales.invertY(scales.y(66))).toBeCloseTo(66);
  });
});

describe('ticks', () => {
  it('keeps labels apart and dense on the axis', () => {
    for (const width of [320, 390, 696, 1200]) {
      const frame = plotFrame(width, 420);
      const domain = paretoDomain([{ x: 70, y: 10 }]);
      const { x } = plotScales(frame, domain);
      const ticks = reductionTicks(frame, domain);
      expect(ticks.map((tick) => tick.at)).toContain(1);
      for (const [i, tick] of ticks.entries())
        if (i > 0) expect(x(tick.at) - x(ticks[i - 1]?.at ?? 0)).toBeGreaterThanOrEqual(40);
    }
  });

  it('ends at 100 %, never beyond', () => {
    const ticks = keptTicks(plotFrame(696, 420), paretoDomain([{ x: 4, y: 35 }]));
    expect(ticks.at(-1)).toEqual({ at: 100, label: '100' });
  });
});
