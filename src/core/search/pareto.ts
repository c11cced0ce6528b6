/**
 * Non-dominated sets. Two dimensions for what the page draws (EDP against the figure on the vertical axis), three for
 * what a layer may still contribute to a model (energy, latency, error: a model's EDP is a product of two sums, so a
 * layer that is dominated in EDP alone may still be needed). Source: Kung, Luccio, Preparata, "On finding the maxima
 * of a set of vectors" (1975): sweep the first objective, keep a staircase of the other two.
 */
import type { Bytes, Cycles, EdpPjCycles, EnergyPj, Macs } from '../base/units.ts';
import type { Candidate } from './evaluation.ts';

/** A non-dominated design: no other has both a lower EDP and a higher value. Figures are those of `evaluate`. */
export interface FrontierPoint {
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
  readonly edpPjCycles: EdpPjCycles;
  /** Dense EDP / this EDP. */
  readonly edpReduction: number;
  /** On the evaluator's vertical axis; higher is better, `low` and `high` are the ends of its band. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly parameters: number;
  readonly macs: Macs;
  readonly bytes: Bytes;
  readonly design: Candidate;
}

interface Entry<T> {
  readonly edp: number;
  readonly value: number;
  readonly item: T;
}

/** An incremental frontier: `add` is O(log n) for a dominated point. Ascending in EDP, hence ascending in value. */
export interface Frontier<T> {
  readonly entries: readonly Entry<T>[];
  /** Whether a point with these figures would be kept. Of equal points the first stays. */
  accepts(edp: number, value: number): boolean;
  /** Adds unless dominated; `item` is only made when the point is kept. */
  add(edp: number, value: number, item: () => T): boolean;
}

export function createFrontier<T>(): Frontier<T> {
  const entries: Entry<T>[] = [];
  /** Number of entries with an EDP at most this one. */
  const rank = (edp: number): number => {
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((entries[middle]?.edp ?? 0) <= edp) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const accepts = (edp: number, value: number): boolean =>
    value > (entries[rank(edp) - 1]?.value ?? Number.NEGATIVE_INFINITY);
  return {
    entries,
    accepts,
    add(edp, value, item) {
      const after = rank(edp);
      if (value <= (entries[after - 1]?.value ?? Number.NEGATIVE_INFINITY)) return false;
      let first = after;
      // An equal EDP with a lower value stands before; larger EDPs with no higher value stand behind.
      while (first > 0 && (entries[first - 1]?.edp ?? 0) === edp) first--;
      let last = after;
      while (last < entries.length && (entries[last]?.value ?? 0) <= value) last++;
      entries.splice(first, last - first, { edp, value, item: item() });
      return true;
    },
  };
}

/**
 * Indices of the points that no other point equals or beats in all three costs (of equal points the first stays), in
 * ascending order of `a`. Arrays of one length; O(n log n) plus the staircase's moves.
 */
export function paretoMinima(a: ArrayLike<number>, b: ArrayLike<number>, c: ArrayLike<number>): number[] {
  const at = (values: ArrayLike<number>, i: number): number => values[i] ?? 0;
  const order = Array.from({ length: a.length }, (_, i) => i).sort(
    (i, j) => at(a, i) - at(a, j) || at(b, i) - at(b, j) || at(c, i) - at(c, j) || i - j,
  );
  // The staircase: ascending in b, strictly descending in c. Whatever comes later is no better in a.
  const stairB: number[] = [];
  const stairC: number[] = [];
  const kept: number[] = [];
  for (const i of order) {
    const bi = at(b, i);
    const ci = at(c, i);
    let low = 0;
    let high = stairB.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((stairB[middle] ?? 0) <= bi) low = middle + 1;
      else high = middle;
    }
    if (low > 0 && (stairC[low - 1] ?? 0) <= ci) continue;
    kept.push(i);
    const first = low > 0 && stairB[low - 1] === bi ? low - 1 : low;
    let last = low;
    while (last < stairC.length && (stairC[last] ?? 0) >= ci) last++;
    stairB.splice(first, last - first, bi);
    stairC.splice(first, last - first, ci);
  }
  return kept;
}

/**
 * The edges of the lower convex hull of points (x, y), x ascending, from the lowest of the first x down to the lowest y:
 * pairs of indices, ever flatter. O(n).
 */
export function hullEdges(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
): readonly (readonly [from: number, to: number])[] {
  const at = (values: ArrayLike<number>, i: number): number => values[i] ?? 0;
  const hull: number[] = [];
  for (let i = 0; i < x.length; i++) {
    while (hull.length > 0) {
      const b = hull.at(-1) ?? 0;
      if (at(y, i) >= at(y, b)) break;
      const a = hull.at(-2);
      const same = at(x, i) === at(x, b);
      // b goes when it is not below the line from a to i.
      const above =
        a !== undefined &&
        (at(y, a) - at(y, b)) * (at(x, i) - at(x, a)) <= (at(y, a) - at(y, i)) * (at(x, b) - at(x, a));
      if (!same && !above) break;
      hull.pop();
    }
    const b = hull.at(-1);
    if (b === undefined || at(y, i) < at(y, b)) hull.push(i);
  }
  return hull.slice(1).map((to, k) => [hull[k] ?? 0, to] as const);
}

/**
 * Area that the frontier dominates: log10 of the EDP reduction (from 1x, dense) times the value in its own points
 * (from `floor`, see scales.ts). Decades x points; a point no better than dense in EDP adds nothing.
 */
export function hypervolume(
  points: Iterable<{ readonly edp: number; readonly value: number }>,
  denseEdp: number,
  floor: number,
): number {
  // Ascending EDP = descending reduction = ascending value: strips between neighbouring values.
  let area = 0;
  let below = floor;
  for (const { edp, value } of points) {
    const width = Math.log10(denseEdp / edp);
    if (width <= 0) break;
    if (value <= below) continue;
    area += width * (value - below);
    below = value;
  }
  return area;
}

/** The point with the lowest EDP whose value is at least `limit`, or null. */
export function bestWithin(frontier: readonly FrontierPoint[], limit: number): FrontierPoint | null {
  let best: FrontierPoint | null = null;
  for (const point of frontier)
    if (point.value >= limit && (best === null || point.edpPjCycles < best.edpPjCycles)) best = point;
  return best;
}

/**
 * The knee: the point farthest above the line between the frontier's two ends, both axes (log EDP, value) scaled to
 * that line's box; null when the frontier has fewer than three points. Source: Branke et al., "Finding knees in
 * multi-objective optimization" (2004), in its simplest form.
 */
export function knee(frontier: readonly FrontierPoint[]): FrontierPoint | null {
  if (frontier.length < 3) return null;
  const sorted = [...frontier].sort((a, b) => a.edpPjCycles - b.edpPjCycles);
  const first = sorted[0];
  const last = sorted.at(-1);
  if (first === undefined || last === undefined) return null;
  const width = Math.log(last.edpPjCycles / first.edpPjCycles);
  const height = last.value - first.value;
  if (!(width > 0) || !(height > 0)) return null;
  let best: FrontierPoint | null = null;
  let farthest = 1e-9;
  for (const point of sorted) {
    const distance =
      (point.value - first.value) / height - Math.log(point.edpPjCycles / first.edpPjCycles) / width;
    if (distance > farthest) {
      farthest = distance;
      best = point;
    }
  }
  return best;
}
