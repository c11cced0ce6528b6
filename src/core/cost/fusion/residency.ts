/**
 * Which intermediates of a chain stay on chip, and where: step by step, from left to right. Between two steps only the homes
 * of the live intermediates matter, so a pure chain costs two states a step however long it is.
 */
import type { Accelerator } from '../../hardware/accelerator.ts';
import type { Chain, Intermediate } from './chain.ts';
import { possibleHomes } from './homes.ts';
import type { Plan, Propose } from './lazy.ts';
import type { Part, Parts } from './parts.ts';

/** Home of every intermediate, in the order of `chain.intermediates`. */
export type Residency = readonly number[];

interface State {
  /** Home of every intermediate so far; those still to come are undecided. */
  readonly homes: readonly number[];
  readonly parts: readonly Part[];
  readonly cost: number;
}

export function proposeResidency(parts: Parts, chain: Chain, fusion: 'auto' | 'none'): Propose<Residency> {
  const { accelerator } = parts;
  const options = chain.intermediates.map((each) =>
    fusion === 'none' ? [0] : [0, ...possibleHomes(accelerator, each.slot, each.words)],
  );
  return (weigh): Plan<Residency> | null => {
    let states: State[] = [{ homes: [], parts: [], cost: 0 }];
    chain.steps.forEach((_, s) => {
      const made = chain.intermediates.findIndex(({ madeBy }) => madeBy === s);
      const next = new Map<string, State>();
      for (const state of states) {
        for (const home of made < 0 ? [null] : (options[made] as readonly number[])) {
          const homes = home === null ? state.homes : [...state.homes, home];
          const part = partOf(parts, chain, s, homes);
          const cost = state.cost + weigh(part);
          if (cost === Number.POSITIVE_INFINITY) continue;
          const key = chain.intermediates.map(({ usedBy }, i) => (usedBy > s ? homes[i] : '')).join();
          const rival = next.get(key);
          if (rival === undefined || cost < rival.cost) {
            next.set(key, { homes, parts: [...state.parts, part], cost });
          }
        }
      }
      states = [...next.values()];
    });
    const [best] = states.toSorted((a, b) => a.cost - b.cost);
    return best === undefined ? null : { parts: best.parts, decisions: best.homes };
  };
}

/** Step `s`, given the homes of the intermediates made so far. */
function partOf(parts: Parts, chain: Chain, s: number, homes: readonly number[]): Part {
  const { gemm, slots } = chain.steps[s] as Chain['steps'][number];
  const held = heldWords(parts.accelerator, chain, s, homes);
  const home = (tensor: number): number => {
    const index = chain.intermediates.findIndex((each) => each.tensor === tensor);
    return index < 0 ? 0 : (homes[index] ?? 0);
  };
  return parts.part(gemm, { I: home(slots.I), W: home(slots.W), O: home(slots.O) }, held);
}

/** Words of the intermediates that live on while step `s` runs without them, by level. */
function heldWords(accelerator: Accelerator, chain: Chain, s: number, homes: readonly number[]): number[] {
  const held = new Array<number>(accelerator.levels.length).fill(0);
  chain.intermediates.forEach(({ madeBy, usedBy, words }: Intermediate, i) => {
    const home = homes[i] ?? 0;
    if (home > 0 && madeBy < s && usedBy > s) held[home] = (held[home] ?? 0) + words;
  });
  return held;
}
