/**
 * What bounds a layer as one of its ranks grows, and how many of its intermediates stay on chip: looked at over the range of
 * a slider, and to the very rank where either changes.
 */
import { roofline } from '../cost/roofline.ts';
import type { Factorization } from '../factor/factorization.ts';
import type { Evaluator } from './evaluate.ts';

/** From this rank up to the next phase. */
export interface Phase {
  readonly from: number;
  /** The lowest roof of the layer: a level's name, or null for the array. */
  readonly boundBy: string | null;
  /** Intermediates that stay on chip. */
  readonly onChip: number;
}

/** @param values ascending; a phase that begins and ends between two of them is not seen */
export function phasesOf(
  evaluator: Evaluator,
  layer: number,
  values: readonly number[],
  at: (value: number) => Factorization,
): readonly Phase[] {
  const { mapper, gear } = evaluator;
  const phaseAt = (from: number): Phase => {
    const cost = evaluator.layer(layer, at(from));
    return { from, boundBy: roofline(mapper, cost, gear).boundBy, onChip: cost.onChip?.length ?? 0 };
  };
  const phases: Phase[] = [];
  let [low, before]: [number, Phase | null] = [0, null];
  for (const value of values) {
    const next = phaseAt(value);
    if (before === null) phases.push(next);
    else if (!isSame(before, next)) {
      const first = firstUnlike(before, low, next, phaseAt);
      phases.push(first);
      if (!isSame(first, next)) phases.push(next);
    }
    [low, before] = [value, next];
  }
  return phases;
}

/** Where the phase ends that holds at `low`, by halves of what lies between. */
function firstUnlike(before: Phase, from: number, next: Phase, phaseAt: (value: number) => Phase): Phase {
  let [low, high] = [from, next];
  while (high.from - low > 1) {
    const middle = phaseAt(Math.floor((low + high.from) / 2));
    if (isSame(middle, before)) low = middle.from;
    else high = middle;
  }
  return high;
}

const isSame = (a: Phase, b: Phase): boolean => a.boundBy === b.boundBy && a.onChip === b.onChip;
