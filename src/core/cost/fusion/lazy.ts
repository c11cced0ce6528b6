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
  /** What it weighs. */
  readonly least: number;
  /** Where some of it only stands for ways that cost as much at least: makes the best of them; false = no more is to be made. */
  readonly refine?: () => boolean;
}

/** What is made least of: energy + price x cycles, or one of the floors that no price moves. */
export type Measure = number | 'energy' | 'cycles';

/** At least what the part is by a measure. */
export function weigh(part: Part, measure: Measure): number {
  if (typeof measure === 'number') return part.bound(measure);
  return measure === 'energy' ? part.floor.energyPj : part.floor.cycles;
}

/** The plan of least weight; `made`: without what only stands for ways. Null when none is finite. */
export type Propose<D> = (measure: Measure, which: 'all' | 'made') => Plan<D> | null;

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

/** The best plan that was made, and a figure of the objective that nothing at all is below. */
export interface Best<D> {
  readonly plan: Planned<D> | null;
  readonly least: number;
}

/** Price that lets cycles decide and energy break ties: far above any energy per cycle that occurs. */
const dearest = 1e9;

/**
 * The best plan for the objective; null when none fits or none is below the limit.
 * @param limit only plans of less than it are asked for
 */
export function bestPlan<D>(
  propose: Propose<D>,
  objective: Objective,
  limit = Number.POSITIVE_INFINITY,
): Best<D> {
  const cheapest = floorOf(propose, 'energy');
  const fastest = floorOf(propose, 'cycles');
  if (cheapest === null || fastest === null) return { plan: null, least: Number.POSITIVE_INFINITY };
  const floor = { energyPj: cheapest, cycles: fastest };
  const perCycle = floor.cycles > 0 ? floor.energyPj / floor.cycles : 1;
  if (objective === 'edp') return leastProduct((price) => atPrice(propose, price), floor, perCycle, limit);
  const { plan, least } = atPrice(propose, objective === 'energy' ? 0 : perCycle * dearest);
  if (objective === 'energy') return { plan, least };
  return { plan, least: floorOf(propose, 'cycles') ?? Number.POSITIVE_INFINITY };
}

const floorOf = <D>(propose: Propose<D>, measure: Measure): number | null =>
  propose(measure, 'all')?.least ?? null;

/** The plan of least energy + price x cycles that was made, and a sum that nothing is below. */
function atPrice<D>(propose: Propose<D>, price: number): { plan: Planned<D> | null; least: number } {
  let least: number | null = null;
  for (;;) {
    const plan = propose(price, least === null ? 'all' : 'made');
    if (plan === null) return { plan: null, least: least ?? Number.POSITIVE_INFINITY };
    const open = plan.parts.filter((part) => part.known(price) === null);
    for (const part of open) part.ask(price);
    if (open.length > 0) continue;
    if (plan.refine !== undefined) {
      if (!plan.refine()) least = plan.least;
      continue;
    }
    const parts = plan.parts.map((part): PlannedPart => {
      const point = part.known(price);
      invariant(point !== null && point !== 'misfit', 'a plan is made of parts that fit');
      return { part, ...point };
    });
    const energyPj = parts.reduce((sum, part) => sum + part.energyPj, 0);
    const cycles = parts.reduce((sum, part) => sum + part.cycles, 0);
    return {
      plan: { parts, decisions: plan.decisions, energyPj, cycles },
      least: least ?? plan.least,
    };
  }
}
