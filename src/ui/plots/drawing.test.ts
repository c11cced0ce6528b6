import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { liveShapes, markShapes, type Shape } from './drawing.ts';
import { paretoDomain, plotFrame } from './frame.ts';
import { liveMarks, type DesignPlace, type LiveData, type StillData } from './pareto.ts';

const kept = 'weightEnergyKeptPercent';
const still: StillData = { frontier: [], previous: [], measured: [], baselines: [] };

const figure = fc.record({
  x: fc.double({ min: 0.01, max: 500, noNaN: true }),
  y: fc.double({ min: 0, max: 100, noNaN: true }),
});
const design = fc
  .tuple(figure, fc.constantFrom('estimated', 'calibrated', 'measured', 'distilled'))
  .map(([{ x, y }, tier]): DesignPlace => ({ x, y, low: y - 4, high: y + 2, tier }));

function shapesOf(data: LiveData, width = 696, height = 410): readonly Shape[] {
  const frame = plotFrame(width, height);
  const domain = paretoDomain([data.now], kept);
  return liveShapes(liveMarks(data, still, [], frame, domain), frame, '4.85×', '88.2%');
}

const textsOf = (shapes: readonly Shape[]): readonly string[] =>
  shapes.flatMap((shape) => (shape.kind === 'text' ? [shape.runs.map(({ text }) => text).join('')] : []));

describe('the live layer as shapes', () => {
  it('has numbers only, and every text once, wherever designs stand', () => {
    fc.assert(
      fc.property(
        design,
        fc.option(figure),
        fc.option(design),
        fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
        fc.integer({ min: 80, max: 1400 }),
        fc.integer({ min: 60, max: 900 }),
        (now, before, echo, limit, width, height) => {
          const flag = [
            { text: 'FFN1 rank 256 → 72', tone: 'strong' },
            { text: 'EDP −19%', tone: 'plain' },
          ] as const;
          const shapes = shapesOf({ now, echo, before, pins: [], limit, flag }, width, height);
          expect(JSON.stringify(shapes)).not.toMatch(/NaN|Infinity|null|undefined/);
          const texts = textsOf(shapes);
          for (const text of ['FFN1 rank 256 → 72', 'EDP −19%', '4.85×', '88.2%'])
            expect(texts.filter((each) => each === text)).toHaveLength(1);
        },
      ),
    );
  });

  it('draws where the drag began and the way from there only in a drag', () => {
    const now: DesignPlace = { x: 4, y: 90, low: 88, high: 91, tier: 'estimated' };
    const data = { now, echo: null, pins: [], limit: null, flag: [] };
    const [moved, rested] = [
      shapesOf({ ...data, before: { x: 2, y: 95 } }),
      shapesOf({ ...data, before: null }),
    ];
    expect(moved.length - rested.length).toBe(3);
  });

  it('puts a limit outside the axes nowhere', () => {
    const now: DesignPlace = { x: 4, y: 99, low: 98, high: 99.5, tier: 'estimated' };
    const dashed = (limit: number): number =>
      shapesOf({ now, echo: null, before: null, pins: [], limit, flag: [] }).filter(
        (shape) => shape.kind === 'path' && shape.stroke === 'var(--rs-ink-2)' && shape.dash?.[0] === 1,
      ).length;
    expect(dashed(98.5)).toBe(1);
    expect(dashed(3)).toBe(0);
  });
});

describe('a mark says how sure it is by its fill', () => {
  const at = { x: 10, y: 20, r: 5, stroke: 1.5 };
  it.each([
    ['estimated', ['var(--rs-bg)']],
    ['calibrated', ['var(--rs-bg)', 'var(--rs-accent)']],
    ['measured', ['var(--rs-accent)']],
    ['distilled', [undefined, 'var(--rs-accent)']],
  ] as const)('%s', (tier, fills) => {
    const shapes = markShapes('now', tier, at);
    expect(shapes.map((shape) => (shape.kind === 'text' ? null : shape.fill))).toEqual(fills);
  });
});
