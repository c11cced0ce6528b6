/**
 * The exact search: a dynamic programme over subsets of operands (bitmasks), over all binary trees, hyperedges
 * included. The labels that a subset's result keeps are those that stand outside of it or in the output; one pairwise
 * step costs the product of the extents of the union of both results' labels. Tables are typed arrays that are reused
 * between calls. Above `mostDense` operands only connected subsets are joined (an outer product then appears only
 * between components that share no label).
 */
import { invariant } from '../base/checks.ts';

export type PathObjective = 'macs' | 'write' | 'size';

/** Up to here every binary tree is considered, and ties are broken completely. */
export const mostDense = 10;
/** Up to here the dynamic programme runs at all. */
export const mostSubsets = 16;

/** A pairwise step as positions in the list of operands: both leave it, the result is appended. */
export type Pair = readonly [number, number];

const wordBits = 20;

// Tables over subsets, grown on demand: costs (first and second objective, largest result), result sizes, best split.
let room = 0;
let first = new Float64Array(0);
let second = new Float64Array(0);
let largest = new Float64Array(0);
let sizes = new Float64Array(0);
let bestSplit = new Int32Array(0);
let tied = new Uint8Array(0);
let mark = new Uint8Array(0);
// The list of operands and results while a path is read off.
const items = new Int32Array(mostSubsets);
// Labels of a subset as words of 2 x half bits (at most 20), word after word: all of its labels, then those its result keeps.
let all = new Int32Array(0);
let open = new Int32Array(0);
let words = 1;
// Products of extents: two tables of 2^half entries per word, so that a word's product is two look-ups.
let products = new Float64Array(0);
let half = 1;

function reserve(subsets: number): void {
  if (all.length < subsets * words) {
    all = new Int32Array(subsets * words);
    open = new Int32Array(subsets * words);
  }
  if (room >= subsets) return;
  room = subsets;
  first = new Float64Array(room);
  second = new Float64Array(room);
  largest = new Float64Array(room);
  sizes = new Float64Array(room);
  bestSplit = new Int32Array(room);
  tied = new Uint8Array(room);
  mark = new Uint8Array(room);
}

/**
 * @param operands distinct label ids of each operand, at least two, none private to one operand
 * @param output label ids that the result keeps
 * @returns the pairs of the cheapest path; ties: macs, then write, then largest, then the path that comes first in
 *   lexicographic order (above `mostDense` operands: the first found)
 */
export function searchSubsets(
  operands: readonly (readonly number[])[],
  output: readonly number[],
  extents: readonly number[],
  objective: PathObjective,
): Pair[] {
  const count = operands.length;
  if (count === 2) return [[0, 1]];
  invariant(count > 2 && count <= mostSubsets, 'subsets of 3 to 16 operands');
  const subsets = 1 << count;
  words = Math.max(1, Math.ceil(extents.length / wordBits));
  half = Math.max(1, Math.ceil(Math.min(wordBits, extents.length) / 2));
  reserve(subsets);
  tabulateProducts(extents);
  tabulateLabels(operands, output, subsets);
  if (count > mostDense) allowConnected(operands, subsets);
  if (objective === 'write') byWrite(subsets);
  else {
    if (objective === 'size') allowUpTo(smallestLargest(subsets), subsets);
    byMacs(subsets);
  }
  return firstPath(count, objective === 'write');
}

/** products[word, half][mask] = product of the extents of the labels in the mask. */
function tabulateProducts(extents: readonly number[]): void {
  const entries = 1 << half;
  if (products.length < 2 * words * entries) products = new Float64Array(2 * words * entries);
  for (let part = 0; part < 2 * words; part++) {
    const base = part * entries;
    products[base] = 1;
    for (let bit = 0; bit < half; bit++) {
      const extent = extents[part * half + bit] ?? 1;
      const step = 1 << bit;
      for (let mask = 0; mask < step; mask++) products[base + step + mask] = products[base + mask]! * extent;
    }
  }
}

