/** Small machines and every mapping of small products on them: what the fused search is held against. */
import { InputError } from '../../base/checks.ts';
import type { Random } from '../../base/random.ts';
import { operands } from '../../hardware/accelerator.ts';
import type { Accelerator } from '../../hardware/accelerator.ts';
import type { Placement } from '../counts.ts';
import { orders, splits } from '../every-mapping.fixture.ts';
import { gemmContraction } from '../gemm.ts';
import { primesOf } from '../lattice.ts';
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

type Given = Parameters<typeof evaluateFixedStep>[1];

/** Loops of prime bounds in every order: at the outermost level, at the middle one, spread and innermost. */
function everyNest(
  lanes: number,
  left: readonly Loop[],
): readonly (readonly [Loop[], Loop[], Loop[], Loop[]])[] {
  const found: [Loop[], Loop[], Loop[], Loop[]][] = [];
  const distinct = (loops: readonly Loop[]): number[] =>
    loops.flatMap(([dim, bound], i) =>
      loops.findIndex((other) => other[0] === dim && other[1] === bound) === i ? [i] : [],
    );
  const grow = (
    outer: readonly Loop[],
    middle: readonly Loop[],
    inMiddle: boolean,
    rest: readonly Loop[],
  ): void => {
    if (!inMiddle) grow(outer, middle, true, rest);
    else
      for (let set = 0; set < 1 << rest.length; set += 1) {
        const spread = rest.filter((_, i) => (set >> i) & 1);
        if (spread.reduce((all, [, bound]) => all * bound, 1) > lanes) continue;
        found.push([[...outer], [...middle], spread, rest.filter((_, i) => !((set >> i) & 1))]);
      }
    for (const i of distinct(rest)) {
      const loop = rest[i] as Loop;
      if (inMiddle) grow(outer, [...middle, loop], true, rest.toSpliced(i, 1));
      else grow([...outer, loop], middle, false, rest.toSpliced(i, 1));
    }
  };
  grow([], [], false, left);
  return found;
}

/** How many of the innermost loops a tile may take in, so that the last of them matters: for each operand by itself. */
function everyHeight(loops: readonly Loop[], dims: Given['contraction']['dims']): Placement[number][] {
  return operands.reduce<Placement[number][]>(
    (all, operand) =>
      [0, ...loops.flatMap(([dim], i) => (dims[operand].includes(dim) ? [loops.length - i] : []))].flatMap(
        (taken) => all.map((before) => ({ ...before, [operand]: taken })),
      ),
    [{}],
  );
}

/** As `everyPoint`, with every tensor held at any height of the nest. */
export function everyUnevenPoint(
  accelerator: Accelerator,
  accounting: Accounting,
  gemm: Gemm,
  homes: Homes,
  held: readonly number[],
): Point[] {
  const contraction = gemmContraction(gemm);
  const primes = Object.entries(contraction.extents).flatMap(([dim, extent]) =>
    primesOf(extent).flatMap((prime) => {
      let power = 0;
      for (let rest = extent; rest % prime === 0; rest /= prime) power += 1;
      return Array.from({ length: power }, (): Loop => [dim, prime]);
    }),
  );
  const [first, second, third] = accelerator.levels.map(({ name }) => name);
  const steps = everyNest(accelerator.mac.meshX, primes).flatMap(([outer, middle, spatial, inner]) => {
    const mapping: Mapping = [
      { level: first ?? '', temporal: outer, spatial: [] },
      { level: second ?? '', temporal: middle, spatial },
      { level: third ?? '', temporal: inner, spatial: [] },
    ];
    return everyHeight(outer, contraction.dims).flatMap((atSecond) =>
      everyHeight(middle, contraction.dims).map((atThird) => ({
        mapping,
        placement: [{}, atSecond, atThird],
      })),
    );
  });
  return pointsOf(accelerator, accounting, gemm, contraction, homes, held, steps);
}

/** Energy and cycles of every mapping that fits; those that another one beats in both are left out. */
export function everyPoint(
  accelerator: Accelerator,
  accounting: Accounting,
  gemm: Gemm,
  homes: Homes,
  held: readonly number[],
): Point[] {
  const contraction = gemmContraction(gemm);
  const steps = everyMapping(accelerator, gemm).map((mapping) => ({ mapping }));
  return pointsOf(accelerator, accounting, gemm, contraction, homes, held, steps);
}

function pointsOf(
  accelerator: Accelerator,
  accounting: Accounting,
  gemm: Gemm,
  contraction: Given['contraction'],
  homes: Homes,
  held: readonly number[],
  steps: readonly Pick<Given, 'mapping' | 'placement'>[],
): Point[] {
  const resident = residentWords(accelerator, homes, gemm);
  const all = resident.map((words, l) => words + (held[l] ?? 0));
  const points: Point[] = [];
  for (const given of steps) {
    try {
      const step = { contraction, homes, held: all, ...given };
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
