/** The two exact mappers behind one door: all tensors of a level held at one height of the nest, or each at its own. */
import { mappingOf } from '../chain.ts';
import type { Placement } from '../counts.ts';
import type { Mapping } from '../mapping.ts';
import type { Goal } from '../objective.ts';
import type { Extents } from '../plans.ts';
import { createSolver, everything } from '../solver.ts';
import type { MachineTables } from '../tables.ts';
import type { Point } from './trade.ts';
import { createUnevenSolver, unevenMapping } from './uneven.ts';

/**
 * Whether the tensors of a level are all held at one height of the loop nest (Timeloop) or each at its own (AccelForge,
 * where loops that a tensor does not see spare its refill within one level only).
 */
export type Heights = 'even' | 'uneven';

/** A mapping, and where its tensors are held at their own heights. */
export interface PlacedMapping {
  readonly mapping: Mapping;
  readonly placement: Placement | null;
}

/** The best mapping among some extents. */
export type Search = (candidates: readonly Extents[]) => Found | null;

interface Found extends Point {
  readonly extents: readonly number[];
  readonly mapping: () => PlacedMapping;
}

export function evenSearch(tables: MachineTables, goal: Goal): Search {
  const solver = lazily(() => createSolver(tables, goal, everything));
  return (candidates) => {
    const found = solver().solve(candidates);
    if (found === null) return null;
    const { energyPj, cycles, choice } = found;
    const mapping = lazily(() => ({ mapping: mappingOf(tables, choice), placement: null }));
    return { energyPj, cycles, extents: choice.extents, mapping };
  };
}

export function unevenSearch(tables: MachineTables, goal: Goal): Search {
  const solver = lazily(() => createUnevenSolver(tables, goal));
  return (candidates) => {
    const found = solver().solve(candidates);
    if (found === null) return null;
    const { energyPj, cycles, choice } = found;
    return {
      energyPj,
      cycles,
      extents: choice.extents,
      mapping: lazily(() => unevenMapping(tables, choice)),
    };
  };
}

export function lazily<T>(make: () => T): () => T {
  let made: T | null = null;
  return () => (made ??= make());
}
