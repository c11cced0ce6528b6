/**
 * Lower bounds of an open plan from the largest tiles of each level: those that fit and divide no other that fits.
 * Forgetting that the tiles of one mapping must divide each other, the best over them per level and claimed dim, from
 * the innermost level out, costs a few thousand additions; tables that are already filled sharpen it. What lies inside a
 * level is at least what it would cost if every level there reached as far as this one's tile.
 */
import type { OpenPlan, Values } from './open-plan.ts';

/** The largest tiles of each level of an open plan. */
export interface Frontier {
  /** [level]: how many. */
  readonly count: Int32Array;
  /** [level][3 * point + dim]: 1 / temporal tile. */
  readonly inverse: Float64Array[];
  /** [level][3 * point + dim]: index of the temporal tile. */
  readonly tile: Int32Array[];
  /** [level][point]: at least what everything inside the level must cost, as of the last bound. */
  readonly inside: Float64Array[];
  /** [(a * levels + b) * 3 + claim]: at least the levels inside a, without the claimed dim's share of a+1..b. */
  readonly rest: Float64Array;
  /** [point of level 1]: scratch of the plan's solution. */
  solved: Uint8Array;
}

export const createFrontier = (levels: number): Frontier => ({
  count: new Int32Array(levels),
  inverse: Array.from({ length: levels }, () => new Float64Array(64 * 3)),
  tile: Array.from({ length: levels }, () => new Int32Array(64 * 3)),
  inside: Array.from({ length: levels }, () => new Float64Array(64)),
  rest: new Float64Array(levels * levels * 3),
  solved: new Uint8Array(64),
});

/** Collects the largest tiles of every level inside the outermost. */
export function findFrontier(plan: OpenPlan, frontier: Frontier): void {
  const [m, n, k] = plan.lattice;
  const nN = n.count;
  const { levels } = plan.machine;
  for (let b = 1; b < levels; b += 1) {
    const fits = plan.box[b] as Int32Array;
    let inverse = frontier.inverse[b] as Float64Array;
    let tile = frontier.tile[b] as Int32Array;
    let room = inverse.length;
    let count = 0;
    for (let im = 0; im < m.count; im += 1) {
      if (fits[im * nN] === 0) break;
      for (let jn = 0; jn < nN; jn += 1) {
        const end = fits[im * nN + jn] as number;
        if (end === 0) break;
        next: for (let p = k.peaksStart[end] as number; p < (k.peaksStart[end + 1] as number); p += 1) {
          const x = k.peaks[p] as number;
          for (let e = n.upperStart[jn] as number; e < (n.upperStart[jn + 1] as number); e += 1) {
            if ((fits[im * nN + (n.upper[e] as number)] as number) > x) continue next;
          }
          for (let e = m.upperStart[im] as number; e < (m.upperStart[im + 1] as number); e += 1) {
            if ((fits[(m.upper[e] as number) * nN + jn] as number) > x) continue next;
          }
          if (count * 3 === room) {
            room *= 2;
            const grown = new Float64Array(room);
            grown.set(inverse);
            frontier.inverse[b] = inverse = grown;
            const grownTile = new Int32Array(room);
            grownTile.set(tile);
            frontier.tile[b] = tile = grownTile;
            frontier.inside[b] = new Float64Array(room / 3);
          }
          tile[count * 3] = im;
          tile[count * 3 + 1] = jn;
          tile[count * 3 + 2] = x;
          inverse[count * 3] = m.inverse[im] as number;
          inverse[count * 3 + 1] = n.inverse[jn] as number;
          inverse[count * 3 + 2] = k.inverse[x] as number;
          count += 1;
        }
      }
    }
    frontier.count[b] = count;
  }
  const points = frontier.count[1] ?? 0;
  if (frontier.solved.length < points) frontier.solved = new Uint8Array(points * 2);
}

/**
 * At least what the tally of the open plan must be, `fixed` included; the tables from level `filled` inwards count as they
 * are. With `filled` < levels - 1 the last bound, made with the tables inside `filled`, is taken up.
 */
export function boundPlan(plan: OpenPlan, frontier: Frontier, values: Values, filled: number): number {
  const { levels } = plan.machine;
  for (let b = Math.min(filled, levels - 1); b >= 1; b -= 1) {
    if (b >= filled) readInside(plan, frontier, values, b);
    else boundInside(plan, frontier, values, b);
    for (let a = 0; a < b; a += 1) restOf(plan, frontier, values, a, b);
  }
  return leastOutermost(plan, frontier, values);
}

function leastOutermost(plan: OpenPlan, frontier: Frontier, values: Values): number {
  const { levels } = plan.machine;
  const { span } = values;
  const { rest } = frontier;
  const [m, n, k] = plan.lattice;
  let least = levels === 1 ? 0 : Number.POSITIVE_INFINITY;
  for (let b = 1; b < levels; b += 1) {
    const at = b * 3;
    const viaM = (span[at] as number) / m.extent + (rest[at] as number);
    const viaN = (span[at + 1] as number) / n.extent + (rest[at + 1] as number);
    const viaK = (span[at + 2] as number) / k.extent + (rest[at + 2] as number);
    least = Math.min(least, viaM, viaN, viaK);
  }
  return values.fixed + least;
}

/**
 * A sharper bound without any table: the largest tiles of two levels are taken together, the inner one cut to the outer
 * one. It costs the product of their numbers.
 */
export function boundNested(plan: OpenPlan, frontier: Frontier, values: Values): number {
  const { levels } = plan.machine;
  for (let b = levels - 1; b >= 1; b -= 1) {
    if (b === levels - 1) readInside(plan, frontier, values, b);
    else nestInside(plan, frontier, values, b);
    restOf(plan, frontier, values, 0, b);
  }
  return leastOutermost(plan, frontier, values);
}

