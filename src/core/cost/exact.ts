/**
 * The exact mapper: best plan first by a cheap bound, each opened plan solved by the programme, until the next bound
 * cannot beat the incumbent. Proven optimal over perfect factors of the given extents.
 */
import { chainCycles, choiceOf } from './chain.ts';
import type { Choice } from './chain.ts';
import { boundPlan, createFrontier, findFrontier } from './frontier.ts';
import type { Frontier } from './frontier.ts';
import { latticeOf } from './lattice.ts';
import type { Goal, Standing } from './objective.ts';
import { createPlanBook } from './plans.ts';
import type { Extents } from './plans.ts';
import { searchPorts } from './ports.ts';
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

  const book = createPlanBook(machine, goal);
  const lanes = machine.fans.reduce((all, fan) => all * fan.most, 1);

  const solve = (candidates: readonly Extents[]): Solution | null => {
    const standing: Standing = { energyPj: Number.POSITIVE_INFINITY, cycles: Number.POSITIVE_INFINITY };
    let choice: Choice | null = null;
    const keep = (better: Chain): void => {
      choice = choiceOf(plan, better);
    };
    let most = lanes;
    for (const share of bands) {
      const fewest = Math.ceil(lanes * share);
      for (const extents of candidates) {
        const macs = extents[0] * extents[1] * extents[2] * extents[3];
        book.list(extents, standing, fewest, most);
        while (book.next(plan.spatial)) {
          const energy = book.energyBound();
          const cycles = book.cyclesBound();
          if (!goal.beats(energy, cycles, standing.energyPj, standing.cycles)) {
            if (goal.key(energy, cycles) > goal.key(standing.energyPj, standing.cycles) * (1 + 1e-11)) break;
            continue;
          }
          openPlan(plan, extents, macs, latticeOf);
          improve(plan, goal, standing, cycles, chain, frontier, reach, keep);
        }
      }
      most = fewest - 1;
      if (most < 1) break;
    }
    return choice === null ? null : { energyPj: standing.energyPj, cycles: standing.cycles, choice };
  };
  return { solve };
}

/** Plans that use most of the array come first: what they reach spares listing most of the others. */
const bands = [0.75, 0.5, 0] as const;

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
