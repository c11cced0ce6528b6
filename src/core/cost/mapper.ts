/**
 * The mapper: for one accelerator, objective and accounting, the cheapest mapping of any GEMM, remembered. The exact gear
 * proves its optimum over perfect factors; the fast gear is the same search with a budget. Both try padded extents where
 * an extent is awkward; on demand the exact gear searches every padding. Nothing here depends on the clock or on what was asked before.
 */
import { InputError } from '../base/checks.ts';
import type { Cycles, EnergyPj } from '../base/units.ts';
import { operands } from '../hardware/accelerator.ts';
import type { Accelerator } from '../hardware/accelerator.ts';
import { wordsTaken } from '../hardware/bit-widths.ts';
import { machinesAtBits, slotsOf, swapSlots } from './bit-widths.ts';
import type { BitWidths } from './bit-widths.ts';
import { mappingOf } from './chain.ts';
import { evaluateMapping } from './counts.ts';
import { evaluateFixedStep } from './fusion/fixed.ts';
import { machineAt as machineWithHomes, residentWords } from './fusion/homes.ts';
import type { Homes } from './fusion/homes.ts';
import { createParts } from './fusion/parts.ts';
import type { Parts } from './fusion/parts.ts';
import { checkGemm, gemmContraction, withSlots } from './gemm.ts';
import type { Accounting, Bound, Dataflow, Gear, Gemm, Mapping, MappingCost, Objective } from './mapping.ts';
import { createMemo } from './memo.ts';
import type { Memo } from './memo.ts';
import { boundOf, goalOf, goals } from './objective.ts';
import { paddedExtents } from './padding.ts';
import { searchPaddings } from './padding-search.ts';
import { placeKey, turned } from './place.ts';
import type { BoundEffort } from './ragged-bound.ts';
import { searchRagged } from './ragged-search.ts';
import { evaluateRagged } from './ragged.ts';
import type { Place } from './place.ts';
import { createSearches } from './searches.ts';
import type { Search } from './searches.ts';

export interface MapperOptions {
  readonly accounting?: Accounting;
  readonly objective?: Objective;
  /**
   * `any` (the default): awkward extents may be padded; `perfect`: the extents as they are; `ragged`: padded loops whose last
   * tiles are partial, counted with real words only, the best found.
   */
  readonly factors?: 'perfect' | 'any' | 'ragged';
  /**
   * What the exact gear tries with `any`: a few `likely` paddings of awkward extents (the default, quick enough for a
   * drag), or `every` one of every extent that can win.
   */
  readonly paddings?: 'likely' | 'every';
  /** Widths of the numbers; without them everything is a word of the accelerator, as in the references. */
  readonly bits?: BitWidths;
  /** `fixed` implies perfect factors: what does not suit the array runs on less of it. */
  readonly dataflow?: Dataflow;
  /** Whether a product's input slots may be exchanged where that is better: weights then take the way of the inputs. */
  readonly swap?: boolean;
}

export interface GemmCost {
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
  /** Levels outermost first, then the MACs; sums to `energyPj`. */
  readonly energyByLevelPj: readonly EnergyPj[];
  /** The extents at which everything was counted. */
  readonly padded: Gemm;
  readonly bound: Bound;
  /** The input slots are exchanged: extents, slots and mapping are those of (N, M, K). */
  readonly swapped?: true;
  /** Only real words and products of the padded loops are counted. */
  readonly ragged?: true;
}

export interface MappedGemm extends GemmCost {
  /** As it was mapped: what was asked for, its input slots exchanged if `swapped`. */
  readonly gemm: Gemm;
  /** Over the dims of `gemmContraction(padded)`. */
  readonly mapping: Mapping;
  readonly cost: MappingCost;
}

/** One remembered result; plain data, so that it can be posted between a worker and the page. */
export interface MapperEntry {
  readonly gemm: Gemm;
  readonly gear: Gear;
  readonly place?: Place;
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
  /** With operands at given homes; null where that does not fit. */
  readonly costAt: (gemm: Gemm, gear: Gear, place: Place) => GemmCost | null;
  readonly mapping: (gemm: Gemm, gear: Gear, place?: Place) => MappedGemm;
  /**
   * What is known of the answer of `cost`, its gap to what no mapping can be below in numbers where it is no proven optimum:
   * that takes milliseconds, on wide arrays some tenths of a second (`quick`: tens of milliseconds, a wider gap). Paddings and ragged tiles are held against any mapping
   * with real words only; the fast gear at perfect factors against the exact one.
   */
  readonly bound: (gemm: Gemm, gear: Gear, place?: Place, effort?: BoundEffort) => Bound;
  /** For chains that share loops: same machine, accounting, widths and dataflow; input slots stay as they are. */
  readonly parts: () => Parts;
  /** Whether `cost` would answer from memory. */
  readonly known: (gemm: Gemm, gear: Gear) => boolean;
  readonly entries: () => readonly MapperEntry[];
  /** Takes up entries of a mapper with the same accelerator and options. */
  readonly remember: (entries: readonly MapperEntry[]) => void;
}

