/** Hops, leakage and double buffers: counted by hand once, and never for nothing. The optimum is held by the oracle. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import { withExtras } from '../hardware/extras.ts';
import type { Extras } from '../hardware/extras.ts';
import { presetByName, presets } from '../hardware/presets.ts';
import { evaluateMapping } from './counts.ts';
import { gemmContraction } from './gemm.ts';
import { createMapper } from './mapper.ts';
import type { Gemm, Mapping } from './mapping.ts';
import { pick } from './random-machine.fixture.ts';

describe('by hand', () => {
  const gemm: Gemm = { batch: 1, m: 4, n: 16, k: 32 };
  const machine = presetByName('ws16');
  // K over 16 columns, the rest in time: every register file fills its share of each operand from the buffer.
  const mapping: Mapping = [
    { level: 'DRAM', temporal: [], spatial: [] },
    {
      level: 'GLB',
      temporal: [
        ['N', 16],
        ['M', 4],
      ],
      spatial: [['K', 16]],
    },
    { level: 'RF', temporal: [['K', 2]], spatial: [] },
  ];
  const at = (extras: Extras) => evaluateMapping(withExtras(machine, extras), gemmContraction(gemm), mapping);

  it('a word from the buffer to a register file is one hop, a partial sum on its way up another', () => {
    const [plain, hopping] = [at({}), at({ hopPj: 3 })];
    // 16 files: inputs 2 words in each of 64 visits, weights 2 in each of 16 (they stay over M), results 64 up, none down.
    const words = 16 * (2 * 64 + 2 * 16 + 64);
    expect(hopping.energyPj - plain.energyPj).toBeCloseTo(3 * words, 9);
    expect(hopping.levels[2]?.energyPj).toBeCloseTo((plain.levels[2]?.energyPj ?? 0) + 3 * words, 9);
    expect(hopping.latencyCycles).toBe(plain.latencyCycles);
  });

  it('leakage is paid by the cycle', () => {
    const [plain, leaking] = [at({}), at({ leakagePjPerCycle: 7 })];
    expect(leaking.energyPj - plain.energyPj).toBeCloseTo(7 * plain.latencyCycles, 9);
    const levels = leaking.levels.reduce((sum, level) => sum + level.energyPj, leaking.macEnergyPj);
    expect(levels).toBeCloseTo(leaking.energyPj, 9);
  });
});

describe('over the presets', () => {
  const gemms = fc.nat().map((seed): Gemm => {
    const random = createRandom(seed);
    const extent = (): number => pick(random, [1, 4, 12, 37, 64, 96]);
    return { batch: pick(random, [1, 1, 3]), m: extent(), n: extent(), k: extent() };
  });

  it.each(Object.values(presets))('$name: more of anything never costs less', (machine) => {
    fc.assert(
      fc.property(gemms, fc.constantFrom('edp', 'energy', 'latency'), (gemm, objective) => {
        const figures = (extras: Extras): number => {
          const cost = createMapper(withExtras(machine, extras), { objective }).cost(gemm, 'exact');
          return {
            edp: cost.energyPj * cost.latencyCycles,
            energy: cost.energyPj,
            latency: cost.latencyCycles,
          }[objective];
        };
        const plain = figures({});
        for (const extras of [{ hopPj: 1 }, { leakagePjPerCycle: 50 }, { doubleBuffered: true }])
          expect(figures(extras)).toBeGreaterThanOrEqual(plain * (1 - 1e-9));
      }),
      { numRuns: 6, seed: 9 },
    );
  });

  it('leakage buys speed: where it is all the energy, least energy is least latency', () => {
    const machine = withExtras(presetByName('simba'), { leakagePjPerCycle: 1e7 });
    const gemm = { batch: 1, m: 96, n: 96, k: 96 };
    const cycles = (objective: 'energy' | 'latency'): number =>
      createMapper(machine, { objective }).cost(gemm, 'exact').latencyCycles;
    expect(cycles('energy')).toBe(cycles('latency'));
  });
});
