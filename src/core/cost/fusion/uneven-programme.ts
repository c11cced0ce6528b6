/**
 * Mappings in which every tensor is held at its own height of the loop nest (Timeloop holds all tensors of a level at one
 * height; AccelForge and LoopTree do not), and in which loops that a tensor does not see spare its refill only within one
 * level. Between two levels an operand a is held furthest out, then b, then c:
 *
 *   loops of the outer level, loops of a's missing dim, [a] loops of b's missing dim, [b] [c] loops of this level.
 *
 * Nothing else can pay: any other loop below [a] or [b] could go further out and leave their tiles smaller. So a level is
 * the even one of `programme.ts` with one more number: how far b reaches (`B[b]`), which a's tile takes in and c's does not:
 *   V_a[A] = min over a, b, c and B dividing A of  C[a] / A[a] + C[b] / B[b] + C[c] / A'[c] + V[A'],
 * A' = B but for its dim b, where it is any divisor that lets all three fit. The same prefix minimum finds it.
 */
import { leastOfTwo, type Lattice } from '../lattice.ts';
import { openTable, type OpenPlan, type Values } from '../open-plan.ts';

type Dim = 0 | 1 | 2;
const dims: readonly Dim[] = [0, 1, 2];
export type Indices = readonly [m: number, n: number, k: number];

/** What stands between a level and the one outside it; tiles and reaches are temporal factors. */
export interface Entry {
  /** The dims that the operands held first and second miss. */
  readonly first: Dim;
  readonly second: Dim;
  /** Reach of the second operand. */
  readonly reach: number;
  /** The level's own tile, and its indices in the plan's lattices. */
  readonly tile: readonly [number, number, number];
  readonly index: Indices;
}

/** Indices of the whole extents. */
export const top = ({ lattice: [m, n, k] }: OpenPlan): Indices => [m.count - 1, n.count - 1, k.count - 1];

const others = [
  [1, 2],
  [0, 2],
  [0, 1],
] as const;

/** Words that one of each temporal factor pair takes at a level, by operand. */
function tileUnits({ machine, above, extents }: OpenPlan, l: number, units: Float64Array): void {
  const { levels, takes } = machine;
  const below = (d: number): number =>
    d === 3 && l === 0
      ? (extents[3] as number)
      : (above[levels * 4 + d] as number) / (above[l * 4 + d] as number);
  for (const d of dims) {
    const [e, f] = others[d];
    units[d] = (takes[l * 3 + d] as number) * below(3) * below(e) * below(f);
  }
}

/** Fills the table of level a; those of all levels inside it must be filled. */
export function fillTable(plan: OpenPlan, values: Values, a: number): void {
  if (openTable(plan, values, a)) return;
  const table = values.table[a] as Float64Array;
  const [m, n, k] = plan.lattice;
  const size = m.count * n.count * k.count;
  const { spread } = plan;
  const box = plan.box[a] as Int32Array;
  const l = a + 1;
  const nK = k.count;
  const nN = n.count;
  for (const first of dims) {
    spread.fill(Number.POSITIVE_INFINITY, 0, size);
    enter(plan, values, l, first);
    const gain = values.weight[l * 3 + first] as number;
    for (let im = 0; im < m.count; im += 1) {
      for (let jn = 0; jn < nN; jn += 1) {
        const row = im * nN + jn;
        const end = box[row] as number;
        if (end === 0) break;
        const start = row * nK;
        for (let e = m.lowerStart[im] as number; e < (m.lowerStart[im + 1] as number); e += 1)
          lower(spread, start, ((m.lower[e] as number) * nN + jn) * nK, end);
        for (let e = n.lowerStart[jn] as number; e < (n.lowerStart[jn + 1] as number); e += 1)
          lower(spread, start, (im * nN + (n.lower[e] as number)) * nK, end);
        const across = gain * ((first === 0 ? m.inverse[im] : n.inverse[jn]) as number);
        for (let x = 0; x < end; x += 1) {
          let least = spread[start + x] as number;
          for (let e = k.lowerStart[x] as number; e < (k.lowerStart[x + 1] as number); e += 1) {
            const value = spread[start + (k.lower[e] as number)] as number;
            if (value < least) least = value;
          }
          spread[start + x] = least;
          const value = least + (first === 2 ? gain * (k.inverse[x] as number) : across);
          if (value < (table[start + x] as number)) table[start + x] = value;
        }
      }
    }
  }
}

