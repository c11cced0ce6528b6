/**
 * Ragged mappings, searched: optima of padded extents are counted again with real words only, and from the best of them one
 * factor after the other is changed, another one taking up what then has to be covered, as long as anything gains. What no
 * such change improves need not be the optimum; the bound says how far it may be.
 */
import type { Choice } from './chain.ts';
import { mappingOf } from './chain.ts';
import type { Gear, Gemm, Mapping } from './mapping.ts';
import type { Goal } from './objective.ts';
import { paddedExtents } from './padding.ts';
import type { Extents } from './plans.ts';
import { createRaggedCounter, mappingFrom, nestFrom } from './ragged-nest.ts';
import type { Nest, RaggedCounter } from './ragged-nest.ts';
import type { Solver } from './solver.ts';
import type { MachineTables } from './tables.ts';

/** How far the search goes. */
interface Effort {
  /** Padded extents whose optima are counted, and of products that take long to map. */
  readonly extents: number;
  readonly extentsOfLarge: number;
  /** Of these, the best ones that are changed. */
  readonly starts: number;
  /** Nests that are counted in all. */
  readonly nests: number;
}

const efforts: Readonly<Record<Gear, Effort>> = {
  exact: { extents: 32, extentsOfLarge: 8, starts: 3, nests: 8_000 },
  fast: { extents: 6, extentsOfLarge: 2, starts: 1, nests: 400 },
};

/** Products of more multiplications take milliseconds each. */
const large = 2 ** 32;

interface Found {
  readonly nest: Nest;
  readonly energyPj: number;
  readonly cycles: number;
}

/** The best mapping found, its loops covering the extents; null when nothing fits. The batch is never ragged. */
export function searchRagged(
  machine: MachineTables,
  goal: Goal,
  solver: Solver,
  gear: Gear,
  gemm: Gemm,
): Mapping | null {
  const effort = efforts[gear];
  const counter = createRaggedCounter(machine, gemm);
  const counted = (choice: Choice): Found => {
    const nest = nestFrom(machine, mappingOf(machine, choice));
    return { nest, ...counter.count(nest) };
  };
  const order = (a: Found, b: Found): number =>
    goal.key(a.energyPj, a.cycles) - goal.key(b.energyPj, b.cycles) ||
    goal.tie(a.energyPj, a.cycles) - goal.tie(b.energyPj, b.cycles);
  const likely = paddedExtents(machine, gemm);
  // All of them together first: what padding would take.
  const padded = solver.solve(likely);
  if (padded === null) return null;
  const starts = [counted(padded.choice)];
  const isLarge = gemm.m * gemm.n * gemm.k > large;
  const few = isLarge ? effort.extentsOfLarge : effort.extents;
  for (const extents of candidates(gemm, likely).slice(0, few)) {
    const solution = solver.solve([extents]);
    if (solution !== null) starts.push(counted(solution.choice));
  }
  starts.sort(order);
  const walker = createWalker(machine, goal, counter, gemm, effort.nests);
  let best = starts[0] as Found;
  for (const start of starts.slice(0, effort.starts)) {
    const found = walker(start);
    if (order(found, best) < 0) best = found;
  }
  return mappingFrom(machine, best.nest);
}

/** The likely paddings and, of small extents, all: those with the least products first. */
function candidates({ m, n, k, batch }: Gemm, likely: readonly Extents[]): readonly Extents[] {
  const macs = ([pm, pn, pk]: Extents): number => pm * pn * pk;
  const found = new Map(likely.map((extents) => [extents.join(), extents]));
  const window = (extent: number): readonly number[] =>
    Array.from({ length: Math.min(extent, mostSmall) }, (_, more) => extent + more);
  if (m * n * k <= mostSmall ** 3)
    for (const pm of window(m))
      for (const pn of window(n))
        for (const pk of window(k)) found.set(`${pm},${pn},${pk},${batch}`, [pm, pn, pk, batch]);
  return [...found.values()].sort((a, b) => macs(a) - macs(b));
}

/** Extents up to this are tried at all their paddings. */
const mostSmall = 8;

