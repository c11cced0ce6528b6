/**
 * Which points of a frontier to measure first: those where a measurement may change what is chosen. That is where the
 * band of the estimate holds the limit, then what lies nearest to the limit or to the knee, the widest band first.
 */

/** A point on the vertical axis with the ends of its band. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * @param marks values of interest on the axis: the limit, the knee's value
 * @returns the points, the most promising first; equal ones in their order
 */
export function promotionOrder<T extends Estimate>(
  points: readonly T[],
  marks: readonly number[],
): readonly T[] {
  const scored = points.map((point) => {
    const width = point.high - point.low;
    const distances = marks.map((mark) => Math.max(0, point.low - mark, mark - point.high));
    return { point, distance: Math.min(...distances, Number.MAX_VALUE), width };
  });
  return scored.toSorted((a, b) => a.distance - b.distance || b.width - a.width).map(({ point }) => point);
}
