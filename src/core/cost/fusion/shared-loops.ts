/**
 * Which loops a group of products may share (HEAT's fused einsums): every ordered list of up to three loops over different
 * labels, each over a divisor of its extent. What one product of the group sums over cannot be shared, unless it is the
 * last; a label that a product does not have makes it run again for every iteration, so recomputing an intermediate is one
 * of the choices. Each list comes with what it costs at least, by the words that must pass the outermost level, so that most
 * need not be looked at.
 */
import { operands } from '../../hardware/accelerator.ts';
import type { Accelerator, Operand } from '../../hardware/accelerator.ts';
import { wordsTaken } from '../../hardware/bit-widths.ts';
import { slotsOf } from '../bit-widths.ts';
import { latticeOf } from '../lattice.ts';
import type { Chain, ChainStep } from './chain.ts';
import { sizeOf } from './chain.ts';
import type { Parts } from './parts.ts';
import type { Point } from './trade.ts';

/** Loops outermost first. */
export type SharedLoops = readonly (readonly [label: string, factor: number])[];

/** Consecutive products `from` to `to` whose intermediates between them stay at `level` as tiles. */
export interface Group {
  readonly from: number;
  readonly to: number;
  readonly level: number;
  readonly loops: SharedLoops;
}

const mostProducts = 3;
const mostLoops = 3;

/** Spans of products that hand all they make, but the last one's result, to each other. */
export function spansOf(chain: Chain): readonly (readonly [from: number, to: number])[] {
  const spans: [number, number][] = [];
  for (let from = 0; from < chain.steps.length; from += 1) {
    for (let to = from + 1; to < Math.min(chain.steps.length, from + mostProducts); to += 1) {
      const inside = chain.intermediates.filter(({ madeBy }) => madeBy >= from && madeBy < to);
      if (inside.every(({ usedBy }) => usedBy <= to)) spans.push([from, to]);
    }
  }
  return spans;
}

/** Labels that no product of the span sums over, its last excepted. */
export function sharable(chain: Chain, from: number, to: number): string[] {
  const steps = chain.steps.slice(from, to + 1);
  const labels = new Set(steps.flatMap((step) => operands.flatMap((operand) => labelsOf(step, operand))));
  const summed = new Set(
    steps
      .slice(0, -1)
      .flatMap((step) =>
        [...labelsOf(step, 'I'), ...labelsOf(step, 'W')].filter((l) => !step.step.output.includes(l)),
      ),
  );
  return [...labels].filter((label) => !summed.has(label)).toSorted();
}

/** Labels of the operand that the product is over; a label of one input alone is summed before. */
export function labelsOf({ inputs, step }: ChainStep, operand: Operand): readonly string[] {
  const [first = [], second = []] = inputs;
  if (operand === 'O') return step.output;
  const [own, other] = operand === 'I' ? [first, second] : [second, first];
  return own.filter((label) => other.includes(label) || step.output.includes(label));
}

export const iterations = (loops: SharedLoops): number => loops.reduce((all, [, factor]) => all * factor, 1);
export const over = (loops: SharedLoops, labels: readonly string[]): number =>
  loops.reduce((all, [label, factor]) => (labels.includes(label) ? all * factor : all), 1);

/** An operand that stays over iterations: how often each of its words comes in, and the part of it that is there at a time. */
export interface Hold {
  readonly visits: number;
  readonly share: number;
}

/** Operands held over the loops, by position in the group * 3 + operand; others come in anew for every iteration. */
export type Holds = ReadonlyMap<number, Hold>;

/** A list of loops, its tiles small enough, and figures that no way to run the group under it is below. */
export interface BoundedLoops {
  readonly loops: SharedLoops;
  readonly least: Point;
  /** Every choice of operands to hold that fits and may be worth it. */
  readonly holds: () => readonly Holds[];
}

/** What a list of loops is judged by: a product's operands from outside, its intermediates and its work. Labels are bits. */
interface Judged {
  readonly labels: number;
  readonly macs: number;
  readonly macEnergyPj: number;
  readonly lanes: number;
  readonly floor: Point;
  readonly outside: readonly {
    readonly key: number;
    readonly labels: number;
    /** Words of the outermost level, and of the level that would hold it (Infinity = it cannot). */
    readonly words: number;
    readonly held: number;
    readonly result: boolean;
  }[];
  /** Intermediates of the group that are there while the product runs. */
  readonly inside: readonly { readonly labels: number; readonly words: number }[];
}

/**
 * Every list of loops that may be worth it, and whether all were looked at.
 * @param floors energy and cycles that the products are never below, in their order
 * @param worth whether a group of at least these figures may be of use
 * @param mostLists where there are more, the third loop is left out, then every other divisor
 */
