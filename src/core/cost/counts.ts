/**
 * What a mapping costs: words read, filled and updated per storage level and operand, energy, cycles.
 * Dense einsums whose operand indices are single dims, perfect factors. Equal to Timeloop's classic analysis
 * (Parashar et al., ISPASS 2019) on every count; the `accelforge` accounting also charges the read when an output
 * drains to its parent. Counts are in words of the operand; where these take more or less than a word of the level,
 * energy, ports and capacity follow. Left out: imperfect factors; NoC hops and leakage unless the machine has them.
 */
import { InputError, check } from '../base/checks.ts';
import { operands } from '../hardware/accelerator.ts';
import type { Accelerator, MemoryLevel, Operand } from '../hardware/accelerator.ts';
import { wordsTaken } from '../hardware/bit-widths.ts';
import { leakageByLevel } from '../hardware/extras.ts';
import type {
  AccessCounts,
  Accounting,
  Contraction,
  LevelCost,
  Loop,
  Mapping,
  MappingCost,
} from './mapping.ts';

/** Fan-out from one instance of `level` to the next level's instances or, below the innermost, to the MACs. */
export function fanOut(accelerator: Accelerator, level: number): { readonly x: number; readonly y: number } {
  const from = at(accelerator.levels, level);
  const to = accelerator.levels[level + 1] ?? accelerator.mac;
  return {
    x: Math.max(1, Math.floor(to.meshX / from.meshX)),
    y: Math.max(1, Math.floor(to.meshY / from.meshY)),
  };
}

/**
 * Tensors held at their own heights of the nest: by level and operand, how many of the innermost loops of the level outside
 * run inside the held tile already. Loops that a tensor does not see then spare its refill within one level only, as
 * AccelForge counts; without it all tensors of a level are held at one height and such runs go on from level to level.
 */
export type Placement = readonly Readonly<Partial<Record<Operand, number>>>[];

/**
 * Counts, energy and latency of one mapping. Counts are per instance, energies are totals.
 * @throws InputError naming the level when the loops do not multiply out, a tile does not fit or a level fans out too far
 */
export function evaluateMapping(
  accelerator: Accelerator,
  contraction: Contraction,
  mapping: Mapping,
  accounting: Accounting = 'timeloop',
  placement: Placement | null = null,
): MappingCost {
  const nest = readNest(accelerator, contraction, mapping);
  const { levels } = accelerator;
  const macs = product(nest.dims.map((dim) => extentOf(contraction, dim)));
  const computeCycles = product(mapping.flatMap((level) => level.temporal.map(([, bound]) => bound)));
  const flows = operands.map((operand) =>
    operandFlow(accelerator, contraction, nest, operand, computeCycles, accounting, placement),
  );
  levels.forEach((level, l) => checkCapacity(level, l, flows));

  const counted = levels.map((level, l): LevelCost => {
    const counts: Partial<Record<Operand, AccessCounts>> = {};
    let reads = 0;
    let writes = 0;
    let energyPj = 0;
    for (const flow of flows) {
      const words = flow.words[l];
      if (words === undefined) continue;
      const instances = at(nest.instances, l);
      const takes = wordsTaken(level, flow.operand);
      const read = words.reads * takes;
      const written = (words.fills + words.updates) * takes;
      const hops = (flow.moved[l] ?? 0) * takes * hopEnergy(accelerator, flow.parents[l] ?? l, l);
      const energy = instances * (read * level.readEnergyPj + written * level.writeEnergyPj + hops);
      counts[flow.operand] = { ...words, instances, energyPj: energy };
      reads += read;
      writes += written;
      energyPj += energy;
    }
    const cycles = busyCycles(level, computeCycles, reads, writes);
    return { name: level.name, cycles, energyPj, operands: counts };
  });
  return totalCost(accelerator, macs, computeCycles, counted);
}

/** How long a level is busy with the words that one instance reads and writes, no less than the MACs. */
export const busyCycles = (
  level: MemoryLevel,
  computeCycles: number,
  reads: number,
  writes: number,
): number =>
  Math.max(
    computeCycles,
    portCycles(reads, level.readWordsPerCycle),
    portCycles(writes, level.writeWordsPerCycle),
  );

/** Levels together: the slowest one sets the time, and the time what leaks. @param counted levels without leakage */
export function totalCost(
  accelerator: Accelerator,
  macs: number,
  computeCycles: number,
  counted: readonly LevelCost[],
): MappingCost {
  const latencyCycles = counted.reduce((most, level) => Math.max(most, level.cycles), computeCycles);
  const leakage = accelerator.leakagePjPerCycle === undefined ? null : leakageByLevel(accelerator);
  const levels =
    leakage === null
      ? counted
      : counted.map((level, l) => ({
          ...level,
          energyPj: level.energyPj + latencyCycles * (leakage[l] ?? 0),
        }));
  const macEnergyPj = macs * accelerator.mac.energyPj + latencyCycles * (leakage?.at(-1) ?? 0);
  const energyPj = levels.reduce((sum, level) => sum + level.energyPj, 0) + macEnergyPj;
  return {
    energyPj,
    latencyCycles,
    edpPjCycles: energyPj * latencyCycles,
    macs,
    macEnergyPj,
    computeCycles,
    utilization: macs / (computeCycles * accelerator.mac.meshX * accelerator.mac.meshY),
    levels,
  };
}

