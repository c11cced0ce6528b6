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
  for (const value of values) {
    const next = phaseAt(value);
    let before = phases.at(-1);
    if (before !== undefined && isSame(before, next)) continue;
    // The rank where it begins: halves of what lies between two values.
    let [low, high] = [values[values.indexOf(value) - 1] ?? value, next];
    while (before !== undefined && high.from - low > 1) {
      const middle = phaseAt(Math.floor((low + high.from) / 2));
      if (isSame(middle, before)) low = middle.from;
      else high = middle;
    }
    phases.push(high);
    before = high;
    if (!isSame(high, next)) phases.push(next);
  }
  return phases;
}

const isSame = (a: Phase, b: Phase): boolean => a.boundBy === b.boundBy && a.onChip === b.onChip;
