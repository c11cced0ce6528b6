import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrontier, hypervolume } from './pareto.ts';
import { thin } from './recorder.ts';

const frontierOf = (points: readonly (readonly [number, number])[]) => {
  const frontier = createFrontier<null>();
  for (const [edp, value] of points) frontier.add(edp, value, () => null);
  return frontier.entries;
};
const drawn = fc
  .array(
    fc.tuple(fc.double({ min: 1, max: 1000, noNaN: true }), fc.double({ min: 0, max: 100, noNaN: true })),
    {
      minLength: 3,
      maxLength: 60,
    },
  )
  .map(frontierOf);

describe('thin', () => {
  it('keeps as many as asked for, both ends among them, in order', () => {
    fc.assert(
      fc.property(drawn, fc.integer({ min: 2, max: 20 }), (entries, count) => {
        const kept = thin(entries, count);
        expect(kept).toHaveLength(Math.min(entries.length, count));
        expect(kept[0]).toBe(entries[0]);
        expect(kept.at(-1)).toBe(entries.at(-1));
        expect(kept).toEqual(entries.filter((entry) => kept.includes(entry)));
      }),
    );
  });

  it('drops what the staircase hardly misses', () => {
    const coarse = [1, 10, 100, 1000].map((edp, i) => [edp, 20 * i] as const);
    const near = coarse.slice(0, 3).map(([edp, value]) => [edp * 1.001, value + 0.001] as const);
    const entries = frontierOf([...coarse, ...near]);
    expect(entries).toHaveLength(7);
    const kept = thin(entries, 4);
    expect(hypervolume(kept, 1e4, 0)).toBeGreaterThan(0.999 * hypervolume(entries, 1e4, 0));
  });
});
