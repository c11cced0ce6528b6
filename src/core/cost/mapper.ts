/**
 * The mapper: for one accelerator, objective and accounting, the cheapest mapping of any GEMM, remembered. The exact gear
 * proves its optimum over perfect factors; the fast gear is the same search with a budget. Both try padded extents where
 * an extent is awkward; on demand the exact gear searches every padding. Nothing here depends on the clock or on what was asked before.
 */
import { InputError } from '../base/checks.ts';
import type { Cycles, EnergyPj } from '../base/units.ts';
import type { Accelerator } from '../hardware/accelerator.ts';
import { wordsTaken } from '../hardware/bit-widths.ts';
import { machinesAtBits, slotsOf } from './bit-widths.ts';
import type { BitWidths } from './bit-widths.ts';
import { mappingOf } from './chain.ts';
import { evaluateMapping } from './counts.ts';
import { checkGemm, gemmContraction } from './gemm.ts';
import type { Accounting, Bound, Gear, Gemm, Mapping, MappingCost, Objective } from './mapping.ts';
import { goals } from './objective.ts';
import { paddedExtents } from './padding.ts';
import { searchPaddings } from './padding-search.ts';
import type { PaddedSolution } from './padding-search.ts';
import { brief, createSolver, everything } from './solver.ts';
import type { Solution, Solver } from './solver.ts';
import { compileMachine } from './tables.ts';
import type { MachineTables } from './tables.ts';

export interface MapperOptions {
  readonly accounting?: Accounting;
  readonly objective?: Objective;
  /** `any` (the default): awkward extents may be padded; `perfect`: the extents as they are. */
  readonly factors?: 'perfect' | 'any';
  /**
   * What the exact gear tries with `any`: a few `likely` paddings of awkward extents (the default, quick enough for a
   * drag), or `every` one of every extent that can win.
   */
  readonly paddings?: 'likely' | 'every';
  /** Widths of the numbers; without them everything is a word of the accelerator, as in the references. */
  readonly bits?: BitWidths;
}

export interface GemmCost {
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
  /** Levels outermost first, then the MACs; sums to `energyPj`. */
  readonly energyByLevelPj: readonly EnergyPj[];
  /** The extents at which everything was counted. */
  readonly padded: Gemm;
  readonly bound: Bound;
}

export interface MappedGemm extends GemmCost {
  /** Over the dims of `gemmContraction(padded)`. */
  readonly mapping: Mapping;
  readonly cost: MappingCost;
}

/** One remembered result; plain data, so that it can be posted between a worker and the page. */
export interface MapperEntry {
  readonly gemm: Gemm;
  readonly gear: Gear;
  readonly cost: GemmCost;
  readonly mapping: Mapping;
}

export interface Mapper {
  readonly accelerator: Accelerator;
  readonly objective: Objective;
  /** The machine as this GEMM sees it at the mapper's bit widths. */
  readonly machineOf: (gemm: Gemm) => Accelerator;
  /** @throws InputError for unsound extents, or when a level cannot hold what it must */
  readonly cost: (gemm: Gemm, gear: Gear) => GemmCost;
  readonly mapping: (gemm: Gemm, gear: Gear) => MappedGemm;
  /** Whether `cost` would answer from memory. */
  readonly known: (gemm: Gemm, gear: Gear) => boolean;
  readonly entries: () => readonly MapperEntry[];
  /** Takes up entries of a mapper with the same accelerator and options. */
  readonly remember: (entries: readonly MapperEntry[]) => void;
}

