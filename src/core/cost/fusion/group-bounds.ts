/**
 * What a group of products costs at least under shared loops: inside, each product's tile with what it cannot do without,
 * as often as it runs; outside, the words of each operand as often as they must come in, given what is held over which
 * loops. Bounds are made in three steps, so that most loops are never spelled out: factors of labels without an order, loops
 * in their order, and operand by operand where it is held.
 */
import { operands } from '../../hardware/accelerator.ts';
import type { Operand } from '../../hardware/accelerator.ts';
import { wordsTaken } from '../../hardware/bit-widths.ts';
import { slotsOf } from '../bit-widths.ts';
import { roleOf } from '../gemm.ts';
import { latticeOf } from '../lattice.ts';
import { isAwkward } from '../padding.ts';
import type { Gemm } from '../mapping.ts';
import type { Chain, ChainStep } from './chain.ts';
import { sizeOf } from './chain.ts';
import type { Parts } from './parts.ts';
import { heldWays, labelsOf, overBits, sharable } from './shared-loops.ts';
import type { Group, Hold, Nest } from './shared-loops.ts';
import type { TileBound, Tiles } from './tiles.ts';
import type { Point } from './trade.ts';

/** A level that can hold an operand over iterations, and what a visit of a word costs down to there. */
interface Place {
  readonly level: number;
  /** Words of the level that all of the operand takes. */
  readonly words: number;
  /** Of all its words: one way in (of a result: out), and one way back in of a result. */
  readonly inPj: number;
  readonly againPj: number;
}

/** An operand that comes from outside the group or leaves it. */
interface Outside {
  /** Position in the group * 3 + operand. */
  readonly key: number;
  readonly step: number;
  /** Bits. */
  readonly labels: number;
  /** Words of the outermost level that all of it takes; 0 where that does not keep it. */
  readonly words: number;
  readonly result: boolean;
  /** Outermost first. */
  readonly places: readonly Place[];
}

type Roles = Pick<Gemm, 'batch' | 'm' | 'n' | 'k'>;

interface Step {
  readonly labels: number;
  readonly gemm: Gemm;
  /** By label: the dim of the product that it is part of. */
  readonly roles: readonly (keyof Roles | null)[];
  readonly tiles: Tiles;
  /** Labels of the last result, which is come back to with every other loop; null for what is made anew. */
  readonly result: number | null;
  readonly outside: readonly Outside[];
  /** Intermediates of the group that are there while the product runs. */
  readonly inside: readonly { readonly labels: number; readonly words: number }[];
}

/** What some ways cost at least, by product: its tile so many times, and beside that what comes in and goes out. */
export interface Least extends Point {
  readonly times: number;
  readonly tiles: readonly TileBound[];
  readonly besidePj: readonly number[];
  /** With the tile's own at least. */
  readonly cycles: number;
  readonly cyclesOf: readonly number[];
}

export interface Judge {
  readonly labels: readonly string[];
  /** Divisors above 1 of each label's extent. */
  readonly factors: readonly (readonly number[])[];
  /** However loops are shared; null where it is not worth it. */
  readonly whole: () => Least | null;
  /** Whether more loops beside these may be worth it; more of them never cost less where no extent is padded. */
  readonly goesOn: (nest: Nest) => boolean;
  /** Under these factors of labels in any order; null where the tiles do not fit or it is not worth it. */
  readonly unordered: (nest: Nest) => Least | null;
  /** Under these loops, before and while operands are decided. */
  readonly ordered: (nest: Nest) => Ordered | null;
}

/** A way for one operand to come in, over all iterations. */
export interface Choice {
  readonly hold: Hold | null;
  readonly energyPj: number;
  readonly reads: number;
  readonly writes: number;
  /** Words of the level of the hold. */
  readonly words: number;
}

/** A nest whose tiles fit, and every choice for each operand that has one. */
export interface Ordered {
  readonly operands: readonly { readonly key: number; readonly choices: readonly Choice[] }[];
  /** Equal where nothing but the order of the loops differs. */
  readonly signature: string;
  /** With the first operands decided, by number of choice; null where that does not fit. */
  readonly bound: (decided: readonly number[]) => Least | null;
}

const noise = 1 - 1e-9;

