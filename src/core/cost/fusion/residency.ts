/**
 * Which intermediates of a chain stay on chip, where, and whether whole or as tiles of shared loops: step by step, from left
 * to right. Between two steps only the homes of the live intermediates matter, so a pure chain costs two states a step
 * however long it is. Shared loops are spelled out only where a group would be best if its intermediates took no room.
 */
import { wordsHeld } from '../../hardware/bit-widths.ts';
import type { Chain, ChainStep } from './chain.ts';
import { possibleHomes } from './homes.ts';
import { lazily } from './part-search.ts';
import type { Homes } from './homes.ts';
import type { Plan, Propose } from './lazy.ts';
import type { Part, Parts, Tile } from './parts.ts';
import { spansOf, worthwhileLoops } from './shared-loops.ts';
import type { Group } from './shared-loops.ts';
import { tiledSteps } from './tiling.ts';
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
  /** Groups that are only bounded so far. */
  readonly relaxed: readonly string[];
}

/** A way to run some consecutive products. */
interface Stretch {
  readonly to: number;
  readonly parts: readonly Part[];
  readonly homes: readonly number[];
  readonly group: Group | null;
  readonly relaxed: string | null;
}

/** `whole`: intermediates stay whole or not at all. */
export type Fusion = 'auto' | 'whole' | 'none';

/** How far the search for loops to share goes, by group of products. */
export interface SharingEffort {
  /** Lists of loops that are judged; where there are more, divisors are thinned out. */
  readonly mostLists: number;
  /** Ways to run the group that are weighed against each other, the most promising ones. */
  readonly mostWays: number;
}

const everything: SharingEffort = {
  mostLists: Number.POSITIVE_INFINITY,
  mostWays: Number.POSITIVE_INFINITY,
};

export interface ResidencySearch {
  readonly propose: Propose<Residency>;
  /** Whether nothing that could be better was left out so far. */
  readonly isComplete: () => boolean;
}

/**
 * @param worth whether a chain of at least these figures may be of use
 */
