/**
 * Parts: one product with its operands at given homes and with other tensors held beside it, mapped by the exact mapper on
 * a variant of the machine. A part knows what it costs at the prices it was asked at, and bounds in between: the least
 * energy + price x cycles is concave in the price.
 */
import { InputError } from '../../base/checks.ts';
import type { Accelerator } from '../../hardware/accelerator.ts';
import { wordsTaken } from '../../hardware/bit-widths.ts';
import { machinesAtBits, slotsOf } from '../bit-widths.ts';
import type { BitWidths } from '../bit-widths.ts';
import { checkGemm } from '../gemm.ts';
import type { Accounting, Dataflow, Gemm, Slots } from '../mapping.ts';
import { goals } from '../objective.ts';
import { paddedExtents } from '../padding.ts';
import type { Extents } from '../plans.ts';
import type { Goal } from '../objective.ts';
import { findSpreads } from '../spreads.ts';
import { roomOf } from '../tables.ts';
import type { MachineTables, Tally } from '../tables.ts';
import { residentWords, tablesAt } from './homes.ts';
import type { Homes } from './homes.ts';
import { evenSearch, unevenSearch } from './part-search.ts';
import type { Heights, PlacedMapping, Search } from './part-search.ts';
import { createTiles } from './tiles.ts';
import type { Tiles } from './tiles.ts';
import { createPricedGoal } from './trade.ts';
import type { Point, PricedGoal } from './trade.ts';

export interface PartPoint extends Point {
  /** The extents that everything is counted at. */
  readonly gemm: Gemm;
  readonly mapping: () => PlacedMapping;
}

/**
 * A part that runs many times, once per iteration of shared loops: `held` then counts everything that is whole, and operands
 * held over iterations come and go with traffic of their own.
 */
export interface Tile {
  /** Iterations. */
  readonly times: number;
  /** How often each word of the result is come back to, over all iterations. */
  readonly revisits: number;
  /** Words read and written beside the iterations, all of them together, by level (of one instance). */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** It bounds many iterations: its cycles are not rounded up. */
  readonly isBound?: boolean;
}

/** Takes part in nothing: one iteration, no words beside it; what is whole takes no room. */
export const free: Tile = { times: 1, revisits: 1, reads: [], writes: [] };

export interface Part {
  readonly gemm: Gemm;
  readonly homes: Homes;
  /** Words of each level that other tensors take. */
  readonly held: readonly number[];
  readonly tile: Tile | null;
  /** Energy and cycles that no mapping is below. */
  readonly floor: Point;
  /** No mapping has less energy + price x cycles. */
  readonly bound: (price: number) => number;
  /** The mapping of least energy + price x cycles if it is known, or that nothing fits. */
  readonly known: (price: number) => PartPoint | 'misfit' | null;
  /** Finds it. */
  readonly ask: (price: number) => void;
}

export interface Parts {
  /** As a product of activations with weights sees it. */
  readonly accelerator: Accelerator;
  /** As products with these slots see it. */
  readonly machineOf: (slots: Slots) => Accelerator;
  readonly accounting: Accounting;
  /** The same part for the same figures, always. */
  readonly part: (gemm: Gemm, homes: Homes, held: readonly number[], tile?: Tile) => Part;
  /** Figures that one run of a product with its operands at these homes is never below. */
  readonly floor: (gemm: Gemm, homes: Homes) => Point;
  /** Bounds of a product's tiles; remembered. */
  readonly tiles: (gemm: Gemm, homes: Homes) => Tiles;
}

/** What a dim of some extent contributes to a floor: compulsory energy per MAC, and the most lanes it spreads over. */
interface Share {
  readonly energy: number;
  readonly lanes: number;
}

/** A machine with given homes: its tables, whose depths are set before each search. */
interface Variant {
  readonly accelerator: Accelerator;
  readonly homes: Homes;
  readonly tables: MachineTables;
  readonly depth: Float64Array;
  readonly goal: PricedGoal;
  readonly priced: Search;
  /** At no price for cycles: least energy, then fewer cycles. */
  readonly leastEnergy: Search;
  /** By dim and extent. */
  readonly shares: readonly Map<number, Share>[];
  /** As iterations of shared loops see it. */
  readonly tiled: Map<string, Variant>;
}

const mostTiled = 512;

/** So many iterations that no cycle is rounded up. */
const unrounded = 2 ** 40;

