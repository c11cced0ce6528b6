/** What the mapper minimises, as an order on (energy, cycles) that is monotone in both. */
import type { Bound, Objective } from './mapping.ts';

/** Relative slack under which two energies count as equal: the tables round differently from the counting rules. */
const slack = 1e-12;

/** The best figures so far; both Infinity before there are any. */
export interface Standing {
  energyPj: number;
  cycles: number;
}

export interface Goal {
  /** Whether cycles matter beyond ties. */
  readonly timed: boolean;
  /** Bounds are compared by key, then by tie; both monotone in energy and cycles. */
  readonly key: (energyPj: number, cycles: number) => number;
  readonly tie: (energyPj: number, cycles: number) => number;
  /** Whether figures (or lower bounds on them) beat the incumbent's; an absent incumbent is (Infinity, Infinity). */
  readonly beats: (energyPj: number, cycles: number, incumbentPj: number, incumbentCycles: number) => boolean;
  /** The energy that a mapping of at least these cycles must stay below to beat the incumbent. */
  readonly energyLimit: (cycles: number, incumbentPj: number, incumbentCycles: number) => number;
  /** The most cycles with which at least this energy may still beat the incumbent (rounded up). */
  readonly mostCycles: (energyPj: number, incumbentPj: number, incumbentCycles: number) => number;
}

/**
 * `leakage`: energy per cycle that comes on top of what is counted word by word, so that time costs energy too.
 */
export function goalOf(objective: Objective, leakage = 0): Goal {
  if (leakage > 0) return leaking[objective](leakage);
  return goals[objective];
}

const edp: Goal = {
  timed: true,
  key: (energyPj, cycles) => energyPj * cycles,
  tie: () => 0,
  beats: (energyPj, cycles, incumbentPj, incumbentCycles) =>
    energyPj * cycles < incumbentPj * incumbentCycles * (1 - slack),
  energyLimit: (cycles, incumbentPj, incumbentCycles) =>
    ((incumbentPj * (1 - slack)) / cycles) * incumbentCycles,
  mostCycles: (energyPj, incumbentPj, incumbentCycles) =>
    energyPj > 0 ? (incumbentPj / energyPj) * incumbentCycles : Number.POSITIVE_INFINITY,
};

/** Least energy; among equals, fewer cycles (as far as whole plans go). */
const energy: Goal = {
  timed: false,
  key: (energyPj) => energyPj,
  tie: (_, cycles) => cycles,
  beats: (energyPj, cycles, incumbentPj, incumbentCycles) =>
    energyPj < incumbentPj * (1 - slack) ||
    (energyPj <= incumbentPj * (1 + slack) && cycles < incumbentCycles),
  energyLimit: (cycles, incumbentPj, incumbentCycles) =>
    incumbentPj * (cycles < incumbentCycles ? 1 + slack : 1 - slack),
  mostCycles: () => Number.POSITIVE_INFINITY,
};

/** Fewest cycles; among equals, less energy. */
const latency: Goal = {
  timed: true,
  key: (_, cycles) => cycles,
  tie: (energyPj) => energyPj,
  beats: (energyPj, cycles, incumbentPj, incumbentCycles) =>
    cycles < incumbentCycles || (cycles === incumbentCycles && energyPj < incumbentPj * (1 - slack)),
  energyLimit: (cycles, incumbentPj, incumbentCycles) => {
    if (cycles < incumbentCycles) return Number.POSITIVE_INFINITY;
    return cycles === incumbentCycles ? incumbentPj * (1 - slack) : 0;
  },
  mostCycles: (_, __, incumbentCycles) => incumbentCycles,
};

export const goals: Readonly<Record<Objective, Goal>> = { edp, energy, latency };

const leaking: Readonly<Record<Objective, (leakage: number) => Goal>> = {
  edp: (leakage) => {
    const product = (energyPj: number, cycles: number): number => (energyPj + leakage * cycles) * cycles;
    return {
      ...edp,
      key: product,
      beats: (energyPj, cycles, incumbentPj, incumbentCycles) =>
        product(energyPj, cycles) < product(incumbentPj, incumbentCycles) * (1 - slack),
      energyLimit: (cycles, incumbentPj, incumbentCycles) =>
        (product(incumbentPj, incumbentCycles) * (1 - slack)) / cycles - leakage * cycles,
      mostCycles: (energyPj, incumbentPj, incumbentCycles) => {
        const limit = product(incumbentPj, incumbentCycles);
        const root = Math.sqrt(energyPj ** 2 + 4 * leakage * limit);
        return limit === Number.POSITIVE_INFINITY ? limit : (2 * limit) / (energyPj + root);
      },
    };
  },
  energy: (leakage) => {
    const sum = (energyPj: number, cycles: number): number => energyPj + leakage * cycles;
    return {
      timed: true,
      key: sum,
      tie: (_, cycles) => cycles,
      beats: (energyPj, cycles, incumbentPj, incumbentCycles) =>
        sum(energyPj, cycles) < sum(incumbentPj, incumbentCycles) * (1 - slack),
      energyLimit: (cycles, incumbentPj, incumbentCycles) =>
        sum(incumbentPj, incumbentCycles) * (1 - slack) - leakage * cycles,
      mostCycles: (energyPj, incumbentPj, incumbentCycles) =>
        Math.max(0, sum(incumbentPj, incumbentCycles) - energyPj) / leakage,
    };
  },
  latency: () => latency,
};

/** Whether a key is its lower bound, to rounding. */
export const isReached = (key: number, least: number): boolean => key <= least * (1 + 1e-9);

/** What is known of a figure and the least that any mapping may have, both as keys: how far it is above, of the least. */
export const boundOf = (key: number, least: number): Bound =>
  isReached(key, least) ? { kind: 'optimal', gap: 0 } : { kind: 'gap', gap: key / least - 1 };