function lower(spread: Float64Array, to: number, from: number, count: number): void {
  for (let x = 0; x < count; x += 1) {
    const value = spread[from + x] as number;
    if (value < (spread[to + x] as number)) spread[to + x] = value;
  }
}

/** Into `spread`, for every B that may stand inside level l - 1: the least of entering level l there, but for the first operand's share. */
function enter(plan: OpenPlan, values: Values, l: number, first: 0 | 1 | 2): void {
  const { lattice, spread } = plan;
  const [m, n, k] = lattice;
  const [nN, nK] = [n.count, k.count];
  const own = plan.box[l] as Int32Array;
  const outer = plan.box[l - 1] as Int32Array;
  const table = values.table[l] as Float64Array;
  const { weight } = values;
  const [p, q] = others[first];
  const [wp, wq] = [weight[l * 3 + p] as number, weight[l * 3 + q] as number];
  tileUnits(plan, l, units);
  const [takesFirst, takesP, takesQ] = [units[first] as number, units[p] as number, units[q] as number];
  const room = plan.machine.depth[l] as number;
  const tile = [0, 0, 0];
  for (let im = 0; im < m.count; im += 1) {
    for (let jn = 0; jn < nN; jn += 1) {
      const row = im * nN + jn;
      const end = outer[row] as number;
      if (end === 0) break;
      const fits = own[row] as number;
      tile[0] = im;
      tile[1] = jn;
      for (let x = 0; x < end; x += 1) {
        tile[2] = x;
        const ip = tile[p] as number;
        const iq = tile[q] as number;
        const ofP = lattice[p];
        const ofQ = lattice[q];
        const rest = wp * (ofP.inverse[ip] as number) + wq * (ofQ.inverse[iq] as number);
        const at = row * nK + x;
        if (x < fits) {
          spread[at] = rest + (table[at] as number);
          continue;
        }
        if (takesFirst === 0) continue;
        // The first operand's tile takes in all of B; with one of the others' dims cut short the third may still fit.
        const vp = ofP.divisors[ip] as number;
        const vq = ofQ.divisors[iq] as number;
        const whole = takesFirst * vp * vq;
        if (whole >= room) continue;
        const va = lattice[first].divisors[tile[first] as number] as number;
        let least = Number.POSITIVE_INFINITY;
        // Second = p, third = q: the third's tile has dims `first` and p.
        if (takesP > 0 && takesQ > 0 && wp > 0) {
          const left = room - whole - takesP * va * vq;
          if (left >= takesQ * va)
            least = cut(ofP, ip, left / (takesQ * va), table, at, p === 0 ? nN * nK : nK, ip);
        }
        if (takesP > 0 && takesQ > 0 && wq > 0) {
          const left = room - whole - takesQ * va * vp;
          if (left >= takesP * va) {
            const other = cut(ofQ, iq, left / (takesP * va), table, at, q === 1 ? nK : 1, iq);
            if (other < least) least = other;
          }
        }
        spread[at] = rest + least;
      }
    }
  }
}

const units = new Float64Array(3);

/** The least of the table over divisors of one dim that are at most `most`; `at` is where the dim stands at `index`. */
function cut(
  lattice: Lattice,
  index: number,
  most: number,
  table: Float64Array,
  at: number,
  stride: number,
  from: number,
): number {
  let least = Number.POSITIVE_INFINITY;
  for (let e = lattice.belowStart[index] as number; e < (lattice.belowStart[index + 1] as number); e += 1) {
    const i = lattice.below[e] as number;
    if ((lattice.divisors[i] as number) > most) break;
    const value = table[at + (i - from) * stride] as number;
    if (value < least) least = value;
  }
  return least;
}

