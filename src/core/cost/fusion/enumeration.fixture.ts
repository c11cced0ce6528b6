/** Small machines and every mapping of small products on them: what the fused search is held against. */
import { InputError } from '../../base/checks.ts';
import type { Random } from '../../base/random.ts';
import type { Accelerator } from '../../hardware/accelerator.ts';
import { gemmContraction } from '../gemm.ts';
import type { Accounting, Gemm, Loop, Mapping } from '../mapping.ts';
import { evaluateFixedStep } from './fixed.ts';
import { residentWords } from './homes.ts';
import type { Homes } from './homes.ts';
import type { Point } from './trade.ts';

/** DRAM, a shared buffer and registers behind a row of `lanes`. */
export function smallMachine(random: Random): Accelerator {
  const port = (): number | null => [null, 1, 2, 4][random.below(4)] ?? null;
  const lanes = [1, 2, 4][random.below(3)] ?? 1;
  const level = (name: string, meshX: number, depthWords: number | null, scale: number) => ({
    name,
    meshX,
    meshY: 1,
    depthWords,
    wordBits: 8,
    readWordsPerCycle: port(),
    writeWordsPerCycle: port(),
    readEnergyPj: scale * (0.5 + random.next()),
    writeEnergyPj: scale * (0.5 + random.next()),
    keeps: ['I', 'W', 'O'] as const,
  });
  return {
    name: 'small',
    clockHz: 1e9,
    wordBits: 8,
    energyUnit: 'pJ',
    levels: [
      level('DRAM', 1, null, 20),
      level('GLB', 1, 6 + random.below(40), 2),
      level('RF', lanes, 3 + random.below(6), 0.2),
    ],
    mac: { meshX: lanes, meshY: 1, energyPj: random.next() },
  };
}

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
  return loops.flatMap((loop, i) => orders(loops.toSpliced(i, 1)).map((rest) => [loop, ...rest]));
}

/** Every mapping on a three-level machine whose only fan-out is above its innermost level, capacities aside. */
function everyMapping({ levels, mac }: Accelerator, gemm: Gemm): Mapping[] {
  const dims = Object.entries(gemmContraction(gemm).extents);
  let chosen: number[][][] = [[]];
  for (const [, extent] of dims)
    chosen = chosen.flatMap((before) => splits(extent, 4).map((list) => [...before, list]));
  return chosen.flatMap((factors) => {
    const loops = (slot: number): Loop[] =>
      dims.flatMap(([dim], d): Loop[] => {
        const bound = factors[d]?.[slot] ?? 1;
        return bound > 1 ? [[dim, bound]] : [];
      });
    const spatial = loops(3);
    if (spatial.reduce((all, [, bound]) => all * bound, 1) > mac.meshX) return [];
    const name = (l: number): string => levels[l]?.name ?? '';
    return orders(loops(0)).flatMap((outer) =>
      orders(loops(1)).map((middle): Mapping => [
        { level: name(0), temporal: outer, spatial: [] },
        { level: name(1), temporal: middle, spatial },
        { level: name(2), temporal: loops(2), spatial: [] },
      ]),
    );
  });
}

/** Energy and cycles of every mapping that fits; those that another one beats in both are left out. */
export function everyPoint(
  accelerator: Accelerator,
  accounting: Accounting,
  gemm: Gemm,
  homes: Homes,
  held: readonly number[],
): Point[] {
  const resident = residentWords(accelerator, homes, gemm);
  const all = resident.map((words, l) => words + (held[l] ?? 0));
  const points: Point[] = [];
  const contraction = gemmContraction(gemm);
  for (const mapping of everyMapping(accelerator, gemm)) {
    try {
      const step = { contraction, mapping, homes, held: all };
      const { energyPj, latencyCycles } = evaluateFixedStep(accelerator, step, accounting);
      points.push({ energyPj, cycles: latencyCycles });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  return frontOf(points);
}

export function frontOf(points: readonly Point[]): Point[] {
  const sorted = points.toSorted((a, b) => a.energyPj - b.energyPj || a.cycles - b.cycles);
  let least = Number.POSITIVE_INFINITY;
  return sorted.filter(({ cycles }) => {
    if (cycles >= least) return false;
    least = cycles;
    return true;
  });
}

export const sums = (a: readonly Point[], b: readonly Point[]): Point[] =>
  frontOf(
    a.flatMap((x) => b.map((y) => ({ energyPj: x.energyPj + y.energyPj, cycles: x.cycles + y.cycles }))),
  );
