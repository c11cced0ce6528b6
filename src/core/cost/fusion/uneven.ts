/**
 * The exact mapper for tensors held at their own heights: best plan first by cheap bounds, each opened plan solved by the
 * programme of `uneven-programme.ts`, until the next bound cannot beat the standing. What it returns is proven optimal over
 * perfect factors of the given extents.
 */
import type { Operand } from '../../hardware/accelerator.ts';
import { cyclesAt, nestOf } from '../chain.ts';
import { wholeCycles } from '../counts.ts';
import type { Placement } from '../counts.ts';
import type { Loop, Mapping } from '../mapping.ts';
import type { Goal, Standing } from '../objective.ts';
import { createOpenPlan, openPlan, placePlan, weigh } from '../open-plan.ts';
import type { Values } from '../open-plan.ts';
import { createPlanBook } from '../plans.ts';
import type { Extents } from '../plans.ts';
import { dimNames } from '../tables.ts';
import type { MachineTables } from '../tables.ts';
import {
  bestEntry,
  boundRelaxed,
  descend,
  entryOf,
  everyWay,
  costOf,
  fillReach,
  fillTable,
  loadOf,
  top,
} from './uneven-programme.ts';
import type { Entry, Indices, Way } from './uneven-programme.ts';

export interface UnevenChoice {
  readonly extents: readonly number[];
  /** [level * 4 + dim] */
  readonly spatial: readonly number[];
  /** For every level but the outermost. */
  readonly entries: readonly Entry[];
}

export interface UnevenSolution {
  readonly energyPj: number;
  readonly cycles: number;
  readonly choice: UnevenChoice;
}

export interface UnevenSolver {
  /** The best mapping among all of these extents, proven, or null when nothing fits. */
  readonly solve: (candidates: readonly Extents[]) => UnevenSolution | null;
}

interface Branch {
  readonly entry: Entry;
  readonly energy: number;
  readonly loads: readonly number[];
  readonly bound: number;
  readonly cycles: number;
  readonly key: number;
}

/** Plans that use most of the array come first: what they reach spares listing most of the others. */
const bands = [1, 0.5, 0.25, 0] as const;

