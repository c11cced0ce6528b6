/**
 * Lower bounds of what temporal tiles of any whole size can make of given spatial factors. `boundTiles`: every level takes its
 * best tile and stays over one dim of its choice, whatever the others do. `boundTied`: the levels from the outermost to the
 * first one with loops share one tile and one dim to stay over, and inside it nothing stays over more than that tile; tiles
 * are tried in cells of neighbours.
 */
import { wholeCycles } from './counts.ts';
import type { Extents } from './plans.ts';
import { cellsOf, lastVisits } from './ragged-shares.ts';
import type { Cell, Share, Weighed } from './ragged-shares.ts';
import type { MachineTables } from './tables.ts';

/** A choice of spatial factors: M, N, K, then the batch. */
export interface Spread {
  readonly extents: Extents;
  readonly macs: number;
  readonly shares: readonly [m: Share, n: Share, k: Share, b: Share];
}

/** What a tally makes of a spread. */
interface Parts {
  fixed: number;
  /** [level * 3 + dim]: x 1 / the steps that the operand stays over. */
  readonly cost: Float64Array;
  /** [level * 3 + dim]: where it stays over everything. */
  readonly whole: Float64Array;
  /** [level]: the least of the level by itself. */
  readonly least: Float64Array;
}

/** Energy, or cycles of the port: Infinity when some level cannot hold any tile. */
export function boundTiles(machine: MachineTables, spread: Spread, weighed: Weighed): number {
  const { fixed, least } = partsOf(machine, spread, weighed);
  return asFigure(
    spread,
    weighed,
    least.reduce((sum, each) => sum + each, fixed),
  );
}

function asFigure({ shares }: Spread, { tally }: Weighed, sum: number): number {
  if (tally.level < 0 || sum === Number.POSITIVE_INFINITY) return sum;
  const instances = shares.reduce((all, { above }) => all * (above[tally.level] ?? 1), 1);
  return wholeCycles(sum / (instances * tally.wordsPerCycle));
}

function partsOf(machine: MachineTables, spread: Spread, weighed: Weighed): Parts {
  const { levels, depth } = machine;
  const { extents, macs, shares } = spread;
  const { tally, sparedAtChild, sparedAtParent } = weighed;
  let fixed = tally.level < 0 ? macs * machine.macEnergyPj : 0;
  const cost = new Float64Array(levels * 3);
  const whole = new Float64Array(levels * 3);
  const least = new Float64Array(levels);
  machine.edges.forEach(({ dim, parent, child }, e) => {
    const { inside, above, whole: once } = shares[dim] as Share;
    const extent = extents[dim] ?? 1;
    const [ofChild, ofParent] = [sparedAtChild[e] ?? 0, sparedAtParent[e] ?? 0];
    const [toChild, toParent] = [(tally.atChild[e] ?? 0) - ofChild, (tally.atParent[e] ?? 0) - ofParent];
    const [inChild, inParent] = [inside[child] ?? 1, inside[parent] ?? 1];
    if (child === levels) {
      fixed += macs * lastVisits(toParent, ofParent, inParent, above[parent] ?? 1, extent);
      return;
    }
    // What the first visits spare is taken off here; a tile over the whole dim has no other visits.
    const spared = (ofChild * (above[child] ?? 1) + ofParent * (above[parent] ?? 1)) / extent;
    fixed -= macs * spared;
    cost[child * 3 + dim] = macs * ((toChild + ofChild) / inChild + (toParent + ofParent) / inParent);
    whole[child * 3 + dim] = macs * (toChild * (once[child] ?? 0) + toParent * (once[parent] ?? 0) + spared);
  });
  for (let l = 1; l < levels; l += 1) {
    const [w, i, o] = wordsAt(machine, spread, l);
    const room = depth[l] as number;
    if (w + i + o > room * slack) {
      least[l] = Number.POSITIVE_INFINITY;
      continue;
    }
    const side = (d: number): Side => {
      const [c, at] = [cost[l * 3 + d] as number, whole[l * 3 + d] as number];
      const most = (shares[d] as Share).most[l] as number;
      return { cost: c, whole: at, most: c > 0 ? Math.max(1, Math.min(most, c / at)) : 1 };
    };
    const [ofM, ofN, ofK] = [side(0), side(1), side(2)];
    least[l] = Math.min(
      ofM.whole + leastOfTwo(ofN, ofK, o, i, w, room),
      ofN.whole + leastOfTwo(ofM, ofK, o, w, i, room),
      ofK.whole + leastOfTwo(ofM, ofN, i, w, o, room),
    );
  }
  return { fixed, cost, whole, least };
}

const slack = 1 + 1e-9;

/** Words of the level that W, I and O take per index of their temporal tiles. */
function wordsAt(
  { takes }: MachineTables,
  { shares: [m, n, k, b] }: Spread,
  l: number,
): readonly [w: number, i: number, o: number] {
  const [tm, tn, tk, tb] = [m.tile[l] ?? 1, n.tile[l] ?? 1, k.tile[l] ?? 1, b.tile[l] ?? 1];
  const take = (operand: number): number => (takes[l * 3 + operand] ?? 0) * tb;
  return [take(0) * tn * tk, take(1) * tm * tk, take(2) * tm * tn];
}

/** `cost` / tile, from tiles of `most` on `whole`. */
interface Side {
  readonly cost: number;
  readonly whole: number;
  readonly most: number;
}

const costOf = ({ cost, whole, most }: Side, tile: number): number => (tile >= most ? whole : cost / tile);

/** Tiles of the first dim that are tried one by one. */
const mostOneByOne = 32;