export function createJudge(
  parts: Parts,
  chain: Chain,
  group: Omit<Group, 'loops'>,
  homeOf: (tensor: number) => number,
  beside: readonly number[],
  worth: (least: Point) => boolean,
): Judge {
  const { accelerator } = parts;
  const { extents } = chain.path.einsum;
  const labels = sharable(chain, group.from, group.to).filter((label) => (extents.get(label) ?? 1) > 1);
  const factors = labels.map((label) => [...latticeOf(extents.get(label) ?? 1).divisors].slice(1));
  const steps = chain.steps
    .slice(group.from, group.to + 1)
    .map((step, s) => judgeStep(parts, chain, group, labels, homeOf, step, s));
  const [outermost] = accelerator.levels;
  const readRate = outermost?.readWordsPerCycle ?? Number.POSITIVE_INFINITY;
  const writeRate = outermost?.writeWordsPerCycle ?? Number.POSITIVE_INFINITY;
  const room = accelerator.levels.map(
    ({ depthWords }, l) => (depthWords ?? Number.POSITIVE_INFINITY) - (beside[l] ?? 0),
  );
  const left = new Float64Array(room.length);

  /** Room beside the tiles, in `left`; false where there is none. */
  const settle = (nest: Nest): boolean => {
    left.set(room);
    const most = room[group.level] as number;
    let least = most;
    for (const { inside } of steps) {
      let tiles = 0;
      for (const each of inside) tiles += each.words / overBits(nest, each.labels);
      if (most - tiles < least) least = most - tiles;
    }
    left[group.level] = least;
    return least > 0;
  };
  const timesOf = ({ length, factor }: Nest): number => {
    let times = 1;
    for (let i = 0; i < length; i += 1) times *= factor[i] as number;
    return times;
  };
  const tileOf = ({ gemm, roles, result, tiles }: Step, nest: Nest, times: number): TileBound => {
    let { m, n, k, batch } = gemm;
    for (let i = 0; i < nest.length; i += 1) {
      const factor = nest.factor[i] as number;
      const role = roles[nest.label[i] as number];
      if (role === 'm') m /= factor;
      else if (role === 'n') n /= factor;
      else if (role === 'k') k /= factor;
      else if (role === 'batch') batch /= factor;
    }
    return tiles(m, n, k, batch, result === null ? 1 : times / overBits(nest, result));
  };
  const cyclesOf = (times: number, tile: TileBound, reads: number, writes: number): number =>
    Math.max(times * tile.floor.cycles, reads / readRate, writes / writeRate);

  /** By product: energy, reads and writes of its operands. */
  const sums = new Float64Array(3 * steps.length);
  const count = (all: Float64Array, step: number, figures: Omit<Choice, 'hold' | 'words'>): void => {
    all[3 * step] = (all[3 * step] as number) + figures.energyPj;
    all[3 * step + 1] = (all[3 * step + 1] as number) + figures.reads;
    all[3 * step + 2] = (all[3 * step + 2] as number) + figures.writes;
  };
  const tiles: TileBound[] = [];
  const besidePj = new Float64Array(steps.length);
  const cyclesAt = new Float64Array(steps.length);
  /** Under factors in any order, with `left` words for what is held. */
  const figuresOf = (nest: Nest): Point => {
    const times = timesOf(nest);
    let [energyPj, cycles] = [0, 0];
    for (let s = 0; s < steps.length; s += 1) {
      const step = steps[s] as Step;
      const tile = tileOf(step, nest, times);
      let [own, reads, writes] = [0, 0, 0];
      for (const operand of step.outside) {
        const seen = overBits(nest, operand.labels);
        const unseen = times / seen;
        // Held just outside what it does not see, or in anew with every iteration.
        let visits = unseen;
        let least = costAt(operand, unseen, unseen, null);
        if (unseen > 1) {
          for (const place of operand.places) {
            if (place.words / seen > (left[place.level] as number)) continue;
            visits = 1;
            least = Math.min(least, costAt(operand, 1, unseen, place));
          }
        }
        own += least;
        reads += operand.words * (operand.result ? visits - 1 : visits);
        if (operand.result) writes += operand.words * visits;
      }
      tiles[s] = tile;
      besidePj[s] = own;
      const spent = cyclesOf(times, tile, reads, writes);
      cyclesAt[s] = spent;
      energyPj += times * tile.floor.energyPj + own;
      cycles += spent;
    }
    return { energyPj: energyPj * noise, cycles: cycles * noise };
  };
  const bound = (nest: Nest): Least | null => {
    const figures = figuresOf(nest);
    if (!worth(figures)) return null;
    const times = timesOf(nest);
    return { ...figures, times, tiles: [...tiles], besidePj: [...besidePj], cyclesOf: [...cyclesAt] };
  };
  const unordered = (nest: Nest): Least | null => (settle(nest) ? bound(nest) : null);
  const whole = (): Least | null => {
    left.fill(Number.POSITIVE_INFINITY);
    return bound({ length: 0, label: [], factor: [] });
  };

  const isPadded = labels.some((label) => isAwkward(extents.get(label) ?? 1));
  const goesOn = (nest: Nest): boolean => {
    if (isPadded) return true;
    left.fill(Number.POSITIVE_INFINITY);
    return worth(figuresOf(nest));
  };

  const ordered = (nest: Nest): Ordered | null => {
    if (!settle(nest)) return null;
    const times = timesOf(nest);
    const own = left.slice();
    const ownTiles = steps.map((step) => tileOf(step, nest, times));
    const all = steps.flatMap((step) =>
      step.outside.map((operand) => ({
        key: operand.key,
        step: operand.step,
        choices: choicesOf(operand, nest, times / overBits(nest, operand.labels), own),
      })),
    );
    const open = all.filter(({ choices }) => choices.length > 1);
    const closed = all.filter(({ choices }) => choices.length === 1);
    const signature = open
      .map(
        ({ key, choices }) =>
          `${key}:${choices.map(({ hold, words }) => `${hold?.level} ${hold?.visits} ${words}`).join()}`,
      )
      .join(';');
    const minima = open.map(({ step, choices }) => ({
      step,
      energyPj: Math.min(...choices.map((choice) => choice.energyPj)),
      reads: Math.min(...choices.map((choice) => choice.reads)),
      writes: Math.min(...choices.map((choice) => choice.writes)),
    }));
    const decidedFor = new Float64Array(3 * steps.length);
    for (const { step, choices } of closed) count(decidedFor, step, choices[0] as Choice);
    const boundOf = (decided: readonly number[]): Least | null => {
      sums.set(decidedFor);
      left.set(own);
      for (let o = 0; o < minima.length; o += 1) {
        const least = minima[o] as (typeof minima)[number];
        const choice = open[o]?.choices[decided[o] ?? -1];
        count(sums, least.step, choice ?? least);
        const level = choice?.hold?.level;
        if (choice === undefined || level === undefined) continue;
        left[level] = (left[level] as number) - choice.words;
        if ((left[level] as number) < 0) return null;
      }
      let [energyPj, cycles] = [0, 0];
      for (let s = 0; s < ownTiles.length; s += 1) {
        const tile = ownTiles[s] as TileBound;
        const spent = cyclesOf(times, tile, sums[3 * s + 1] as number, sums[3 * s + 2] as number);
        cyclesAt[s] = spent;
        energyPj += times * tile.floor.energyPj + (sums[3 * s] as number);
        cycles += spent;
      }
      const figures = { energyPj: energyPj * noise, cycles: cycles * noise };
      if (!worth(figures)) return null;
      const besideOf = steps.map((_, s) => sums[3 * s] as number);
      return { ...figures, times, tiles: ownTiles, besidePj: besideOf, cyclesOf: [...cyclesAt] };
    };
    return { operands: open, signature, bound: boundOf };
  };
  return { labels, factors, whole, goesOn, unordered, ordered };
}