const portCycles = (words: number, wordsPerCycle: number | null): number =>
  wordsPerCycle === null ? 0 : wholeCycles(words / wordsPerCycle);

/** Rounded up, but never above the truth because of rounding noise (parts of words add some). */
export const wholeCycles = (cycles: number, iterations = 1): number =>
  Math.ceil(cycles * iterations * (1 - 1e-12)) / iterations;

/** The loop nest, checked: per level and dim the product of its temporal and of its spatial bounds. */
interface Nest {
  readonly dims: readonly string[];
  readonly mapping: Mapping;
  /** [level][dim]: product of all factors at this level and below. */
  readonly tile: readonly ReadonlyMap<string, number>[];
  /** [level][dim]: product of the spatial factors above this level. */
  readonly spread: readonly ReadonlyMap<string, number>[];
  /** [level]: instances in use. */
  readonly instances: readonly number[];
}

function readNest(accelerator: Accelerator, contraction: Contraction, mapping: Mapping): Nest {
  const { levels } = accelerator;
  const dims = [...new Set(operands.flatMap((operand) => contraction.dims[operand]))];
  for (const dim of dims) extentOf(contraction, dim);
  check(
    mapping.length === levels.length,
    'mapping',
    `must list the ${levels.length} levels of the accelerator`,
    mapping.length,
  );
  levels.forEach((level, l) => {
    const loops = at(mapping, l);
    check(loops.level === level.name, `mapping level ${l}`, `must be ${level.name}`, loops.level);
    for (const [dim, bound] of [...loops.temporal, ...loops.spatial]) {
      check(dims.includes(dim), `mapping level ${level.name}`, `loops must be over ${dims.join(', ')}`, dim);
      check(
        Number.isSafeInteger(bound) && bound >= 1,
        `mapping level ${level.name}`,
        `the loop over ${dim} must have a whole bound of at least 1`,
        bound,
      );
    }
    checkFanOut(accelerator, l, loops.spatial);
  });
  const tile: Map<string, number>[] = [];
  for (let l = levels.length - 1; l >= 0; l -= 1) {
    const loops = at(mapping, l);
    const below = tile[0];
    tile.unshift(
      new Map(
        dims.map((dim) => [
          dim,
          (below?.get(dim) ?? 1) * boundOf(loops.temporal, dim) * boundOf(loops.spatial, dim),
        ]),
      ),
    );
  }
  for (const dim of dims) {
    const extent = extentOf(contraction, dim);
    const covered = tile[0]?.get(dim);
    check(
      covered === extent,
      `mapping level ${at(levels, 0).name}`,
      `the loops over ${dim} at this level and below must multiply out to its extent ${extent}`,
      covered,
    );
  }
  const spread: Map<string, number>[] = [];
  for (let l = 0; l < levels.length; l += 1) {
    const above = spread[l - 1];
    const loops = mapping[l - 1]?.spatial ?? [];
    spread.push(new Map(dims.map((dim) => [dim, (above?.get(dim) ?? 1) * boundOf(loops, dim)])));
  }
  return { dims, mapping, tile, spread, instances: spread.map((factors) => product([...factors.values()])) };
}

/** Each spatial loop lies whole along X or along Y; both groups must fit the mesh. */
function checkFanOut(accelerator: Accelerator, l: number, spatial: readonly Loop[]): void {
  const { x, y } = fanOut(accelerator, l);
  const total = product(spatial.map(([, bound]) => bound));
  let alongX = new Set([1]);
  for (const [, bound] of spatial) {
    if (bound === 1) continue;
    const grown = new Set(alongX);
    for (const value of alongX) if (value * bound <= x) grown.add(value * bound);
    alongX = grown;
  }
  const fits = [...alongX].some((value) => total / value <= y);
  if (!fits) {
    const level = at(accelerator.levels, l).name;
    throw new InputError(
      `mapping level ${level}`,
      `spatial loops must split into a group of at most ${x} along X and one of at most ${y} along Y`,
      spatial.map(([dim, bound]) => `${dim}:${bound}`).join(' '),
    );
  }
}

interface Words {
  readonly tileWords: number;
  readonly reads: number;
  readonly fills: number;
  readonly updates: number;
}

interface Flow {
  readonly operand: Operand;
  /** [level], undefined where the operand is not kept. */
  readonly words: readonly (Words | undefined)[];
  /** [level]: words of one instance that come from its parent or go there. */
  readonly moved: readonly number[];
  /** [level]: the keeper outside it. */
  readonly parents: readonly number[];
}