/** Fills `open` (what each subset's result keeps) and `sizes`. */
function tabulateLabels(
  operands: readonly (readonly number[])[],
  output: readonly number[],
  subsets: number,
): void {
  const bits = 2 * half;
  const full = subsets - 1;
  for (let word = 0; word < words; word++) {
    const base = word * subsets;
    const kept = maskOf(output, word * bits, bits);
    all[base] = 0;
    for (let k = 0; k < operands.length; k++) {
      const own = maskOf(operands[k]!, word * bits, bits);
      const step = 1 << k;
      for (let subset = 0; subset < step; subset++) all[base + step + subset] = all[base + subset]! | own;
    }
    for (let subset = 1; subset < subsets; subset++) {
      open[base + subset] = all[base + subset]! & (kept | all[base + (full ^ subset)]!);
    }
  }
  const low = (1 << half) - 1;
  const high = 1 << half;
  for (let subset = 1; subset < subsets; subset++) {
    const mask = open[subset]!;
    const size = products[mask & low]! * products[high + (mask >>> half)]!;
    sizes[subset] = words === 1 ? size : size * furtherProduct(subset, subset, subsets);
  }
}

/** Bit `id - start` for every id from `start` below `start + bits`. */
function maskOf(ids: readonly number[], start: number, bits: number): number {
  let mask = 0;
  for (let k = 0; k < ids.length; k++) {
    const bit = ids[k]! - start;
    if (bit >= 0 && bit < bits) mask |= 1 << bit;
  }
  return mask;
}

/** The part of the step's product that lies in the second word of labels and beyond. */
function furtherProduct(a: number, b: number, subsets: number): number {
  const entries = 1 << half;
  let product = 1;
  for (let word = 1; word < words; word++) {
    const mask = open[word * subsets + a]! | open[word * subsets + b]!;
    const base = 2 * word * entries;
    product *= products[base + (mask & (entries - 1))]! * products[base + entries + (mask >>> half)]!;
  }
  return product;
}

/** MACs of joining two disjoint subsets' results. */
function stepMacs(a: number, b: number, subsets: number): number {
  const mask = open[a]! | open[b]!;
  const product = products[mask & ((1 << half) - 1)]! * products[(1 << half) + (mask >>> half)]!;
  return words === 1 ? product : product * furtherProduct(a, b, subsets);
}

/** Least MACs, then elements written, then largest result. A subset of infinite size is not allowed. */
function byMacs(subsets: number): void {
  const lowMask = (1 << half) - 1;
  const high = 1 << half;
  for (let subset = 1; subset < subsets; subset++) {
    const lowest = subset & -subset;
    if (subset === lowest) {
      first[subset] = 0;
      second[subset] = 0;
      largest[subset] = 0;
      continue;
    }
    const size = sizes[subset]!;
    let best = Infinity;
    let bestSecond = Infinity;
    let bestLargest = Infinity;
    let split = 0;
    let tie = 0;
    const rest = subset ^ lowest;
    if (size !== Infinity) {
      for (let b = rest; b > 0; b = (b - 1) & rest) {
        const a = subset ^ b;
        let cost = first[a]! + first[b]!;
        if (cost > best) continue;
        const mask = open[a]! | open[b]!;
        let macs = products[mask & lowMask]! * products[high + (mask >>> half)]!;
        if (words !== 1) macs *= furtherProduct(a, b, subsets);
        cost += macs;
        if (cost > best || cost === Infinity) continue;
        const written = second[a]! + second[b]!;
        const result = Math.max(largest[a]!, largest[b]!);
        if (cost < best || written < bestSecond) {
          best = cost;
          bestSecond = written;
          bestLargest = result;
          split = b;
          tie = 0;
        } else if (written === bestSecond) {
          tie = 1;
          if (result < bestLargest) {
            bestLargest = result;
            split = b;
          }
        }
      }
    }
    first[subset] = best;
    second[subset] = bestSecond + size;
    largest[subset] = Math.max(bestLargest, size);
    bestSplit[subset] = split;
    tied[subset] = tie;
  }
}

