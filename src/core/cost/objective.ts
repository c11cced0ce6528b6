/** What the mapper minimises, as an order on (energy, cycles) that is monotone in both. */
import type { Objective } from './mapping.ts';

/** Relative slack under which two energies count as equal: the tables round differently from the counting rules. */
const slack = 1e-12;

/** The best figures so far; both Infinity before there are any. */
export interface Standing {
  energyPj: number;
  cycles: number;
}

export interface Goal {
  /** Bounds are compared by key, then by tie; both monotone in energy and cycles. */
  readonly key: (energyPj: number, cycles: number) => number;
  readonly tie: (energyPj: number, cycles: number) => number;
  /** Whether figures (or lower bounds on them) beat the incumbent's; an absent incumbent is (Infinity, Infinity). */
  readonly beats: (energyPj: number, cycles: number, incumbentPj: number, incumbentCycles: number) => boolean;
  /** The energy that a mapping of at least these cycles must stay below to beat the incumbent. */
  readonly energyLimit: (cycles: number, incumbentPj: number, incumbentCycles: number) => number;
}

const edp: Goal = {
  key: (energyPj, cycles) => energyPj * cycles,
  tie: () => 0,
  beats: (energyPj, cycles, incumbentPj, incumbentCycles) =>
    energyPj * cycles < incumbentPj * incumbentCycles * (1 - slack),
  energyLimit: (cycles, incumbentPj, incumbentCycles) =>
    (incumbentPj * incumbentCycles * (1 - slack)) / cycles,
};

/** Least energy; among equals, fewer cycles (as far as whole plans go). */
const energy: Goal = {
  key: (energyPj) => energyPj,
  tie: (_, cycles) => cycles,
  beats: (energyPj, cycles, incumbentPj, incumbentCycles) =>
    energyPj < incumbentPj * (1 - slack) ||
    (energyPj <= incumbentPj * (1 + slack) && cycles < incumbentCycles),
  energyLimit: (cycles, incumbentPj, incumbentCycles) =>
    cycles < incumbentCycles ? incumbentPj * (1 + slack) : incumbentPj * (1 - slack),
};

/** Fewest cycles; among equals, less energy. */
const latency: Goal = {
  key: (_, cycles) => cycles,
  tie: (energyPj) => energyPj,
  beats: (energyPj, cycles, incumbentPj, incumbentCycles) =>
    cycles < incumbentCycles || (cycles === incumbentCycles && energyPj < incumbentPj * (1 - slack)),
  energyLimit: (cycles, incumbentPj, incumbentCycles) => {
    if (cycles < incumbentCycles) return Number.POSITIVE_INFINITY;
    return cycles === incumbentCycles ? incumbentPj * (1 - slack) : 0;
  },
};

export const goals: Readonly<Record<Objective, Goal>> = { edp, energy, latency };