export function proposeResidency(
  parts: Parts,
  chain: Chain,
  fusion: Fusion,
  worth: (least: Point) => boolean = () => true,
  { mostLists, mostWays }: SharingEffort = everything,
): ResidencySearch {
  const { accelerator } = parts;
  const { steps, intermediates } = chain;
  const options = intermediates.map((each) =>
    fusion === 'none' ? [0] : [0, ...possibleHomes(accelerator, each.slot, each.words)],
  );
  const spans = fusion === 'auto' ? spansOf(chain) : [];
  const spelledOut = new Map<string, readonly Stretch[]>();
  const stretches = new Map<string, readonly Stretch[]>();
  const free: Tile = { times: 1, revisits: 1, reads: [], writes: [] };
  let complete = true;
  /** Of each step when its intermediates stay on chip and take no room. */
  const floors = lazily((): readonly Point[] => {
    const nothing = accelerator.levels.map(() => 0);
    const inner = intermediates.map(({ slot }) => possibleHomes(accelerator, slot, 1).at(-1) ?? 0);
    return steps.map(({ gemm }, s) => parts.part(gemm, homesOf(chain, s, inner), nothing, free).floor);
  });
  /** Whether the chain may be of use when the steps of a group cost so much at least. */
  const worthAs = (from: number, to: number, group: Point): boolean => {
    const rest = floors().filter((_, s) => s < from || s > to);
    return worth(sum([group, ...rest]));
  };

  /** Ways to go on from a state; remembered, since states come back at every price. */
  const onwards = (s: number, homes: readonly number[]): readonly Stretch[] => {
    const key = `${s} ${homes.join()}`;
    let known = stretches.get(key);
    if (known === undefined) {
      known = [
        ...single(s, homes),
        ...spans.filter(([from]) => from === s).flatMap(([from, to]) => spanned(from, to, homes)),
      ];
      stretches.set(key, known);
    }
    return known.flatMap((stretch) =>
      stretch.relaxed === null ? [stretch] : (spelledOut.get(stretch.relaxed) ?? [stretch]),
    );
  };

  /** Step `s` by itself, its result at any home. */
  const single = (s: number, before: readonly number[]): Stretch[] => {
    const made = intermediates.findIndex(({ madeBy }) => madeBy === s);
    const after = made < 0 ? [before] : (options[made] ?? []).map((home) => [...before, home]);
    return after.map((homes) => {
      const { gemm } = steps[s] as ChainStep;
      const held = wholeWords(parts, chain, homes, (each) => each.madeBy < s && each.usedBy > s);
      const part = parts.part(gemm, homesOf(chain, s, homes), held);
      return { to: s, parts: [part], homes, group: null, relaxed: null };
    });
  };

  /** Steps `from` to `to` with tiles between them: at first as if the tiles took no room. */
  const spanned = (from: number, to: number, before: readonly number[]): Stretch[] => {
    const inside = intermediates.filter(({ madeBy }) => madeBy >= from && madeBy < to);
    const levels = accelerator.levels.flatMap((_, l) =>
      inside.every(({ slot }) => possibleHomes(accelerator, slot, 1).includes(l)) ? [l] : [],
    );
    const made = intermediates.findIndex(({ madeBy }) => madeBy === to);
    return levels.flatMap((level) => {
      const within = [...before, ...inside.map(() => level)];
      const after = made < 0 ? [within] : (options[made] ?? []).map((home) => [...within, home]);
      return after.flatMap((homes): Stretch[] => {
        const beside = wholeWords(
          parts,
          chain,
          homes,
          (each) => each.madeBy <= to && each.usedBy >= from && !inside.includes(each),
        );
        const relaxed = steps
          .slice(from, to + 1)
          .map(({ gemm }, i) => parts.part(gemm, homesOf(chain, from + i, homes), beside, free));
        if (!worthAs(from, to, sum(relaxed.map(({ floor }) => floor)))) return [];
        const key = `${from} ${to} ${level} ${homes.join()}`;
        return [{ to, parts: relaxed, homes, group: { from, to, level, loops: [] }, relaxed: key }];
      });
    });
  };

  const spellOut = (stretch: Stretch): void => {
    const { group, homes, relaxed } = stretch;
    if (group === null || relaxed === null) return;
    const beside = stretch.parts[0]?.held ?? [];
    const homeOf = (tensor: number): number =>
      homes[intermediates.findIndex((each) => each.tensor === tensor)] ?? 0;
    const { from, to } = group;
    const least = stretch.parts.map(({ floor }) => floor);
    const isWorth = (figures: Point): boolean => worthAs(from, to, figures);
    const { lists, complete: all } = worthwhileLoops(
      parts,
      chain,
      group,
      homeOf,
      beside,
      least,
      isWorth,
      mostLists,
    );
    // Of bounds that are nearly equal, the one with fewer loops is more likely to be reached.
    const score = ({ energyPj, cycles }: Point, loops: number): number =>
      energyPj * cycles * (1 + 0.03 * (loops - 1));
    const first = lists
      .toSorted((a, b) => score(a.least, a.loops.length) - score(b.least, b.loops.length))
      .slice(0, mostWays);
    const ways = first.flatMap(({ loops, holds }) =>
      holds().flatMap((held) => {
        const own = tiledSteps(parts, chain, { ...group, loops }, held, homeOf, beside).map(
          ({ gemm, homes: at, held: words, tile }) => parts.part(gemm, at, words, tile),
        );
        const figures = sum(own.map(({ floor }) => floor));
        return isWorth(figures) ? [{ loops, parts: own, least: score(figures, loops.length) }] : [];
      }),
    );
    if (!all || first.length < lists.length || ways.length > mostWays) complete = false;
    const found = ways
      .toSorted((a, b) => a.least - b.least)
      .slice(0, mostWays)
      .map((way): Stretch => ({
        to,
        parts: way.parts,
        homes,
        group: { ...group, loops: way.loops },
        relaxed: null,
      }));
    spelledOut.set(relaxed, found);
  };

  const propose: Propose<Residency> = (weigh): Plan<Residency> | null => {
    const states: Map<string, State>[] = steps.map(() => new Map());
    const start: State = { homes: [], groups: [], parts: [], cost: 0, relaxed: [] };
    let best: State | null = steps.length === 0 ? start : null;
    const open = new Map<string, Stretch>();
    for (let s = 0; s < steps.length; s += 1) {
      for (const state of s === 0 ? [start] : (states[s] as Map<string, State>).values()) {
        for (const stretch of onwards(s, state.homes)) {
          let cost = state.cost;
          for (const part of stretch.parts) cost += weigh(part);
          // Of equals the one that is spelled out.
          if (stretch.relaxed !== null) cost *= 1 + 1e-9;
          if (cost === Number.POSITIVE_INFINITY) continue;
          const { homes, to } = stretch;
          const key = intermediates.map(({ usedBy }, i) => (usedBy > to ? homes[i] : '')).join();
          const rival = to + 1 < steps.length ? states[to + 1]?.get(key) : best;
          if (rival !== undefined && rival !== null && rival.cost <= cost) continue;
          if (stretch.relaxed !== null) open.set(stretch.relaxed, stretch);
          const next: State = {
            homes,
            groups: stretch.group === null ? state.groups : [...state.groups, stretch.group],
            parts: [...state.parts, ...stretch.parts],
            cost,
            relaxed: stretch.relaxed === null ? state.relaxed : [...state.relaxed, stretch.relaxed],
          };
          if (to + 1 < steps.length) states[to + 1]?.set(key, next);
          else best = next;
        }
      }
    }
    if (best === null) return null;
    const { homes, groups, parts: chosen, relaxed } = best;
    const refine = (): void => {
      for (const key of relaxed) spellOut(open.get(key) as Stretch);
    };
    return {
      parts: chosen,
      decisions: { homes, groups },
      ...(relaxed.length > 0 ? { refine } : {}),
    };
  };
  return { propose, isComplete: () => complete };
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