/** @throws InputError when an operand is kept nowhere or a level has fewer words than operands it keeps */
export function createMapper(accelerator: Accelerator, options: MapperOptions = {}): Mapper {
  const { accounting = 'timeloop', objective = 'edp', factors = 'any', paddings = 'likely' } = options;
  const machineAt = machinesAtBits(accelerator, options.bits ?? {});
  /** One per machine that slots make of the accelerator. */
  const searches = new Map<Accelerator, Search>();
  const searchOf = (gemm: Gemm): Search => searchOn(machineAt(slotsOf(gemm)));
  const searchOn = (machine: Accelerator): Search => {
    let search = searches.get(machine);
    if (search === undefined) {
      const tables = compileMachine(machine, accounting);
      search = {
        tables,
        solvers: {
          exact: createSolver(tables, goals[objective], everything),
          fast: createSolver(tables, goals[objective], brief),
        },
        memos: { exact: createMemo(), fast: createMemo() },
      };
      searches.set(machine, search);
    }
    return search;
  };
  // A machine that cannot be is refused before any GEMM is asked for; narrow operands may fit where words do not.
  if (options.bits === undefined) searchOn(accelerator);

  const solve = ({ tables, solvers }: Search, gemm: Gemm, gear: Gear): MapperEntry => {
    const { batch, m, n, k } = checkGemm(gemm);
    const machine = tables.accelerator;
    const candidates = factors === 'any' ? paddedExtents(tables, gemm) : [[m, n, k, batch] as const];
    const every = factors === 'any' && paddings === 'every' && gear === 'exact';
    const solution = every
      ? searchPaddings(tables, goals[objective], solvers.exact, gemm)
      : notOver(solvers[gear].solve(candidates));
    if (solution === null) throw new InputError(...misfit(machine, gemm));
    const [padM, padN, padK, padB] = solution.choice.extents as [number, number, number, number];
    const padded: Gemm = { batch: padB, m: padM, n: padN, k: padK };
    const mapping = mappingOf(tables, solution.choice);
    const cost = evaluateMapping(machine, gemmContraction(padded), mapping, accounting);
    const optimal =
      solution.complete ||
      (solution.proven && candidates.length === 1 && padM === m && padN === n && padK === k);
    return {
      gemm: { batch, m, n, k, ...(gemm.slots === undefined ? {} : { slots: gemm.slots }) },
      gear,
      mapping,
      cost: {
        energyPj: cost.energyPj,
        latencyCycles: cost.latencyCycles,
        energyByLevelPj: [...cost.levels.map((level) => level.energyPj), cost.macEnergyPj],
        padded,
        bound: optimal ? { kind: 'optimal', gap: 0 } : { kind: 'best-found', gap: null },
      },
    };
  };
  const entryOf = (gemm: Gemm, gear: Gear): MapperEntry => {
    const search = searchOf(gemm);
    const memo = search.memos[gear];
    let entry = memo.get(gemm);
    if (entry === undefined) {
      entry = solve(search, gemm, gear);
      memo.set(entry);
    }
    return entry;
  };
  return {
    accelerator,
    objective,
    machineOf: (gemm) => machineAt(slotsOf(gemm)),
    cost: (gemm, gear) => entryOf(gemm, gear).cost,
    mapping: (gemm, gear) => {
      const { cost, mapping } = entryOf(gemm, gear);
      const machine = machineAt(slotsOf(gemm));
      const counted = evaluateMapping(machine, gemmContraction(cost.padded), mapping, accounting);
      return { ...cost, mapping, cost: counted };
    },
    known: (gemm, gear) => searchOf(gemm).memos[gear].get(gemm) !== undefined,
    entries: () =>
      [...searches.values()].flatMap(({ memos }) => [...memos.exact.entries(), ...memos.fast.entries()]),
    remember: (entries) => {
      for (const entry of entries) searchOf(entry.gemm).memos[entry.gear].set(entry);
    },
  };
}

/** What is known of one machine. */
interface Search {
  readonly tables: MachineTables;
  readonly solvers: Readonly<Record<Gear, Solver>>;
  readonly memos: Readonly<Record<Gear, Memo>>;
}

const notOver = (solution: Solution | null): PaddedSolution | null =>
  solution === null ? null : { ...solution, complete: false };

/** What to say when no mapping fits: only a bounded outermost level can be the reason. */
function misfit(accelerator: Accelerator, gemm: Gemm): [subject: string, rule: string, value: unknown] {
  const words = { I: gemm.m * gemm.k, W: gemm.k * gemm.n, O: gemm.m * gemm.n };
  const level = accelerator.levels[0];
  const needed = (level?.keeps ?? []).reduce(
    (sum, operand) => sum + gemm.batch * words[operand] * wordsTaken(level, operand),
    0,
  );
  return [
    `accelerator ${accelerator.name}, level ${level?.name}`,
    `must have ${needed} words to hold the tensors`,
    level?.depthWords,
  ];
}

interface Memo {
  readonly get: (gemm: Gemm) => MapperEntry | undefined;
  readonly set: (entry: MapperEntry) => void;
  readonly entries: () => readonly MapperEntry[];
}

/** About 2 KB each; beyond this everything is forgotten and found again as it is asked for. */
const mostEntries = 50_000;

/** Nested by extent: a packed key would overflow 2^53, a text would cost more than the look-up. */
function createMemo(): Memo {
  const byK = new Map<number, Map<number, Map<number, Map<number, MapperEntry>>>>();
  let count = 0;
  return {
    get: ({ batch, m, n, k }) => byK.get(k)?.get(n)?.get(m)?.get(batch),
    set: (entry) => {
      if (count >= mostEntries) {
        byK.clear();
        count = 0;
      }
      const { batch, m, n, k } = entry.gemm;
      const byBatch = within(within(within(byK, k), n), m);
      if (!byBatch.has(batch)) count += 1;
      byBatch.set(batch, entry);
    },
    entries: () =>
      [...byK.values()].flatMap((byN) =>
        [...byN.values()].flatMap((byM) => [...byM.values()].flatMap((byBatch) => [...byBatch.values()])),
      ),
  };
}

function within<V>(map: Map<number, Map<number, V>>, key: number): Map<number, V> {
  let inner = map.get(key);
  if (inner === undefined) map.set(key, (inner = new Map()));
  return inner;
}
