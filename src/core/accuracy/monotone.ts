/**
 * Monotone maps from scattered pairs: isotonic regression (pool adjacent violators, Ayer et al. 1955), then a curve through
 * the pools' centres by monotone cubic Hermite pieces (Fritsch, Butland 1984), flat beyond its ends.
 */
import { check, invariant } from '../base/checks.ts';

/**
 * The non-increasing sequence nearest to `values` in weighted least squares, entry by entry.
 * @param weights positive, one per value
 */
export function fallingFit(values: readonly number[], weights: readonly number[]): readonly number[] {
  const pools: { mean: number; weight: number; count: number }[] = [];
  for (const [i, value] of values.entries()) {
    let pool = { mean: value, weight: weights[i] ?? 1, count: 1 };
    for (let last = pools.at(-1); last !== undefined && last.mean <= pool.mean; last = pools.at(-1)) {
      pools.pop();
      const weight = last.weight + pool.weight;
      const mean = (last.mean * last.weight + pool.mean * pool.weight) / weight;
      pool = { mean, weight, count: last.count + pool.count };
    }
    pools.push(pool);
  }
  return pools.flatMap(({ mean, count }) => new Array<number>(count).fill(mean));
}

/** Knots in ascending x; y never rises. */
export interface FallingCurve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/**
 * Fits y as a falling function of x: up to `knots` groups of about equal count along x, their means made monotone.
 * @param x, y pairs in any order, at least one; at most one knot per pair
 */
export function fitFalling(x: readonly number[], y: readonly number[], knots: number): FallingCurve {
  check(x.length === y.length && x.length > 0, 'curve', 'needs pairs', [x.length, y.length]);
  check([...x, ...y].every(Number.isFinite), 'curve', 'needs finite numbers');
  const order = x.map((_, i) => i).sort((a, b) => x[a]! - x[b]! || y[b]! - y[a]!);
  const groups = Math.max(1, Math.min(knots, order.length));
  const centres: { x: number; y: number; count: number }[] = [];
  for (let g = 0; g < groups; g++) {
    const from = Math.round((g * order.length) / groups);
    const members = order.slice(from, Math.round(((g + 1) * order.length) / groups));
    const mean = (of: readonly number[]): number =>
      members.reduce((sum, i) => sum + of[i]!, 0) / members.length;
    const centre = { x: mean(x), y: mean(y), count: members.length };
    const last = centres.at(-1);
    if (last === undefined || centre.x > last.x) centres.push(centre);
    else {
      // Equal x: one knot.
      const count = last.count + centre.count;
      last.y = (last.y * last.count + centre.y * centre.count) / count;
      last.count = count;
    }
  }
  const falling = fallingFit(
    centres.map((centre) => centre.y),
    centres.map((centre) => centre.count),
  );
  // A pool is one knot at its centre: what violates the order tells no flat stretch.
  const pools: { x: number; y: number; count: number }[] = [];
  for (const [k, { x: at, count }] of centres.entries()) {
    const last = pools.at(-1);
    if (last === undefined || last.y !== falling[k]) pools.push({ x: at, y: falling[k]!, count });
    else {
      last.x = (last.x * last.count + at * count) / (last.count + count);
      last.count += count;
    }
  }
  return { x: pools.map((pool) => pool.x), y: pools.map((pool) => pool.y) };
}

/** The curve as a function: through its knots, never rising, constant beyond them. */
export function fallingFunction({ x, y }: FallingCurve): (at: number) => number {
  const count = x.length;
  invariant(count > 0 && y.length === count, 'curve without knots');
  const slopes = knotSlopes(x, y);
  return (at) => {
    if (!(at > x[0]!)) return y[0]!;
    if (at >= x[count - 1]!) return y[count - 1]!;
    let low = 0;
    let high = count - 1;
    while (high - low > 1) {
      const half = (low + high) >> 1;
      if (x[half]! <= at) low = half;
      else high = half;
    }
    const width = x[high]! - x[low]!;
    const t = (at - x[low]!) / width;
    const [a, b] = [y[low]!, y[high]!];
    const [ma, mb] = [slopes[low]! * width, slopes[high]! * width];
    const value = a + t * (ma + t * (3 * (b - a) - 2 * ma - mb + t * (2 * (a - b) + ma + mb)));
    // Rounding must not leave the span of the two knots.
    return Math.min(a, Math.max(b, value));
  };
}

/** Harmonic means of neighbouring secants, zero where the curve is flat: enough for no piece to turn. */
function knotSlopes(x: readonly number[], y: readonly number[]): readonly number[] {
  const secants = x.slice(1).map((right, k) => (y[k + 1]! - y[k]!) / (right - x[k]!));
  return x.map((_, k) => {
    if (k === 0 || k === x.length - 1) return 0;
    const [before, after] = [secants[k - 1]!, secants[k]!];
    if (before * after <= 0) return 0;
    const [left, right] = [x[k]! - x[k - 1]!, x[k + 1]! - x[k]!];
    const share = (left + 2 * right) / (3 * (left + right));
    return (before * after) / (share * after + (1 - share) * before);
  });
}