/** Energy of an operand's way down to the innermost level that may hold it, over all iterations. */
function costAt({ places, result }: Outside, visits: number, unseen: number, held: Place | null): number {
  const innermost = places.at(-1);
  if (innermost === undefined) return 0;
  const at = held ?? innermost;
  const inside = visits * at.inPj + unseen * (innermost.inPj - at.inPj);
  return result
    ? inside + (visits - 1) * at.againPj + (unseen - 1) * (innermost.againPj - at.againPj)
    : inside;
}

/** What pays least first. */
function choicesOf(operand: Outside, nest: Nest, unseen: number, left: Float64Array): readonly Choice[] {
  const choice = (visits: number, place: Place | null, hold: Hold | null): Choice => ({
    hold,
    energyPj: costAt(operand, visits, unseen, place),
    reads: operand.words * (operand.result ? visits - 1 : visits),
    writes: operand.result ? operand.words * visits : 0,
    words: hold === null ? 0 : (place?.words ?? 0) * hold.share,
  });
  const anew = choice(unseen, null, null);
  if (unseen === 1) return [anew];
  const ways = heldWays(nest, operand.labels);
  const held = operand.places.flatMap((place) =>
    ways.map(({ visits, share }) => choice(visits, place, { level: place.level, visits, share })),
  );
  return [
    ...held
      .filter(({ hold, words }) => hold !== null && words <= (left[hold.level] as number))
      .toSorted((a, b) => a.energyPj - b.energyPj),
    anew,
  ];
}