export interface PartsOptions {
  readonly accounting: Accounting;
  /** `any`: awkward extents may be padded. */
  readonly factors: 'perfect' | 'any';
  readonly bits?: BitWidths | undefined;
  readonly dataflow?: Dataflow | undefined;
  /** As the tool whose accounting it is, unless given. */
  readonly heights?: Heights | undefined;
}

export function createParts(plain: Accelerator, options: PartsOptions): Parts {
  const { accounting, factors, bits = {}, dataflow = 'flexible' } = options;
  const { heights = accounting === 'accelforge' ? 'uneven' : 'even' } = options;
  const searchOf = heights === 'uneven' ? unevenSearch : evenSearch;
  const machineOf = machinesAtBits(plain, bits);
  const variants = new Map<string, Variant>();
  const parts = new Map<string, Part>();
  const tiles = new Map<string, Tiles>();

  const variantAt = (homes: Homes, slots: Slots): Variant => {
    const accelerator = machineOf(slots);
    const key = `${homes.I},${homes.W},${homes.O},${accelerator === machineOf('aw') ? '' : slots}`;
    let variant = variants.get(key);
    if (variant === undefined) {
      const { tables, depth } = tablesAt(accelerator, homes, accounting, dataflow);
      const goal = createPricedGoal();
      variant = {
        accelerator,
        homes,
        tables,
        depth,
        goal,
        priced: searchOf(tables, goal),
        leastEnergy: searchOf(tables, goals.energy),
        shares: [new Map(), new Map(), new Map(), new Map()],
        tiled: new Map(),
      };
      variants.set(key, variant);
    }
    return variant;
  };

  const search = (
    variant: Variant,
    candidates: readonly Extents[],
    held: readonly number[],
    tile: Tile | null,
    price: number,
  ): PartPoint | 'misfit' => {
    const { accelerator, depth, goal, homes } = variant;
    goal.price = price;
    variant.tables.iterations[0] = tile?.isBound === true ? unrounded : (tile?.times ?? 1);
    const solve = price > 0 ? variant.priced : variant.leastEnergy;
    let best: PartPoint | 'misfit' = 'misfit';
    let least = Number.POSITIVE_INFINITY;
    const groups =
      tile === null ? bySize(accelerator, candidates, homes) : [{ resident: [], extents: candidates }];
    const costOf = ({ energyPj, cycles }: Point): number => energyPj + price * cycles;
    // Most promising first, so that others need not be searched.
    const ranked = groups
      .map((group) => ({
        ...group,
        floors: group.extents.map((extents) => costOf(floorAt(variant, extents))),
      }))
      .toSorted((a, b) => Math.min(...a.floors) - Math.min(...b.floors));
    for (const group of ranked) {
      const promising = group.extents.filter((_, i) => (group.floors[i] as number) < least);
      if (promising.length === 0) continue;
      accelerator.levels.forEach((level, l) => {
        depth[l] = roomOf(level) - (held[l] ?? 0) - (group.resident[l] ?? 0);
      });
      if (depth.some((words) => words < 0)) continue;
      const solution = solve(promising);
      if (solution === null) continue;
      const cost = costOf(solution);
      if (cost >= least) continue;
      least = cost;
      const [m, n, k, batch] = solution.extents as [number, number, number, number];
      best = {
        energyPj: solution.energyPj,
        cycles: solution.cycles,
        gemm: { batch, m, n, k },
        mapping: solution.mapping,
      };
    }
    return best;
  };

  /** Remembered, since tiles of one size come with many others beside them. */
  const tiledAt = (machine: Variant, gemm: Gemm, tile: Tile): Variant => {
    const beside = besideOf(machine, gemm, tile);
    if (tile.revisits === 1 && beside.every((words) => words === 0)) return machine;
    const key = `${tile.revisits},${beside.join()}`;
    let variant = machine.tiled.get(key);
    if (variant === undefined) {
      if (machine.tiled.size >= mostTiled) machine.tiled.clear();
      variant = tiledVariant(machine, beside, tile.revisits, searchOf);
      machine.tiled.set(key, variant);
    }
    return variant;
  };

  const candidatesOf = ({ tables }: Variant, gemm: Gemm): readonly Extents[] =>
    factors === 'any' ? paddedExtents(tables, gemm) : [[gemm.m, gemm.n, gemm.k, gemm.batch]];

  const create = (gemm: Gemm, homes: Homes, held: readonly number[], tile: Tile | null): Part => {
    const machine = variantAt(homes, slotsOf(gemm));
    const { accelerator } = machine;
    const candidates = candidatesOf(machine, gemm);
    const floor = inAll(accelerator, tile, floorOf(accelerator, machine, gemm, candidates));
    let own: Variant | null = tile === null ? machine : null;
    const found: { readonly price: number; readonly point: PartPoint; readonly cost: number }[] = [];
    let nowhere = false;
    const known = (price: number): PartPoint | 'misfit' | null => {
      if (nowhere) return 'misfit';
      let below: PartPoint | null = null;
      for (const { price: at, point } of found) {
        if (at === price) return point;
        if (at < price) below = point;
        // Least at two prices: least at every price in between.
        else return below === point || (below !== null && same(below, point)) ? below : null;
      }
      return null;
    };
    const bound = (price: number): number => {
      if (nowhere) return Number.POSITIVE_INFINITY;
      const crude = floor.energyPj + price * floor.cycles;
      let [at, cost] = [0, floor.energyPj];
      for (const next of found) {
        if (next.price === price) return next.cost;
        if (next.price > price) {
          return Math.max(crude, cost + ((next.cost - cost) * (price - at)) / (next.price - at));
        }
        ({ price: at, cost } = next);
      }
      return Math.max(crude, cost + (price - at) * floor.cycles);
    };
    const ask = (price: number): void => {
      if (known(price) !== null) return;
      own ??= tiledAt(machine, gemm, tile as Tile);
      const once = search(own, candidates, held, tile, price);
      if (once === 'misfit') {
        nowhere = true;
        return;
      }
      const point = { ...once, ...inAll(accelerator, tile, once) };
      const place = found.findIndex((entry) => entry.price > price);
      const entry = { price, point, cost: point.energyPj + price * point.cycles };
      found.splice(place < 0 ? found.length : place, 0, entry);
    };
    return { gemm, homes, held, tile, floor, bound, known, ask };
  };

  const slotsKey = (gemm: Gemm): string =>
    machineOf(slotsOf(gemm)) === machineOf('aw') ? '' : slotsOf(gemm);
  const nothing = plain.levels.map(() => 0);
  const own: Parts = {
    accelerator: machineOf('aw'),
    machineOf,
    accounting,
    floor: (gemm, homes) => {
      const machine = variantAt(homes, slotsOf(gemm));
      return floorOf(machine.accelerator, machine, gemm, candidatesOf(machine, gemm));
    },
    tiles: (gemm, homes) => {
      const { m, n, k, batch } = gemm;
      const key = `${slotsKey(gemm)},${m},${n},${k},${batch},${homes.I},${homes.W},${homes.O}`;
      let known = tiles.get(key);
      if (known === undefined) {
        const partOf = (tile: Gemm, revisits: number): Part =>
          own.part(tile, homes, nothing, { ...free, revisits, isBound: true });
        known = createTiles(gemm, { floorOf: (tile) => own.floor(tile, homes), partOf });
        tiles.set(key, known);
      }
      return known;
    },
    part: (gemm, homes, held, tile) => {
      const { m, n, k, batch } = gemm;
      const beside =
        tile &&
        `${tile.isBound === true},${tile.times},${tile.revisits},${tile.reads.join()},${tile.writes.join()}`;
      const key = `${slotsKey(gemm)},${m},${n},${k},${batch},${homes.I},${homes.W},${homes.O},${held.join()},${beside ?? ''}`;
      let part = parts.get(key);
      if (part === undefined) parts.set(key, (part = create(gemm, homes, held, tile ?? null)));
      return part;
    },
  };
  return own;
}