/** Rules 1, 3, 4 and 5: the words of one operand at every level that keeps it. */
function operandFlow(
  accelerator: Accelerator,
  contraction: Contraction,
  nest: Nest,
  operand: Operand,
  computeCycles: number,
  accounting: Accounting,
  placement: Placement | null,
): Flow {
  const own = new Set(contraction.dims[operand]);
  const { levels } = accelerator;
  const outermost = levels.findIndex((level) => level.keeps.includes(operand));
  check(outermost >= 0, `accelerator ${accelerator.name}`, `some level must keep operand ${operand}`);
  const ownProduct = (factors: ReadonlyMap<string, number> | undefined): number =>
    product([...own].map((dim) => factors?.get(dim) ?? 1));
  const extents = product([...own].map((dim) => extentOf(contraction, dim)));

  const words: (Words | undefined)[] = levels.map(() => undefined);
  const moved: number[] = levels.map(() => 0);
  const parents: number[] = levels.map((_, l) => l);
  let child = -1;
  let demand = computeCycles;
  // Spatial factors over the operand's own dims from the current level down to the next keeper (or the MACs).
  let scatter = 1;
  for (let l = levels.length - 1; l >= 0; l -= 1) {
    scatter *= product(at(nest.mapping, l).spatial.map(([dim, bound]) => (own.has(dim) ? bound : 1)));
    if (!at(levels, l).keeps.includes(operand)) continue;
    const around = placement?.[l]?.[operand] ?? 0;
    const inside = around > 0 ? (nest.mapping[l - 1]?.temporal.slice(-around) ?? []) : [];
    const tileWords =
      ownProduct(at(nest.tile, l)) * product(inside.map(([dim, bound]) => (own.has(dim) ? bound : 1)));
    const content = demand * scatter;
    const visits = tileWords * outerVisits(nest.mapping, l, own, placement === null ? null : around);
    const fills = l === outermost ? 0 : visits;
    if (child >= 0) parents[child] = l;
    child = l;
    moved[l] = fills;
    if (operand === 'O') {
      const part = extents / ownProduct(nest.spread[l]);
      const drained = accounting === 'accelforge' ? fills : 0;
      if (l !== outermost) moved[l] = fills + fills - part;
      words[l] = {
        tileWords,
        reads: content - part + drained,
        fills: l === outermost ? 0 : fills - part,
        updates: content,
      };
    } else {
      words[l] = { tileWords, reads: content, fills, updates: 0 };
    }
    demand = visits;
    scatter = 1;
  }
  return { operand, words, moved, parents };
}

/** Energy of one word on its way from a level to another inside it. */
export function hopEnergy(accelerator: Accelerator, from: number, to: number): number {
  const { hopPj } = accelerator;
  if (hopPj === undefined) return 0;
  let hops = 0;
  for (let l = from; l < to; l += 1) {
    const { x, y } = fanOut(accelerator, l);
    if (x * y > 1) hops += 1;
  }
  return hops * hopPj;
}

/**
 * Product of the temporal bounds outside level l, without the innermost run of loops that the operand does not see; where it
 * is `placed`, so many loops are inside its tile and the run ends with the level.
 */
function outerVisits(mapping: Mapping, l: number, own: ReadonlySet<string>, placed: number | null): number {
  let visits = 1;
  let inRun = true;
  for (let outer = l - 1; outer >= 0; outer -= 1) {
    const { temporal } = at(mapping, outer);
    if (placed !== null && outer < l - 1) inRun = false;
    const last = temporal.length - 1 - (outer === l - 1 ? (placed ?? 0) : 0);
    for (let i = last; i >= 0; i -= 1) {
      const [dim, bound] = at(temporal, i);
      if (bound === 1) continue;
      if (inRun && !own.has(dim)) continue;
      inRun = false;
      visits *= bound;
    }
  }
  return visits;
}

function checkCapacity(level: MemoryLevel, l: number, flows: readonly Flow[]): void {
  const needed = flows.reduce(
    (sum, flow) => sum + (flow.words[l]?.tileWords ?? 0) * wordsTaken(level, flow.operand),
    0,
  );
  const noise = level.takes === undefined ? 1 : 1 + 1e-9;
  check(
    level.depthWords === null || needed <= level.depthWords * noise,
    `mapping level ${level.name}`,
    `the kept tiles must fit its ${level.depthWords} words`,
    needed,
  );
}

function extentOf(contraction: Contraction, dim: string): number {
  const extent = contraction.extents[dim];
  check(
    extent !== undefined && Number.isSafeInteger(extent) && extent >= 1,
    `extent ${dim}`,
    'must be a whole number of at least 1',
    extent,
  );
  return extent;
}

const boundOf = (loops: readonly Loop[], dim: string): number =>
  product(loops.map(([other, bound]) => (other === dim ? bound : 1)));

const product = (factors: readonly number[]): number => factors.reduce((all, factor) => all * factor, 1);

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`internal: index ${index} of ${list.length}`);
  return item;
}
