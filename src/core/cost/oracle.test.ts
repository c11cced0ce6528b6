/**
 * The exact mapper against exhaustive enumeration: every mapping in every loop order of random small machines, each
 * costed by the counting rules. `RANKSCAPE_LONG` runs thousands.
 */
import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import type { Random } from '../base/random.ts';
import { machinesAtBits } from './bit-widths.ts';
import type { BitWidths } from './bit-widths.ts';
import type { Accelerator } from '../hardware/accelerator.ts';
import { withExtras } from '../hardware/extras.ts';
import type { Extras } from '../hardware/extras.ts';
import { evaluateMapping, fanOut } from './counts.ts';
import { everyMapping } from './every-mapping.fixture.ts';
import { gemmContraction, withSlots } from './gemm.ts';
import { createMapper } from './mapper.ts';
import type { MappedGemm } from './mapper.ts';
import type { Accounting, Dataflow, Gear, Gemm, Mapping, MappingCost, Objective, Slots } from './mapping.ts';
import { pick, randomMachine } from './random-machine.fixture.ts';

const objectives: readonly Objective[] = ['edp', 'energy', 'latency'];

const better: Readonly<Record<Objective, (a: MappingCost, b: MappingCost) => boolean>> = {
  edp: (a, b) => a.edpPjCycles < b.edpPjCycles,
  energy: (a, b) => a.energyPj < b.energyPj,
  latency: (a, b) =>
    a.latencyCycles < b.latencyCycles || (a.latencyCycles === b.latencyCycles && a.energyPj < b.energyPj),
};

const score: Readonly<Record<Objective, (cost: MappingCost) => readonly number[]>> = {
  edp: (cost) => [cost.edpPjCycles],
  energy: (cost) => [cost.energyPj],
  latency: (cost) => [cost.latencyCycles, cost.energyPj],
};

/** Largest relative difference. */
const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? 0)) / Math.abs(b[i] ?? 0)));

/** What the mapper is told beside machine and GEMM. */
interface Setting {
  readonly bits?: BitWidths;
  readonly slots?: Slots;
  readonly dataflow?: Dataflow;
  readonly extras?: Extras;
}

/** Whether only N goes along X and only K along Y. */
const isWired = (accelerator: Accelerator, mapping: Mapping): boolean =>
  mapping.every(({ spatial }, l) => {
    const { x, y } = fanOut(accelerator, l);
    const over = (names: string): number =>
      spatial.reduce((all, [dim, bound]) => (names.includes(dim) ? all * bound : all), 1);
    return over('MB') === 1 && over('N') <= x && over('K') <= y;
  });

const long = env['RANKSCAPE_LONG'] !== undefined;

function compare(machines: number, seed: number, settingOf: (random: Random) => Setting): Tally {
  const most = long ? 5000 : 1500;
  const random = createRandom(seed);
  let compared = 0;
  let mappings = 0;
  let infeasible = 0;
  while (compared < machines) {
    const plain = randomMachine(random, 2 + random.below(5));
    const { bits = {}, slots = 'aw', dataflow = 'flexible', extras = {} } = settingOf(random);
    const accelerator = withExtras(plain, extras);
    const machine = machinesAtBits(accelerator, bits)(slots);
    const extent = (): number => pick(random, [1, 2, 2, 3, 4, 4, 5, 6, 8, 9, 12]);
    const batch = random.below(3) === 0 ? pick(random, [2, 3, 4]) : 1;
    const gemm: Gemm = withSlots({ batch, m: extent(), n: extent(), k: extent() }, slots);
    const contraction = gemmContraction(gemm);
    const accounting: Accounting = random.below(3) === 0 ? 'accelforge' : 'timeloop';
    const every = everyMapping(machine, contraction, most);
    if (every === null) continue;
    const all = dataflow === 'fixed' ? every.filter((mapping) => isWired(machine, mapping)) : every;
    const best = new Map<Objective, MappingCost>();
    for (const mapping of all) {
      const cost = evaluateMapping(machine, contraction, mapping, accounting);
      for (const objective of objectives) {
        const standing = best.get(objective);
        if (standing === undefined || better[objective](cost, standing)) best.set(objective, cost);
      }
    }
    mappings += all.length;
    compared += 1;
    for (const objective of objectives) {
      const map = (gear: Gear): MappedGemm =>
        createMapper(accelerator, { accounting, objective, factors: 'perfect', bits, dataflow }).mapping(
          gemm,
          gear,
        );
      const standing = best.get(objective);
      if (standing === undefined) {
        infeasible += 1;
        expect(() => map('exact')).toThrow(/level L\d: must have .*\d words/);
        continue;
      }
      const label = `${objective} ${JSON.stringify({ gemm, accounting, bits, accelerator })}`;
      const [exact, fast] = [map('exact'), map('fast')];
      expect(exact.bound.kind).toBe('optimal');
      if (dataflow === 'fixed') expect(isWired(machine, exact.mapping), label).toBe(true);
      expect(distance(score[objective](exact.cost), score[objective](standing)), label).toBeLessThan(1e-9);
      const apart = distance(score[objective](fast.cost), score[objective](standing));
      if (fast.bound.kind === 'optimal') expect(apart, label).toBeLessThan(1e-9);
      else expect(better[objective](fast.cost, standing) && apart > 1e-9, label).toBe(false);
    }
  }
  return { mappings, infeasible };
}

interface Tally {
  readonly mappings: number;
  readonly infeasible: number;
}

/** Whether enough was compared, most of it with an outcome. */
const isVaried = ({ mappings, infeasible }: Tally, machines: number): boolean =>
  mappings > machines * 20 && infeasible < machines * objectives.length * 0.5;

/** Widths with and without fractions, wider and narrower than a word. */
const widths = [2, 3, 4, 4.125, 4.5, 8, 8.0209, 12, 16] as const;

describe('the exact mapper equals exhaustive enumeration, for three objectives', () => {
  const machines = long ? 2200 : 120;
  const fewer = long ? 2200 : 30;

  it(`on ${machines} random machines`, { timeout: 3_600_000 }, () => {
    const tally = compare(machines, 20_240_607, () => ({}));
    expect(isVaried(tally, machines) && tally.infeasible > 0).toBe(true);
  });

  it(`on ${fewer} more, every operand with bits of its own`, { timeout: 3_600_000 }, () => {
    const tally = compare(fewer, 20_261_121, (random) => ({
      bits: {
        weights: pick(random, widths),
        activations: pick(random, widths),
        cache: pick(random, widths),
        multiply: pick(random, ['wider', 'own'] as const),
      },
      slots: pick(random, ['aw', 'aa', 'ac', 'ww', 'wa', 'ca'] as const),
    }));
    expect(isVaried(tally, fewer)).toBe(true);
  });

  it(`on ${fewer} more, their dataflow fixed`, { timeout: 3_600_000 }, () => {
    const tally = compare(fewer, 20_261_122, () => ({ dataflow: 'fixed' }));
    expect(isVaried(tally, fewer)).toBe(true);
  });

  it(`on ${fewer} more, with hops, leakage and double buffers`, { timeout: 3_600_000 }, () => {
    const tally = compare(fewer, 20_261_123, (random) => ({
      extras: {
        hopPj: pick(random, [0, 0.5, 20]),
        leakagePjPerCycle: pick(random, [0, 0.1, 5, 500]),
        doubleBuffered: random.below(2) === 0,
      },
      bits: random.below(2) === 0 ? {} : { weights: pick(random, widths) },
    }));
    expect(isVaried(tally, fewer)).toBe(true);
  });
});
