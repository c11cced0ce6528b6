/** The mapper's promises: gears, padding, memory, honest bounds and named errors. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { createRandom } from '../base/random.ts';
import { presetByName } from '../hardware/presets.ts';
import { evaluateMapping } from './counts.ts';
import { gemmContraction } from './gemm.ts';
import { createMapper } from './mapper.ts';
import type { GemmCost } from './mapper.ts';
import type { Gemm } from './mapping.ts';

const machines = ['ws16', 'simba', 'eyeriss', 'ws8t'].map((name) => presetByName(name));
const gemm = (m: number, n: number, k: number, batch = 1): Gemm => ({ batch, m, n, k });
const edp = (cost: GemmCost): number => cost.energyPj * cost.latencyCycles;

const extent = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.constantFrom(37, 96, 128, 188, 197, 384, 769));
const anyGemm = fc.record({ batch: fc.constantFrom(1, 1, 1, 2, 12), m: extent, n: extent, k: extent });

describe('every answer is a legal mapping with the figures that the counting rules give', () => {
  it.each(machines.map((machine) => [machine.name, machine] as const))('%s', (_, machine) => {
    const mapper = createMapper(machine);
    fc.assert(
      fc.property(anyGemm, fc.constantFrom('exact' as const, 'fast' as const), (g, gear) => {
        const found = mapper.mapping(g, gear);
        const counted = evaluateMapping(machine, gemmContraction(found.padded), found.mapping);
        expect(counted).toEqual(found.cost);
        expect([found.energyPj, found.latencyCycles]).toEqual([counted.energyPj, counted.latencyCycles]);
        const levels = found.energyByLevelPj.reduce((sum, energy) => sum + energy, 0);
        expect(levels / found.energyPj).toBeCloseTo(1, 12);
        for (const dim of ['m', 'n', 'k'] as const) expect(found.padded[dim]).toBeGreaterThanOrEqual(g[dim]);
        expect(found.padded.batch).toBe(g.batch);
      }),
      { numRuns: 60, seed: 3 },
    );
  });
});

describe('gears', () => {
  it('fast is close to exact, and never claims more than it knows', () => {
    const random = createRandom(11);
    const ratios: number[] = [];
    for (const machine of machines) {
      const mapper = createMapper(machine, { factors: 'perfect' });
      for (let i = 0; i < 40; i += 1) {
        const any = (): number => [1, 8, 16, 60, 96, 128, 188, 192, 384, 720, 768][random.below(11)] ?? 1;
        const g = gemm(any(), any(), any(), random.below(4) === 0 ? 12 : 1);
        const [exact, fast] = [mapper.cost(g, 'exact'), mapper.cost(g, 'fast')];
        const ratio = edp(fast) / edp(exact);
        expect(exact.bound).toEqual({ kind: 'optimal', gap: 0 });
        expect(ratio).toBeGreaterThan(1 - 1e-9);
        if (fast.bound.kind === 'optimal') expect(ratio).toBeLessThan(1 + 1e-9);
        ratios.push(ratio);
      }
    }
    ratios.sort((a, b) => a - b);
    expect(ratios[ratios.length >> 1]).toBeLessThan(1.000001);
    expect(ratios[Math.floor(ratios.length * 0.99)]).toBeLessThan(1.06);
    expect(ratios.at(-1)).toBeLessThan(1.1);
  });

  it('does not depend on what was asked before', () => {
    const machine = presetByName('simba');
    const asked = [gemm(128, 768, 188), gemm(37, 769, 96), gemm(8, 60, 3072), gemm(1, 768, 768)];
    const forwards = createMapper(machine);
    const backwards = createMapper(machine);
    const first = asked.map((g) => forwards.mapping(g, 'fast'));
    const second = [...asked].reverse().map((g) => backwards.mapping(g, 'fast'));
    expect(second.reverse()).toEqual(first);
  });

  it('exact beats or equals every objective of the others', () => {
    const g = gemm(128, 720, 188);
    for (const machine of machines) {
      const of = (objective: 'edp' | 'energy' | 'latency'): GemmCost =>
        createMapper(machine, { objective, factors: 'perfect' }).cost(g, 'exact');
      const [byEdp, byEnergy, byLatency] = [of('edp'), of('energy'), of('latency')];
      expect(edp(byEdp)).toBeLessThanOrEqual(Math.min(edp(byEnergy), edp(byLatency)) * (1 + 1e-12));
      expect(byEnergy.energyPj).toBeLessThanOrEqual(
        Math.min(byEdp.energyPj, byLatency.energyPj) * (1 + 1e-12),
      );
      expect(byLatency.latencyCycles).toBeLessThanOrEqual(
        Math.min(byEdp.latencyCycles, byEnergy.latencyCycles),
      );
    }
  });
});

describe('laws of the optimum', () => {
  const small = fc.record({
    batch: fc.constantFrom(1, 1, 4),
    m: fc.integer({ min: 1, max: 48 }),
    n: extent,
    k: extent,
  });
  const objectives = fc.constantFrom('edp' as const, 'energy' as const, 'latency' as const);
  const score = {
    edp,
    energy: (cost: GemmCost) => cost.energyPj,
    latency: (cost: GemmCost) => cost.latencyCycles,
  };

  it('more room, wider ports and cheaper accesses never make it worse', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...machines),
        small,
        objectives,
        fc.nat(),
        fc.constantFrom(
          'depthWords',
          'readWordsPerCycle',
          'writeWordsPerCycle',
          'readEnergyPj',
          'writeEnergyPj',
        ),
        (machine, g, objective, which, figure) => {
          const better = {
            ...machine,
            levels: machine.levels.map((level, l) => {
              const value = level[figure];
              if (l !== which % machine.levels.length || value === null) return level;
              return { ...level, [figure]: figure.endsWith('Pj') ? value / 2 : value * 2 };
            }),
          };
          const [before, after] = [machine, better].map((a) =>
            score[objective](createMapper(a, { objective, factors: 'perfect' }).cost(g, 'exact')),
          );
          expect(after).toBeLessThanOrEqual((before ?? 0) * (1 + 1e-9));
        },
      ),
      { numRuns: 150, seed: 5 },
    );
  });

  it('charging the drain reads never makes it cheaper', () => {
    fc.assert(
      fc.property(fc.constantFrom(...machines), small, objectives, (machine, g, objective) => {
        const [timeloop, accelforge] = (['timeloop', 'accelforge'] as const).map((accounting) =>
          score[objective](
            createMapper(machine, { objective, accounting, factors: 'perfect' }).cost(g, 'exact'),
          ),
        );
        expect(timeloop).toBeLessThanOrEqual((accelforge ?? 0) * (1 + 1e-9));
      }),
      { numRuns: 80, seed: 6 },
    );
  });
});

describe('padding', () => {
  it('is best found, never worse than the extent itself, and reports what it counted', () => {
    for (const machine of machines) {
      for (const g of [gemm(128, 769, 37), gemm(197, 768, 768), gemm(37, 37, 37), gemm(16, 50_257, 64)]) {
        const padded = createMapper(machine).cost(g, 'exact');
        const perfect = createMapper(machine, { factors: 'perfect' }).cost(g, 'exact');
        expect(edp(padded)).toBeLessThanOrEqual(edp(perfect) * (1 + 1e-12));
        expect(padded.bound).toEqual({ kind: 'best-found', gap: null });
        expect(perfect.bound).toEqual({ kind: 'optimal', gap: 0 });
        expect(perfect.padded).toEqual(g);
      }
    }
  });

  it('rescues a prime that the fan-out wants', () => {
    const g = gemm(128, 17, 769);
    const [padded, perfect] = (['any', 'perfect'] as const).map((factors) =>
      edp(createMapper(presetByName('simba'), { factors }).cost(g, 'exact')),
    );
    expect((perfect ?? 0) / (padded ?? 1)).toBeGreaterThan(2.5);
  });

  it('leaves well-divisible extents proven', () => {
    expect(createMapper(presetByName('simba')).cost(gemm(128, 768, 768), 'exact').bound.kind).toBe('optimal');
  });
});

describe('memory', () => {
  it('answers again with the same object, per gear', () => {
    const mapper = createMapper(presetByName('ws16'));
    const g = gemm(128, 768, 96);
    expect(mapper.known(g, 'exact')).toBe(false);
    const cost = mapper.cost(g, 'exact');
    expect(mapper.cost({ ...g }, 'exact')).toBe(cost);
    expect([mapper.known(g, 'exact'), mapper.known(g, 'fast')]).toEqual([true, false]);
  });

  it('ships its entries to another mapper', () => {
    const here = createMapper(presetByName('simba'));
    const asked = [gemm(128, 768, 96), gemm(128, 769, 96), gemm(128, 96, 768, 12), gemm(96, 128, 768)];
    for (const g of asked) here.cost(g, 'fast');
    here.cost(gemm(8, 96, 96), 'exact');
    const there = createMapper(presetByName('simba'));
    there.remember(structuredClone(here.entries()));
    expect(asked.every((g) => there.known(g, 'fast'))).toBe(true);
    expect(there.known(gemm(8, 96, 96), 'exact')).toBe(true);
    expect(there.entries()).toEqual(here.entries());
    for (const g of asked) expect(there.mapping(g, 'fast')).toEqual(here.mapping(g, 'fast'));
  });

  it('keeps extents apart whose packed keys would collide', () => {
    const mapper = createMapper(presetByName('ws16'), { factors: 'perfect' });
    mapper.cost(gemm(2 ** 40, 1, 1), 'exact');
    expect(mapper.known(gemm(1, 2 ** 40, 1), 'exact')).toBe(false);
    expect(mapper.known(gemm(1, 1, 1, 2 ** 40), 'exact')).toBe(false);
  });
});

describe('the ends of the range', () => {
  it.each([
    gemm(1, 1, 1),
    gemm(2 ** 40, 1, 1),
    gemm(1, 1, 2 ** 40),
    gemm(2 ** 17, 2 ** 17, 2 ** 17),
    gemm(1, 1, 1, 999),
  ])('maps %o', (g) => {
    for (const machine of machines) {
      for (const gear of ['exact', 'fast'] as const) {
        const found = createMapper(machine).mapping(g, gear);
        for (const figure of [
          found.energyPj,
          found.latencyCycles,
          found.cost.utilization,
          ...found.energyByLevelPj,
        ]) {
          expect(Number.isFinite(figure) && figure >= 0).toBe(true);
        }
        expect(found.latencyCycles).toBeGreaterThanOrEqual(1);
      }
    }
  });

  it('names the level that cannot hold a word of each operand, and how many it needs', () => {
    const ws16 = presetByName('ws16');
    const tiny = {
      ...ws16,
      levels: ws16.levels.map((level) => (level.name === 'RF' ? { ...level, depthWords: 2 } : level)),
    };
    expect(() => createMapper(tiny)).toThrow(InputError);
    expect(() => createMapper(tiny)).toThrow(
      'accelerator ws16, level RF: must have at least 3 words, one for each operand it keeps, got 2',
    );
  });

  it('names an outermost level too small for the tensors', () => {
    const ws16 = presetByName('ws16');
    const small = {
      ...ws16,
      levels: ws16.levels.map((level, l) => (l === 0 ? { ...level, depthWords: 1000 } : level)),
    };
    expect(createMapper(small).cost(gemm(10, 10, 10), 'exact').energyPj).toBeGreaterThan(0);
    expect(() => createMapper(small).cost(gemm(32, 32, 32), 'exact')).toThrow(
      'accelerator ws16, level DRAM: must have 3072 words to hold the tensors, got 1000',
    );
  });

  it('names an operand that no level keeps', () => {
    const ws16 = presetByName('ws16');
    const none = { ...ws16, levels: ws16.levels.map((level) => ({ ...level, keeps: ['I', 'W'] as const })) };
    expect(() => createMapper(none)).toThrow('accelerator ws16: some level must keep operand O');
  });

  it('refuses unsound extents', () => {
    for (const g of [gemm(0, 1, 1), gemm(1, -4, 1), gemm(1, 1, Number.POSITIVE_INFINITY), gemm(1.5, 1, 1)]) {
      expect(() => createMapper(presetByName('ws16')).cost(g, 'exact')).toThrow(InputError);
    }
  });
});
