/**
 * Searches the mapspace of a GEMM: best plan first by a cheap bound, each opened plan solved by the programme, until the
 * next bound cannot beat the standing. What it returns is then proven optimal over perfect factors of the given extents;
 * with a limited effort it may leave things out, and says so.
 */
import { chainCycles, choiceOf } from './chain.ts';
import type { Choice } from './chain.ts';
import { wholeCycles } from './counts.ts';
import { boundPlan, createFrontier } from './frontier.ts';
import type { Goal, Standing } from './objective.ts';
import { createPlanBook } from './plans.ts';
import type { Extents, PlanBook } from './plans.ts';
import { searchPorts } from './ports.ts';
import { createOpenPlan, openPlan, placePlan, weigh } from './open-plan.ts';
import { createChain } from './programme.ts';
import type { Values } from './open-plan.ts';
import type { Chain } from './programme.ts';
import { boundRelaxed, createOutline, mayStayBelow } from './relaxed.ts';
import type { MachineTables, Tally } from './tables.ts';
import { boundTemporal, solveTemporal } from './temporal.ts';

/** How far a search goes. */
export interface Effort {
  /** Plans whose bounds are sharpened, per band of lanes. */
  readonly sharpenings: number;
  /** Plans solved, per band of lanes. */
  readonly plans: number;
  /** Of these, what the extents that are tried later may count on: plans sharpened and solved. */
  readonly reserve: readonly [sharpenings: number, plans: number];
  /** Tiles of one plan; where there are more, divisors are thinned out. */
  readonly tiles: number;
  /** Ways to spread one dim over the array. */
  readonly spreads: number;
  /** Steps of the search within one plan whose ports are overloaded. */
  readonly portSteps: number;
}

export const everything: Effort = {
  sharpenings: Number.POSITIVE_INFINITY,
  plans: Number.POSITIVE_INFINITY,
  reserve: [0, 0],
  tiles: Number.POSITIVE_INFINITY,
  spreads: Number.POSITIVE_INFINITY,
  portSteps: Number.POSITIVE_INFINITY,
};

/** About a tenth of a millisecond for a layer of a transformer. */
export const brief: Effort = {
  sharpenings: 128,
  plans: 14,
  reserve: [8, 2],
  tiles: 2500,
  spreads: 112,
  portSteps: 32,
};

export interface Solution {
  readonly energyPj: number;
  readonly cycles: number;
  readonly choice: Choice;
  /** Whether nothing that could be better was left out. */
  readonly proven: boolean;
}

export interface Solver {
  /** The best mapping among all of these extents, or null when nothing fits. */
  readonly solve: (candidates: readonly Extents[]) => Solution | null;
  readonly reach: PlanBook['reach'];
  /** Lanes of the whole array. */
  readonly lanes: number;
}

/** Plans that use most of the array come first: what they reach spares listing most of the others. */
const bands = [1, 0.5, 0.25, 0] as const;

