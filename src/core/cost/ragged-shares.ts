/**
 * All ways to spread one dim over the fan-outs by factors that need not divide it, each with its share of the bounds. Where
 * an array is wide, neighbouring factors form a cell: its least counts for what it takes, its largest for what it saves.
 */
import { wordsTaken } from '../hardware/bit-widths.ts';
import { hopEnergy } from './counts.ts';
import type { MachineTables, Tally } from './tables.ts';

/**
 * A tally and of its coefficients of outputs what the first visit of a word spares (no read back, no refill): so much is paid
 * by every visit but those of the instances that own a word.
 */
export interface Weighed {
  readonly tally: Tally;
  readonly sparedAtChild: Float64Array;
  readonly sparedAtParent: Float64Array;
}

/** The energy first, then the ports. */
export function weighedTallies(machine: MachineTables): readonly Weighed[] {
  const { accelerator, edges } = machine;
  const { levels } = accelerator;
  const weighed = (tally: Tally, read: (l: number) => number, write: (l: number) => number): Weighed => {
    const spared = (own: (e: (typeof edges)[number]) => number): Float64Array =>
      Float64Array.from(edges, (edge) => (edge.dim === 2 ? own(edge) : 0));
    const hop = (parent: number, child: number): number =>
      tally.level < 0 ? hopEnergy(accelerator, parent, child) : 0;
    return {
      tally,
      sparedAtChild: spared(({ parent, child }) =>
        child === levels.length ? 0 : (write(child) + hop(parent, child)) * wordsTaken(levels[child], 'O'),
      ),
      sparedAtParent: spared(({ parent }) => read(parent) * wordsTaken(levels[parent], 'O')),
    };
  };
  const kinds = levels.flatMap(({ readWordsPerCycle, writeWordsPerCycle }, level) => [
    ...(readWordsPerCycle === null ? [] : [{ level, reads: true }]),
    ...(writeWordsPerCycle === null ? [] : [{ level, reads: false }]),
  ]);
  const none = (): number => 0;
  return [
    weighed(
      machine.energy,
      (l) => levels[l]?.readEnergyPj ?? 0,
      (l) => levels[l]?.writeEnergyPj ?? 0,
    ),
    ...machine.ports.map((port, p) => {
      const here = (l: number): number => (l === kinds[p]?.level ? 1 : 0);
      return kinds[p]?.reads === true ? weighed(port, here, none) : weighed(port, none, here);
    }),
  ];
}

export interface Share {
  /** [fan]: the least factor of the cell. */
  readonly factors: readonly number[];
  /** Fewest temporal steps. */
  readonly steps: number;
  /** [level]: at most the factors above it. */
  readonly above: Float64Array;
  /** [level]: at most the factors at it and inside it. */
  readonly inside: Float64Array;
  /** [level]: at least the indices that the spatial loops at it and inside it cover. */
  readonly tile: Float64Array;
  /** [level]: the most temporal steps that a tile can have before it is all there is. */
  readonly most: Float64Array;
  /** [level]: per MAC, how often the operand that misses the dim must enter or leave the level at least. */
  readonly whole: Float64Array;
  /** Compulsory energy per MAC. */
  readonly energy: number;
  /** [port]: compulsory port cycles per MAC, all instances together. */
  readonly loads: readonly number[];
}

/** Factors up to this are cells of their own. */
const mostAlone = 16;
const cellRatio = 1.1;
/** Neighbouring sizes that are bounded together. */
export type Cell = readonly [least: number, most: number];

/** Sizes up to `most`: those up to `alone` and the last one by themselves, the others in cells of at most that ratio. */
export function cellsOf(most: number, ratio = cellRatio, alone = mostAlone): readonly Cell[] {
  const cells: Cell[] = [];
  for (let at = 1; at <= most;) {
    const end = at <= alone ? at : Math.max(at, Math.min(most - 1, Math.floor(at * ratio)));
    cells.push([at, end]);
    at = end + 1;
  }
  return cells;
}