export function worthwhileLoops(
  parts: Parts,
  chain: Chain,
  { from, to, level }: Omit<Group, 'loops'>,
  homeOf: (tensor: number) => number,
  beside: readonly number[],
  floors: readonly Point[],
  worth: (least: Point) => boolean,
  mostLists: number,
): { readonly lists: readonly BoundedLoops[]; readonly complete: boolean } {
  const { extents } = chain.path.einsum;
  const labels = sharable(chain, from, to).filter((label) => (extents.get(label) ?? 1) > 1);
  const judged = chain.steps
    .slice(from, to + 1)
    .map((step, i) =>
      judge(parts, chain, { from, to, level }, labels, homeOf, step, floors[i] as Point, from + i),
    );
  const { depthWords } = parts.accelerator.levels[level] ?? { depthWords: null };
  const room = (depthWords ?? Number.POSITIVE_INFINITY) - (beside[level] ?? 0);
  const factors = labels.map((label) => [...latticeOf(extents.get(label) ?? 1).divisors].slice(1));
  const listed = (loops: number): number =>
    listsOf(
      factors.map(({ length }) => length),
      loops,
    );
  const complete = listed(mostLoops) <= mostLists;
  const loopsAtMost = complete ? mostLoops : mostLoops - 1;
  while (listed(loopsAtMost) > mostLists) {
    const longest = factors.reduce((at, list, i) => (list.length > (factors[at]?.length ?? 0) ? i : at), 0);
    factors[longest] = (factors[longest] ?? []).filter((_, i, all) => i % 2 === (all.length - 1) % 2);
  }
  const lists: BoundedLoops[] = [];
  const nest: Nest = { length: 0, label: [0, 0, 0], factor: [1, 1, 1] };
  const grow = (used: number): void => {
    if (nest.length > 0) {
      const least = bound(parts.accelerator, judged, nest, room, unknown);
      if (least !== null && worth(least)) {
        const own = { length: nest.length, label: [...nest.label], factor: [...nest.factor] };
        lists.push({
          loops: own.label.slice(0, own.length).map((l, i) => [labels[l] as string, own.factor[i] as number]),
          least,
          holds: () => worthwhileHolds(parts.accelerator, judged, own, room, worth),
        });
      }
    }
    if (nest.length === loopsAtMost) return;
    const depth = nest.length;
    nest.length += 1;
    for (let l = 0; l < labels.length; l += 1) {
      if ((used >> l) & 1) continue;
      nest.label[depth] = l;
      for (const factor of factors[l] ?? []) {
        nest.factor[depth] = factor;
        grow(used | (1 << l));
      }
    }
    nest.length = depth;
  };
  grow(0);
  return { lists, complete };
}

/** How many ordered lists of up to so many loops there are. */
function listsOf(counts: readonly number[], most: number): number {
  const total = (left: readonly number[], loops: number): number =>
    loops === 0
      ? 0
      : left.reduce((sum, count, i) => sum + count * (1 + total(left.toSpliced(i, 1), loops - 1)), 0);
  return total(counts, most);
}

function judge(
  { accelerator, machineOf }: Parts,
  chain: Chain,
  { from, to, level }: Omit<Group, 'loops'>,
  labels: readonly string[],
  homeOf: (tensor: number) => number,
  step: ChainStep,
  floor: Point,
  position: number,
): Judged {
  const { einsum } = chain.path;
  const { levels, mac } = machineOf(slotsOf(step.gemm));
  const outermost = levels[0];
  const inside = chain.intermediates.filter(({ madeBy }) => madeBy >= from && madeBy < to);
  const { batch, m, n, k } = step.gemm;
  const bits = (own: readonly string[]): number =>
    labels.reduce((all, label, l) => (own.includes(label) ? all | (1 << l) : all), 0);
  return {
    labels: bits(operands.flatMap((operand) => labelsOf(step, operand))),
    macs: batch * m * n * k,
    macEnergyPj: mac.energyPj,
    lanes: mac.meshX * mac.meshY,
    floor,
    outside: operands.flatMap((operand, o) => {
      const tensor = step.slots[operand];
      if (inside.some((each) => each.tensor === tensor) || homeOf(tensor) > 0) return [];
      if (outermost?.keeps.includes(operand) !== true) return [];
      const own = labelsOf(step, operand);
      const words = sizeOf(einsum, own);
      const holds = levels[level]?.keeps.includes(operand) === true;
      return [
        {
          key: (position - from) * operands.length + o,
          labels: bits(own),
          words: words * wordsTaken(outermost, operand),
          held: holds ? words * wordsTaken(levels[level], operand) : Number.POSITIVE_INFINITY,
          result: operand === 'O',
        },
      ];
    }),
    inside: inside
      .filter(({ madeBy, usedBy }) => madeBy <= position && usedBy >= position)
      .map((each) => ({
        labels: bits(each.labels),
        words: each.words * wordsTaken(accelerator.levels[level], 'O'),
      })),
  };
}

/** Loops by number of their label; nothing is made anew from list to list. */
interface Nest {
  length: number;
  readonly label: number[];
  readonly factor: number[];
}

/** Product of the factors of the loops whose labels are among these. */
function overBits({ length, label, factor }: Nest, labels: number): number {
  let all = 1;
  for (let i = 0; i < length; i += 1) if ((labels >> (label[i] as number)) & 1) all *= factor[i] as number;
  return all;
}

