/**
 * A mapping whose loops cover more than the extents, counted as it would run: last tiles are partial, iterations without a
 * word are left out, and only real words move. The rules are those of `counts.ts`; what changes is that a dim's loops run over
 * the indices that exist. Energies are sums over all instances; cycles and the counts shown are those of the fullest
 * instance, the first one. Where loops cover the extents exactly both count the same. Which tiles are best is the search of
 * `ragged-search.ts`, how much better any could be the bound of `ragged-bound.ts`.
 */
import { operands } from '../hardware/accelerator.ts';
import type { Accelerator, Operand } from '../hardware/accelerator.ts';
import { wordsTaken } from '../hardware/bit-widths.ts';
import { busyCycles, hopEnergy, totalCost } from './counts.ts';
import type { AccessCounts, Accounting, Contraction, LevelCost, Mapping, MappingCost } from './mapping.ts';

/** One loop over a dim, in nest order. */
interface At {
  readonly level: number;
  /** Position among the temporal loops of the level. */
  readonly index: number;
  readonly spatial: boolean;
  readonly bound: number;
  /** Indices that one iteration covers. */
  weight: number;
}

/**
 * @param contraction extents as they are
 * @param mapping legal for extents at least as large
 */
export function evaluateRagged(
  accelerator: Accelerator,
  contraction: Contraction,
  mapping: Mapping,
  accounting: Accounting = 'timeloop',
): MappingCost {
  const { levels } = accelerator;
  const loops = readLoops(mapping);
  const dims = Object.keys(contraction.extents);
  const extent = (dim: string): number => contraction.extents[dim] ?? 1;
  const over = (own: readonly string[], keep: (at: At) => boolean): number =>
    own.reduce((all, dim) => all * iterations(loops.get(dim) ?? [], extent(dim), keep), 1);
  const macs = dims.reduce((all, dim) => all * extent(dim), 1);
  const computeCycles = over(dims, (at) => !at.spatial);

  const flows = operands.map((operand) => ({
    operand,
    ...operandFlow(accelerator, contraction, mapping, operand, over, accounting),
  }));
  const counted = levels.map((level, l): LevelCost => {
    const counts: Partial<Record<Operand, AccessCounts>> = {};
    let [reads, writes, energyPj] = [0, 0, 0];
    const instances = over(dims, (at) => at.spatial && at.level < l);
    for (const { operand, first, total, parents } of flows) {
      const [one, all] = [first[l], total[l]];
      if (one === undefined || all === undefined) continue;
      const takes = wordsTaken(level, operand);
      const energy =
        takes *
        (all.reads * level.readEnergyPj +
          (all.fills + all.updates) * level.writeEnergyPj +
          all.moved * hopEnergy(accelerator, parents[l] ?? l, l));
      const tileWords = contraction.dims[operand].reduce(
        (words, dim) => words * tileOf(loops, dim, l, extent(dim)),
        1,
      );
      counts[operand] = {
        tileWords,
        instances,
        reads: one.reads,
        fills: one.fills,
        updates: one.updates,
        energyPj: energy,
      };
      reads += one.reads * takes;
      writes += (one.fills + one.updates) * takes;
      energyPj += energy;
    }
    const cycles = busyCycles(level, computeCycles, reads, writes);
    return { name: level.name, cycles, energyPj, operands: counts };
  });
  return totalCost(accelerator, macs, computeCycles, counted);
}

/** By dim its loops, outermost first. */
function readLoops(mapping: Mapping): ReadonlyMap<string, readonly At[]> {
  const loops = new Map<string, At[]>();
  mapping.forEach(({ temporal, spatial }, level) => {
    for (const [list, isSpatial] of [
      [temporal, false],
      [spatial, true],
    ] as const)
      for (const [index, [dim, bound]] of list.entries()) {
        if (bound === 1) continue;
        const own = loops.get(dim) ?? [];
        own.push({ level, index, spatial: isSpatial, bound, weight: 1 });
        loops.set(dim, own);
      }
  });
  for (const own of loops.values())
    for (let i = own.length - 2; i >= 0; i -= 1) {
      const [at, inner] = [own[i] as At, own[i + 1] as At];
      at.weight = inner.weight * inner.bound;
    }
  return loops;
}