function judgeStep(
  parts: Parts,
  chain: Chain,
  { from, to, level }: Omit<Group, 'loops'>,
  labels: readonly string[],
  homeOf: (tensor: number) => number,
  step: ChainStep,
  s: number,
): Step {
  const { einsum } = chain.path;
  const { accounting, accelerator } = parts;
  const { levels } = parts.machineOf(slotsOf(step.gemm));
  const [first = [], second = []] = step.inputs;
  const inside = chain.intermediates.filter(({ madeBy }) => madeBy >= from && madeBy < to);
  const bits = (own: readonly string[]): number =>
    labels.reduce((all, label, l) => (own.includes(label) ? all | (1 << l) : all), 0);
  const homes: { -readonly [operand in Operand]: number } = { I: 0, W: 0, O: 0 };
  const outside = operands.flatMap((operand, o): Outside[] => {
    const tensor = step.slots[operand];
    const isInside = inside.some((each) => each.tensor === tensor);
    homes[operand] = isInside ? level : homeOf(tensor);
    if (homes[operand] > 0) return [];
    const own = labelsOf(step, operand);
    const size = sizeOf(einsum, own);
    const places = placesOf(levels, accounting, operand, size);
    homes[operand] = places.at(-1)?.level ?? 0;
    const outermost = levels[0]?.keeps.includes(operand) === true ? wordsTaken(levels[0], operand) : 0;
    return [
      {
        key: s * operands.length + o,
        step: s,
        labels: bits(own),
        words: size * outermost,
        result: operand === 'O',
        places,
      },
    ];
  });
  return {
    labels: bits(operands.flatMap((operand) => labelsOf(step, operand))),
    gemm: step.gemm,
    roles: labels.map((label) =>
      roleOf(first.includes(label), second.includes(label), step.step.output.includes(label)),
    ),
    tiles: parts.tiles(step.gemm, homes),
    result: from + s === to ? bits(labelsOf(step, 'O')) : null,
    outside,
    inside: inside
      .filter(({ madeBy, usedBy }) => madeBy <= from + s && usedBy >= from + s)
      .map((each) => ({
        labels: bits(each.labels),
        words: each.words * wordsTaken(accelerator.levels[level], 'O'),
      })),
  };
}

/** Levels of one instance that keep the operand inside another keeper. */
function placesOf(
  levels: Parts['accelerator']['levels'],
  accounting: Parts['accounting'],
  operand: Operand,
  size: number,
): Place[] {
  const places: Place[] = [];
  let [inPj, againPj] = [0, 0];
  let parent = -1;
  levels.forEach((level, l) => {
    if (!level.keeps.includes(operand)) return;
    const outer = levels[parent];
    if (outer !== undefined) {
      const [outerWords, words] = [size * wordsTaken(outer, operand), size * wordsTaken(level, operand)];
      const down = outerWords * outer.readEnergyPj + words * level.writeEnergyPj;
      if (operand === 'O') {
        inPj += outerWords * outer.writeEnergyPj;
        if (accounting === 'accelforge') inPj += words * level.readEnergyPj;
        againPj += down;
      } else inPj += down;
      if (level.meshX * level.meshY === 1) places.push({ level: l, words, inPj, againPj });
    }
    parent = l;
  });
  return places;
}
