/**
 * A lower bound of a placed plan without its tables: every level chooses its best tile and its claim for itself, whatever
 * the others do. With one dim claimed the tile of the other two is a walk along the edge of what the level holds, so this
 * costs a hundredth of opening the plan.
 */
import type { Lattice } from './lattice.ts';
import type { OpenPlan, Values } from './open-plan.ts';

/** At least what the tally of the placed plan must be, `fixed` included; Infinity when a level cannot hold any tile. */
export function boundRelaxed(plan: OpenPlan, values: Values): number {
  const { machine, above, lattice } = plan;
  const { levels, depth, takes } = machine;
  const { weight } = values;
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
    if (room === Number.POSITIVE_INFINITY) {
      sum += wholeM + wholeN + wholeK;
      continue;
    }
    const at = l * 4;
    const batch = (above[bottom + 3] as number) / (above[at + 3] as number);
    const insideM = (above[bottom] as number) / (above[at] as number);
    const insideN = (above[bottom + 1] as number) / (above[at + 1] as number);
    const insideK = (above[bottom + 2] as number) / (above[at + 2] as number);
    const w = (takes[l * 3] as number) * batch * insideN * insideK;
    const i = (takes[l * 3 + 1] as number) * batch * insideM * insideK;
    const o = (takes[l * 3 + 2] as number) * batch * insideM * insideN;
    if (w + i + o > room) return Number.POSITIVE_INFINITY;
    const viaM = wholeM + leastOfTwo(n, k, cN, cK, o, i, w, room);
    const viaN = wholeN + leastOfTwo(m, k, cM, cK, o, w, i, room);
    const viaK = wholeK + leastOfTwo(m, n, cM, cN, i, w, o, room);
    sum += viaM < viaN ? (viaM < viaK ? viaM : viaK) : viaN < viaK ? viaN : viaK;
  }
  return sum;
}

/** The least ca / a + cb / b over divisors a and b with perA a + perB b + perBoth a b <= room; 1 and 1 must fit. */
export function leastOfTwo(
  ofA: Lattice,
  ofB: Lattice,
  ca: number,
  cb: number,
  perA: number,
  perB: number,
  perBoth: number,
  room: number,
): number {
  if (ca === 0 && cb === 0) return 0;
  let j = ofB.count - 1;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ofA.count; i += 1) {
    const a = ofA.divisors[i] as number;
    const left = room - perA * a;
    const each = perB + perBoth * a;
    while (j >= 0 && each * (ofB.divisors[j] as number) > left) j -= 1;
    if (j < 0) break;
    const value = ca * (ofA.inverse[i] as number) + cb * (ofB.inverse[j] as number);
    if (value < least) least = value;
  }
  return least;
}
