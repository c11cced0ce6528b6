import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import { bestWithin, createFrontier, hullEdges, hypervolume, knee, paretoMinima } from './pareto.ts';
import { pointOf } from './frontier-point.fixture.ts';

// Small integers: ties in every objective are the hard cases.
const small = fc.integer({ min: 0, max: 12 });

describe('paretoMinima', () => {
  it('equals the definition', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(small, small, small), { maxLength: 60 }), (points) => {
        const kept = paretoMinima(
          points.map((p) => p[0]),
          points.map((p) => p[1]),
          points.map((p) => p[2]),
        );
        const expected = points.flatMap((p, i) =>
          points.some(
            (q, j) =>
              q[0] <= p[0] &&
              q[1] <= p[1] &&
              q[2] <= p[2] &&
              (j < i || q.some((x, axis) => x < (p[axis] ?? 0))),
          )
            ? []
            : [i],
        );
        expect([...kept].sort((a, b) => a - b)).toEqual(expected);
      }),
    );
  });

  it('handles 20,000 points at once', () => {
    const random = createRandom(1);
    const column = (): Float64Array => Float64Array.from({ length: 20_000 }, () => random.next());
    const kept = paretoMinima(column(), column(), column());
    expect(kept.length).toBeGreaterThan(10);
    expect(kept.length).toBeLessThan(2000);
  });
});

describe('createFrontier', () => {
  it('equals the definition, whatever the order of arrival', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(small, small), { maxLength: 60 }), (points) => {
        const frontier = createFrontier<number>();
        points.forEach(([edp, value], i) => {
          const accepted = frontier.accepts(edp, value);
          expect(frontier.add(edp, value, () => i)).toBe(accepted);
        });
        const expected = points
          .flatMap(([edp, value], i) =>
            points.some(([e, v], j) => e <= edp && v >= value && (j < i || e < edp || v > value)) ? [] : [i],
          )
          .sort((a, b) => (points[a]?.[0] ?? 0) - (points[b]?.[0] ?? 0));
        expect(frontier.entries.map((entry) => entry.item)).toEqual(expected);
      }),
    );
  });
});

describe('hullEdges', () => {
  it('has no point below it, and ever flatter edges', () => {
    const points = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(points, (drawn) => {
        const sorted = drawn.toSorted((a, b) => a[0] - b[0]);
        const [x, y] = [sorted.map((p) => p[0]), sorted.map((p) => p[1])];
        const edges = hullEdges(x, y);
        const lowest = Math.min(...y);
        const end = edges.at(-1)?.[1] ?? y.indexOf(Math.min(...y.filter((_, i) => x[i] === x[0])));
        expect(y[end]).toBe(lowest);
        let before = Number.POSITIVE_INFINITY;
        for (const [from, to] of edges) {
          const [dx, fall] = [(x[to] ?? 0) - (x[from] ?? 0), (y[from] ?? 0) - (y[to] ?? 0)];
          expect(dx).toBeGreaterThan(0);
          expect(fall).toBeGreaterThan(0);
          expect(fall / dx).toBeLessThan(before);
          before = fall / dx;
          for (const [px, py] of sorted)
            expect(fall * (px - (x[from] ?? 0)) + dx * (py - (y[from] ?? 0))).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

describe('hypervolume', () => {
  it('is the area of the staircase', () => {
    const points = [
      { edp: 1, value: 20 },
      { edp: 10, value: 50 },
      { edp: 100, value: 100 },
    ];
    // Dense at 100: 2 decades x 20, 1 decade x 30, 0 x 50.
    expect(hypervolume(points, 100, 0)).toBeCloseTo(70, 12);
    expect(hypervolume(points, 100, 20)).toBeCloseTo(30, 12);
    expect(hypervolume([], 100, 0)).toBe(0);
  });

  it('never falls when a point is added', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 100 })), {
          maxLength: 30,
        }),
        (points) => {
          const frontier = createFrontier<null>();
          let before = 0;
          for (const [edp, value] of points) {
            frontier.add(edp, value, () => null);
            const after = hypervolume(frontier.entries, 40, 0);
            expect(after).toBeGreaterThanOrEqual(before - 1e-12);
            before = after;
          }
        },
      ),
    );
  });
});

describe('choosing among many points', () => {
  const frontier = [pointOf(1, 10), pointOf(2, 70), pointOf(10, 80), pointOf(100, 100)];

  it('bestWithin takes the lowest EDP that keeps enough', () => {
    expect(bestWithin(frontier, 75)).toBe(frontier[2]);
    expect(bestWithin(frontier, 0)).toBe(frontier[0]);
    expect(bestWithin(frontier, 100.1)).toBeNull();
  });

  it('knee is the point farthest above the chord', () => {
    expect(knee(frontier)).toBe(frontier[1]);
    expect(knee(frontier.slice(0, 2))).toBeNull();
    expect(knee([pointOf(1, 10), pointOf(10, 20), pointOf(100, 30)])).toBeNull(); // on the chord: no knee
  });
});
