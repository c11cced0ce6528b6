/** Ragged tiles: the ordinary rules where nothing is partial, a walk through every iteration where something is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import type { Random } from '../base/random.ts';
import { operands } from '../hardware/accelerator.ts';
import type { Accelerator, Operand } from '../hardware/accelerator.ts';
import { withExtras } from '../hardware/extras.ts';
import { presets } from '../hardware/presets.ts';
import { evaluateMapping, fanOut } from './counts.ts';
import { gemmContraction } from './gemm.ts';
import { createMapper } from './mapper.ts';
import type { Accounting, Contraction, Gemm, Loop, Mapping, MappingCost } from './mapping.ts';
import { goals } from './objective.ts';
import { everyRagged } from './every-ragged.fixture.ts';
import { evaluateRagged } from './ragged.ts';
import { pick, randomMachine } from './random-machine.fixture.ts';

/** Loops over padded extents on a random machine without capacities: any factor at any level, spatial ones where they fit. */
function randomMapping(random: Random, machine: Accelerator, padded: Gemm): Mapping {
  const { levels } = machine;
  const temporal: Loop[][] = levels.map(() => []);
  const spatial: Loop[][] = levels.map(() => []);
  for (const [dim, extent] of Object.entries(gemmContraction(padded).extents)) {
    let rest = extent;
    for (let p = 2; rest > 1; p += 1)
      for (; rest % p === 0; rest /= p) {
        const l = random.below(levels.length);
        const { x } = fanOut(machine, l);
        const used = (spatial[l] ?? []).reduce((all, [, bound]) => all * bound, 1);
        const isSpatial = used * p <= x && random.below(2) === 0;
        const loops = (isSpatial ? spatial : temporal)[l] ?? [];
        const at = loops.findIndex(([other]) => other === dim);
        if (at >= 0) loops[at] = [dim, (loops[at]?.[1] ?? 1) * p];
        else loops.splice(random.below(loops.length + 1), 0, [dim, p]);
      }
  }
  return levels.map(({ name }, l) => ({
    level: name,
    temporal: temporal[l] ?? [],
    spatial: spatial[l] ?? [],
  }));
}

const roomy = (machine: Accelerator): Accelerator => ({
  ...machine,
  levels: machine.levels.map((level) => ({ ...level, depthWords: null })),
});

interface Scene {
  readonly machine: Accelerator;
  readonly gemm: Gemm;
  readonly padded: Gemm;
  readonly mapping: Mapping;
  readonly accounting: Accounting;
}

/** `slack`: how much larger the loops may be than the extents. */
const scenes = (slack: number, sizes: readonly number[]) =>
  fc.nat().map((seed): Scene => {
    const random = createRandom(seed);
    const plain = roomy(randomMachine(random, 2 + random.below(3)));
    const machine = random.below(3) === 0 ? withExtras(plain, { hopPj: 2, leakagePjPerCycle: 3 }) : plain;
    const padded = {
      batch: pick(random, [1, 1, 2]),
      m: pick(random, sizes),
      n: pick(random, sizes),
      k: pick(random, sizes),
    };
    const less = (extent: number): number =>
      Math.max(1, extent - random.below(Math.min(slack + 1, Math.ceil(extent / 2))));
    return {
      machine,
      padded,
      gemm: { batch: padded.batch, m: less(padded.m), n: less(padded.n), k: less(padded.k) },
      mapping: randomMapping(random, machine, padded),
      accounting: pick(random, ['timeloop', 'accelforge'] as const),
    };
  });