/** One way to enter a level from a tile at the level outside it. */
export interface Way {
  first: Dim;
  second: Dim;
  third: Dim;
  /** Index of the second operand's reach. */
  reached: number;
  /** Indices of the new tile, and its place in the tables. */
  readonly index: [number, number, number];
  at: number;
}

/**
 * Every way to enter level a + 1 from a tile at level a.
 * @param visit is shown one object, changed from way to way
 * @param worth whether to show ways in which `second` reaches further than the tile; `reached` is then the furthest
 */
export function everyWay(
  plan: OpenPlan,
  a: number,
  tile: Indices,
  visit: (way: Way) => void,
  worth: (way: Way) => boolean,
): void {
  const { lattice } = plan;
  const [m, n, k] = lattice;
  const [nN, nK] = [n.count, k.count];
  const l = a + 1;
  const own = plan.box[l] as Int32Array;
  const [im, jn, kk] = tile;
  const unit = new Float64Array(3);
  tileUnits(plan, l, unit);
  const cuts = unit.every((words) => words > 0);
  const room = plan.machine.depth[l] as number;
  const index: [number, number, number] = [0, 0, 0];
  const way: Way = { first: 0, second: 1, third: 2, reached: 0, index, at: 0 };
  const further = (): void => {
    const { first, second, third } = way;
    const ofSecond = lattice[second];
    const from = index[second];
    way.reached = tile[second];
    if (tile[second] === from || !worth(way)) return;
    const size = (dim: Dim): number => lattice[dim].divisors[index[dim]] as number;
    const left =
      room -
      (unit[second] as number) * size(first) * size(third) -
      (unit[third] as number) * size(first) * size(second);
    const most = left / ((unit[first] as number) * size(third));
    const start = ofSecond.belowStart[tile[second]] as number;
    for (let c = start; c < (ofSecond.belowStart[tile[second] + 1] as number); c += 1) {
      const reached = ofSecond.below[c] as number;
      const value = ofSecond.divisors[reached] as number;
      if (value > most) break;
      if (reached <= from || value % size(second) !== 0) continue;
      way.reached = reached;
      visit(way);
    }
  };
  for (let p = m.belowStart[im] as number; p < (m.belowStart[im + 1] as number); p += 1) {
    index[0] = m.below[p] as number;
    for (let q = n.belowStart[jn] as number; q < (n.belowStart[jn + 1] as number); q += 1) {
      index[1] = n.below[q] as number;
      const row = index[0] * nN + index[1];
      const end = own[row] as number;
      if (end === 0) break;
      for (let r = k.belowStart[kk] as number; r < (k.belowStart[kk + 1] as number); r += 1) {
        index[2] = k.below[r] as number;
        if (index[2] >= end) break;
        way.at = row * nK + index[2];
        for (const first of dims) {
          way.first = first;
          [way.second, way.third] = others[first];
          way.reached = index[way.second];
          visit(way);
          if (!cuts) continue;
          further();
          [way.third, way.second] = others[first];
          further();
        }
      }
    }
  }
}

/** What a way adds to a tally, but for what is inside the level that it enters. */
export function costOf(plan: OpenPlan, { weight }: Values, a: number, tile: Indices, way: Way): number {
  const { first, second, third, reached, index } = way;
  const { lattice } = plan;
  const row = (a + 1) * 3;
  return (
    (weight[row + first] as number) * (lattice[first].inverse[tile[first]] as number) +
    (weight[row + second] as number) * (lattice[second].inverse[reached] as number) +
    (weight[row + third] as number) * (lattice[third].inverse[index[third]] as number)
  );
}

