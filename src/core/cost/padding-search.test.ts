/** Every padding: against a brute force over all of them, and the law that less work never costs more. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { presets } from '../hardware/presets.ts';
import { createMapper } from './mapper.ts';
import type { GemmCost, Mapper } from './mapper.ts';
import type { Gemm, Objective } from './mapping.ts';

const names = Object.keys(presets);
const every = (name: string, objective: Objective = 'edp'): Mapper => {
  const machine = presets[name];
  if (machine === undefined) throw new Error(`no preset ${name}`);
  return createMapper(machine, { objective, paddings: 'every' });
};
const perfect = (name: string, objective: Objective): Mapper => {
  const machine = presets[name];
  if (machine === undefined) throw new Error(`no preset ${name}`);
  return createMapper(machine, { objective, factors: 'perfect' });
};
const score: Readonly<Record<Objective, (cost: GemmCost) => number>> = {
  edp: (cost) => cost.energyPj * cost.latencyCycles,
  energy: (cost) => cost.energyPj,
  latency: (cost) => cost.latencyCycles,
};

/** Over all extents up to twice as large, and beyond. */
function bruteForce(mapper: Mapper, { batch, m, n, k }: Gemm, objective: Objective): number {
  let least = Number.POSITIVE_INFINITY;
  for (let pm = m; pm <= 2 * m; pm += 1) {
    for (let pn = n; pn <= 2 * n; pn += 1) {
      for (let pk = k; pk <= 2 * k; pk += 1) {
        least = Math.min(least, score[objective](mapper.cost({ batch, m: pm, n: pn, k: pk }, 'exact')));
      }
    }
  }
  return least;
}

const small = fc.integer({ min: 1, max: 9 });

describe('every padding', () => {
  it('finds what trying all of them finds, and says that it is optimal', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.constantFrom<Objective>('edp', 'energy', 'latency'),
        fc.record({ batch: fc.constantFrom(1, 1, 3), m: small, n: small, k: small }),
        (name, objective, gemm) => {
          const found = every(name, objective).cost(gemm, 'exact');
          expect(found.bound.kind).toBe('optimal');
          const expected = bruteForce(perfect(name, objective), gemm, objective);
          expect(score[objective](found) / expected).toBeCloseTo(1, 9);
        },
      ),
      { numRuns: 25, seed: 8 },
    );
  });

  it('never costs more for a smaller extent, where it is proven', () => {
    const mappers = new Map(names.map((name) => [name, every(name)]));
    const extent = fc.integer({ min: 1, max: 72 });
    let proven = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.record({ batch: fc.constant(1), m: extent, n: extent, k: extent }),
        fc.constantFrom('m' as const, 'n' as const, 'k' as const),
        fc.integer({ min: 1, max: 40 }),
        (name, gemm, dim, more) => {
          const mapper = mappers.get(name);
          const smaller = mapper?.cost(gemm, 'exact');
          const larger = mapper?.cost({ ...gemm, [dim]: gemm[dim] + more }, 'exact');
          if (smaller === undefined || larger === undefined) throw new Error('no mapper');
          if (smaller.bound.kind !== 'optimal') return;
          proven += 1;
          expect(score.edp(smaller)).toBeLessThanOrEqual(score.edp(larger) * (1 + 1e-9));
        },
      ),
      { numRuns: 60, seed: 9 },
    );
    expect(proven).toBeGreaterThan(40);
  });

  it('is never worse than the likely paddings, and much better where these miss', () => {
    let gains = 0;
    for (const [name, m, n, k] of [
      ['simba', 120, 125, 81],
      ['ws8t', 120, 125, 81],
      ['eyeriss', 128, 37, 768],
      ['gemmini', 37, 37, 37],
      ['ws16', 37, 37, 37],
    ] as const) {
      const machine = presets[name];
      if (machine === undefined) throw new Error(name);
      const gemm = { batch: 1, m, n, k };
      const likely = score.edp(createMapper(machine).cost(gemm, 'exact'));
      const found = score.edp(every(name).cost(gemm, 'exact'));
      expect(found).toBeLessThanOrEqual(likely * (1 + 1e-12));
      if (found < likely / 1.05) gains += 1;
    }
    expect(gains).toBe(5);
  });

  it('pads well-divisible extents too where that pays', () => {
    const cost = every('eyeriss').cost({ batch: 1, m: 128, n: 768, k: 768 }, 'exact');
    expect(cost.padded.m).toBeGreaterThan(128);
    expect(cost.bound.kind).toBe('gap');
  });
});