export function createSolver(machine: MachineTables, goal: Goal, effort: Effort = everything): Solver {
  const { levels } = machine;
  const plan = createOpenPlan(machine);
  const reach = new Float64Array(levels * 3);
  const chain = createChain(levels);
  const frontier = createFrontier(levels);
  const outline = createOutline(levels);
  const book = createPlanBook(machine, goal, effort.spreads);
  const standing: Standing = { energyPj: 0, cycles: 0 };
  let choice: Choice | null = null;
  let proven = true;
  let plansLeft = 0;
  let sharpeningsLeft = 0;
  const keep = (better: Chain): void => {
    choice = choiceOf(plan, better);
  };
  const beats = (energy: number, cycles: number): boolean =>
    goal.beats(energy, cycles, standing.energyPj, standing.cycles);

  /** Solves the open plan, whose frontier is found, given bounds on its energy and cycles. */
  const improve = (leastCycles: number): void => {
    plansLeft -= 1;
    const limit = goal.energyLimit(leastCycles, standing.energyPj, standing.cycles);
    const energy = solveTemporal(plan, frontier, plan.energy, limit, chain);
    if (energy === Number.POSITIVE_INFINITY) return;
    const cycles = chainCycles(plan, chain, reach);
    if (beats(energy, cycles)) {
      standing.energyPj = energy;
      standing.cycles = cycles;
      keep(chain);
    }
    if (goal.timed && cycles > leastCycles && beats(energy, leastCycles)) {
      const all = searchPorts(
        plan,
        frontier,
        goal,
        standing,
        leastCycles,
        chain,
        energy,
        effort.portSteps,
        keep,
      );
      if (!all) proven = false;
    }
  };

  /** Cycles that the ports need at least, given the largest tiles. */
  const boundPorts = (leastCycles: number): number => {
    let least = leastCycles;
    for (let p = 0; p < plan.ports.length; p += 1) {
      const port = plan.ports[p] as Values;
      weigh(plan, port, machine.ports[p] as Tally);
      least = Math.max(
        least,
        wholeCycles(boundPlan(plan, frontier, port, levels - 1), machine.iterations[0]),
      );
    }
    return least;
  };

  /** Takes the listed plans, best first, while they can win: bounds are sharpened before a plan is solved. */
  const work = (extents: Extents): void => {
    const macs = extents[0] * extents[1] * extents[2] * extents[3];
    while (book.next(plan.spatial)) {
      const listedCycles = book.cyclesBound();
      if (!beats(book.energyBound(), listedCycles)) {
        const key = goal.key(book.energyBound(), listedCycles);
        if (key > goal.key(standing.energyPj, standing.cycles) * (1 + 1e-11)) return;
        continue;
      }
      if (plansLeft <= 0 || (sharpeningsLeft <= 0 && book.sharpened() < 2)) {
        proven = false;
        if (plansLeft <= 0) return;
        continue;
      }
      placePlan(plan, extents, macs);
      if (book.sharpened() < 2) {
        const energy = boundRelaxed(plan, plan.energy, outline);
        if (!beats(energy, listedCycles)) continue;
        if (book.sharpened() === 0 && !book.isNext(energy, listedCycles)) {
          book.putBack(energy, listedCycles, 1);
          continue;
        }
        const limit = goal.energyLimit(listedCycles, standing.energyPj, standing.cycles);
        if (!mayStayBelow(plan, plan.energy, outline, limit)) continue;
      }
      openPlan(plan, effort.tiles);
      if (!plan.feasible) continue;
      if (plan.thinned) proven = false;
      const energy = boundTemporal(plan, frontier, plan.energy);
      if (book.sharpened() === 2) {
        improve(listedCycles);
        continue;
      }
      sharpeningsLeft -= 1;
      if (!beats(energy, listedCycles)) continue;
      const cycles = goal.timed ? boundPorts(listedCycles) : listedCycles;
      if (!beats(energy, cycles)) continue;
      if (book.isNext(energy, cycles)) improve(cycles);
      else book.putBack(energy, cycles, 2);
    }
  };

  const solve = (candidates: readonly Extents[]): Solution | null => {
    standing.energyPj = Number.POSITIVE_INFINITY;
    standing.cycles = Number.POSITIVE_INFINITY;
    choice = null;
    proven = true;
    let most = book.lanes;
    const ordered = candidates
      .map((extents) => ({ extents, floor: book.floor(extents, most) }))
      .sort(
        (a, b) => goal.key(a.floor.energyPj, a.floor.cycles) - goal.key(b.floor.energyPj, b.floor.cycles),
      );
    const couldWin = (extents: Extents): boolean => {
      const { energyPj, cycles } = book.floor(extents, most);
      return beats(energyPj * (1 - 1e-12), cycles * (1 - 1e-12));
    };
    for (const share of bands) {
      const fewest = Math.ceil(book.lanes * share);
      plansLeft = effort.plans;
      sharpeningsLeft = effort.sharpenings;
      for (const { extents } of ordered) {
        if (!couldWin(extents)) continue;
        sharpeningsLeft = Math.max(sharpeningsLeft, effort.reserve[0]);
        plansLeft = Math.max(plansLeft, effort.reserve[1]);
        book.list(extents, standing, fewest, most);
        if (book.thinned()) proven = false;
        work(extents);
      }
      most = fewest - 1;
      if (most < 1) break;
    }
    return choice === null ? null : { energyPj: standing.energyPj, cycles: standing.cycles, choice, proven };
  };
  return { solve, reach: book.reach, lanes: book.lanes };
}
