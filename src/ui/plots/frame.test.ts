import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { valueTicks, paretoDomain, plotFrame, plotScales, reductionTicks, widen } from './frame.ts';

const kept = 'weightEnergyKeptPercent';

describe('paretoDomain', () => {
  it('opens left of dense and above 100 %', () => {
    expect(paretoDomain([], kept)).toEqual({ metric: kept, x: [0.86, 1.5], y: [98, 101.5] });
  });

  it('ends on round figures', () => {
    const domain = paretoDomain(
      [
        { x: 1, y: 100 },
        { x: 7.9, y: 41 },
      ],
      kept,
    );
    expect(domain).toEqual({ metric: kept, x: [0.86, 10], y: [40, 101.5] });
  });

  it('shows designs that cost more than dense', () => {
    const { x } = paretoDomain([{ x: 0.06, y: 50 }], kept);
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
        const { x, y } = paretoDomain(places, kept);
        for (const p of places) expect(p.x >= x[0] && p.x <= x[1] && p.y >= y[0] && p.y <= y[1]).toBe(true);
      }),
    );
  });

  it('widens to hold both', () => {
    const a = paretoDomain([{ x: 3.5, y: 30 }], kept);
    const b = paretoDomain([{ x: 40, y: 90 }], kept);
    expect(widen(a, b)).toEqual({ metric: kept, x: [0.86, 60], y: [20, 101.5] });
  });
});

describe('an axis of losses', () => {
  const lost = 'accuracyChangePoints';

  it('holds every place and 0, with a little room above', () => {
    const place = fc.record({
      x: fc.double({ min: 1e-3, max: 900, noNaN: true }),
      y: fc.double({ min: -100, max: 3, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(place), (places) => {
        const { y } = paretoDomain(places, lost);
        for (const p of [...places, { y: 0 }]) expect(p.y >= y[0] && p.y <= y[1]).toBe(true);
        expect(y[1]).toBeGreaterThan(0);
      }),
    );
  });

  it('gives a tenth of a point and forty points room on one axis, and inverts', () => {
    const frame = plotFrame(696, 420);
    const domain = paretoDomain([{ x: 11, y: -60 }], lost);
    const { y, invertY } = plotScales(frame, domain);
    expect(y(-1) - y(0)).toBeGreaterThan(40);
    expect(y(-40) - y(-20)).toBeGreaterThan(30);
    expect(invertY(y(-3.3))).toBeCloseTo(-3.3);
    expect(valueTicks(frame, domain).map(({ label }) => label)).toEqual(
      expect.arrayContaining(['0', '\u22121', '\u221210']),
    );
  });
});

describe('plotScales', () => {
  it('puts the best corner top right and inverts', () => {
    const frame = plotFrame(696, 420);
    const domain = paretoDomain([{ x: 11, y: 20 }], kept);
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
      const domain = paretoDomain([{ x: 70, y: 10 }], kept);
      const { x } = plotScales(frame, domain);
      const ticks = reductionTicks(frame, domain);
      expect(ticks.map((tick) => tick.at)).toContain(1);
      for (const [i, tick] of ticks.entries())
        if (i > 0) expect(x(tick.at) - x(ticks[i - 1]?.at ?? 0)).toBeGreaterThanOrEqual(40);
    }
  });

  it('ends at 100 %, never beyond', () => {
    const ticks = valueTicks(plotFrame(696, 420), paretoDomain([{ x: 4, y: 35 }], kept));
    expect(ticks.at(-1)).toEqual({ at: 100, label: '100' });
  });
});