/** Fewest elements written, then MACs, then largest result. */
function byWrite(subsets: number): void {
  for (let subset = 1; subset < subsets; subset++) {
    const lowest = subset & -subset;
    if (subset === lowest) {
      first[subset] = 0;
      second[subset] = 0;
      largest[subset] = 0;
      continue;
    }
    const size = sizes[subset]!;
    let best = Infinity;
    let bestSecond = Infinity;
    let bestLargest = Infinity;
    let split = 0;
    let tie = 0;
    const rest = subset ^ lowest;
    if (size !== Infinity) {
      for (let b = rest; b > 0; b = (b - 1) & rest) {
        const a = subset ^ b;
        const cost = first[a]! + first[b]!;
        if (cost > best || cost === Infinity) continue;
        let macs = second[a]! + second[b]!;
        if (cost === best && macs > bestSecond) continue;
        macs += stepMacs(a, b, subsets);
        const result = Math.max(largest[a]!, largest[b]!);
        if (cost < best || macs < bestSecond) {
          best = cost;
          bestSecond = macs;
          bestLargest = result;
          split = b;
          tie = 0;
        } else if (macs === bestSecond) {
          tie = 1;
          if (result < bestLargest) {
            bestLargest = result;
            split = b;
          }
        }
      }
    }
    first[subset] = best + size;
    second[subset] = bestSecond;
    largest[subset] = Math.max(bestLargest, size);
    bestSplit[subset] = split;
    tied[subset] = tie;
  }
}

/** The smallest possible largest result. */
function smallestLargest(subsets: number): number {
  for (let subset = 1; subset < subsets; subset++) {
    const lowest = subset & -subset;
    let best = subset === lowest ? 0 : Infinity;
    const rest = subset ^ lowest;
    for (let b = rest; b > 0; b = (b - 1) & rest) {
      best = Math.min(best, Math.max(largest[b]!, largest[subset ^ b]!));
    }
    largest[subset] = subset === lowest ? 0 : Math.max(best, sizes[subset]!);
  }
  return largest[subsets - 1]!;
}

/** Forbids results larger than `limit`. */
function allowUpTo(limit: number, subsets: number): void {
  for (let subset = 1; subset < subsets; subset++) if (sizes[subset]! > limit) sizes[subset] = Infinity;
}

/** Forbids subsets that are neither connected by shared labels nor made of whole connected components. */
function allowConnected(operands: readonly (readonly number[])[], subsets: number): void {
  const neighbours = operands.map((ids) =>
    operands.reduce((mask, other, k) => (other.some((id) => ids.includes(id)) ? mask | (1 << k) : mask), 0),
  );
  const flood = (subset: number): number => {
    let reached = subset & -subset;
    for (let frontier = reached; frontier !== 0;) {
      let next = 0;
      for (let bits = frontier; bits !== 0; bits &= bits - 1)
        next |= neighbours[31 - Math.clz32(bits & -bits)]!;
      frontier = next & subset & ~reached;
      reached |= frontier;
    }
    return reached;
  };
  const components: number[] = [];
  for (let left = subsets - 1; left !== 0; left &= ~components.at(-1)!) components.push(flood(left));
  for (let subset = 1; subset < subsets; subset++) {
    if (flood(subset) === subset) continue;
    const whole = components.every((part) => (subset & part) === 0 || (subset & part) === part);
    if (!whole) sizes[subset] = Infinity;
  }
}

/**
 * Reads the optimal trees off the tables and returns the lexicographically first path of any of them: in every step
 * the first pair of positions that some optimal tree, still possible after the steps so far, joins.
 */
