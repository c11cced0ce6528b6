/**
 * A lower bound of an open plan without any table. Per level only the largest tiles matter: those that fit and divide no
 * other that fits. Forgetting that tiles must divide each other, the best over them per level and claimed dim, from the
 * innermost level out, costs a few thousand additions and is mostly within a percent of the optimum.
 */
import type { OpenPlan, Values } from './programme.ts';

/** The largest tiles of each level of an open plan. */
export interface Frontier {
  /** [level]: how many. */
  readonly count: Int32Array;
  /** [level][3 * point + dim]: 1 / temporal tile. */
  readonly inverse: Float64Array[];
  /** [level][point]: scratch of `boundPlan`, at least what everything inside the level must cost. */
  readonly inside: Float64Array[];
  /** Scratch: [(a * levels + b) * 3 + claim]. */
  readonly rest: Float64Array;
}

export const createFrontier = (levels: number): Frontier => ({
  count: new Int32Array(levels),
  inverse: Array.from({ length: levels }, () => new Float64Array(64 * 3)),
  inside: Array.from({ length: levels }, () => new Float64Array(64)),
  rest: new Float64Array(levels * levels * 3),
});

/** Collects the largest tiles of every level inside the outermost. */
export function findFrontier(plan: OpenPlan, frontier: Frontier): void {
  const [m, n, k] = plan.lattice;
  const nN = n.count;
  const { levels } = plan.machine;
  for (let b = 1; b < levels; b += 1) {
    const fits = plan.box[b] as Int32Array;
    let inverse = frontier.inverse[b] as Float64Array;
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
            frontier.inside[b] = new Float64Array(room / 3);
          }
          inverse[count * 3] = m.inverse[im] as number;
          inverse[count * 3 + 1] = n.inverse[jn] as number;
          inverse[count * 3 + 2] = k.inverse[x] as number;
          count += 1;
        }
      }
    }
    frontier.count[b] = count;
  }
}

/** At least what the tally of the open plan must be, `fixed` included. */
export function boundPlan(plan: OpenPlan, frontier: Frontier, values: Values): number {
  const { levels } = plan.machine;
  const { span } = values;
  const { rest } = frontier;
  const width = levels + 1;
  for (let b = levels - 1; b >= 1; b -= 1) {
    const count = frontier.count[b] as number;
    const inverse = frontier.inverse[b] as Float64Array;
    const inside = frontier.inside[b] as Float64Array;
    if (b === levels - 1) inside.fill(0, 0, count);
    else {
      for (let i = 0; i < count; i += 1) {
        const m = inverse[i * 3] as number;
        const n = inverse[i * 3 + 1] as number;
        const k = inverse[i * 3 + 2] as number;
        let least = Number.POSITIVE_INFINITY;
        for (let c = b + 1; c < levels; c += 1) {
          const at = (b * width + c) * 3;
          const to = (b * levels + c) * 3;
          const viaM = (span[at] as number) * m + (rest[to] as number);
          const viaN = (span[at + 1] as number) * n + (rest[to + 1] as number);
          const viaK = (span[at + 2] as number) * k + (rest[to + 2] as number);
          if (viaM < least) least = viaM;
          if (viaN < least) least = viaN;
          if (viaK < least) least = viaK;
        }
        inside[i] = least;
      }
    }
    for (let a = 0; a < b; a += 1) {
      const at = (a * width + b) * 3;
      const cM = span[at] as number;
      const cN = span[at + 1] as number;
      const cK = span[at + 2] as number;
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
      rest[to] = restM;
      rest[to + 1] = restN;
      rest[to + 2] = restK;
    }
  }
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
