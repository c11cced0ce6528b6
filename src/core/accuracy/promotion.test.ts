import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { promotionOrder } from './promotion.ts';

const point = (name: string, low: number, high: number) => ({ name, value: (low + high) / 2, low, high });
const names = (points: readonly { readonly name: string }[]): string =>
  points.map(({ name }) => name).join('');

describe('what to measure first', () => {
  const points = [
    point('a', -90, -70),
    point('b', -40, -30),
    point('c', -9, -8),
    point('d', -3, 0),
    point('e', -2, -1.4),
    point('f', -0.5, 0),
  ];

  it('begins at the mark, and looks at the rest of the frontier between', () => {
    // Both d and e hold -1.5; d's value is nearer. Then the middle of a, b, c; then e; then the first left.
    expect(names(promotionOrder(points, [-1.5], 4))).toBe('dbea');
  });

  it('gives each point once, as many as there are or are wanted', () => {
    const some = fc.array(fc.double({ min: -100, max: 0, noNaN: true }), { maxLength: 60 });
    fc.assert(
      fc.property(
        some,
        fc.array(fc.integer({ min: -100, max: 0 }), { maxLength: 3 }),
        fc.nat(30),
        (values, marks, most) => {
          const given = values.map((value, i) => ({
            name: String(i),
            value,
            low: value - 1,
            high: value + 1,
          }));
          const order = promotionOrder(given, marks, most);
          expect(order.length).toBe(Math.min(most, given.length));
          expect(new Set(order).size).toBe(order.length);
        },
      ),
    );
  });

  it('leaves no long stretch of a frontier unseen', () => {
    const frontier = Array.from({ length: 100 }, (_, i) => point(String(i), -i - 1, -i));
    const seen = promotionOrder(frontier, [-1], 24)
      .map(({ name }) => Number(name))
      .toSorted((a, b) => a - b);
    const gaps = seen.map((at, i) => at - (seen[i - 1] ?? -1));
    expect(Math.max(...gaps, 100 - (seen.at(-1) ?? 0))).toBeLessThanOrEqual(16);
  });
});
