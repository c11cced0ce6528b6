/**
 * Searches the mapspace of a GEMM: best plan first by a cheap bound, each opened plan solved by the programme, until the
 * next bound cannot beat the standing. What it returns is then proven optimal over perfect factors of the given extents;
 * with a limited effort it may stop early and says so.
 */
import { chainCycles, choiceOf } from './chain.ts';
import type { Choice } from './chain.ts';
import { boundPlan, createFrontier } from './frontier.ts';
import { latticeOf } from './lattice.ts';
import type { Goal, Standing } from './objective.ts';
import { createPlanBook, wholeCycles } from './plans.ts';
import type { Extents } from './plans.ts';
import { searchPorts } from './ports.ts';
import { createChain, createOpenPlan, openPlan, weigh } from './programme.ts';
import type { Chain, Values } from './programme.ts';
import type { MachineTables, Tally } from './tables.ts';
import { boundTemporal, solveTemporal } from './temporal.ts';

export interface Solution {
  readonly energyPj: number;
  readonly cycles: number;
  readonly choice: Choice;
}

export interface Solver {
  /** The best mapping among all of these extents, or null when nothing fits. */
  readonly solve: (candidates: readonly Extents[]) => Solution | null;
}

/** Plans that use most of the array come first: what they reach spares listing most of the others. */
const bands = [0.75, 0.5, 0] as const;

export function createSolver(machine: MachineTables, goal: Goal): Solver {
  const { levels } = machine;
  const plan = createOpenPlan(machine);
  const reach = new Float64Array(levels * 3);
  const chain = createChain(levels);
  const frontier = createFrontier(levels);
  const book = createPlanBook(machine, goal);
  const lanes = machine.fans.reduce((all, fan) => all * fan.most, 1);
  const standing: Standing = { energyPj: 0, cycles: 0 };
  let choice: Choice | null = null;
  const keep = (better: Chain): void => {
    choice = choiceOf(plan, better);
  };
  const beats = (energy: number, cycles: number): boolean =>
    goal.beats(energy, cycles, standing.energyPj, standing.cycles);

  /** Solves the open plan, unless a bound shows that it cannot beat the standing. */
  const improve = (leastCycles: number): void => {
    if (!plan.feasible) return;
    const values = plan.energy;
    if (!beats(boundTemporal(plan, frontier, values), leastCycles)) return;
    const least = goal.timed ? boundPorts(leastCycles) : leastCycles;
    const limit = goal.energyLimit(least, standing.energyPj, standing.cycles);
    const energy = solveTemporal(plan, frontier, values, limit, chain);
    if (energy === Number.POSITIVE_INFINITY) return;
    const cycles = chainCycles(plan, chain, reach);
    if (beats(energy, cycles)) {
      standing.energyPj = energy;
      standing.cycles = cycles;
      keep(chain);
    }
    if (cycles > least && beats(energy, least))
      searchPorts(plan, frontier, goal, standing, least, chain, energy, keep);
  };

  /** Cycles that the ports need at least, given the largest tiles. */
  const boundPorts = (leastCycles: number): number => {
    let least = leastCycles;
    for (let p = 0; p < plan.ports.length; p += 1) {
      const port = plan.ports[p] as Values;
      weigh(plan, port, machine.ports[p] as Tally);
      least = Math.max(least, wholeCycles(boundPlan(plan, frontier, port, levels - 1)));
    }
    return least;
  };

  const solve = (candidates: readonly Extents[]): Solution | null => {
    standing.energyPj = Number.POSITIVE_INFINITY;
    standing.cycles = Number.POSITIVE_INFINITY;
    choice = null;
    let most = lanes;
    for (const share of bands) {
      const fewest = Math.ceil(lanes * share);
      for (const extents of candidates) {
        const macs = extents[0] * extents[1] * extents[2] * extents[3];
        book.list(extents, standing, fewest, most);
        while (book.next(plan.spatial)) {
          const energy = book.energyBound();
          const cycles = book.cyclesBound();
          if (!beats(energy, cycles)) {
            if (goal.key(energy, cycles) > goal.key(standing.energyPj, standing.cycles) * (1 + 1e-11)) break;
            continue;
          }
          openPlan(plan, extents, macs, latticeOf);
          improve(cycles);
        }
      }
      most = fewest - 1;
      if (most < 1) break;
    }
    return choice === null ? null : { energyPj: standing.energyPj, cycles: standing.cycles, choice };
  };
  return { solve };
}
