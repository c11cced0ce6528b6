/**
 * Ways to run a group of products under shared loops, best first: sets of ways that are only bounded wait in a queue; the
 * one that promises most is split (into orders of its loops, then operand by operand into what is held over them) until
 * single ways are left, and only those become parts. What still waits bounds everything that was never looked at.
 */
import type { Chain } from './chain.ts';
import { createJudge } from './group-bounds.ts';
import type { Least, Ordered } from './group-bounds.ts';
import { createHeap } from './heap.ts';
import type { Measure } from './lazy.ts';
import type { Part, Parts } from './parts.ts';
import type { Group, Hold, Nest, SharedLoops } from './shared-loops.ts';
import type { TileBound } from './tiles.ts';
import { tiledSteps } from './tiling.ts';
import type { Point } from './trade.ts';

export interface Way {
  readonly loops: SharedLoops;
  readonly parts: readonly Part[];
}

export interface Ways {
  /** At least what anything in the queue weighs; Infinity when it is empty. */
  readonly least: (measure: Measure) => number;
  /** Splits what weighs least at a price until a way is found that may be of use; null = none is near what weighed least. */
  readonly next: (price: number) => Way | null;
}

/** Work that may go into shared loops, in ways that are made into parts; what is judged counts a little. It is used up. */
export interface Effort {
  left: number;
}

/** Some ways that are only bounded. */
interface Waiting {
  readonly least: Least;
  readonly nest: Nest;
  /** Null: the factors in any order. */
  readonly ordered: Ordered | null;
  /** Choices of the first operands. */
  readonly decided: readonly number[];
  /** Words held over the loops, once all operands are decided. */
  readonly held: number;
  /** Ways with the same tiles that are made already. */
  readonly rivals: Rival[];
}

/** Operands of a way by how they are held, and what that takes. */
interface Rival {
  readonly levels: string;
  readonly visits: readonly number[];
  readonly words: readonly number[];
}

const tie = 1e-16;

const mostLoops = 3;
/** Work in ways made: to judge factors, to split some ways further. */
const judging = 0.002;
const splitting = 0.1;
/** The queue is worked off until what comes next weighs so much more than its first did. */
const patience = 1.01;

/**
 * @param homeOf homes of the tensors that come in, go out or pass by whole
 * @param beside words of each level that whole tensors take while the group runs
 * @param worth whether a group of at least these figures may be of use
 */
export function createWays(
  parts: Parts,
  chain: Chain,
  group: Omit<Group, 'loops'>,
  homeOf: (tensor: number) => number,
  beside: readonly number[],
  worth: (least: Point) => boolean,
  effort: Effort,
): Ways {
  const judge = createJudge(parts, chain, group, homeOf, beside, worth);
  let queue = createHeap<Waiting>();
  let price = Number.NaN;
  /** At least what such ways weigh, by what is known of their tiles. */
  const keyOf = (waiting: Waiting): number => {
    const { times, tiles, besidePj, cyclesOf } = waiting.least;
    let key = 0;
    for (let s = 0; s < tiles.length; s += 1) {
      const tile = tiles[s] as TileBound;
      const passing = besidePj[s] as number;
      const known = times * tile.bound(price) + passing;
      const floor = times * tile.floor.energyPj + passing + price * (cyclesOf[s] as number);
      key += Math.max(known, floor);
    }
    // Of ways that weigh the same what is still to be split comes first, then what holds least.
    return key * (1 - 1e-9 + tie * Math.min(1e6, waiting.held));
  };
  const listed = (
    least: Least | null,
    own: Nest,
    ordered: Ordered | null,
    decided: readonly number[],
    rivals: Rival[],
  ): void => {
    if (least === null) return;
    const isWhole = ordered !== null && decided.length === ordered.operands.length;
    const held = isWhole ? heldBy(ordered, decided).reduce((sum, words) => sum + words, 1) : 0;
    const waiting = { least, nest: own, ordered, decided, held, rivals };
    queue.push(waiting, Number.isNaN(price) ? 0 : keyOf(waiting));
  };
  const nest: Nest = { length: 0, label: [0, 0, 0], factor: [1, 1, 1] };
  const combine = (first: number): void => {
    effort.left -= judging;
    if (nest.length > 0) listed(judge.unordered(nest), copyOf(nest), null, [], []);
    if (nest.length === mostLoops || !judge.goesOn(nest)) return;
    const at = nest.length;
    nest.length += 1;
    for (let label = first; label < judge.labels.length; label += 1) {
      nest.label[at] = label;
      for (const factor of judge.factors[label] ?? []) {
        nest.factor[at] = factor;
        combine(label + 1);
      }
    }
    nest.length = at;
  };
  listed(judge.whole(), copyOf(nest), null, [], []);

  const sortAt = (next: number): void => {
    if (next === price) return;
    price = next;
    const waiting = queue.items();
    queue = createHeap();
    for (const each of waiting) queue.push(each, keyOf(each));
  };

  const wayOf = ({ nest: own, ordered, decided }: Waiting): Way | null => {
    const loops = own.label
      .slice(0, own.length)
      .map((label, i) => [judge.labels[label] as string, own.factor[i] as number] as const);
    const holds = new Map<number, Hold>();
    ordered?.operands.forEach(({ key, choices }, o) => {
      const hold = choices[decided[o] as number]?.hold;
      if (hold !== null && hold !== undefined) holds.set(key, hold);
    });
    const made = tiledSteps(parts, chain, { ...group, loops }, holds, homeOf, beside).map((step) =>
      parts.part(step.gemm, step.homes, step.held, step.tile),
    );
    let [energyPj, cycles] = [0, 0];
    for (const { floor } of made) {
      energyPj += floor.energyPj;
      cycles += floor.cycles;
    }
    return worth({ energyPj, cycles }) ? { loops, parts: made } : null;
  };

  const split = (waiting: Waiting): void => {
    const { ordered, decided, nest: own } = waiting;
    if (own.length === 0) {
      combine(0);
      return;
    }
    if (ordered !== null) {
      const choices = ordered.operands[decided.length]?.choices ?? [];
      choices.forEach((_, c) => {
        const next = [...decided, c];
        listed(ordered.bound(next), own, ordered, next, waiting.rivals);
      });
      return;
    }
    const seen = new Set<string>();
    for (const order of ordersOf(own)) {
      const found = judge.ordered(order);
      if (found === null || seen.has(found.signature)) continue;
      seen.add(found.signature);
      listed(found.bound([]), order, found, [], waiting.rivals);
    }
  };

  return {
    least: (measure) => {
      if (typeof measure === 'number') {
        sortAt(measure);
        return queue.leastKey();
      }
      const figure = measure === 'energy' ? 'energyPj' : 'cycles';
      return queue.items().reduce((all, { least }) => Math.min(all, least[figure]), Number.POSITIVE_INFINITY);
    },
    next: (at) => {
      sortAt(at);
      const near = queue.leastKey() * patience;
      while (queue.leastKey() <= near && effort.left > 0) {
        const waiting = queue.pop();
        if (waiting === null) break;
        effort.left -= splitting;
        for (const tile of waiting.least.tiles) tile.ask(at);
        const key = keyOf(waiting);
        if (key > queue.leastKey()) queue.push(waiting, key);
        else if (waiting.ordered?.operands.length !== waiting.decided.length) split(waiting);
        else if (!isBeaten(waiting)) {
          effort.left -= 1;
          const way = wayOf(waiting);
          if (way !== null) return way;
        }
      }
      return null;
    },
  };
}

