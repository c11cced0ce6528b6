/** Laws of the cost model and the mapper over random machines, contractions and mappings. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { createRandom } from '../base/random.ts';
import type { Random } from '../base/random.ts';
import { operands } from '../hardware/accelerator.ts';
import type { Accelerator, MemoryLevel } from '../hardware/accelerator.ts';
import { presetByName } from '../hardware/presets.ts';
import { evaluateMapping } from './counts.ts';
import { gemmContraction } from './gemm.ts';
import { createMapper } from './mapper.ts';
import type { MappedGemm } from './mapper.ts';
import type { Accounting, Gemm, LevelLoops, Loop, Mapping, MappingCost, Objective } from './mapping.ts';
import { pick, randomMachine } from './random-machine.fixture.ts';

interface Scene {
  readonly machine: Accelerator;
  readonly gemm: Gemm;
  readonly accounting: Accounting;
  readonly objective: Objective;
  readonly random: Random;
}

const scenes = fc.nat().map((seed): Scene => {
  const random = createRandom(seed);
  const extent = (): number => pick(random, [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 30]);
  return {
    machine: randomMachine(random, 1 + random.below(6)),
    gemm: { batch: pick(random, [1, 1, 1, 2, 6]), m: extent(), n: extent(), k: extent() },
    accounting: pick(random, ['timeloop', 'accelforge'] as const),
    objective: pick(random, ['edp', 'energy', 'latency'] as const),
    random,
  };
});

const score: Readonly<Record<Objective, (cost: MappingCost) => number>> = {
  edp: (cost) => cost.edpPjCycles,
  energy: (cost) => cost.energyPj,
  latency: (cost) => cost.latencyCycles,
};

/** The optimum, or null when a named level refuses. */
function optimum(scene: Scene, machine = scene.machine): MappedGemm | null {
  const { gemm, accounting, objective } = scene;
  try {
    return createMapper(machine, { accounting, objective, factors: 'perfect' }).mapping(gemm, 'exact');
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.message).toMatch(/level L\d: must have (at least )?\d+ words/);
    return null;
  }
}

const withLevels = (
  machine: Accelerator,
  change: (level: MemoryLevel, l: number) => MemoryLevel,
): Accelerator => ({
  ...machine,
  levels: machine.levels.map(change),
});

/** Every prime factor of every dim at a random level, in random order; none of them spatial. */
function randomMapping({ gemm, machine, random }: Scene): Mapping {
  const temporal: Loop[][] = machine.levels.map(() => []);
  for (const [dim, extent] of Object.entries(gemmContraction(gemm).extents)) {
    let rest = extent;
    for (let p = 2; rest > 1; p += 1) {
      for (; rest % p === 0; rest /= p) {
        const loops = temporal[random.below(temporal.length)];
        loops?.splice(random.below(loops.length + 1), 0, [dim, p]);
      }
    }
  }
  return machine.levels.map(({ name }, l): LevelLoops => ({
    level: name,
    temporal: temporal[l] ?? [],
    spatial: [],
  }));
}

function everyCount(cost: MappingCost): number[] {
  return cost.levels.flatMap((level) => [
    level.cycles,
    level.energyPj,
    ...Object.values(level.operands).flatMap((words) => Object.values(words) as number[]),
  ]);
}

describe('every mapping', () => {
  it('does the same multiply-accumulates, moves what it must and counts soundly', () => {
    let optima = 0;
    fc.assert(
      fc.property(scenes, (scene) => {
        const { machine, gemm, accounting } = scene;
        const { batch, m, n, k } = gemm;
        const roomy = withLevels(machine, (level) => ({ ...level, depthWords: null }));
        const best = optimum(scene);
        if (best !== null) optima += 1;
        const costs = [
          evaluateMapping(roomy, gemmContraction(gemm), randomMapping(scene), accounting),
          ...(best === null ? [] : [best.cost]),
        ];
        const words = { I: batch * m * k, W: batch * k * n, O: batch * m * n };
        for (const cost of costs) {
          expect(cost.macs).toBe(batch * m * n * k);
          expect(cost.macEnergyPj).toBeCloseTo(cost.macs * machine.mac.energyPj, 9);
          expect(cost.utilization).toBeLessThanOrEqual(1);
          for (const count of everyCount(cost)) expect(count >= 0 && Number.isFinite(count)).toBe(true);
          for (const operand of operands) {
            const outermost = cost.levels.find((level) => level.operands[operand] !== undefined);
            const counts = outermost?.operands[operand];
            if (counts === undefined) throw new Error(`${operand} is kept nowhere`);
            const moved = (operand === 'O' ? counts.updates : counts.reads) * counts.instances;
            expect(moved).toBeGreaterThanOrEqual(words[operand]);
          }
        }
      }),
      { numRuns: 400, seed: 21 },
    );
    expect(optima).toBeGreaterThan(200);
  });
});

