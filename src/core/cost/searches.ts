/** The searches of a mapper: one pair of solvers per machine and homes of its operands, made when they are first needed. */
import { operands } from '../hardware/accelerator.ts';
import type { Accelerator } from '../hardware/accelerator.ts';
import { tablesAt } from './fusion/homes.ts';
import type { Homes } from './fusion/homes.ts';
import type { Accounting, Dataflow, Gear } from './mapping.ts';
import type { Goal } from './objective.ts';
import { createRaggedBound } from './ragged-bound.ts';
import type { RaggedBound } from './ragged-bound.ts';
import { brief, createSolver, everything } from './solver.ts';
import type { Solver } from './solver.ts';
import { compileMachine, roomOf } from './tables.ts';
import type { MachineTables } from './tables.ts';

export interface Search {
  readonly tables: MachineTables;
  readonly solvers: Readonly<Record<Gear, Solver>>;
  /** Below what no mapping is, given the room that is left. */
  readonly bound: RaggedBound;
  /** Sets what is left of every level beside so many words (null: all of it); false when some level has too few. */
  readonly makeRoom: (held: readonly number[] | null) => boolean;
}

/** @throws InputError when the machine cannot be */
export function createSearches(
  accounting: Accounting,
  dataflow: Dataflow,
  goal: Goal,
): (machine: Accelerator, homes: Homes) => Search {
  const searches = new Map<Accelerator, Map<string, Search>>();
  return (machine, homes) => {
    let ofMachine = searches.get(machine);
    if (ofMachine === undefined) searches.set(machine, (ofMachine = new Map()));
    const key = `${homes.I},${homes.W},${homes.O}`;
    let search = ofMachine.get(key);
    if (search === undefined)
      ofMachine.set(key, (search = createSearch(machine, homes, accounting, dataflow, goal)));
    return search;
  };
}

function createSearch(
  machine: Accelerator,
  homes: Homes,
  accounting: Accounting,
  dataflow: Dataflow,
  goal: Goal,
): Search {
  const everywhere = operands.every((operand) => homes[operand] === 0);
  const { tables, depth } = everywhere
    ? withDepth(compileMachine(machine, accounting, dataflow))
    : tablesAt(machine, homes, accounting, dataflow);
  return {
    tables,
    solvers: {
      exact: createSolver(tables, goal, everything),
      fast: createSolver(tables, goal, brief),
    },
    bound: createRaggedBound(tables, goal),
    makeRoom: (held) => {
      machine.levels.forEach((level, l) => (depth[l] = roomOf(level) - (held?.[l] ?? 0)));
      return depth.every((words) => words >= 0);
    },
  };
}

const withDepth = (
  tables: MachineTables,
): { readonly tables: MachineTables; readonly depth: Float64Array } => ({
  tables,
  depth: tables.depth,
});
