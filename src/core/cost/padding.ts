/**
 * Extents that do not divide well. A prime as it is costs nothing extra where other dims fill the array and 4 to 16 times
 * as much where the fan-out wants it, so an awkward extent may be padded: it, the next multiples of the mesh sides and
 * the next extents without large primes are all tried, and everything is counted at the extent chosen.
 */
import type { Gemm } from './mapping.ts';
import type { Extents } from './plans.ts';
import type { MachineTables } from './tables.ts';

/** Whether an extent has a prime factor above 5. */
export function isAwkward(extent: number): boolean {
  let rest = extent;
  for (const p of [2, 3, 5]) while (rest % p === 0) rest /= p;
  return rest > 1;
}

/** The smallest extent >= x whose prime factors are 2, 3 and 5. */
export function nextSmooth(x: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let five = 1; five < 5 * x; five *= 5) {
    for (let three = five; three < 3 * x; three *= 3) {
      let value = three;
      while (value < x) value *= 2;
      best = Math.min(best, value);
    }
  }
  return best;
}

/** The extents at which to map the GEMM, itself first; the batch is never padded. */
export function paddedExtents(machine: MachineTables, gemm: Gemm): readonly Extents[] {
  const sides = new Set<number>();
  for (const fan of machine.fans) for (const side of [fan.x, fan.y]) if (side > 1) sides.add(side);
  const options = (extent: number): readonly number[] => {
    if (!isAwkward(extent)) return [extent];
    const found = new Set([extent, nextSmooth(extent)]);
    for (const side of sides) {
      const rows = Math.ceil(extent / side);
      for (const padded of [rows * side, nextSmooth(rows) * side]) if (padded < 2 * extent) found.add(padded);
    }
    return [...found];
  };
  const all: Extents[] = [];
  for (const m of options(gemm.m)) {
    for (const n of options(gemm.n)) {
      for (const k of options(gemm.k)) {
        if (gemm.batch * m * n * k <= Number.MAX_SAFE_INTEGER) all.push([m, n, k, gemm.batch]);
      }
    }
  }
  return all;
}
