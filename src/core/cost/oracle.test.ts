/**
 * The exact mapper against exhaustive enumeration: every mapping in every loop order of random small machines, each
 * costed by the counting rules. `RANKSCAPE_LONG` runs thousands.
 */
import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import type { Accelerator, MemoryLevel } from '../hardware/accelerator.ts';
import { evaluateMapping, fanOut } from './counts.ts';
import { gemmContraction } from './gemm.ts';
import { createMapper } from './mapper.ts';
import type { MappedGemm } from './mapper.ts';
import type {
  Accounting,
  Contraction,
  Gear,
  Gemm,
  LevelLoops,
  Loop,
  Mapping,
  MappingCost,
  Objective,
} from './mapping.ts';
import { pick, randomMachine } from './random-machine.fixture.ts';

const objectives: readonly Objective[] = ['edp', 'energy', 'latency'];

/** All ways to write `extent` as an ordered product of `slots` factors. */
function splits(extent: number, slots: number): number[][] {
  if (slots === 1) return [[extent]];
  const all: number[][] = [];
  for (let f = 1; f <= extent; f += 1) {
    if (extent % f === 0) for (const rest of splits(extent / f, slots - 1)) all.push([f, ...rest]);
  }
  return all;
}

function orders(loops: readonly Loop[]): Loop[][] {
  if (loops.length <= 1) return [[...loops]];
  return loops.flatMap((loop, i) => orders(loops.filter((_, j) => j !== i)).map((rest) => [loop, ...rest]));
}

/** Calls `visit` with every legal mapping; null when there are more than `most`. */
function everyMapping(accelerator: Accelerator, contraction: Contraction, most: number): Mapping[] | null {
  const { levels } = accelerator;
  const fans = levels.map((_, l) => fanOut(accelerator, l));
  const fanLevels = fans.flatMap((fan, l) => (fan.x * fan.y > 1 ? [l] : []));
  const dims = Object.keys(contraction.extents);
  const slots = levels.length + fanLevels.length;
  const perDim = dims.map((dim) => splits(contraction.extents[dim] ?? 1, slots));
  if (perDim.reduce((all, list) => all * list.length, 1) > most * 20) return null;
  let chosen: number[][][] = [[]];
  for (const list of perDim) chosen = chosen.flatMap((prefix) => list.map((item) => [...prefix, item]));
  const found: Mapping[] = [];
  for (const factors of chosen) {
    const temporal = levels.map((_, l) =>
      dims.map((dim, d): Loop => [dim, factors[d]?.[l] ?? 1]).filter(([, b]) => b > 1),
    );
    const spatial = levels.map((_, l): Loop[] => {
      const f = fanLevels.indexOf(l);
      return f < 0
        ? []
        : dims.map((dim, d): Loop => [dim, factors[d]?.[levels.length + f] ?? 1]).filter(([, b]) => b > 1);
    });
    if (!fans.every((fan, l) => fitsMesh(spatial[l] ?? [], fan.x, fan.y))) continue;
    if (!levels.every((level, l) => fitsDepth(level, l, contraction, temporal, spatial))) continue;
    let nests: LevelLoops[][] = [[]];
    for (const [l, level] of levels.entries()) {
      // Nothing is kept below the innermost level: its order cannot matter.
      const options = l === levels.length - 1 ? [temporal[l] ?? []] : orders(temporal[l] ?? []);
      nests = nests.flatMap((outer) =>
        options.map((loops) => [
          ...outer,
          { level: level.name, temporal: loops, spatial: splitLoops(spatial[l] ?? [], fans[l]) },
        ]),
      );
    }
    found.push(...nests);
    if (found.length > most) return null;
  }
  return found;
}

const fitsMesh = (loops: readonly Loop[], x: number, y: number): boolean => {
  const total = loops.reduce((all, [, bound]) => all * bound, 1);
  for (let along = 1; along <= x; along += 1) if (total % along === 0 && total / along <= y) return true;
  return false;
};

/** Prime by prime, so that the legality test can put any part along X. */
const splitLoops = (
  loops: readonly Loop[],
  fan: { readonly x: number; readonly y: number } | undefined,
): Loop[] =>
  fan === undefined
    ? []
    : loops.flatMap(([dim, bound]) => {
        const primes: Loop[] = [];
        let rest = bound;
        for (let p = 2; rest > 1; p += 1) for (; rest % p === 0; rest /= p) primes.push([dim, p]);
        return primes;
      });

function fitsDepth(
  level: MemoryLevel,
  l: number,
  contraction: Contraction,
  temporal: readonly (readonly Loop[])[],
  spatial: readonly (readonly Loop[])[],
): boolean {
  if (level.depthWords === null) return true;
  const inside = [...temporal.slice(l), ...spatial.slice(l)].flat();
  const words = level.keeps.map((operand) =>
    inside.reduce((all, [dim, bound]) => (contraction.dims[operand].includes(dim) ? all * bound : all), 1),
  );
  return words.reduce((sum, tile) => sum + tile, 0) <= level.depthWords;
}

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

describe('the exact mapper equals exhaustive enumeration', () => {
  const long = env['RANKSCAPE_LONG'] !== undefined;
  const machines = long ? 2200 : 120;
  const most = long ? 5000 : 1500;

  it(`on ${machines} random machines, for three objectives`, { timeout: 3_600_000 }, () => {
    const random = createRandom(20_240_607);
    let compared = 0;
    let mappings = 0;
    let infeasible = 0;
    while (compared < machines) {
      const accelerator = randomMachine(random, 2 + random.below(5));
      const extent = (): number => pick(random, [1, 2, 2, 3, 4, 4, 5, 6, 8, 9, 12]);
      const gemm: Gemm = {
        batch: random.below(3) === 0 ? pick(random, [2, 3, 4]) : 1,
        m: extent(),
        n: extent(),
        k: extent(),
      };
      const contraction = gemmContraction(gemm);
      const accounting: Accounting = random.below(3) === 0 ? 'accelforge' : 'timeloop';
      const all = everyMapping(accelerator, contraction, most);
      if (all === null) continue;
      const best = new Map<Objective, MappingCost>();
      for (const mapping of all) {
        const cost = evaluateMapping(accelerator, contraction, mapping, accounting);
        for (const objective of objectives) {
          const standing = best.get(objective);
          if (standing === undefined || better[objective](cost, standing)) best.set(objective, cost);
        }
      }
      mappings += all.length;
      compared += 1;
      for (const objective of objectives) {
        const map = (gear: Gear): MappedGemm =>
          createMapper(accelerator, { accounting, objective, factors: 'perfect' }).mapping(gemm, gear);
        const standing = best.get(objective);
        if (standing === undefined) {
          infeasible += 1;
          expect(() => map('exact')).toThrow(/level L\d: must have .*\d words/);
          continue;
        }
        const label = `${objective} ${JSON.stringify({ gemm, accounting, accelerator })}`;
        const [exact, fast] = [map('exact'), map('fast')];
        expect(exact.bound.kind).toBe('optimal');
        expect(distance(score[objective](exact.cost), score[objective](standing)), label).toBeLessThan(1e-9);
        const apart = distance(score[objective](fast.cost), score[objective](standing));
        if (fast.bound.kind === 'optimal') expect(apart, label).toBeLessThan(1e-9);
        else expect(better[objective](fast.cost, standing) && apart > 1e-9, label).toBe(false);
      }
    }
    expect(mappings).toBeGreaterThan(machines * 20);
    expect(infeasible).toBeGreaterThan(0);
    expect(infeasible).toBeLessThan(machines);
  });
});