/** Figures of one iteration as those of all, with what passes beside them. */
function inAll({ levels }: Accelerator, tile: Tile | null, { energyPj, cycles }: Point): Point {
  if (tile === null) return { energyPj, cycles };
  const beside = levels.reduce(
    (sum, level, l) =>
      sum + (tile.reads[l] ?? 0) * level.readEnergyPj + (tile.writes[l] ?? 0) * level.writeEnergyPj,
    0,
  );
  return { energyPj: tile.times * energyPj + beside, cycles: tile.times * cycles };
}

/** By port: words that pass beside the iterations, for every word of a result that one of them makes. */
function besideOf({ tables }: Variant, gemm: Gemm, tile: Tile): number[] {
  const results = tile.times * gemm.batch * gemm.m * gemm.n;
  const beside: number[] = [];
  tables.accelerator.levels.forEach((level, l) => {
    if (level.readWordsPerCycle !== null) beside.push((tile.reads[l] ?? 0) / results);
    if (level.writeWordsPerCycle !== null) beside.push((tile.writes[l] ?? 0) / results);
  });
  return beside;
}

/**
 * The machine as one iteration sees it: its share of the words that pass beside loads the ports, and only the first visit
 * of a word of the result spares reading it back. Both ride on the words that an output owns.
 */
