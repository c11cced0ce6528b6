/**
 * The cheapest plan at a price, mapping as little as possible: a proposer finds the best plan by what is known of each part
 * (bounds); the parts of that plan that are only bounded are mapped; and so on until the best plan is wholly known. Nothing
 * is lost: every other plan's bounds already cost more.
 */
import { invariant } from '../../base/checks.ts';
import type { Gemm } from '../mapping.ts';
import type { PlacedMapping } from './part-search.ts';
import type { Part } from './parts.ts';
import { leastProduct } from './trade.ts';
import type { Point } from './trade.ts';
import type { Objective } from '../mapping.ts';

/** A plan: its parts in the order in which they run, and what it decided. */
export interface Plan<D> {
  readonly parts: readonly Part[];
  readonly decisions: D;
  /** Where some of it only stands for ways that it is no dearer than: spells those out, for the next proposal. */
  readonly refine?: () => void;
}

/** The plan of least sum of `weigh` over its parts; null when none is finite. */
export type Propose<D> = (weigh: (part: Part) => number) => Plan<D> | null;

export interface PlannedPart {
  readonly part: Part;
  readonly energyPj: number;
  readonly cycles: number;
  readonly gemm: Gemm;
  readonly mapping: () => PlacedMapping;
}

export interface Planned<D> extends Point {
  readonly parts: readonly PlannedPart[];
  readonly decisions: D;
}

/** Price that lets cycles decide and energy break ties: far above any energy per cycle that occurs. */
const dearest = 1e9;

/**
 * The best plan for the objective, or null when no plan fits.
 * @param asBound leaves what only stands for dearer ways as it is: nothing is better than the result
 */
export function bestPlan<D>(propose: Propose<D>, objective: Objective, asBound = false): Planned<D> | null {
  const cheapest = floorOf(propose, ({ floor }) => floor.energyPj);
  const fastest = floorOf(propose, ({ floor }) => floor.cycles);
  if (cheapest === null || fastest === null) return null;
  const floor = { energyPj: cheapest, cycles: fastest };
  let none = false;
  const ask = (price: number): Planned<D> => {
    const plan = atPrice(propose, price, asBound);
    if (plan === null) none = true;
    return plan ?? { energyPj: 1, cycles: 1, parts: [], decisions: undefined as D };
  };
  const perCycle = floor.cycles > 0 ? floor.energyPj / floor.cycles : 1;
  const best =
    objective === 'energy'
      ? ask(0)
      : objective === 'latency'
        ? ask(perCycle * dearest)
        : leastProduct(ask, floor, perCycle);
  return none ? null : best;
}

function floorOf<D>(propose: Propose<D>, weigh: (part: Part) => number): number | null {
  const plan = propose(weigh);
  return plan === null ? null : plan.parts.reduce((sum, part) => sum + weigh(part), 0);
}

function atPrice<D>(propose: Propose<D>, price: number, asBound: boolean): Planned<D> | null {
  for (;;) {
    const plan = propose((part) => part.bound(price));
    if (plan === null) return null;
    const open = plan.parts.filter((part) => part.known(price) === null);
    for (const part of open) part.ask(price);
    if (open.length > 0) continue;
    if (plan.refine !== undefined && !asBound) {
      plan.refine();
      continue;
    }
    const parts = plan.parts.map((part): PlannedPart => {
      const point = part.known(price);
      invariant(point !== null && point !== 'misfit', 'a plan is made of parts that fit');
      return { part, ...point };
    });
    return {
      parts,
      decisions: plan.decisions,
      energyPj: parts.reduce((sum, { energyPj }) => sum + energyPj, 0),
      cycles: parts.reduce((sum, { cycles }) => sum + cycles, 0),
    };
  }
}