/** How often each word of an operand must come in, held in the best way for which `left` words are enough; see `heldWays`. */
function leastVisits({ length, label, factor }: Nest, labels: number, held: number, left: number): number {
  let [seen, unseen, visits] = [1, 1, 1];
  let least = Number.POSITIVE_INFINITY;
  let before = true;
  for (let i = 0; i < length; i += 1) {
    const sees = ((labels >> (label[i] as number)) & 1) === 1;
    if (!sees && before && held / seen <= left && visits < least) least = visits;
    if (sees) {
      seen *= factor[i] as number;
      visits = unseen;
    } else unseen *= factor[i] as number;
    before = sees;
  }
  return unseen < least ? unseen : least;
}

const unknown: readonly undefined[] = [];

/** Operand by operand, as long as what is decided may be worth it. */
function worthwhileHolds(
  accelerator: Accelerator,
  steps: readonly Judged[],
  nest: Nest,
  room: number,
  worth: (least: Point) => boolean,
): Holds[] {
  const movable = steps.flatMap(({ outside }) =>
    outside.flatMap(({ key, labels, held }) => {
      const often = unseenBy(nest, labels);
      if (often === 1 || held === Number.POSITIVE_INFINITY) return [];
      const all = heldWays(nest, labels).filter(({ visits }) => visits < often);
      // Of ways with equal visits the one that holds least.
      const ways = all.filter(
        (way) => !all.some((other) => other !== way && other.visits <= way.visits && other.share < way.share),
      );
      return [{ key, often, held, ways }];
    }),
  );
  const found: Holds[] = [];
  const visits: (number | undefined)[] = [];
  const chosen = new Map<number, Hold>();
  const decide = (o: number, left: number): void => {
    const least = bound(accelerator, steps, nest, left, visits);
    if (least === null || !worth(least)) return;
    const operand = movable[o];
    if (operand === undefined) {
      found.push(new Map(chosen));
      return;
    }
    const { key, often, held, ways } = operand;
    for (const way of ways) {
      visits[key] = way.visits;
      chosen.set(key, way);
      decide(o + 1, left - held * way.share);
    }
    chosen.delete(key);
    visits[key] = often;
    decide(o + 1, left);
    visits[key] = undefined;
  };
  decide(0, room);
  return found;
}

/** Product of the factors of the loops that the operand does not see. */
function unseenBy({ length, label, factor }: Nest, labels: number): number {
  let all = 1;
  for (let i = 0; i < length; i += 1) if (!((labels >> (label[i] as number)) & 1)) all *= factor[i] as number;
  return all;
}

/**
 * Every way to hold an operand over the loops that can pay: just outside a loop that it does not see and inside one that it
 * does. It comes in anew with every iteration of the last loop outside that it sees.
 */
function heldWays({ length, label, factor }: Nest, labels: number): Hold[] {
  const ways: Hold[] = [];
  let [seen, unseen, visits] = [1, 1, 1];
  let before = true;
  for (let i = 0; i < length; i += 1) {
    const sees = ((labels >> (label[i] as number)) & 1) === 1;
    if (!sees && before) ways.push({ visits, share: 1 / seen });
    if (sees) {
      seen *= factor[i] as number;
      visits = unseen;
    } else unseen *= factor[i] as number;
    before = sees;
  }
  return ways;
}

/** Figures that the group is never below under these loops; null where the tiles do not fit. */
function bound(
  { levels }: Accelerator,
  steps: readonly Judged[],
  nest: Nest,
  room: number,
  /** Where it is decided how often an operand comes in. */
  visitsAt: readonly (number | undefined)[],
): Point | null {
  const [outermost] = levels;
  let left = room;
  for (const { inside } of steps) {
    let tiles = 0;
    for (const { labels, words } of inside) tiles += words / overBits(nest, labels);
    if (room - tiles < left) left = room - tiles;
  }
  if (left <= 0 || outermost === undefined) return null;
  let times = 1;
  for (let i = 0; i < nest.length; i += 1) times *= nest.factor[i] as number;
  let energyPj = 0;
  let cycles = 0;
  for (const { labels, macs, macEnergyPj, lanes, floor, outside } of steps) {
    const repeats = times / overBits(nest, labels);
    energyPj += floor.energyPj + (repeats - 1) * macs * macEnergyPj;
    let reads = 0;
    let writes = 0;
    for (const operand of outside) {
      const { words, result } = operand;
      const visits = visitsAt[operand.key] ?? leastVisits(nest, operand.labels, operand.held, left);
      reads += words * (result ? visits - 1 : visits);
      if (result) writes += words * visits;
      energyPj += (visits - 1) * words * (outermost.readEnergyPj + (result ? outermost.writeEnergyPj : 0));
    }
    cycles += Math.max(
      floor.cycles,
      (repeats * macs) / lanes,
      reads / (outermost.readWordsPerCycle ?? Number.POSITIVE_INFINITY),
      writes / (outermost.writeWordsPerCycle ?? Number.POSITIVE_INFINITY),
    );
  }
  return { energyPj: energyPj * (1 - 1e-9), cycles: cycles * (1 - 1e-9) };
}
