/**
 * The exact mapper: best plan first by a cheap bound, each opened plan solved by the programme, until the next bound
 * cannot beat the incumbent. Proven optimal over perfect factors of the given extents.
 */
import { chainCycles, choiceOf } from './chain.ts';
import type { Choice } from './chain.ts';
import { boundPlan, createFrontier, findFrontier } from './frontier.ts';
import type { Frontier } from './frontier.ts';
import { latticeOf } from './lattice.ts';
import type { Goal } from './objective.ts';
import { enumeratePlans, unpackPlan } from './plans.ts';
import type { Extents, Plans } from './plans.ts';
import { searchPorts } from './ports.ts';
import type { Standing } from './ports.ts';
import {
  compulsoryAbove,
  createChain,
  createOpenPlan,
  descend,
  fillTable,
  jump,
  openPlan,
} from './programme.ts';
import type { Chain, OpenPlan } from './programme.ts';
import type { MachineTables } from './tables.ts';

export interface Solution {
  readonly energyPj: number;
  readonly cycles: number;
  readonly choice: Choice;
}

export interface Solver {
  /** The best mapping among all of these extents, or null when nothing fits. */
  readonly solve: (candidates: readonly Extents[]) => Solution | null;
}

export function createSolver(machine: MachineTables, goal: Goal): Solver {
  const { levels } = machine;
  const plan = createOpenPlan(machine);
  const reach = new Float64Array(levels * 3);
  const chain = createChain(levels);
  const frontier = createFrontier(levels);

  const solve = (candidates: readonly Extents[]): Solution | null => {
    const standing: Standing = { energyPj: Number.POSITIVE_INFINITY, cycles: Number.POSITIVE_INFINITY };
    let choice: Choice | null = null;
    const keep = (better: Chain): void => {
      choice = choiceOf(plan, better);
    };
    for (const extents of candidates) {
      const plans = enumeratePlans(machine, extents, goal, standing, { fewestLanes: 1 });
      const queue = createQueue(plans, goal);
      for (let next = queue.pop(); next >= 0; next = queue.pop()) {
        const energy = plans.energyBound[next] as number;
        const cycles = plans.cyclesBound[next] as number;
        if (!goal.beats(energy, cycles, standing.energyPj, standing.cycles)) {
          if (goal.key(energy, cycles) > goal.key(standing.energyPj, standing.cycles) * (1 + 1e-11)) break;
          continue;
        }
        unpackPlan(machine, plans, plans.codes[next] as number, plan.spatial);
        openPlan(plan, extents, plans.macs, latticeOf);
        improve(plan, goal, standing, cycles, chain, frontier, reach, keep);
      }
    }
    return choice === null ? null : { energyPj: standing.energyPj, cycles: standing.cycles, choice };
  };
  return { solve };
}

/** Solves one open plan, unless a bound shows that it cannot beat the standing. */
function improve(
  plan: OpenPlan,
  goal: Goal,
  standing: Standing,
  floor: number,
  chain: Chain,
  frontier: Frontier,
  reach: Float64Array,
  keep: (chain: Chain) => void,
): void {
  if (!plan.feasible) return;
  const values = plan.energy;
  findFrontier(plan, frontier);
  let energy = boundPlan(plan, frontier, values);
  if (!goal.beats(energy, floor, standing.energyPj, standing.cycles)) return;
  for (let a = plan.machine.levels - 1; a >= 1; a -= 1) {
    fillTable(plan, values, a);
    energy = values.fixed + compulsoryAbove(plan, values, a - 1) + jump(plan, values, a - 1);
    if (energy === Number.POSITIVE_INFINITY) return;
    if (!goal.beats(energy, floor, standing.energyPj, standing.cycles)) return;
  }
  const [m, n, k] = plan.lattice;
  chain.length = 0;
  descend(plan, values, chain, 0, [m.count - 1, n.count - 1, k.count - 1]);
  const cycles = chainCycles(plan, chain, reach);
  if (goal.beats(energy, cycles, standing.energyPj, standing.cycles)) {
    standing.energyPj = energy;
    standing.cycles = cycles;
    keep(chain);
  }
  if (cycles > floor && goal.beats(energy, floor, standing.energyPj, standing.cycles)) {
    searchPorts(plan, goal, standing, floor, chain, energy, keep);
  }
}

/** A binary heap of plans by the goal's key, then its tie. */
function createQueue(plans: Plans, goal: Goal): { readonly pop: () => number } {
  const { count, energyBound, cyclesBound } = plans;
  const heap = new Int32Array(count);
  const key = new Float64Array(count);
  const tie = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    heap[i] = i;
    key[i] = goal.key(energyBound[i] as number, cyclesBound[i] as number);
    tie[i] = goal.tie(energyBound[i] as number, cyclesBound[i] as number);
  }
  const before = (a: number, b: number): boolean =>
    (key[a] as number) < (key[b] as number) || (key[a] === key[b] && (tie[a] as number) < (tie[b] as number));
  let size = count;
  const sink = (from: number): void => {
    const item = heap[from] as number;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && before(heap[child + 1] as number, heap[child] as number)) child += 1;
      if (!before(heap[child] as number, item)) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = item;
  };
  for (let i = (count >> 1) - 1; i >= 0; i -= 1) sink(i);
  return {
    pop: () => {
      if (size === 0) return -1;
      const top = heap[0] as number;
      size -= 1;
      heap[0] = heap[size] as number;
      if (size > 0) sink(0);
      return top;
    },
  };
}
