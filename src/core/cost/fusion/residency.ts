/**
 * Which intermediates of a chain stay on chip, where, and whether whole or as tiles of shared loops: step by step, from left
 * to right. Between two steps only the homes of the live intermediates matter, so a pure chain costs two states a step
 * however long it is. Of ways to share loops only those become parts that would be best by what they cost at least.
 */
import { wordsHeld } from '../../hardware/bit-widths.ts';
import type { Chain, ChainStep } from './chain.ts';
import { possibleHomes } from './homes.ts';
import { lazily } from './part-search.ts';
import type { Homes } from './homes.ts';
import { weigh } from './lazy.ts';
import type { Plan, Propose } from './lazy.ts';
import { createWays } from './group-ways.ts';
import type { Effort, Ways } from './group-ways.ts';
import type { Part, Parts } from './parts.ts';
import { spansOf } from './shared-loops.ts';
import type { Group } from './shared-loops.ts';
import type { Point } from './trade.ts';

export interface Residency {
  /** Home of every intermediate, in the order of `chain.intermediates`. */
  readonly homes: readonly number[];
  /** Products that share loops. */
  readonly groups: readonly Group[];
}

interface State extends Residency {
  readonly parts: readonly Part[];
  readonly cost: number;
  /** Groups whose ways only wait so far. */
  readonly open: readonly GroupWays[];
}

/** A way to run some consecutive products; the parts of an open one are not chosen yet. */
interface Stretch {
  readonly to: number;
  readonly parts: readonly Part[];
  readonly homes: readonly number[];
  readonly group: Group | null;
  readonly open: GroupWays | null;
}

/** What is known of a group at given homes: ways that are made, and the others. */
interface GroupWays {
  readonly ways: Ways;
  readonly made: Stretch[];
  /** Stands for all that are not made. */
  readonly others: Stretch;
}

/** `whole`: intermediates stay whole or not at all. */
export type Fusion = 'auto' | 'whole' | 'none';

/**
 * @param worth whether a chain of at least these figures may be of use
 */