function createWalker(
  machine: MachineTables,
  goal: Goal,
  { isLegal, count }: RaggedCounter,
  { m, n, k }: Gemm,
  mostNests: number,
): (start: Found) => Found {
  const { levels, fans } = machine;
  const extents = [m, n, k] as const;
  // Temporal slots of every level, spatial ones where there is a fan-out.
  const slots = [
    ...Array.from({ length: levels }, (_, l) => 2 * l),
    ...fans.map(({ level }) => 2 * level + 1),
  ].sort((a, b) => a - b);
  let left = mostNests;
  return (start) => {
    let best = start;
    const work = copyOf(best.nest);
    /** Takes the nest in `work` where it is legal and better. */
    const judge = (): boolean => {
      if (left <= 0 || !isLegal(work)) return false;
      left -= 1;
      const { energyPj, cycles } = count(work);
      if (!goal.beats(energyPj, cycles, best.energyPj, best.cycles)) return false;
      best = { nest: copyOf(work), energyPj, cycles };
      return true;
    };
    const reset = (): void => assign(work, best.nest);
    /** Sets one factor of a dim; another one covers the rest. */
    const change = (dim: number, slot: number, value: number, filler: number): boolean => {
      const own = work.bounds[dim] as Float64Array;
      own[slot] = value;
      own[filler] = 1;
      const covered = own.reduce((all, bound) => all * bound, 1);
      own[filler] = Math.ceil((extents[dim] as number) / covered);
      trim(own, extents[dim] as number);
      const isLimited = fans.every(
        ({ level, limits }) => (own[2 * level + 1] as number) <= (limits[dim] ?? 1),
      );
      return isLimited;
    };
    /** Every change of one dim's factors; with `reorder` each together with another innermost loop of some level. */
    const pass = (reorder: boolean): boolean => {
      let gained = false;
      const alone = reorder ? 0 : levels;
      for (let l = 0; l < alone; l += 1)
        for (const dim of [0, 1, 2]) {
          if (work.last[l] === dim) continue;
          work.last[l] = dim;
          if (judge()) gained = true;
          reset();
        }
      for (const dim of [0, 1, 2])
        for (const slot of slots)
          for (const value of valuesNear(best.nest.bounds[dim]?.[slot] ?? 1, extents[dim] as number))
            for (const filler of slots) {
              if (filler === slot || left <= 0) continue;
              const fits = change(dim, slot, value, filler);
              if (fits && judge()) gained = true;
              else if (fits && reorder)
                for (let l = 0; l < levels; l += 1) {
                  const before = work.last[l] as number;
                  for (const other of [0, 1, 2]) {
                    work.last[l] = other;
                    if (other !== before && judge()) gained = true;
                  }
                  work.last[l] = before;
                }
              reset();
            }
      return gained;
    };
    let gains = true;
    while (gains) gains = pass(false) || pass(true);
    return best;
  };
}

/** A few steps up and down, and whole factors taken away. */
function valuesNear(bound: number, extent: number): readonly number[] {
  const values = [1, bound - 1, bound + 1, Math.ceil(bound / 2), Math.ceil(bound / 3), 2 * bound, 3 * bound];
  return [...new Set(values)].filter((value) => value >= 1 && value !== bound && value < 2 * extent);
}

/** Makes the outermost loops no longer than it takes to cover the extent. */
function trim(own: Float64Array, extent: number): void {
  for (let slot = 0; slot < own.length; slot += 1) {
    if (own[slot] === 1) continue;
    let inside = 1;
    for (let inner = slot + 1; inner < own.length; inner += 1) inside *= own[inner] as number;
    own[slot] = Math.ceil(extent / inside);
    if ((own[slot] as number) > 1) return;
  }
}

const copyOf = ({ bounds: [m, n, k, b], last }: Nest): Nest => ({
  bounds: [m.slice(), n.slice(), k.slice(), b],
  last: last.slice(),
});

function assign(to: Nest, from: Nest): void {
  for (const dim of [0, 1, 2] as const) to.bounds[dim].set(from.bounds[dim]);
  to.last.set(from.last);
}