describe('where loops cover the extents exactly', () => {
  it('ragged counts are the ordinary ones', () => {
    fc.assert(
      fc.property(scenes(0, [1, 2, 4, 6, 12, 30]), ({ machine, padded, mapping, accounting }) => {
        const contraction = gemmContraction(padded);
        const [ragged, plain] = [
          evaluateRagged(machine, contraction, mapping, accounting),
          evaluateMapping(machine, contraction, mapping, accounting),
        ];
        expect(ragged.latencyCycles).toBe(plain.latencyCycles);
        expect(ragged.computeCycles).toBe(plain.computeCycles);
        expect(ragged.utilization).toBe(plain.utilization);
        expect(ragged.energyPj / plain.energyPj).toBeCloseTo(1, 12);
        plain.levels.forEach((level, l) => {
          for (const operand of operands) {
            const { energyPj: a = 0, ...counts } = level.operands[operand] ?? {};
            const { energyPj: b = 0, ...found } = ragged.levels[l]?.operands[operand] ?? {};
            expect(found).toEqual(counts);
            expect(b).toBeCloseTo(a, 6);
          }
        });
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});

interface Digit {
  readonly dim: string;
  readonly level: number;
  readonly spatial: boolean;
  readonly bound: number;
  readonly weight: number;
}

/** The nest as digits, outermost first. */
function digitsOf(mapping: Mapping): readonly Digit[] {
  const flat = mapping.flatMap(({ temporal, spatial }, level) => [
    ...temporal.map(([dim, bound]) => ({ dim, bound, level, spatial: false })),
    ...spatial.map(([dim, bound]) => ({ dim, bound, level, spatial: true })),
  ]);
  return flat.map((digit, i) => ({
    ...digit,
    weight: flat.slice(i + 1).reduce((all, inner) => (inner.dim === digit.dim ? all * inner.bound : all), 1),
  }));
}

/** Words that enter a level and steps of the array, by walking through every iteration. */
function walk(
  contraction: Contraction,
  mapping: Mapping,
  operand: Operand,
  level: number,
): { readonly words: number; readonly steps: number } {
  const digits = digitsOf(mapping);
  const own = contraction.dims[operand];
  const last = digits.findLastIndex(
    ({ dim, spatial, level: at, bound }) => !spatial && at < level && bound > 1 && own.includes(dim),
  );
  const holds = new Map<string, string>();
  const steps = new Set<string>();
  let words = 0;
  const visit = (i: number, values: readonly number[]): void => {
    if (i < digits.length) {
      for (let value = 0; value < (digits[i]?.bound ?? 1); value += 1) visit(i + 1, [...values, value]);
      return;
    }
    const index = new Map<string, number>();
    digits.forEach(({ dim, weight }, d) => index.set(dim, (index.get(dim) ?? 0) + weight * (values[d] ?? 0)));
    if ([...index].some(([dim, at]) => at >= (contraction.extents[dim] ?? 1))) return;
    const name = (keep: (digit: Digit) => boolean): string =>
      digits.map((digit, d) => (keep(digit) ? values[d] : '')).join();
    steps.add(name(({ spatial }) => !spatial));
    // One instance, and the iteration in which it fetches: the innermost loops without the operand spare fetching.
    const instance = name((digit) => digit.spatial && digit.level < level);
    const tile = name((digit) => !digit.spatial && digit.level < level && digits.indexOf(digit) <= last);
    const word = name((digit) => digit.level >= level && own.includes(digit.dim));
    const held = holds.get(instance);
    if (held !== tile) {
      holds.set(instance, tile);
      for (const key of seen.keys()) if (key.startsWith(`${instance}|`)) seen.delete(key);
    }
    const key = `${instance}|${word}`;
    if (!seen.has(key)) {
      seen.set(key, true);
      words += 1;
    }
  };
  const seen = new Map<string, boolean>();
  // Spatial loops run together, so time goes first.
  visitInTime(digits, visit);
  return { words, steps: steps.size };
}

/** Calls with digits in the order of time: temporal ones outermost, spatial ones within. */
function visitInTime(digits: readonly Digit[], visit: (i: number, values: readonly number[]) => void): void {
  const order = [...digits.keys()].toSorted(
    (a, b) => Number(digits[a]?.spatial) - Number(digits[b]?.spatial) || a - b,
  );
  const values = digits.map(() => 0);
  const step = (at: number): void => {
    const d = order[at];
    if (d === undefined) {
      visit(digits.length, values);
      return;
    }
    for (let value = 0; value < (digits[d]?.bound ?? 1); value += 1) {
      values[d] = value;
      step(at + 1);
    }
  };
  step(0);
}

describe('where last tiles are partial', () => {
  it('fills and cycles are those of a walk through every iteration', () => {
    let ragged = 0;
    fc.assert(
      fc.property(scenes(3, [1, 2, 3, 4, 6, 8]), ({ machine, gemm, padded, mapping }) => {
        const contraction = gemmContraction(gemm);
        // A loop that the extent leaves one iteration of is no loop; the rules take loops as they are written.
        fc.pre(
          digitsOf(mapping).every(
            ({ dim, bound, weight }) => bound === 1 || (contraction.extents[dim] ?? 1) > weight,
          ),
        );
        if (gemm.m < padded.m || gemm.n < padded.n || gemm.k < padded.k) ragged += 1;
        const cost = evaluateRagged(machine, contraction, mapping);
        for (const operand of operands) {
          const outermost = machine.levels.findIndex(({ keeps }) => keeps.includes(operand));
          machine.levels.forEach((level, l) => {
            if (l <= outermost || !level.keeps.includes(operand)) return;
            const { words, steps } = walk(contraction, mapping, operand, l);
            expect(cost.computeCycles).toBe(steps);
            const free = {
              ...machine,
              levels: machine.levels.map((each, at) => ({
                ...each,
                readEnergyPj: 0,
                writeEnergyPj: at === l ? 1 : 0,
              })),
            };
            const { leakagePjPerCycle: _, hopPj: __, ...bare } = free;
            const counted = evaluateRagged(bare, contraction, mapping).levels[l]?.operands[operand];
            if (operand !== 'O') expect(counted?.energyPj).toBeCloseTo(words, 6);
          });
        }
      }),
      { numRuns: 250, seed: 4 },
    );
    expect(ragged).toBeGreaterThan(30);
  });

  it('never moves or does more than the padded loops', () => {
    fc.assert(
      fc.property(scenes(9, [1, 2, 4, 6, 12, 30]), ({ machine, gemm, padded, mapping, accounting }) => {
        const cost = evaluateRagged(machine, gemmContraction(gemm), mapping, accounting);
        const full = evaluateMapping(machine, gemmContraction(padded), mapping, accounting);
        expect(cost.energyPj).toBeLessThanOrEqual(full.energyPj * (1 + 1e-12));
        expect(cost.latencyCycles).toBeLessThanOrEqual(full.latencyCycles);
        expect(cost.macs).toBe(gemm.batch * gemm.m * gemm.n * gemm.k);
        for (const level of cost.levels)
          for (const counts of Object.values(level.operands))
            for (const count of Object.values(counts)) expect(count).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 300, seed: 5 },
    );
  });
});

describe('a mapper with ragged tiles', () => {
  const edp = ({
    energyPj,
    latencyCycles,
  }: {
    readonly energyPj: number;
    readonly latencyCycles: number;
  }): number => energyPj * latencyCycles;

  it.each(Object.values(presets))(
    '$name: never dearer than padding, says how far it may be from the best',
    (machine) => {
      const [any, ragged] = [createMapper(machine), createMapper(machine, { factors: 'ragged' })];
      for (const [m, n, k] of [
        [37, 96, 17],
        [128, 37, 96],
        [1, 101, 64],
        [64, 96, 96],
      ] as const) {
        const gemm = { batch: 1, m, n, k };
        const [padded, found] = [any.cost(gemm, 'exact'), ragged.mapping(gemm, 'exact')];
        expect(edp(found)).toBeLessThanOrEqual(edp(padded) * (1 + 1e-9));
        expect(found.energyPj).toBe(found.cost.energyPj);
        expect(found.cost.macs).toBe(m * n * k);
        if (found.ragged === true) expect(found.bound.kind).toBe('best-found');
        const bound = ragged.bound(gemm, 'exact');
        expect(bound.gap).toBeLessThan(0.25);
      }
    },
  );

  it('gains where every dim is awkward', () => {
    const ratios = Object.values(presets).map((machine) => {
      const gemm = { batch: 1, m: 67, n: 37, k: 101 };
      const at = (factors: 'any' | 'ragged') => edp(createMapper(machine, { factors }).cost(gemm, 'exact'));
      return at('ragged') / at('any');
    });
    expect(Math.max(...ratios)).toBeLessThanOrEqual(1);
    expect(Math.min(...ratios)).toBeLessThan(0.9);
  });

  it('finds the optimum of nearly every small case', () => {
    const ratios: number[] = [];
    for (let seed = 0; ratios.length < 60; seed += 1) {
      const random = createRandom(seed);
      const machine = randomMachine(random, 2 + random.below(2));
      const extent = (): number => pick(random, [1, 2, 3, 5, 7]);
      const gemm = { batch: 1, m: extent(), n: extent(), k: extent() };
      const every = everyRagged(machine, gemm, 1500);
      if (every === null) continue;
      for (const objective of ['edp', 'energy', 'latency'] as const) {
        const key = (cost: Pick<MappingCost, 'energyPj' | 'latencyCycles'>): number =>
          goals[objective].key(cost.energyPj, cost.latencyCycles);
        const least = every.reduce(
          (low, mapping) => Math.min(low, key(evaluateRagged(machine, gemmContraction(gemm), mapping))),
          Number.POSITIVE_INFINITY,
        );
        const found = createMapper(machine, { objective, factors: 'ragged' }).cost(gemm, 'exact');
        ratios.push(key(found) / least);
      }
    }
    // Never below: the enumeration has them all.
    expect(Math.min(...ratios)).toBeGreaterThan(1 - 1e-9);
    expect(ratios.filter((ratio) => ratio < 1 + 1e-9).length / ratios.length).toBeGreaterThan(0.95);
    expect(Math.max(...ratios)).toBeLessThan(1.2);
  });
});