/** How many iterations of the kept loops have an index in them, the other loops at their first iteration. */
function iterations(own: readonly At[], extent: number, keep: (at: At) => boolean): number {
  let count = 0;
  let rest = extent;
  // What the loops inside have in a full iteration.
  const inside = own.map(() => 1);
  for (let i = own.length - 2; i >= 0; i -= 1) {
    const inner = own[i + 1] as At;
    inside[i] = (inside[i + 1] as number) * (keep(inner) ? inner.bound : 1);
  }
  for (const [i, at] of own.entries()) {
    if (!keep(at)) {
      rest = Math.min(rest, at.weight);
      continue;
    }
    const full = Math.min(at.bound, Math.floor(rest / at.weight));
    count += full * (inside[i] as number);
    rest -= full * at.weight;
    if (full === at.bound || rest === 0) return count;
  }
  // One iteration, a partial one, of everything kept.
  return count + 1;
}

/** Indices that the loops at a level and inside it cover. */
function tileOf(
  loops: ReadonlyMap<string, readonly At[]>,
  dim: string,
  level: number,
  extent: number,
): number {
  const size = (loops.get(dim) ?? []).reduce((all, at) => (at.level >= level ? all * at.bound : all), 1);
  return Math.min(size, extent);
}

interface Words {
  readonly reads: number;
  readonly fills: number;
  readonly updates: number;
  /** Between here and the keeper outside. */
  readonly moved: number;
}

interface Flow {
  /** [level], undefined where the operand is not kept: of the first instance, and of all of them. */
  readonly first: readonly (Words | undefined)[];
  readonly total: readonly (Words | undefined)[];
  readonly parents: readonly number[];
}

function operandFlow(
  { levels }: Accelerator,
  contraction: Contraction,
  mapping: Mapping,
  operand: Operand,
  over: (own: readonly string[], keep: (at: At) => boolean) => number,
  accounting: Accounting,
): Flow {
  const own = contraction.dims[operand];
  const others = Object.keys(contraction.extents).filter((dim) => !own.includes(dim));
  const keepers = levels.flatMap(({ keeps }, l) => (keeps.includes(operand) ? [l] : []));
  const parents = levels.map((_, l) => keepers[keepers.indexOf(l) - 1] ?? l);
  /**
   * Words for the loops inside level `to` (the MACs when there is none), as they pass level `from`: `all` = of all its
   * instances, otherwise of the first. Loops between the two levels that the operand is not in carry one copy.
   */
  const words = (from: number, to: number, all: boolean): number => {
    const run = to < levels.length ? runOutside(mapping, to, own) : new Set<string>();
    const isVisit = (at: At): boolean =>
      at.spatial ? all && at.level < from : at.level < to && !run.has(`${at.level} ${at.index}`);
    return over(own, (at) => all || !at.spatial || at.level >= from) * over(others, isVisit);
  };
  const owned = (l: number, all: boolean): number =>
    over(own, (at) => all || !at.spatial || at.level >= l) *
    over(others, (at) => all && at.spatial && at.level < l);

  const countAt = (all: boolean): (Words | undefined)[] =>
    levels.map((_, l) => {
      const place = keepers.indexOf(l);
      if (place < 0) return undefined;
      const content = words(l, keepers[place + 1] ?? levels.length, all);
      const visits = place === 0 ? 0 : words(l, l, all);
      if (operand !== 'O') return { reads: content, fills: visits, updates: 0, moved: visits };
      const part = owned(l, all);
      const drained = accounting === 'accelforge' ? visits : 0;
      const refilled = place === 0 ? 0 : visits - part;
      return { reads: content - part + drained, fills: refilled, updates: content, moved: visits + refilled };
    });
  return { first: countAt(false), total: countAt(true), parents };
}

/** The innermost run of loops outside a level that the operand is not in: they bring no new words. */
function runOutside(mapping: Mapping, level: number, own: readonly string[]): ReadonlySet<string> {
  const run = new Set<string>();
  for (let l = level - 1; l >= 0; l -= 1) {
    const { temporal } = mapping[l] ?? { temporal: [] };
    for (let i = temporal.length - 1; i >= 0; i -= 1) {
      const [dim, bound] = temporal[i] ?? ['', 1];
      if (bound === 1) continue;
      if (own.includes(dim)) return run;
      run.add(`${l} ${i}`);
    }
  }
  return run;
}