/** @param tallies of `weighedTallies` */
export function findShares(
  machine: MachineTables,
  tallies: readonly Weighed[],
  dim: number,
  extent: number,
): readonly Share[] {
  const { fans } = machine;
  const found: Share[] = [];
  const chosen: Cell[] = [];
  const extend = (covered: number): void => {
    const fan = fans[chosen.length];
    if (fan === undefined) {
      found.push(shareOf(machine, tallies, dim, extent, chosen));
      return;
    }
    for (const cell of cellsOf(Math.min(fan.limits[dim] ?? 1, 2 * extent - 1))) {
      if (covered * cell[0] > 2 * extent - 1) break;
      chosen.push(cell);
      extend(covered * cell[0]);
      chosen.pop();
    }
  };
  extend(1);
  return found;
}

function shareOf(
  machine: MachineTables,
  tallies: readonly Weighed[],
  dim: number,
  extent: number,
  cells: readonly Cell[],
): Share {
  const { levels, fans } = machine;
  const upTo = (level: number, end: 0 | 1): number =>
    cells.reduce((all, cell, f) => ((fans[f]?.level ?? 0) < level ? all * cell[end] : all), 1);
  const [allLeast, allMost] = [upTo(levels, 0), upTo(levels, 1)];
  const outer = cells.find(([least]) => least > 1)?.[0] ?? 1;
  const rows = Array.from({ length: levels + 1 }, (_, l) => l);
  const above = Float64Array.from(rows, (l) => upTo(l, 1));
  const inside = Float64Array.from(rows, (l) => allMost / upTo(l, 1));
  const least = Float64Array.from(rows, (l) => allLeast / upTo(l, 0));
  const used = (l: number): number => (upTo(l, 0) > 1 ? ((outer - 1) * upTo(l, 0)) / outer + 1 : 1);
  const whole = Float64Array.from(rows, (l) => used(l) / extent);
  const [energy = 0, ...loads] = tallies.map((weighed) =>
    compulsory(machine, dim, weighed, extent, { above, inside, whole }),
  );
  return {
    factors: cells.map(([factor]) => factor),
    steps: Math.ceil(extent / allMost),
    above,
    inside,
    tile: least.map((covered) => Math.min(extent, covered)),
    most: least.map((covered) => Math.max(1, extent / covered)),
    whole,
    energy,
    loads: loads.map((load, p) => load / (machine.ports[p]?.wordsPerCycle ?? 1)),
  };
}

function compulsory(
  machine: MachineTables,
  dim: number,
  weighed: Weighed,
  extent: number,
  { above, inside, whole }: Pick<Share, 'above' | 'inside' | 'whole'>,
): number {
  if (dim > 2) return 0;
  let sum = 0;
  machine.edges.forEach((edge, e) => {
    if (edge.dim !== dim) return;
    const { atChild, atParent, spared } = partsOf(weighed, e);
    sum +=
      edge.child === machine.levels
        ? lastVisits(atParent, spared, inside[edge.parent] ?? 1, above[edge.parent] ?? 1, extent)
        : atChild * (whole[edge.child] ?? 0) + atParent * (whole[edge.parent] ?? 0);
  });
  return sum;
}

/** Coefficients of an edge that every visit pays, and those that the first one spares at the parent. */
function partsOf({ tally, sparedAtChild, sparedAtParent }: Weighed, e: number) {
  return {
    atChild: (tally.atChild[e] ?? 0) - (sparedAtChild[e] ?? 0),
    atParent: (tally.atParent[e] ?? 0) - (sparedAtParent[e] ?? 0),
    spared: sparedAtParent[e] ?? 0,
  };
}

/** Per MAC, what the innermost keeper's words cost on their way to the MACs. */
export const lastVisits = (
  every: number,
  spared: number,
  inside: number,
  above: number,
  extent: number,
): number => every / inside + spared * Math.max(0, 1 / inside - above / extent);

/** Takes the share's factors on top of those before; how often the meshes could be filled so, 0 where they do not take them. */
export function enterFans(
  widest: Float64Array,
  into: Float64Array,
  before: Float64Array,
  { factors }: Share,
): number {
  let room = 1;
  for (let f = 0; f < widest.length; f += 1) {
    const now = (before[f] as number) * (factors[f] as number);
    into[f] = now;
    room *= Math.floor((widest[f] as number) / now);
  }
  return room;
}