/** The least cost over tiles a >= 1 and b >= 1 with perA a + perB b + perBoth a b <= room. */
function leastOfTwo(ofA: Side, ofB: Side, perA: number, perB: number, perBoth: number, room: number): number {
  if (room === Number.POSITIVE_INFINITY) return ofA.whole + ofB.whole;
  const free = room * slack;
  /** The most of b beside so much of a. */
  const beside = (a: number): number => {
    const each = perB + perBoth * a;
    return each === 0 ? Number.POSITIVE_INFINITY : (free - perA * a) / each;
  };
  /** A part of one more is none, but for the last. */
  const floored = (b: number): number => (b >= ofB.most ? b : Math.floor(b));
  let least = Number.POSITIVE_INFINITY;
  const few = Math.min(ofA.most, mostOneByOne);
  for (let a = 1; a < few; a += 1) {
    const b = floored(beside(a));
    if (b < 1) return least;
    least = Math.min(least, costOf(ofA, a) + costOf(ofB, b));
  }
  const last = floored(beside(ofA.most));
  if (last >= 1) least = Math.min(least, ofA.whole + costOf(ofB, last));
  if (ofA.most <= mostOneByOne) return least;
  // Between, the edge of what fits is convex in a, but where b is at its most.
  const eachA = perA + perBoth * ofB.most;
  const besideMost = eachA === 0 ? Number.POSITIVE_INFINITY : (free - perB * ofB.most) / eachA;
  if (besideMost >= mostOneByOne) least = Math.min(least, ofB.whole + costOf(ofA, besideMost));
  const farthest = (free - perB) / (perA + perBoth);
  if (farthest < mostOneByOne) return least;
  const turn = Math.sqrt((ofB.cost * (perBoth * free + perA * perB)) / ofA.cost);
  const best = Math.min(ofA.most, farthest, Math.max(mostOneByOne, free / (perA + turn)));
  return Math.min(least, ofA.cost / best + costOf(ofB, Math.max(1, beside(best))));
}

/** At least `boundTiles`, at some hundred times its price. */
export function boundTied(machine: MachineTables, spread: Spread, weighed: Weighed): number {
  const { levels, depth } = machine;
  const { extents, shares } = spread;
  const { fixed, cost, whole, least } = partsOf(machine, spread, weighed);
  if (levels === 1) return asFigure(spread, weighed, fixed);
  const inner = new Float64Array(levels + 1);
  for (let l = levels - 1; l >= 1; l -= 1) inner[l] = (inner[l + 1] ?? 0) + (least[l] ?? 0);
  const words = Array.from({ length: levels }, (_, l) => wordsAt(machine, spread, l));
  const cellsM = tileCells(shares[0]);
  const cellsN = tileCells(shares[1]);
  const at = (l: number, d: number, tile: number): number => {
    const most = (shares[d] as Share).most[l] as number;
    const index = l * 3 + d;
    return tile >= most
      ? (whole[index] as number)
      : Math.max(whole[index] as number, (cost[index] as number) / tile);
  };
  const table = (cells: readonly Cell[], d: number): Float64Array =>
    Float64Array.from({ length: cells.length * levels }, (_, i) =>
      at(i % levels, d, cells[Math.floor(i / levels)]?.[1] ?? 1),
    );
  const [byM, byN] = [table(cellsM, 0), table(cellsN, 1)];
  let found = Number.POSITIVE_INFINITY;
  for (let im = 0; im < cellsM.length; im += 1) {
    const lowM = (cellsM[im] as Cell)[0];
    for (let jn = 0; jn < cellsN.length; jn += 1) {
      const lowN = (cellsN[jn] as Cell)[0];
      let tk = Number.POSITIVE_INFINITY;
      let [wholeM, wholeN, wholeK, tileM, tileN] = [0, 0, 0, 0, 0];
      for (let b = 1; b < levels; b += 1) {
        const [w, i, o] = words[b] as readonly [number, number, number];
        const room = (depth[b] as number) * slack;
        if (room !== Number.POSITIVE_INFINITY) {
          const tm = Math.min(lowM, shares[0].most[b] as number);
          const tn = Math.min(lowN, shares[1].most[b] as number);
          const free = room - o * tm * tn;
          const perK = w * tn + i * tm;
          if (free < perK) break;
          const mostK = Math.min(shares[2].most[b] as number, extents[2]);
          if (perK * mostK > free) tk = Math.min(tk, Math.floor(free / perK));
        }
        wholeM += whole[b * 3] as number;
        wholeN += whole[b * 3 + 1] as number;
        wholeK += whole[b * 3 + 2] as number;
        tileM += byM[im * levels + b] as number;
        tileN += byN[jn * levels + b] as number;
        let tileK = 0;
        for (let l = 1; l <= b; l += 1) tileK += at(l, 2, tk);
        const outside = Math.min(wholeM + tileN + tileK, tileM + wholeN + tileK, tileM + tileN + wholeK);
        if (outside + (inner[b + 1] as number) >= found) continue;
        let inside = 0;
        for (let l = b + 1; l < levels; l += 1)
          inside += Math.max(
            least[l] as number,
            (byM[im * levels + l] as number) + (byN[jn * levels + l] as number) + at(l, 2, tk),
          );
        found = Math.min(found, outside + inside);
      }
    }
  }
  return asFigure(spread, weighed, fixed + found);
}

/** Temporal tiles of a dim, up to all there is. */
function tileCells({ most }: Share): readonly Cell[] {
  const largest = Math.ceil(most.reduce((a, b) => Math.max(a, b), 1));
  return cellsOf(largest, 1.15, 8);
}