/** Words held over the loops, by level. */
function heldBy({ operands }: Ordered, decided: readonly number[]): number[] {
  const held: number[] = [];
  operands.forEach(({ choices }, o) => {
    const choice = choices[decided[o] as number];
    const level = choice?.hold?.level ?? 0;
    for (let l = held.length; l <= level; l += 1) held.push(0);
    held[level] = (held[level] as number) + (choice?.words ?? 0);
  });
  return held;
}

/** Whether a way with the same tiles holds the same operands, has them come in as rarely and takes no more room. */
function isBeaten({ ordered, decided, rivals }: Waiting): boolean {
  if (ordered === null) return false;
  const chosen = new Map(
    ordered.operands.map(({ key, choices }, o) => [key, choices[decided[o] as number]?.hold ?? null]),
  );
  const keys = [...chosen].filter(([, hold]) => hold !== null).toSorted(([a], [b]) => a - b);
  const own: Rival = {
    levels: keys.map(([key, hold]) => `${key}:${hold?.level}`).join(),
    visits: keys.map(([, hold]) => hold?.visits ?? 0),
    words: heldBy(ordered, decided),
  };
  const beaten = rivals.some(
    ({ levels, visits, words }) =>
      levels === own.levels &&
      visits.every((often, i) => often <= (own.visits[i] as number)) &&
      own.words.every((held, l) => (words[l] ?? 0) <= held),
  );
  if (!beaten) rivals.push(own);
  return beaten;
}

const copyOf = ({ length, label, factor }: Nest): Nest => ({
  length,
  label: [...label],
  factor: [...factor],
});

/** Every order of the loops; where there is room for one more, a loop may also stand in two parts around another. */
function ordersOf({ length, label, factor }: Nest): Nest[] {
  const loops = Array.from({ length }, (_, i) => [label[i] as number, factor[i] as number] as const);
  const lists = permutations(loops);
  if (length + 1 === mostLoops && length > 1) {
    for (const [outer, inner] of permutations(loops) as (readonly (readonly [number, number])[])[]) {
      if (outer === undefined || inner === undefined) continue;
      const [name, whole] = outer;
      for (let first = 2; first * 2 <= whole; first += 1)
        if (whole % first === 0) lists.push([[name, first], inner, [name, whole / first]]);
    }
  }
  return lists.map((list) => ({
    length: list.length,
    label: list.map(([name]) => name),
    factor: list.map(([, bound]) => bound),
  }));
}

function permutations<T>(items: readonly T[]): (readonly T[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}
