/** The bound of ragged mappings: against every mapping of every padding on small machines, padded and ragged. */
import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import type { Accelerator } from '../hardware/accelerator.ts';
import { withExtras } from '../hardware/extras.ts';
import { presetByName, presets } from '../hardware/presets.ts';
import { everyRagged } from './every-ragged.fixture.ts';
import { gemmContraction } from './gemm.ts';
import { createMapper } from './mapper.ts';
import type { GemmCost, Mapper } from './mapper.ts';
import type { Accounting, Gear, Gemm, Mapping, Objective } from './mapping.ts';
import { goalOf, goals } from './objective.ts';
import { createRaggedBound } from './ragged-bound.ts';
import { evaluateRagged } from './ragged.ts';
import { pick, randomMachine } from './random-machine.fixture.ts';
import { compileMachine } from './tables.ts';

const objectives = ['edp', 'energy', 'latency'] as const;
const long = env['RANKSCAPE_LONG'] !== undefined;

interface Scene {
  readonly machine: Accelerator;
  readonly gemm: Gemm;
  readonly accounting: Accounting;
  readonly mappings: readonly Mapping[];
}

function randomScene(seed: number): Scene | null {
  const random = createRandom(seed);
  const plain = randomMachine(random, 2 + random.below(2));
  const machine =
    random.below(4) === 0 ? withExtras(plain, { hopPj: 2, leakagePjPerCycle: random.below(2) }) : plain;
  const accounting = pick(random, ['timeloop', 'accelforge'] as const);
  const extent = (): number => pick(random, [1, 2, 3, 4, 5, 7]);
  const gemm = { batch: pick(random, [1, 1, 1, 2]), m: extent(), n: extent(), k: extent() };
  const mappings = everyRagged(machine, gemm, long ? 20_000 : 1_000);
  return mappings === null ? null : { machine, gemm, accounting, mappings };
}

const leastKeys = ({ machine, gemm, accounting, mappings }: Scene): Readonly<Record<Objective, number>> => {
  const least = { edp: Infinity, energy: Infinity, latency: Infinity };
  for (const mapping of mappings) {
    const cost = evaluateRagged(machine, gemmContraction(gemm), mapping, accounting);
    for (const objective of objectives)
      least[objective] = Math.min(least[objective], goals[objective].key(cost.energyPj, cost.latencyCycles));
  }
  return least;
};

describe('the bound of ragged mappings', () => {
  it('is never above the best of all of them, and often the best itself', { timeout: 3_600_000 }, () => {
    let scenes = 0;
    const ratios: number[] = [];
    for (let seed = 0; scenes < (long ? 2000 : 20); seed += 1) {
      const scene = randomScene(seed);
      if (scene === null) continue;
      scenes += 1;
      const { machine, gemm, accounting } = scene;
      const least = leastKeys(scene);
      for (const objective of objectives) {
        const goal = goalOf(objective, machine.leakagePjPerCycle ?? 0);
        const bound = createRaggedBound(compileMachine(machine, accounting), goal);
        const found = bound(gemm, Number.POSITIVE_INFINITY);
        const ratio = found / least[objective];
        expect(ratio, `seed ${seed} ${objective} ${JSON.stringify(gemm)}`).toBeLessThanOrEqual(1 + 1e-9);
        ratios.push(ratio);
      }
    }
    ratios.sort((a, b) => a - b);
    expect(ratios[ratios.length >> 1]).toBeGreaterThan(1 - 1e-9);
    expect(ratios[Math.floor(ratios.length / 20)]).toBeGreaterThan(0.6);
  });

  it.each(Object.values(presets))('$name: what the mapper says of itself holds', (machine) => {
    for (const objective of ['edp', 'latency'] as const) {
      const [any, every, ragged] = [
        createMapper(machine, { objective }),
        createMapper(machine, { objective, paddings: 'every' }),
        createMapper(machine, { objective, factors: 'ragged' }),
      ];
      const key = (cost: GemmCost): number => goals[objective].key(cost.energyPj, cost.latencyCycles);
      for (const [m, n, k] of [[37, 41, 101]] as const) {
        const gemm = { batch: 1, m, n, k };
        const leastOf = (mapper: Mapper, gear: Gear): number => {
          const bound = mapper.bound(gemm, gear);
          if (bound.gap === null) throw new Error('no gap');
          expect(bound.kind).toBe(bound.gap === 0 ? 'optimal' : 'gap');
          expect(bound.gap).toBeLessThan(1);
          return key(mapper.cost(gemm, gear)) / (1 + bound.gap);
        };
        const best = key(every.cost(gemm, 'exact')) * (1 + 1e-9);
        for (const gear of ['exact', 'fast'] as const) {
          expect(leastOf(any, gear)).toBeLessThanOrEqual(best);
          // Ragged mappings count less than padded ones, so what none of them is below no padded one is below.
          expect(leastOf(ragged, gear)).toBeLessThanOrEqual(best);
        }
        expect(leastOf(every, 'exact')).toBeLessThanOrEqual(best);
      }
    }
  });

  it('holds the fast gear against the exact one at perfect factors', () => {
    const mapper = createMapper(presetByName('simba'), { factors: 'perfect' });
    for (const n of [101, 768, 1536]) {
      const gemm = { batch: 1, m: 128, n, k: 768 };
      const [fast, exact] = [mapper.cost(gemm, 'fast'), mapper.cost(gemm, 'exact')];
      const ratio = (fast.energyPj * fast.latencyCycles) / (exact.energyPj * exact.latencyCycles);
      expect(1 + (mapper.bound(gemm, 'fast').gap ?? -1)).toBeCloseTo(ratio, 9);
    }
  });
});
