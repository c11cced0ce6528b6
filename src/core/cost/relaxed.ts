/**
 * Lower bounds of a placed plan without its tables: they cost a hundredth and a tenth of opening the plan.
 * `boundRelaxed`: every level chooses its best tile and its claim for itself, whatever the others do. With one dim claimed
 * the tile of the other two is a walk along the edge of what the level holds.
 * `mayStayBelow`: the outermost tile ties the levels together. Only the dim claimed on the way to the first level with loops
 * reaches beyond that level's tile, and nothing inside the level reaches beyond the tile at all; so some tile and one claim
 * must be cheap enough for every level at once.
 */
import { leastOfTwo } from './lattice.ts';
import type { OpenPlan, Values } from './open-plan.ts';

/** What the bounds share about the placed plan; one object for all plans. */
export interface Outline {
  /** [level * 3 + operand]: words of the level per word of the operand's temporal tile. */
  readonly words: Float64Array;
  /** [level * 3 + claim]: at least what the level costs without the share of the claimed dim. */
  readonly rest: Float64Array;
  /** [level * 3 + dim]: the weights of this level and those outside it. */
  readonly until: Float64Array;
  /** [level]: how many divisors of K fit the level. */
  readonly fits: Int32Array;
}

export const createOutline = (levels: number): Outline => ({
  words: new Float64Array(levels * 3),
  rest: new Float64Array(levels * 3),
  until: new Float64Array(levels * 3),
  fits: new Int32Array(levels),
});

/** At least what the tally of the placed plan must be, `fixed` included; Infinity when a level cannot hold any tile. */
export function boundRelaxed(plan: OpenPlan, values: Values, outline: Outline): number {
  const { machine, above, lattice } = plan;
  const { levels, depth, takes } = machine;
  const { weight } = values;
  const { words, rest } = outline;
  const [m, n, k] = lattice;
  const bottom = levels * 4;
  let sum = values.fixed;
  for (let l = 1; l < levels; l += 1) {
    const cM = weight[l * 3] as number;
    const cN = weight[l * 3 + 1] as number;
    const cK = weight[l * 3 + 2] as number;
    const room = depth[l] as number;
    const wholeM = cM / m.extent;
    const wholeN = cN / n.extent;
    const wholeK = cK / k.extent;
    const at = l * 4;
    const batch = (above[bottom + 3] as number) / (above[at + 3] as number);
    const insideM = (above[bottom] as number) / (above[at] as number);
    const insideN = (above[bottom + 1] as number) / (above[at + 1] as number);
    const insideK = (above[bottom + 2] as number) / (above[at + 2] as number);
    const w = (takes[l * 3] as number) * batch * insideN * insideK;
    const i = (takes[l * 3 + 1] as number) * batch * insideM * insideK;
    const o = (takes[l * 3 + 2] as number) * batch * insideM * insideN;
    if (w + i + o > room) return Number.POSITIVE_INFINITY;
    const bounded = room !== Number.POSITIVE_INFINITY;
    const restM = bounded ? leastOfTwo(n, k, cN, cK, o, i, w, room) : wholeN + wholeK;
    const restN = bounded ? leastOfTwo(m, k, cM, cK, o, w, i, room) : wholeM + wholeK;
    const restK = bounded ? leastOfTwo(m, n, cM, cN, i, w, o, room) : wholeM + wholeN;
    words[l * 3] = w;
    words[l * 3 + 1] = i;
    words[l * 3 + 2] = o;
    rest[l * 3] = restM;
    rest[l * 3 + 1] = restN;
    rest[l * 3 + 2] = restK;
    const viaM = wholeM + restM;
    const viaN = wholeN + restN;
    const viaK = wholeK + restK;
    sum += viaM < viaN ? (viaM < viaK ? viaM : viaK) : viaN < viaK ? viaN : viaK;
  }
  return sum;
}

/** Whether the placed plan may have a mapping whose tally is below `limit`; `outline` is that of `boundRelaxed`. */
export function mayStayBelow(plan: OpenPlan, values: Values, outline: Outline, limit: number): boolean {
  const { machine, lattice } = plan;
  const { levels, depth } = machine;
  const [m, n, k] = lattice;
  const { words, until, fits } = outline;
  const { weight } = values;
  const most = limit - values.fixed;
  if (levels === 1) return most > 0;
  until.fill(0, 0, 3);
  for (let at = 3; at < levels * 3; at += 1) until[at] = (until[at - 3] as number) + (weight[at] as number);
  const last = (levels - 1) * 3;
  const allM = until[last] as number;
  const allN = until[last + 1] as number;
  const allK = until[last + 2] as number;
  const wholeM = 1 / m.extent;
  const wholeN = 1 / n.extent;
  const wholeK = 1 / k.extent;
  for (let im = m.count - 1; im >= 0; im -= 1) {
    const tm = m.divisors[im] as number;
    const byM = m.inverse[im] as number;
    const gainM = byM - wholeM;
    fits.fill(0);
    for (let jn = n.count - 1; jn >= 0; jn -= 1) {
      const tn = n.divisors[jn] as number;
      const byN = n.inverse[jn] as number;
      const gainN = byN - wholeN;
      const mostGain = allM * gainM > allN * gainN ? allM * gainM : allN * gainN;
      // Even with the whole of K.
      if (allM * byM + allN * byN + allK * wholeK - mostGain >= most) break;
      let room = k.count;
      for (let b = 1; b < levels; b += 1) {
        const at = b * 3;
        const held = (words[at + 2] as number) * tm * tn;
        const perK = (words[at] as number) * tn + (words[at + 1] as number) * tm;
        const free = depth[b] as number;
        let fit = fits[b] as number;
        while (fit < k.count && held + perK * (k.divisors[fit] as number) <= free) fit += 1;
        fits[b] = fit;
        if (fit < room) room = fit;
        if (room === 0) break;
        const byK = k.inverse[room - 1] as number;
        const gain = Math.max(
          (until[at] as number) * gainM,
          (until[at + 1] as number) * gainN,
          (until[at + 2] as number) * (byK - wholeK),
        );
        if (allM * byM + allN * byN + allK * byK - gain >= most) continue;
        const outside =
          (until[at] as number) * byM + (until[at + 1] as number) * byN + (until[at + 2] as number) * byK;
        if (outside - gain + boundInside(values, outline, b, byM, byN, byK, levels) < most) return true;
      }
    }
  }
  return false;
}

/** At least what the levels inside b cost when nothing there reaches beyond a tile (given by its inverses). */
function boundInside(
  { weight }: Values,
  { rest }: Outline,
  b: number,
  byM: number,
  byN: number,
  byK: number,
  levels: number,
): number {
  let sum = 0;
  for (let l = b + 1; l < levels; l += 1) {
    const M = (weight[l * 3] as number) * byM;
    const N = (weight[l * 3 + 1] as number) * byN;
    const K = (weight[l * 3 + 2] as number) * byK;
    const viaM = M + (rest[l * 3] as number);
    const viaN = N + (rest[l * 3 + 1] as number);
    const viaK = K + (rest[l * 3 + 2] as number);
    const via = viaM < viaN ? (viaM < viaK ? viaM : viaK) : viaN < viaK ? viaN : viaK;
    sum += via > M + N + K ? via : M + N + K;
  }
  return sum;
}
