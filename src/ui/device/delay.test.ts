import { describe, expect, it } from 'vitest';
import type { AccuracyFigure } from '../../core/accuracy/figure.ts';
import type { Spread } from '../../core/base/spread.ts';
import type { Candidate } from '../../core/search/evaluation.ts';
import type { MeasuredDelay } from '../../state/device-run.ts';
import { delayPlaces, sayDelays } from './delay.ts';

const spread = (median: number): Spread => ({ median, low: 0.8 * median, high: 1.25 * median, count: 9 });
const device = { backend: 'wasm', name: 'WASM', software: false, why: null } as const;
const rank = (r: number): Candidate => [{ format: 'svd', outModes: [8], inModes: [8], ranks: [r] }];
const delay = (ms: number, design: Candidate): MeasuredDelay => ({
  asked: { who: 'now', key: '', design, parts: [], latencyCycles: null },
  ms: spread(ms),
  speedUp: spread(4 / ms),
  device,
});
const figureOf = (design: Candidate): AccuracyFigure | null => {
  const r = design[0]?.ranks[0] ?? 0;
  if (r === 99) return null;
  const value = 90 + r;
  return {
    metric: 'weightEnergyKeptPercent',
    value,
    low: value - 1,
    high: value + 1,
    tier: 'estimated',
    provenance: 'made up',
  };
};

describe('the measured axis', () => {
  const delays = new Map([
    ['d', delay(4, rank(8))],
    ['x', delay(2, rank(4))],
    ['y', delay(8, rank(3))],
    ['z', delay(1, rank(1))],
    ['no', delay(1, rank(99))],
  ]);
  const places = delayPlaces(
    delays,
    (key) => (key === 'd' ? 'dense' : key === 'x' ? 'now' : key === 'y' ? 'B' : 'frontier'),
    figureOf,
  );

  it('holds what was measured where its time puts it, whoever it is by now', () => {
    expect(places.map(({ who, name, x, y }) => [who, name, x, y])).toEqual([
      ['B', 'B', 0.5, 93],
      ['dense', 'Dense', 1, 98],
      ['now', 'Now', 2, 94],
      ['frontier', '', 4, 91],
    ]);
    const [slowest] = places;
    expect(slowest).toMatchObject({ left: 0.4, right: 0.625, ms: 8, low: 92, high: 94 });
  });

  it('is a sentence too', () => {
    expect(sayDelays('weightEnergyKeptPercent', places, 'WebAssembly')).toBe(
      'Delay measured on this device (WebAssembly): B 2.00× more delay than dense, 93.0% kept; Now 2.00× less delay than dense, 94.0% kept; 1 design of the search.',
    );
  });
});