export function createUnevenSolver(machine: MachineTables, goal: Goal): UnevenSolver {
  const { levels } = machine;
  const plan = createOpenPlan(machine);
  const book = createPlanBook(machine, goal, Number.POSITIVE_INFINITY);
  const reach = new Float64Array(levels * 3);
  const standing: Standing = { energyPj: 0, cycles: 0 };
  let choice: UnevenChoice | null = null;
  const beats = (energy: number, cycles: number): boolean =>
    goal.beats(energy, cycles, standing.energyPj, standing.cycles);

  const keep = (energyPj: number, cycles: number, entries: readonly Entry[]): void => {
    standing.energyPj = energyPj;
    standing.cycles = cycles;
    choice = { extents: [...plan.extents], spatial: [...plan.spatial], entries: [...entries] };
  };

  const cyclesOf = (entries: readonly Entry[]): number => {
    fillReach(plan, entries, reach);
    return cyclesAt(plan, reach);
  };

  /** Solves the opened plan. */
  const improve = (leastCycles: number): void => {
    const limit = goal.energyLimit(leastCycles, standing.energyPj, standing.cycles);
    const { energy: values } = plan;
    for (let a = levels - 1; a >= 1; a -= 1) fillTable(plan, values, a);
    const best = bestEntry(plan, values, 0, top(plan), limit - values.fixed);
    const energy = values.fixed + best.value;
    if (best.entry === null || !(energy < limit)) return;
    const entries = descend(plan, values, best.entry);
    const cycles = cyclesOf(entries);
    if (beats(energy, cycles)) keep(energy, cycles, entries);
    if (goal.timed && cycles > leastCycles && beats(energy, leastCycles))
      searchPorts(entries, leastCycles, energy);
  };

  /** Where the cheapest mapping overloads a port, a dearer one may win: depth first, energies and loads as bounds. */
  const searchPorts = (loaded: readonly Entry[], floor: number, leastEnergy: number): void => {
    fillReach(plan, loaded, reach);
    const ports: Values[] = [];
    let least = floor;
    for (const [p, tally] of machine.ports.entries()) {
      const values = plan.ports[p] as Values;
      weigh(plan, values, tally);
      if (wholeCycles(values.fixed + loadOf(values, reach), machine.iterations[0]) <= floor) continue;
      for (let a = levels - 1; a >= 1; a -= 1) fillTable(plan, values, a);
      const load = bestEntry(plan, values, 0, top(plan), Number.POSITIVE_INFINITY).value;
      least = Math.max(least, wholeCycles(values.fixed + load, machine.iterations[0]));
      ports.push(values);
    }
    if (!beats(leastEnergy, least)) return;
    const entries: Entry[] = [];
    const visit = (a: number, tile: Indices, energy: number, loads: readonly number[]): void => {
      const branches: Branch[] = [];
      const inside = (values: Values, at: number): number =>
        (values.table[a + 1] as Float64Array)[at] as number;
      const branchOf = (way: Way): Branch | null => {
        const spent = energy + costOf(plan, plan.energy, a, tile, way);
        const bound = spent + inside(plan.energy, way.at);
        if (!beats(bound, least)) return null;
        const after = ports.map((port, p) => (loads[p] as number) + costOf(plan, port, a, tile, way));
        let cycles = least;
        ports.forEach((port, p) => {
          cycles = Math.max(
            cycles,
            wholeCycles((after[p] as number) + inside(port, way.at), machine.iterations[0]),
          );
        });
        if (!beats(bound, cycles)) return null;
        return {
          entry: entryOf(plan, way),
          energy: spent,
          loads: after,
          bound,
          cycles,
          key: goal.key(bound, cycles),
        };
      };
      everyWay(
        plan,
        a,
        tile,
        (way) => {
          const branch = branchOf(way);
          if (branch !== null) branches.push(branch);
        },
        (way) => branchOf(way) !== null,
      );
      branches.sort((x, y) => x.key - y.key || goal.tie(x.bound, x.cycles) - goal.tie(y.bound, y.cycles));
      for (const branch of branches) {
        if (!beats(branch.bound, branch.cycles)) continue;
        entries.length = a;
        entries.push(branch.entry);
        if (a + 1 < levels - 1) visit(a + 1, branch.entry.index, branch.energy, branch.loads);
        else {
          const cycles = cyclesOf(entries);
          if (beats(branch.energy, cycles)) keep(branch.energy, cycles, entries);
        }
      }
    };
    visit(
      0,
      top(plan),
      plan.energy.fixed,
      ports.map(({ fixed }) => fixed),
    );
  };

  /** Cycles that every mapping of the placed plan needs, each level choosing for itself. */
  const boundPorts = (leastCycles: number): number => {
    let least = leastCycles;
    for (const [p, tally] of machine.ports.entries()) {
      const port = plan.ports[p] as Values;
      weigh(plan, port, tally);
      least = Math.max(least, wholeCycles(boundRelaxed(plan, port), machine.iterations[0]));
    }
    return least;
  };

  const work = (extents: Extents): void => {
    const macs = extents[0] * extents[1] * extents[2] * extents[3];
    while (book.next(plan.spatial)) {
      const listed = book.cyclesBound();
      if (!beats(book.energyBound(), listed)) {
        const key = goal.key(book.energyBound(), listed);
        if (key > goal.key(standing.energyPj, standing.cycles) * (1 + 1e-11)) return;
        continue;
      }
      placePlan(plan, extents, macs);
      if (book.sharpened() === 0) {
        const energy = boundRelaxed(plan, plan.energy);
        if (!beats(energy, listed)) continue;
        const cycles = goal.timed ? boundPorts(listed) : listed;
        if (!beats(energy, cycles)) continue;
        if (!book.isNext(energy, cycles)) {
          book.putBack(energy, cycles, 2);
          continue;
        }
      }
      openPlan(plan, Number.POSITIVE_INFINITY);
      if (plan.feasible) improve(listed);
    }
  };

  const solve = (candidates: readonly Extents[]): UnevenSolution | null => {
    standing.energyPj = Number.POSITIVE_INFINITY;
    standing.cycles = Number.POSITIVE_INFINITY;
    choice = null;
    let most = book.lanes;
    const keyOf = (extents: Extents): number => {
      const { energyPj, cycles } = book.floor(extents, most);
      return goal.key(energyPj, cycles);
    };
    const ordered = candidates
      .map((extents) => ({ extents, key: keyOf(extents) }))
      .sort((a, b) => a.key - b.key);
    for (const share of bands) {
      const fewest = Math.ceil(book.lanes * share);
      for (const { extents } of ordered) {
        const { energyPj, cycles } = book.floor(extents, most);
        if (!beats(energyPj * (1 - 1e-12), cycles * (1 - 1e-12))) continue;
        book.list(extents, standing, fewest, most);
        work(extents);
      }
      most = fewest - 1;
      if (most < 1) break;
    }
    return choice === null ? null : { energyPj: standing.energyPj, cycles: standing.cycles, choice };
  };
  return { solve };
}

const missing = ['W', 'I', 'O'] as const;

/** The loop nest of a choice, and where operands are held further out than their level begins. */
export function unevenMapping(
  machine: MachineTables,
  { extents, spatial, entries }: UnevenChoice,
): { readonly mapping: Mapping; readonly placement: Placement } {
  const count = machine.levels;
  const spread = (dim: number): number => {
    let all = 1;
    for (let l = 0; l < count; l += 1) all *= spatial[l * 4 + dim] as number;
    return all;
  };
  const temporal: Loop[][] = Array.from({ length: count }, () => []);
  const placement: Partial<Record<Operand, number>>[] = Array.from({ length: count }, () => ({}));
  const put = (level: number, dim: number, bound: number): void => {
    if (bound > 1) temporal[level]?.push([dimNames[dim] as string, bound]);
  };
  put(0, 3, (extents[3] as number) / spread(3));
  const whole = (dim: number): number => (extents[dim] as number) / spread(dim);
  let tile: Entry['tile'] = [whole(0), whole(1), whole(2)];
  entries.forEach(({ first, second, reach, tile: inner }, a) => {
    const outer = tile;
    const third = (3 - first - second) as 0 | 1 | 2;
    put(a, third, outer[third] / inner[third]);
    put(a, second, outer[second] / reach);
    put(a, first, outer[first] / inner[first]);
    const last = reach / inner[second];
    put(a, second, last);
    if (last > 1) placement[a + 1] = { [missing[first]]: 1 };
    tile = inner;
  });
  tile.forEach((factor, dim) => put(count - 1, dim, factor));
  return { mapping: nestOf(machine, spatial, temporal), placement };
}
