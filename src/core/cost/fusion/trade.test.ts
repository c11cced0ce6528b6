/** The least product over sums of parts, against all sums. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { frontOf, sums } from './enumeration.fixture.ts';
import { leastProduct } from './trade.ts';
import type { Point } from './trade.ts';

const point = fc.record({
  energyPj: fc.integer({ min: 1, max: 400 }),
  cycles: fc.integer({ min: 1, max: 400 }),
});
const parts = fc.array(fc.array(point, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });

const least = (points: readonly Point[], price: number): Point =>
  points.reduce((a, b) => (b.energyPj + price * b.cycles < a.energyPj + price * a.cycles ? b : a));

it('asks each part alone and finds the least product of the sums', () => {
  fc.assert(
    fc.property(
      parts,
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      fc.double({ min: 0.05, max: 1, noNaN: true }),
      fc.constantFrom(1, 0.9),
      (lists, price, tight, loose) => {
        const all = lists.reduce<Point[]>(
          (sum, list) => sums(sum, frontOf(list)),
          [{ energyPj: 0, cycles: 0 }],
        );
        const floor = {
          energyPj: tight * Math.min(...all.map(({ energyPj }) => energyPj)),
          cycles: tight * Math.min(...all.map(({ cycles }) => cycles)),
        };
        let asked = 0;
        const best = leastProduct(
          (at) => {
            asked += 1;
            const plan = lists.reduce(
              (sum, list) => {
                const { energyPj, cycles } = least(list, at);
                return { energyPj: sum.energyPj + energyPj, cycles: sum.cycles + cycles };
              },
              { energyPj: 0, cycles: 0 },
            );
            return { plan, least: loose * (plan.energyPj + at * plan.cycles) };
          },
          floor,
          price,
        );
        const expected = Math.min(...all.map((each) => each.energyPj * each.cycles));
        expect((best.plan?.energyPj ?? 0) * (best.plan?.cycles ?? 0)).toBe(expected);
        expect(best.least).toBeLessThanOrEqual(expected * (1 + 1e-9));
        if (loose === 1) expect(best.least).toBeGreaterThanOrEqual(expected * (1 - 1e-8));
        expect(asked).toBeLessThan(80);
      },
    ),
    { numRuns: 2000, seed: 5 },
  );
});
