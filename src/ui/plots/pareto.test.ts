import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxAround, overlap } from './boxes.ts';
import { paretoDomain, plotFrame, type Domain, type Frame } from './frame.ts';
import { nonDominated } from './frontier.ts';
import { liveMarks, stillMarks, type DesignPlace, type LiveData, type StillData } from './pareto.ts';
import { flagLines } from './words.ts';

const kept = 'weightEnergyKeptPercent';

const frontier = nonDominated(
  Array.from({ length: 60 }, (_, i) => ({ x: 1.08 ** i, y: 100 - 0.018 * i * i })),
);
const still: StillData = {
  frontier,
  previous: frontier.map(({ x, y }) => ({ x: x * 0.9, y: y - 2 })),
  measured: [],
  baselines: [
    { strategy: 'uniform-svd', label: 'uniform SVD', places: frontier.map(({ x, y }) => ({ x, y: y - 8 })) },
  ],
};
const design = (x: number, y: number): DesignPlace => ({ x, y, low: y - 6, high: y + 3, tier: 'estimated' });

function live(now: DesignPlace, more: Partial<LiveData> = {}): LiveData {
  return {
    now,
    echo: null,
    before: null,
    pins: [],
    limit: null,
    flag: flagLines('edp', kept, 'FFN1 rank 256 → 72', now, { x: 2, y: 95 }, 90),
    ...more,
  };
}

const frame = plotFrame(696, 410);
const marksOf = (data: LiveData, size: Frame, domain: Domain) =>
  liveMarks(data, still, stillMarks(still, size, domain).dots, size, domain);

describe('stillMarks', () => {
  it('keeps the plot small: thinned dots, one path a curve', () => {
    const domain = paretoDomain(frontier, kept);
    const dense = Array.from({ length: 600 }, (_, i) => ({ x: 1.008 ** i, y: 100 - 0.00018 * i * i }));
    const marks = stillMarks({ ...still, frontier: dense }, frame, domain);
    expect(marks.dots.length).toBeLessThan(100);
    expect(marks.frontier.startsWith('M')).toBe(true);
    expect(marks.baselines).toHaveLength(1);
    expect(marks.xTicks.some((tick) => tick.label === '1×')).toBe(true);
  });
});

describe('the band of the frontier', () => {
  const places = frontier.map((place) => ({ ...place, low: place.y - 5, high: place.y + 3 }));

  it('is closed: along the high ends and back along the low ones', () => {
    const { band } = stillMarks({ ...still, frontier: places }, frame, paretoDomain(places, kept));
    expect(band.match(/[ML]/g)?.length).toBe(2 * places.length);
    expect(band.endsWith('Z')).toBe(true);
  });

  it('is not drawn where figures are exact', () => {
    const exact = frontier.map((place) => ({ ...place, low: place.y, high: place.y }));
    expect(stillMarks({ ...still, frontier: exact }, frame, paretoDomain(exact, kept)).band).toBe('');
    expect(stillMarks(still, frame, paretoDomain(frontier, kept)).band).toBe('');
  });
});

describe('liveMarks', () => {
  it('never lets the flag cover the current design, whatever it is and however small the plot', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.3, max: 90, noNaN: true }),
        fc.double({ min: 1, max: 100, noNaN: true }),
        fc.constantFrom([696, 410], [390, 300], [340, 260], [1200, 700]),
        (x, y, [width = 0, height = 0]) => {
          const now = design(x, y);
          const size = plotFrame(width, height);
          const domain = paretoDomain([...frontier, now], kept);
          const { flag, now: at } = marksOf(live(now), size, domain);
          expect(flag).not.toBeNull();
          if (flag !== null) expect(overlap(flag, boxAround(at.x, at.y, 9))).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('flies the flag in the corner that no design reaches', () => {
    const { flag, now } = marksOf(live(design(6, 80)), frame, paretoDomain(frontier, kept));
    expect(flag?.y).toBe(frame.top + 5);
    expect(flag?.x).toBeGreaterThanOrEqual(now.x - 1);
  });

  it('draws the band in the frame only, and none where there is none', () => {
    const domain = paretoDomain(frontier, kept);
    const wide: DesignPlace = { x: 5, y: 60, low: -50, high: 400, tier: 'estimated' };
    const { band } = marksOf(live(wide), frame, domain);
    expect(band?.top).toBe(frame.top);
    expect(band?.bottom).toBe(frame.bottom);
    const exact: DesignPlace = { x: 5, y: 60, low: 60, high: 60, tier: 'measured' };
    expect(marksOf(live(exact), frame, domain).band).toBeNull();
  });

  it('labels pins with their letter and keeps labels off each other where there is room', () => {
    const pins = [
      { letter: 'A' as const, ...design(3, 88) },
      { letter: 'B' as const, ...design(3.1, 87) },
    ];
    const { labels } = marksOf(live(design(9, 60), { pins }), frame, paretoDomain(frontier, kept));
    const of = (who: string) => labels.find((label) => label.who === who);
    expect(of('A')?.text).toBe('3.00×, 88.0%');
    expect([of('A')?.x, of('A')?.y]).not.toEqual([of('B')?.x, of('B')?.y]);
    expect(labels.some((label) => label.text === 'uniform SVD')).toBe(true);
  });

  it('tells a limit off the axes from one on them', () => {
    const domain = paretoDomain([{ x: 2, y: 90 }], kept);
    expect(marksOf(live(design(2, 95), { limit: 92 }), frame, domain).limit?.inside).toBe(true);
    expect(marksOf(live(design(2, 95), { limit: 20 }), frame, domain).limit?.inside).toBe(false);
  });
});