export function proposeResidency(
  parts: Parts,
  chain: Chain,
  fusion: Fusion,
  worth: (least: Point) => boolean = () => true,
  effort: Effort = { left: Number.POSITIVE_INFINITY },
): Propose<Residency> {
  const { accelerator } = parts;
  const { steps, intermediates } = chain;
  const options = intermediates.map((each) =>
    fusion === 'none' ? [0] : [0, ...possibleHomes(accelerator, each.slot, each.words)],
  );
  const spans = fusion === 'auto' ? spansOf(chain) : [];
  const stretches = new Map<string, readonly (Stretch | GroupWays)[]>();
  /** Of each step when its intermediates stay on chip. */
  const floors = lazily((): readonly Point[] => {
    const inner = intermediates.map(({ slot }) => possibleHomes(accelerator, slot, 1).at(-1) ?? 0);
    return steps.map(({ gemm }, s) => parts.floor(gemm, homesOf(chain, s, inner)));
  });

  /** Ways to go on from a state; remembered, since states come back at every price. */
  const onwards = (s: number, homes: readonly number[]): readonly (Stretch | GroupWays)[] => {
    const key = `${s} ${homes.join()}`;
    let known = stretches.get(key);
    if (known === undefined) {
      known = [
        ...single(s, homes),
        ...spans.filter(([from]) => from === s).flatMap(([from, to]) => spanned(from, to, homes)),
      ];
      stretches.set(key, known);
    }
    return known;
  };

  /** Step `s` by itself, its result at any home. */
  const single = (s: number, before: readonly number[]): Stretch[] => {
    const product = intermediates.findIndex(({ madeBy }) => madeBy === s);
    const after = product < 0 ? [before] : (options[product] ?? []).map((home) => [...before, home]);
    return after.map((homes) => {
      const { gemm } = steps[s] as ChainStep;
      const held = wholeWords(parts, chain, homes, (each) => each.madeBy < s && each.usedBy > s);
      const part = parts.part(gemm, homesOf(chain, s, homes), held);
      return { to: s, parts: [part], homes, group: null, open: null };
    });
  };

  /** Steps `from` to `to` with tiles between them. */
  const spanned = (from: number, to: number, before: readonly number[]): GroupWays[] => {
    const inside = intermediates.filter(({ madeBy }) => madeBy >= from && madeBy < to);
    const levels = accelerator.levels.flatMap((_, l) =>
      inside.every(({ slot }) => possibleHomes(accelerator, slot, 1).includes(l)) ? [l] : [],
    );
    const rest = sum(floors().filter((_, s) => s < from || s > to));
    const isWorth = (group: Point): boolean => worth(sum([group, rest]));
    const result = intermediates.findIndex(({ madeBy }) => madeBy === to);
    return levels.flatMap((level) => {
      const within = [...before, ...inside.map(() => level)];
      const after = result < 0 ? [within] : (options[result] ?? []).map((home) => [...within, home]);
      return after.flatMap((homes): GroupWays[] => {
        const alone = steps
          .slice(from, to + 1)
          .map(({ gemm }, i) => parts.floor(gemm, homesOf(chain, from + i, homes)));
        if (!isWorth(sum(alone))) return [];
        const beside = wholeWords(
          parts,
          chain,
          homes,
          (each) => each.madeBy <= to && each.usedBy >= from && !inside.includes(each),
        );
        const homeOf = (tensor: number): number =>
          homes[intermediates.findIndex((each) => each.tensor === tensor)] ?? 0;
        const group = { from, to, level };
        const ways = createWays(parts, chain, group, homeOf, beside, isWorth, effort);
        const others: Stretch = {
          to,
          parts: [],
          homes,
          group: { ...group, loops: [] },
          open: null,
        };
        const own: GroupWays = { ways, made: [], others };
        return [{ ...own, others: { ...others, open: own } }];
      });
    });
  };

  /** The best of what waits becomes parts; false when nothing more may be made. */
  const make = ({ ways, made: list, others }: GroupWays, price: number): boolean => {
    if (effort.left <= 0) return false;
    const way = ways.next(price);
    if (way === null) return true;
    const group = others.group === null ? null : { ...others.group, loops: way.loops };
    list.push({ ...others, parts: way.parts, group, open: null });
    return true;
  };

  return (measure, which): Plan<Residency> | null => {
    const states: Map<string, State>[] = steps.map(() => new Map());
    const start: State = { homes: [], groups: [], parts: [], cost: 0, open: [] };
    let best: State | null = steps.length === 0 ? start : null;
    const goOn = (state: State, stretch: Stretch, own: number): void => {
      const cost = state.cost + own;
      if (cost === Number.POSITIVE_INFINITY) return;
      const { homes, to, open } = stretch;
      const key = intermediates.map(({ usedBy }, i) => (usedBy > to ? homes[i] : '')).join();
      const rival = to + 1 < steps.length ? states[to + 1]?.get(key) : best;
      if (rival !== undefined && rival !== null && rival.cost <= cost) return;
      const next: State = {
        homes,
        groups: stretch.group === null ? state.groups : [...state.groups, stretch.group],
        parts: [...state.parts, ...stretch.parts],
        cost,
        open: open === null ? state.open : [...state.open, open],
      };
      if (to + 1 < steps.length) states[to + 1]?.set(key, next);
      else best = next;
    };
    const costOf = ({ parts: own }: Stretch): number => {
      let cost = 0;
      for (const part of own) cost += weigh(part, measure);
      return cost;
    };
    for (let s = 0; s < steps.length; s += 1) {
      for (const state of s === 0 ? [start] : (states[s] as Map<string, State>).values()) {
        for (const next of onwards(s, state.homes)) {
          if (!('ways' in next)) goOn(state, next, costOf(next));
          else {
            for (const stretch of next.made) goOn(state, stretch, costOf(stretch));
            if (which === 'all') goOn(state, next.others, next.ways.least(measure) * (1 + 1e-9));
          }
        }
      }
    }
    if (best === null) return null;
    const { homes, groups, parts: chosen, open, cost } = best as State;
    return {
      parts: chosen,
      decisions: { homes, groups },
      least: cost,
      ...(open.length > 0 && typeof measure === 'number'
        ? { refine: () => open.every((group) => make(group, measure)) }
        : {}),
    };
  };
}

const sum = (points: readonly Point[]): Point => ({
  energyPj: points.reduce((all, { energyPj }) => all + energyPj, 0),
  cycles: points.reduce((all, { cycles }) => all + cycles, 0),
});

/** Homes of the operands of step `s`, given those of the intermediates made so far. */
function homesOf(chain: Chain, s: number, homes: readonly number[]): Homes {
  const { slots } = chain.steps[s] as ChainStep;
  const home = (tensor: number): number => {
    const index = chain.intermediates.findIndex((each) => each.tensor === tensor);
    return index < 0 ? 0 : (homes[index] ?? 0);
  };
  return { I: home(slots.I), W: home(slots.W), O: home(slots.O) };
}

/** Words of each level that those intermediates take, where they stay on chip. */
function wholeWords(
  parts: Parts,
  chain: Chain,
  homes: readonly number[],
  counts: (each: Chain['intermediates'][number]) => boolean,
): number[] {
  const { levels } = parts.accelerator;
  const held = new Array<number>(levels.length).fill(0);
  chain.intermediates.forEach((each, i) => {
    const home = homes[i] ?? 0;
    if (home > 0 && counts(each)) held[home] = (held[home] ?? 0) + each.words * wordsHeld(levels[home], 'O');
  });
  return held;
}
