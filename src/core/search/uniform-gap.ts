/**
 * What choosing per layer brings over one svd rank everywhere: where it brings nothing, the result should say so.
 */
import { bestWithin, createFrontier, type FrontierPoint } from './pareto.ts';

export interface UniformGap {
  /** At each of uniform's points, EDP of uniform / lowest EDP of the other frontier with at least its value. */
  readonly levels: readonly { readonly value: number; readonly ratio: number }[];
  /** Geometric mean and largest of the ratios; 1 where there are none. */
  readonly mean: number;
  readonly most: number;
  /** Uniform is near-optimal for this model and machine: nothing better than 5 % on average was found. */
  readonly nearOptimal: boolean;
}

/** An average gain in EDP below this is not worth per-layer ranks; ours, said beside the verdict. */
const worthwhile = 1.05;

type Point = Pick<FrontierPoint, 'edpPjCycles' | 'edpReduction' | 'value'>;

/**
 * Of one model, machine and axis; points of uniform that are no better than dense, or beaten by another of them, are left out.
 */
export function uniformGap(uniform: readonly Point[], other: readonly FrontierPoint[]): UniformGap {
  const frontier = createFrontier<Point>();
  for (const point of uniform) frontier.add(point.edpPjCycles, point.value, () => point);
  const levels = frontier.entries.flatMap(({ item: point }) => {
    const best = point.edpReduction > 1 ? bestWithin(other, point.value) : null;
    return best === null ? [] : [{ value: point.value, ratio: point.edpPjCycles / best.edpPjCycles }];
  });
  const logs = levels.map(({ ratio }) => Math.log(ratio));
  const mean = logs.length === 0 ? 1 : Math.exp(logs.reduce((a, b) => a + b, 0) / logs.length);
  const most = logs.length === 0 ? 1 : Math.exp(Math.max(...logs));
  return { levels, mean, most, nearOptimal: levels.length > 0 && mean < worthwhile };
}
