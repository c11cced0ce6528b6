/**
 * Palettes: every weight is one of a few values (Deep Compression, Han et al. 2016; eDKM, Cho et al. 2023), chosen by
 * k-means in one dimension. Clusters of sorted numbers are intervals, so a round of Lloyd costs a few look-ups in running
 * sums. It starts where the density to the power of a third is cut into equal parts, which is optimal for many values
 * (Panter, Dite 1951), and uses no chance.
 */

const mostRounds = 200;

/** @returns each value's nearest of `count` palette entries; `store` rounds an entry to how it is stored */
export function paletteOf(
  values: Float64Array,
  count: number,
  store: (value: number) => number,
): Float64Array {
  const sorted = values.slice().sort();
  const n = sorted.length;
  const sums = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) sums[i + 1] = sums[i]! + sorted[i]!;
  const distinct = distinctOf(sorted, count + 1);
  let entries = distinct.length <= count ? distinct : startingEntries(sorted, count);
  let ends = intervals(sorted, entries);
  for (let round = 0; round < mostRounds; round++) {
    entries = entries.map((entry, k) => {
      const [from, to] = [k === 0 ? 0 : ends[k - 1]!, ends[k]!];
      return to > from ? (sums[to]! - sums[from]!) / (to - from) : entry;
    });
    const next = intervals(sorted, entries);
    const same = next.every((end, k) => end === ends[k]);
    ends = next;
    if (same) break;
  }
  const palette = entries.map(store).sort((a, b) => a - b);
  return values.map((value) => nearest(palette, value));
}

/** The first `most` different ones. */
function distinctOf(sorted: Float64Array, most: number): readonly number[] {
  const found: number[] = [];
  for (const value of sorted) {
    if (found.at(-1) !== value) found.push(value);
    if (found.length === most) break;
  }
  return found;
}

/** Means of pieces between which equally much of the density's cube root lies. */
function startingEntries(sorted: Float64Array, count: number): readonly number[] {
  // Gaps of small samples stand for the density: share / gap, to the power of a third, times the gap.
  const pieces = Math.min(sorted.length, 64 * count);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  const edges = Array.from({ length: pieces + 1 }, (_, k) => at(k / pieces));
  const running = [0];
  for (let k = 0; k < pieces; k++) running.push(running[k]! + (edges[k + 1]! - edges[k]!) ** (2 / 3));
  const whole = running[pieces]!;
  let piece = 0;
  return Array.from({ length: count }, (_, k) => {
    const wanted = (whole * (k + 0.5)) / count;
    while (piece < pieces - 1 && running[piece + 1]! < wanted) piece++;
    const width = running[piece + 1]! - running[piece]!;
    const share = width > 0 ? (wanted - running[piece]!) / width : 0;
    return edges[piece]! + share * (edges[piece + 1]! - edges[piece]!);
  });
}

/** Per entry: how many of the sorted values are nearer to it or to those before it. */
function intervals(sorted: Float64Array, entries: readonly number[]): readonly number[] {
  return entries.map((entry, k) => {
    const next = entries[k + 1];
    return next === undefined ? sorted.length : countBelow(sorted, entry / 2 + next / 2);
  });
}

function countBelow(sorted: ArrayLike<number>, limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function nearest(palette: readonly number[], value: number): number {
  const above = countBelow(palette, value);
  const [lower, upper] = [palette[Math.max(0, above - 1)]!, palette[Math.min(palette.length - 1, above)]!];
  return value - lower <= upper - value ? lower : upper;
}