/** How many pairs of tiles `boundNested` takes together. */
export function pairsOf(frontier: Frontier, levels: number): number {
  let pairs = 0;
  let inner = 0;
  for (let b = levels - 1; b >= 1; b -= 1) {
    pairs += (frontier.count[b] as number) * inner;
    inner += frontier.count[b] as number;
  }
  return pairs;
}

/** At least what lies inside level b, every largest tile of it paired with those of the levels inside it. */
function nestInside(plan: OpenPlan, frontier: Frontier, values: Values, b: number): void {
  const { levels } = plan.machine;
  const { span } = values;
  const count = frontier.count[b] as number;
  const inverse = frontier.inverse[b] as Float64Array;
  const inside = frontier.inside[b] as Float64Array;
  for (let i = 0; i < count; i += 1) {
    const m = inverse[i * 3] as number;
    const n = inverse[i * 3 + 1] as number;
    const k = inverse[i * 3 + 2] as number;
    let least = Number.POSITIVE_INFINITY;
    for (let c = b + 1; c < levels; c += 1) {
      const at = (b * (levels + 1) + c) * 3;
      const cM = span[at] as number;
      const cN = span[at + 1] as number;
      const cK = span[at + 2] as number;
      const innerInverse = frontier.inverse[c] as Float64Array;
      const innerInside = frontier.inside[c] as Float64Array;
      const innerCount = frontier.count[c] as number;
      for (let j = 0; j < innerCount; j += 1) {
        const more = innerInside[j] as number;
        if (more >= least) continue;
        const innerM = innerInverse[j * 3] as number;
        const innerN = innerInverse[j * 3 + 1] as number;
        const innerK = innerInverse[j * 3 + 2] as number;
        const gainM = innerM > m ? cM * (innerM - m) : 0;
        const gainN = innerN > n ? cN * (innerN - n) : 0;
        const gainK = innerK > k ? cK * (innerK - k) : 0;
        const gain = gainM > gainN ? (gainM > gainK ? gainM : gainK) : gainN > gainK ? gainN : gainK;
        // Nothing claimed, less the largest gain of a claim.
        const value = cM * m + cN * n + cK * k + gainM + gainN + gainK - gain + more;
        if (value < least) least = value;
      }
    }
    inside[i] = least;
  }
}

/** What lies inside level b, from its table. */
function readInside(plan: OpenPlan, frontier: Frontier, values: Values, b: number): void {
  const count = frontier.count[b] as number;
  const inside = frontier.inside[b] as Float64Array;
  if (b === plan.machine.levels - 1) {
    inside.fill(0, 0, count);
    return;
  }
  const tile = frontier.tile[b] as Int32Array;
  const table = values.table[b] as Float64Array;
  const [, n, k] = plan.lattice;
  for (let i = 0; i < count; i += 1) {
    const row = (tile[i * 3] as number) * n.count + (tile[i * 3 + 1] as number);
    inside[i] = table[row * k.count + (tile[i * 3 + 2] as number)] as number;
  }
}

/** At least what lies inside level b, from the levels inside it. */
function boundInside(plan: OpenPlan, frontier: Frontier, values: Values, b: number): void {
  const { levels } = plan.machine;
  const { span } = values;
  const { rest } = frontier;
  const count = frontier.count[b] as number;
  const inverse = frontier.inverse[b] as Float64Array;
  const inside = frontier.inside[b] as Float64Array;
  const all = (b * (levels + 1) + levels - 1) * 3;
  const allM = span[all] as number;
  const allN = span[all + 1] as number;
  const allK = span[all + 2] as number;
  for (let i = 0; i < count; i += 1) {
    const m = inverse[i * 3] as number;
    const n = inverse[i * 3 + 1] as number;
    const k = inverse[i * 3 + 2] as number;
    let least = Number.POSITIVE_INFINITY;
    for (let c = b + 1; c < levels; c += 1) {
      const at = (b * (levels + 1) + c) * 3;
      const to = (b * levels + c) * 3;
      const viaM = (span[at] as number) * m + (rest[to] as number);
      const viaN = (span[at + 1] as number) * n + (rest[to + 1] as number);
      const viaK = (span[at + 2] as number) * k + (rest[to + 2] as number);
      if (viaM < least) least = viaM;
      if (viaN < least) least = viaN;
      if (viaK < least) least = viaK;
    }
    // Nothing inside reaches beyond this tile.
    const within = allM * m + allN * n + allK * k;
    inside[i] = least > within ? least : within;
  }
}

function restOf(plan: OpenPlan, frontier: Frontier, values: Values, a: number, b: number): void {
  const { levels } = plan.machine;
  const count = frontier.count[b] as number;
  const inverse = frontier.inverse[b] as Float64Array;
  const inside = frontier.inside[b] as Float64Array;
  const at = (a * (levels + 1) + b) * 3;
  const cM = values.span[at] as number;
  const cN = values.span[at + 1] as number;
  const cK = values.span[at + 2] as number;
  let restM = Number.POSITIVE_INFINITY;
  let restN = Number.POSITIVE_INFINITY;
  let restK = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i += 1) {
    const m = cM * (inverse[i * 3] as number);
    const n = cN * (inverse[i * 3 + 1] as number);
    const k = cK * (inverse[i * 3 + 2] as number);
    const more = inside[i] as number;
    if (n + k + more < restM) restM = n + k + more;
    if (m + k + more < restN) restN = m + k + more;
    if (m + n + more < restK) restK = m + n + more;
  }
  const to = (a * levels + b) * 3;
  frontier.rest[to] = restM;
  frontier.rest[to + 1] = restN;
  frontier.rest[to + 2] = restK;
}