/** @throws InputError when an operand is kept nowhere or a level has fewer words than operands it keeps */
export function createMapper(accelerator: Accelerator, options: MapperOptions = {}): Mapper {
  const { accounting = 'timeloop', objective = 'edp', dataflow = 'flexible', swap = false } = options;
  const { factors = dataflow === 'fixed' ? 'perfect' : 'any', paddings = 'likely' } = options;
  const machineAt = machinesAtBits(accelerator, options.bits ?? {});
  const leakage = accelerator.leakagePjPerCycle ?? 0;
  const goal = goalOf(objective, leakage);
  const searchOf = createSearches(accounting, dataflow, goal);
  // A machine that cannot be is refused before any GEMM is asked for; narrow operands may fit where words do not.
  if (options.bits === undefined) searchOf(accelerator, nowhere);
  let parts: Parts | null = null;
  /** By machine that slots make of the accelerator and by place. */
  const memos = new Map<Accelerator, Map<string, Readonly<Record<Gear, Memo>>>>();
  const memoOf = (machine: Accelerator, place: Place | undefined): Readonly<Record<Gear, Memo>> => {
    let ofMachine = memos.get(machine);
    if (ofMachine === undefined) memos.set(machine, (ofMachine = new Map()));
    const key = place === undefined ? '' : placeKey(place);
    let memo = ofMachine.get(key);
    if (memo === undefined) ofMachine.set(key, (memo = { exact: createMemo(), fast: createMemo() }));
    return memo;
  };

  const solve = (gemm: Gemm, gear: Gear, place: Place | undefined): MapperEntry | null => {
    const { batch, m, n, k } = checkGemm(gemm);
    const machine = machineAt(slotsOf(gemm));
    const search = searchOf(machine, place?.homes ?? nowhere);
    const held = place === undefined ? null : heldIn(machine, place, gemm);
    if (!search.makeRoom(held)) return null;
    const { tables, solvers } = search;
    const candidates = factors === 'perfect' ? [[m, n, k, batch] as const] : paddedExtents(tables, gemm);
    if (factors === 'ragged') return solveRagged(machine, search, gemm, gear, place, held);
    const every = factors === 'any' && paddings === 'every' && gear === 'exact';
    const over = every ? searchPaddings(tables, goal, solvers.exact, search.bound, gemm) : null;
    const solution = every ? over : solvers[gear].solve(candidates);
    if (solution === null) return null;
    const [padM, padN, padK, padB] = solution.choice.extents as [number, number, number, number];
    const padded: Gemm = { batch: padB, m: padM, n: padN, k: padK };
    const mapping = mappingOf(tables, solution.choice);
    const cost = counted(machine, padded, mapping, place, held);
    const isOnly = candidates.length === 1 && padM === m && padN === n && padK === k;
    const bound: Bound =
      over !== null
        ? boundOf(goal.key(over.energyPj, over.cycles), over.least)
        : solution.proven && isOnly
          ? { kind: 'optimal', gap: 0 }
          : { kind: 'best-found', gap: null };
    return entry(gemm, gear, place, mapping, { ...figures(cost), padded, bound });
  };
  const solveRagged = (
    machine: Accelerator,
    { tables, solvers }: Search,
    gemm: Gemm,
    gear: Gear,
    place: Place | undefined,
    held: readonly number[] | null,
  ): MapperEntry | null => {
    const mapping = searchRagged(tables, goal, solvers[gear], gear, gemm);
    if (mapping === null) return null;
    const cost = countedRagged(machine, gemm, mapping, place, held);
    const padded = coveredBy(mapping);
    const isRagged = padded.m !== gemm.m || padded.n !== gemm.n || padded.k !== gemm.k;
    return entry(gemm, gear, place, mapping, {
      ...figures(cost),
      padded,
      bound: { kind: 'best-found', gap: null },
      ...(isRagged && { ragged: true }),
    });
  };
  const countedRagged = (
    machine: Accelerator,
    gemm: Gemm,
    mapping: Mapping,
    place: Place | undefined,
    held: readonly number[] | null,
  ): MappingCost => {
    const contraction = gemmContraction(gemm);
    const at = place === undefined || held === null ? machine : machineWithHomes(machine, place.homes);
    return evaluateRagged(at, contraction, mapping, accounting);
  };
  const counted = (
    machine: Accelerator,
    padded: Gemm,
    mapping: Mapping,
    place: Place | undefined,
    held: readonly number[] | null,
  ): MappingCost => {
    const contraction = gemmContraction(padded);
    if (place === undefined || held === null)
      return evaluateMapping(machine, contraction, mapping, accounting);
    return evaluateFixedStep(machine, { contraction, mapping, homes: place.homes, held }, accounting);
  };

  const keyOf = ({ energyPj, latencyCycles }: GemmCost): number =>
    goals[objective].key(energyPj, latencyCycles);
  /** The better of a GEMM as it is and with its input slots exchanged. */
  const solveEither = (gemm: Gemm, gear: Gear, place: Place | undefined): MapperEntry | null => {
    const plain = solve(gemm, gear, place);
    const exchanged = turnedGemm(gemm);
    const at = place === undefined ? undefined : turned(place);
    if (!swap || (at !== undefined && !keepsAtHomes(accelerator, at.homes))) return plain;
    const other = solve(exchanged, gear, at);
    if (other === null) return plain;
    const { energyPj, latencyCycles } = other.cost;
    const bound = plain === null ? other.cost.bound : boundOfEither(plain.cost, other.cost);
    // Costs have the leakage in them already.
    if (
      plain !== null &&
      !goals[objective].beats(energyPj, latencyCycles, plain.cost.energyPj, plain.cost.latencyCycles)
    )
      return { ...plain, cost: { ...plain.cost, bound } };
    const { batch, m, n, k, slots } = gemm;
    return {
      ...other,
      gemm: { batch, m, n, k, ...(slots === undefined ? {} : { slots }) },
      ...(place === undefined ? {} : { place }),
      cost: { ...other.cost, bound, swapped: true },
    };
  };
  const boundOfEither = (a: GemmCost, b: GemmCost): Bound => {
    if (a.bound.gap === null || b.bound.gap === null) return { kind: 'best-found', gap: null };
    const [keyA, keyB] = [keyOf(a), keyOf(b)];
    return boundOf(Math.min(keyA, keyB), Math.min(keyA / (1 + a.bound.gap), keyB / (1 + b.bound.gap)));
  };
  const entryOf = (gemm: Gemm, gear: Gear, place: Place | undefined): MapperEntry | null => {
    const memo = memoOf(machineAt(slotsOf(gemm)), place)[gear];
    const known = memo.get(gemm);
    if (known === undefined) {
      if (memo.misfits(gemm)) return null;
      const found = solveEither(gemm, gear, place);
      if (found === null) {
        memo.setMisfit(gemm);
        return null;
      }
      memo.set(found);
      return found;
    }
    return known;
  };
  const proofs = { thorough: new WeakMap<GemmCost, Bound>(), quick: new WeakMap<GemmCost, Bound>() };
  const boundAt = (
    gemm: Gemm,
    gear: Gear,
    place: Place | undefined,
    effort: BoundEffort = 'thorough',
  ): Bound => {
    const { cost } = sure(gemm, gear, place);
    if (cost.bound.gap !== null) return cost.bound;
    let bound = proofs.thorough.get(cost) ?? proofs[effort].get(cost);
    if (bound !== undefined) return bound;
    const exact = factors === 'perfect' && gear === 'fast' ? sure(gemm, 'exact', place).cost : null;
    const least = exact?.bound.kind === 'optimal' ? keyOf(exact) : leastKey(gemm, place, keyOf(cost), effort);
    proofs[effort].set(cost, (bound = boundOf(keyOf(cost), least)));
    return bound;
  };
  /** Below what key no mapping is, in either order of the input slots where they may be exchanged. */
  const leastKey = (gemm: Gemm, place: Place | undefined, limit: number, effort: BoundEffort): number => {
    const inOrder = (as: Gemm, at: Place | undefined): number => {
      const machine = machineAt(slotsOf(as));
      const search = searchOf(machine, at?.homes ?? nowhere);
      const fits = search.makeRoom(at === undefined ? null : heldIn(machine, at, as));
      return fits ? search.bound(as, limit, effort) : limit;
    };
    const at = place === undefined ? undefined : turned(place);
    const exchanges = swap && (at === undefined || keepsAtHomes(accelerator, at.homes));
    const least = inOrder(gemm, place);
    return exchanges ? Math.min(least, inOrder(turnedGemm(gemm), at)) : least;
  };
  const sure = (gemm: Gemm, gear: Gear, place: Place | undefined): MapperEntry => {
    const found = entryOf(gemm, gear, place);
    if (found === null) throw new InputError(...misfit(machineAt(slotsOf(gemm)), gemm));
    return found;
  };
  return {
    accelerator,
    objective,
    machineOf: (gemm) => machineAt(slotsOf(gemm)),
    cost: (gemm, gear) => sure(gemm, gear, undefined).cost,
    costAt: (gemm, gear, place) => entryOf(gemm, gear, place)?.cost ?? null,
    bound: boundAt,
    mapping: (gemm, gear, place) => {
      const { cost, mapping } = sure(gemm, gear, place);
      const [as, at] =
        cost.swapped === true
          ? [turnedGemm(gemm), place === undefined ? undefined : turned(place)]
          : [gemm, place];
      const machine = machineAt(slotsOf(as));
      const held = at === undefined ? null : heldIn(machine, at, as);
      const detail =
        cost.ragged === true
          ? countedRagged(machine, as, mapping, at, held)
          : counted(machine, cost.padded, mapping, at, held);
      return { ...cost, gemm: as, mapping, cost: detail };
    },
    parts: () =>
      // Held at one height as everything else this mapper maps.
      (parts ??= createParts(accelerator, {
        accounting,
        factors: factors === 'perfect' ? 'perfect' : 'any',
        bits: options.bits,
        dataflow,
        heights: 'even',
      })),
    known: (gemm, gear) => memoOf(machineAt(slotsOf(gemm)), undefined)[gear].get(gemm) !== undefined,
    entries: () =>
      [...memos.values()].flatMap((ofMachine) =>
        [...ofMachine.values()].flatMap(({ exact, fast }) => [...exact.entries(), ...fast.entries()]),
      ),
    remember: (entries) => {
      for (const entry of entries) memoOf(machineAt(slotsOf(entry.gemm)), entry.place)[entry.gear].set(entry);
    },
  };
}