/** The cheapest way inward from a tile at level a, if it stays below the limit. */
export function bestEntry(
  plan: OpenPlan,
  values: Values,
  a: number,
  tile: Indices,
  limit: number,
): { readonly value: number; readonly entry: Entry | null } {
  const table = values.table[a + 1] as Float64Array;
  let value = limit;
  let entry: Entry | null = null;
  const total = (way: Way): number => costOf(plan, values, a, tile, way) + (table[way.at] as number);
  everyWay(
    plan,
    a,
    tile,
    (way) => {
      const cost = total(way);
      if (cost >= value) return;
      value = cost;
      entry = entryOf(plan, way);
    },
    (way) => total(way) < value,
  );
  return { value: entry === null ? Number.POSITIVE_INFINITY : value, entry };
}

export function entryOf({ lattice }: OpenPlan, { first, second, reached, index }: Way): Entry {
  const size = (dim: Dim, i: number): number => lattice[dim].divisors[i] as number;
  return {
    first,
    second,
    reach: size(second, reached),
    tile: [size(0, index[0]), size(1, index[1]), size(2, index[2])],
    index: [...index],
  };
}

/** The outermost entry and, inside it, the cheapest ones. */
export function descend(plan: OpenPlan, values: Values, outermost: Entry): Entry[] {
  const entries = [outermost];
  let { index } = outermost;
  for (let a = 1; a < plan.machine.levels - 1; a += 1) {
    const { entry } = bestEntry(plan, values, a, index, Number.POSITIVE_INFINITY);
    if (entry === null) break;
    entries.push(entry);
    ({ index } = entry);
  }
  return entries;
}

/** [level * 3 + dim]: the temporal extent of the dim over which the operand that misses it stays in the level. */
export function fillReach(plan: OpenPlan, entries: readonly Entry[], reach: Float64Array): void {
  const [m, n, k] = plan.lattice;
  let outer: Entry['tile'] = [m.extent, n.extent, k.extent];
  entries.forEach(({ first, second, reach: reached, tile }, i) => {
    for (const d of dims) reach[(i + 1) * 3 + d] = d === first ? outer[d] : d === second ? reached : tile[d];
    outer = tile;
  });
}

export const loadOf = ({ weight }: Values, reach: Float64Array): number => {
  let sum = 0;
  for (let i = 3; i < weight.length; i += 1)
    if (weight[i] !== 0) sum += (weight[i] as number) / (reach[i] as number);
  return sum;
};

/** At least what the tally of the placed plan must be: every level chooses for itself, the third operand's tile is one word. */
export function boundRelaxed(plan: OpenPlan, values: Values): number {
  const { machine, lattice } = plan;
  const { levels, depth } = machine;
  const { weight } = values;
  const unit = new Float64Array(3);
  let sum = values.fixed;
  for (let l = 1; l < levels; l += 1) {
    const room = depth[l] as number;
    tileUnits(plan, l, unit);
    const w = (d: number): number => weight[l * 3 + d] as number;
    const u = (d: number): number => unit[d] as number;
    if (u(0) + u(1) + u(2) > room) return Number.POSITIVE_INFINITY;
    let least = Number.POSITIVE_INFINITY;
    for (const first of dims) {
      const [e, f] = others[first];
      const whole = w(first) / lattice[first].extent;
      if (room === Number.POSITIVE_INFINITY) {
        least = whole + w(e) / lattice[e].extent + w(f) / lattice[f].extent;
        break;
      }
      // The operand that misses e has dims `first` and f, the one that misses f has `first` and e.
      const all = leastOfTwo(lattice[e], lattice[f], w(e), w(f), 0, u(e), u(first), room - u(f));
      const other = leastOfTwo(lattice[e], lattice[f], w(e), w(f), u(f), 0, u(first), room - u(e));
      least = Math.min(least, whole + Math.min(all, other));
    }
    sum += least;
  }
  return sum;
}
