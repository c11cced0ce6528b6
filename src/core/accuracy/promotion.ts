/**
 * Which points of a frontier to measure first: those near what is decided on (the limit, the knee), where the band of the
 * estimate holds the mark; then the frontier from end to end, so that its whole course is known.
 */

/** A point on the vertical axis with the ends of its band. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * @param points along the frontier
 * @param marks values of interest on the axis: the limit, the knee's value
 * @param most points wanted
 * @returns at most so many points, the most promising first. Every second one is the nearest to a mark that is left, the
 *   others halve the longest stretch of the frontier that nothing is taken from yet.
 */
export function promotionOrder<T extends Estimate>(
  points: readonly T[],
  marks: readonly number[],
  most: number,
): readonly T[] {
  const near = byDistance(points, marks);
  const taken = new Set<number>();
  const order: number[] = [];
  const take = (index: number | undefined): void => {
    if (index === undefined || taken.has(index)) return;
    taken.add(index);
    order.push(index);
  };
  let next = 0;
  while (order.length < Math.min(most, points.length)) {
    while (taken.has(near[next] ?? -1)) next++;
    take(near[next]);
    if (order.length < most) take(widestGap(taken, points.length));
  }
  return order.flatMap((index) => points[index] ?? []);
}

/** Indices, the nearest to any mark first; of several whose band holds a mark the one whose value is nearest. */
function byDistance(points: readonly Estimate[], marks: readonly number[]): readonly number[] {
  const scored = points.map(({ value, low, high }, index) => ({
    index,
    outside: Math.min(...marks.map((mark) => Math.max(0, low - mark, mark - high)), Number.MAX_VALUE),
    from: Math.min(...marks.map((mark) => Math.abs(value - mark)), Number.MAX_VALUE),
  }));
  return scored.toSorted((a, b) => a.outside - b.outside || a.from - b.from).map(({ index }) => index);
}

/** The middle of the longest run of indices that are not taken; undefined when all are. */
function widestGap(taken: ReadonlySet<number>, count: number): number | undefined {
  let best: { readonly from: number; readonly length: number } = { from: 0, length: 0 };
  let from = 0;
  for (let i = 0; i <= count; i++) {
    if (i < count && !taken.has(i)) continue;
    if (i - from > best.length) best = { from, length: i - from };
    from = i + 1;
  }
  return best.length === 0 ? undefined : best.from + Math.floor(best.length / 2);
}