describe('the optimum of a random machine', () => {
  it('never gets worse with more room', () => {
    let compared = 0;
    fc.assert(
      fc.property(scenes, fc.nat(), fc.integer({ min: 2, max: 5 }), (scene, which, times) => {
        const before = optimum(scene);
        const roomier = withLevels(scene.machine, (level, l) =>
          l !== which % scene.machine.levels.length || level.depthWords === null
            ? level
            : { ...level, depthWords: level.depthWords * times },
        );
        const after = optimum(scene, roomier);
        if (before === null) return;
        compared += 1;
        const of = score[scene.objective];
        expect(after === null ? Number.NaN : of(after.cost)).toBeLessThanOrEqual(
          of(before.cost) * (1 + 1e-9),
        );
      }),
      { numRuns: 300, seed: 22 },
    );
    expect(compared).toBeGreaterThan(200);
  });

  it('never costs less with more bits: dearer words and products, fewer of them in the same memory, slower ports', () => {
    let compared = 0;
    fc.assert(
      fc.property(scenes, fc.constantFrom(2, 4), (scene, times) => {
        const { machine, objective } = scene;
        const wider: Accelerator = {
          ...withLevels(machine, (level) => ({
            ...level,
            depthWords: level.depthWords === null ? null : Math.floor(level.depthWords / times),
            readEnergyPj: level.readEnergyPj * times,
            writeEnergyPj: level.writeEnergyPj * times,
            readWordsPerCycle: level.readWordsPerCycle === null ? null : level.readWordsPerCycle / times,
            writeWordsPerCycle: level.writeWordsPerCycle === null ? null : level.writeWordsPerCycle / times,
          })),
          mac: { ...machine.mac, energyPj: machine.mac.energyPj * times ** 2 },
        };
        const [narrow, wide] = [optimum(scene), optimum(scene, wider)];
        if (wide === null) return;
        compared += 1;
        const of = score[objective];
        expect(narrow === null ? Number.NaN : of(narrow.cost)).toBeLessThanOrEqual(
          of(wide.cost) * (1 + 1e-9),
        );
      }),
      { numRuns: 300, seed: 23 },
    );
    expect(compared).toBeGreaterThan(100);
  });
});

describe('machines that cannot be', () => {
  const ws16 = presetByName('ws16');
  const changed = (l: number, figures: Partial<MemoryLevel>): Accelerator =>
    withLevels(ws16, (level, at) => (at === l ? { ...level, ...figures } : level));
  it.each<readonly [string, Accelerator, string]>([
    ['no level', { ...ws16, levels: [] }, 'accelerator ws16: must have at least one level'],
    [
      'no bandwidth',
      changed(0, { readWordsPerCycle: 0 }),
      'accelerator ws16, level DRAM: words per cycle must be above 0, or null for unlimited, got 0',
    ],
    [
      'a bandwidth that is no number',
      changed(1, { writeWordsPerCycle: Number.NaN }),
      'accelerator ws16, level GLB: words per cycle must be above 0, or null for unlimited, got NaN',
    ],
    [
      'negative energy',
      changed(1, { readEnergyPj: -1 }),
      'accelerator ws16, level GLB: energies must be numbers of at least 0, got -1',
    ],
    [
      'MACs of unknown energy',
      { ...ws16, mac: { ...ws16.mac, energyPj: Number.NaN } },
      'accelerator ws16: the energy of a MAC must be a number of at least 0, got NaN',
    ],
    [
      'no room',
      changed(2, { depthWords: 2 }),
      'accelerator ws16, level RF: must have at least 3 words, one for each operand it keeps, got 2',
    ],
  ])('%s', (_, machine, message) => {
    expect(() => createMapper(machine)).toThrow(InputError);
    expect(() => createMapper(machine)).toThrow(message);
  });
});