function firstPath(count: number, write: boolean): Pair[] {
  const full = (1 << count) - 1;
  const limit = largest[full]!;
  // All subsets that some optimal tree has as an inner node, with their optimal splits.
  const nodes: number[] = [];
  const splits: number[][] = [];
  const stack = [full];
  let choices = false;
  mark[full] = 1;
  while (stack.length > 0) {
    const subset = stack.pop()!;
    const tie = tied[subset] === 1 && count <= mostDense;
    const own = tie ? optimalSplits(subset, limit, full + 1, write) : [bestSplit[subset]!];
    if (own.length > 1) choices = true;
    nodes.push(subset);
    splits.push(own);
    for (let k = 0; k < own.length; k++) {
      const b = own[k]!;
      const a = subset ^ b;
      if ((a & (a - 1)) !== 0 && mark[a] === 0) {
        mark[a] = 1;
        stack.push(a);
      }
      if ((b & (b - 1)) !== 0 && mark[b] === 0) {
        mark[b] = 1;
        stack.push(b);
      }
    }
  }
  if (choices) sortDown(nodes, splits);
  for (let k = 0; k < count; k++) items[k] = 1 << k;
  const path: Pair[] = [];
  for (let left = count; left > 1; left--) {
    const pair = firstMarked(left);
    const i = pair[0];
    const j = pair[1];
    const block = items[i]! | items[j]!;
    for (let k = i; k < j - 1; k++) items[k] = items[k + 1]!;
    for (let k = j - 1; k < left - 2; k++) items[k] = items[k + 2]!;
    items[left - 2] = block;
    path.push(pair);
    if (choices && left > 2) prune(nodes, splits, block, full);
  }
  for (let k = 0; k < nodes.length; k++) mark[nodes[k]!] = 0;
  return path;
}

/** Two items whose union is a node are its two children: no third item could lie between them. */
function firstMarked(left: number): Pair {
  for (let i = 0; i < left; i++) {
    for (let j = i + 1; j < left; j++) if (mark[items[i]! | items[j]!] === 1) return [i, j];
  }
  throw new Error('internal: an optimal tree has a next step');
}

/** Every split of the subset that costs the optimum and needs no result above the limit. */
function optimalSplits(subset: number, limit: number, subsets: number, write: boolean): number[] {
  const found: number[] = [];
  const rest = subset ^ (subset & -subset);
  const size = sizes[subset]!;
  for (let b = rest; b > 0; b = (b - 1) & rest) {
    const a = subset ^ b;
    const one = first[a]! + first[b]!;
    if (one > first[subset]! || largest[a]! > limit || largest[b]! > limit) continue;
    const two = second[a]! + second[b]!;
    const macs = stepMacs(a, b, subsets);
    const same = write
      ? one + size === first[subset] && two + macs === second[subset]
      : one + macs === first[subset] && two + size === second[subset];
    if (same) found.push(b);
  }
  return found;
}

/** Largest subset first, so that parents come before their children. */
function sortDown(nodes: number[], splits: number[][]): void {
  const order = nodes.map((_, k) => k).sort((x, y) => nodes[y]! - nodes[x]!);
  const sortedSplits = order.map((k) => splits[k]!);
  nodes.sort((x, y) => y - x);
  splits.splice(0, splits.length, ...sortedSplits);
}

/** Keeps marked only what trees that have `block` as a node still reach; drops the splits that cross it. */
function prune(nodes: readonly number[], splits: number[][], block: number, full: number): void {
  const possible = (part: number): boolean => (part & (part - 1)) === 0 || mark[part] === 1;
  // Upwards: mark = can still be contracted.
  for (let k = nodes.length - 1; k >= 0; k--) {
    const subset = nodes[k]!;
    if (mark[subset] === 0 || subset === block) continue;
    const common = subset & block;
    if (common === 0) continue;
    if (common !== block) {
      mark[subset] = 0;
      continue;
    }
    const left = splits[k]!.filter((b) => {
      const crosses = (b & block) !== 0 && (b & block) !== block;
      return !crosses && possible(b) && possible(subset ^ b);
    });
    splits[k] = left;
    if (left.length === 0) mark[subset] = 0;
  }
  // Downwards: mark 2 = reached from the top.
  mark[full] = 2;
  for (let k = 0; k < nodes.length; k++) {
    const subset = nodes[k]!;
    if (mark[subset] !== 2) {
      mark[subset] = 0;
      continue;
    }
    mark[subset] = 1;
    if (subset === block) continue;
    for (const b of splits[k]!) {
      const a = subset ^ b;
      if (mark[a] === 1) mark[a] = 2;
      if (mark[b] === 1) mark[b] = 2;
    }
  }
}