/** The extents that the loops of a mapping cover. */
function coveredBy(mapping: Mapping): Gemm {
  const over = (name: string): number =>
    mapping
      .flatMap(({ temporal, spatial }) => [...temporal, ...spatial])
      .reduce((all, [dim, bound]) => (dim === name ? all * bound : all), 1);
  return { batch: over('B'), m: over('M'), n: over('N'), k: over('K') };
}

const figures = (cost: MappingCost): Pick<GemmCost, 'energyPj' | 'latencyCycles' | 'energyByLevelPj'> => ({
  energyPj: cost.energyPj,
  latencyCycles: cost.latencyCycles,
  energyByLevelPj: [...cost.levels.map((level) => level.energyPj), cost.macEnergyPj],
});

const entry = (
  { batch, m, n, k, slots }: Gemm,
  gear: Gear,
  place: Place | undefined,
  mapping: Mapping,
  cost: GemmCost,
): MapperEntry => ({
  gemm: { batch, m, n, k, ...(slots === undefined ? {} : { slots }) },
  gear,
  ...(place === undefined ? {} : { place }),
  mapping,
  cost,
});

const nowhere: Homes = { I: 0, W: 0, O: 0 };

const turnedGemm = (gemm: Gemm): Gemm =>
  withSlots({ batch: gemm.batch, m: gemm.n, n: gemm.m, k: gemm.k }, swapSlots[slotsOf(gemm)]);

const keepsAtHomes = ({ levels }: Accelerator, homes: Homes): boolean =>
  operands.every(
    (operand) => homes[operand] === 0 || levels[homes[operand]]?.keeps.includes(operand) === true,
  );

/** Words of each level that everything takes which is whole: this product's own and what is beside it. */
const heldIn = (machine: Accelerator, { homes, held }: Place, gemm: Gemm): readonly number[] =>
  residentWords(machine, homes, gemm).map((words, l) => words + (held[l] ?? 0));

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