function tiledVariant(
  machine: Variant,
  beside: readonly number[],
  revisits: number,
  searchOf: (tables: MachineTables, goal: Goal) => Search,
): Variant {
  const { tables } = machine;
  const fresh = (tally: Tally): Tally => ({
    ...tally,
    owned: tally.owned.map((words) => words / revisits),
  });
  const ports = tables.ports.map((port, p) => {
    const { owned } = fresh(port);
    owned[0] = (owned[0] ?? 0) + (beside[p] ?? 0);
    return { ...port, owned };
  });
  const depth = tables.depth.slice();
  const iterations = Float64Array.of(1);
  const own = { ...tables, depth, iterations, ports, energy: fresh(tables.energy) };
  const goal = createPricedGoal();
  return {
    ...machine,
    tables: own,
    depth,
    goal,
    priced: searchOf(own, goal),
    leastEnergy: searchOf(own, goals.energy),
  };
}

const same = (a: PartPoint, b: PartPoint): boolean =>
  a.cycles === b.cycles && Math.abs(a.energyPj / b.energyPj - 1) < 1e-12;

/** Extents that leave the levels equally full are searched together. */
function bySize(
  accelerator: Accelerator,
  candidates: readonly Extents[],
  homes: Homes,
): { readonly resident: readonly number[]; readonly extents: Extents[] }[] {
  const groups = new Map<string, { readonly resident: readonly number[]; readonly extents: Extents[] }>();
  for (const extents of candidates) {
    const [m, n, k, batch] = extents;
    const resident = residentWords(accelerator, homes, { batch, m, n, k });
    const key = resident.join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { resident, extents: [extents] });
    else group.extents.push(extents);
  }
  return [...groups.values()];
}

/** Compulsory traffic, as much of the array busy as the extents allow. */
function floorAt({ tables: machine, shares }: Variant, extents: Extents): Point {
  const share = (dim: number): Share => {
    const known = shares[dim] as Map<number, Share>;
    const extent = extents[dim] as number;
    let found = known.get(extent);
    if (found === undefined) {
      const spreads = findSpreads(machine, dim, extent, Number.POSITIVE_INFINITY);
      found = { energy: spreads.leastEnergy, lanes: spreads.lanes[0] ?? 1 };
      known.set(extent, found);
    }
    return found;
  };
  const [m, n, k, batch] = [share(0), share(1), share(2), share(3)];
  const macs = extents.reduce((all, extent) => all * extent, 1);
  const { meshX, meshY } = machine.accelerator.mac;
  return {
    energyPj: macs * (machine.macEnergyPj + m.energy + n.energy + k.energy),
    cycles: macs / Math.min(meshX * meshY, m.lanes * n.lanes * k.lanes * batch.lanes),
  };
}

/** The least of the floors, and what has to pass the outermost level. */
function floorOf(
  accelerator: Accelerator,
  variant: Variant,
  gemm: Gemm,
  candidates: readonly Extents[],
): Point {
  const floors = candidates.map((extents) => floorAt(variant, extents));
  const { batch, m, n, k } = gemm;
  const outermost = accelerator.levels[0];
  const through = (operand: 'I' | 'W' | 'O', words: number): number =>
    outermost?.keeps.includes(operand) === true && variant.homes[operand] === 0
      ? batch * words * wordsTaken(outermost, operand)
      : 0;
  const passing = (words: number, perCycle: number | null | undefined): number =>
    perCycle === null || perCycle === undefined ? 0 : words / perCycle / instances(outermost);
  const cycles = Math.max(
    Math.min(...floors.map((floor) => floor.cycles)),
    passing(through('I', m * k) + through('W', k * n), outermost?.readWordsPerCycle),
    passing(through('O', m * n), outermost?.writeWordsPerCycle),
  );
  const energyPj = Math.min(...floors.map((floor) => floor.energyPj));
  return { energyPj: energyPj * (1 - 1e-12), cycles: cycles * (1 - 1e-12) };
}

const instances = (level: { readonly meshX: number; readonly meshY: number } | undefined): number =>
  level === undefined ? 1 : level.meshX * level.meshY;

/** What to say when a product fits nowhere. */
export function misfit(accelerator: Accelerator, gemm: Gemm | undefined): InputError {
  if (gemm !== undefined) checkGemm(gemm);
  return new InputError(`accelerator ${accelerator.name}`, 'must have room for the product', gemm);
}
