/**
 * The exact temporal mapping of one plan (spatial factors given): a dynamic programme on the lattice of tiles.
 *
 * A tile here is the triple of *temporal* factors of M, N and K at a level and below. Loop orders collapse: only the
 * innermost dim c of a level with loops matters, and only the operand that misses c gains, its reach becoming the tile
 * before that level's loops; runs cross only empty levels. So with `V_a[A]` = least tally of everything inside level a,
 * whose tile including its own loops is A,
 *   V_a[A] = min over next non-empty level b > a and claimed dim c of  C[c] / A[c]
 *            + min over A' dividing A, fitting levels a+1..b of  sum over d != c of C[d] / A'[d] + V_b[A'],
 * C = summed edge coefficients of the levels a+1..b. The inner term falls as A' grows, so where A itself fits the minimum
 * is there, and elsewhere it spreads from the divisors A / p. Claiming a dim whose loop has bound 1 costs no less than the
 * truth, so the minimum needs no side conditions.
 */
import { openTable, type OpenPlan, type Step, type Values } from './open-plan.ts';

/** A chain of tiles: entry i stands for one level with loops, its innermost dim, and the tile inside its loops. */
export interface Chain {
  length: number;
  /** Level of entry i; entry 0 is level 0. */
  readonly level: Int32Array;
  /** Claimed dim of entry i. */
  readonly claim: Int32Array;
  /** [entry * 3 + dim]: index of the tile inside the loops of entry i (= the tile at the next entry's level). */
  readonly tile: Int32Array;
}

export const createChain = (levels: number): Chain => ({
  length: 0,
  level: new Int32Array(levels),
  claim: new Int32Array(levels),
  tile: new Int32Array(levels * 3),
});
/** Fills the table of level a; those of all levels inside it must be filled. */
export function fillTable(plan: OpenPlan, values: Values, a: number): void {
  if (openTable(plan, values, a)) return;
  const { levels } = plan.machine;
  const { span } = values;
  const at = a * (levels + 1);
  for (let claim = 0; claim < 3; claim += 1) {
    let first = a + 1;
    while (first < levels) {
      const gain = span[(at + first) * 3 + claim] as number;
      let last = first;
      while (last + 1 < levels && span[(at + last + 1) * 3 + claim] === gain) last += 1;
      if (gain > 0) spreadClaim(plan, values, a, claim, first, last);
      else if (claim === 0) {
        // Levels that no words enter: nothing to claim, nothing to pay.
        let free = last;
        while (free >= first && !isFree(span, at + free)) free -= 1;
        if (free >= first) spreadClaim(plan, values, a, claim, first, free);
      }
      first = last + 1;
    }
  }
}

const isFree = (span: Float64Array, at: number): boolean =>
  span[at * 3] === 0 && span[at * 3 + 1] === 0 && span[at * 3 + 2] === 0;

/** Lowers table a by the choices (b in first..last, claim), for which the claimed dim costs the same. */
function spreadClaim(
  plan: OpenPlan,
  values: Values,
  a: number,
  claim: number,
  first: number,
  last: number,
): void {
  const [m, n, k] = plan.lattice;
  const nN = n.count;
  const nK = k.count;
  const { box, spread } = plan;
  const { span } = values;
  const at = a * (plan.machine.levels + 1);
  const table = values.table[a] as Float64Array;
  const outerBox = box[a] as Int32Array;
  const lastBox = box[last] as Int32Array;
  const gain = span[(at + first) * 3 + claim] as number;
  const claimedK = claim === 2 ? gain : 0;
  for (let im = 0; im < m.count; im += 1) {
    const reachM = claim === 0 ? gain * (m.inverse[im] as number) : 0;
    for (let jn = 0; jn < nN; jn += 1) {
      const row = im * nN + jn;
      const end = outerBox[row] as number;
      if (end === 0) break;
      const start = row * nK;
      const reach = claim === 1 ? gain * (n.inverse[jn] as number) : reachM;
      const known = lastBox[row] as number;
      for (let x = known; x < end; x += 1) spread[start + x] = Number.POSITIVE_INFINITY;
      for (let b = first; b <= last; b += 1) {
        const inner = values.table[b] as Float64Array;
        const fits = (box[b] as Int32Array)[row] as number;
        const cost =
          (claim === 0 ? 0 : (span[(at + b) * 3] as number) * (m.inverse[im] as number)) +
          (claim === 1 ? 0 : (span[(at + b) * 3 + 1] as number) * (n.inverse[jn] as number));
        const perK = claim === 2 ? 0 : (span[(at + b) * 3 + 2] as number);
        if (b === first) {
          for (let x = 0; x < fits; x += 1) {
            spread[start + x] = cost + perK * (k.inverse[x] as number) + (inner[start + x] as number);
          }
        } else {
          for (let x = 0; x < fits; x += 1) {
            const value = cost + perK * (k.inverse[x] as number) + (inner[start + x] as number);
            if (value < (spread[start + x] as number)) spread[start + x] = value;
          }
        }
      }
      if (known < end) {
        for (let e = m.lowerStart[im] as number; e < (m.lowerStart[im + 1] as number); e += 1) {
          const from = ((m.lower[e] as number) * nN + jn) * nK;
          for (let x = known; x < end; x += 1) {
            const value = spread[from + x] as number;
            if (value < (spread[start + x] as number)) spread[start + x] = value;
          }
        }
        for (let e = n.lowerStart[jn] as number; e < (n.lowerStart[jn + 1] as number); e += 1) {
          const from = (im * nN + (n.lower[e] as number)) * nK;
          for (let x = known; x < end; x += 1) {
            const value = spread[from + x] as number;
            if (value < (spread[start + x] as number)) spread[start + x] = value;
          }
        }
        for (let x = known; x < end; x += 1) {
          let least = spread[start + x] as number;
          for (let e = k.lowerStart[x] as number; e < (k.lowerStart[x + 1] as number); e += 1) {
            const value = spread[start + (k.lower[e] as number)] as number;
            if (value < least) least = value;
          }
          spread[start + x] = least;
        }
      }
      for (let x = 0; x < end; x += 1) {
        const value = (spread[start + x] as number) + reach + claimedK * (k.inverse[x] as number);
        if (value < (table[start + x] as number)) table[start + x] = value;
      }
    }
  }
}

/** The cheapest step inside level a at the tile of these indices, into `plan.step`; tables inside a must be filled. */
export function takeStep(
  plan: OpenPlan,
  values: Values,
  a: number,
  im: number,
  jn: number,
  kk: number,
): Step {
  const { levels } = plan.machine;
  const [m, n, k] = plan.lattice;
  const nN = n.count;
  const nK = k.count;
  const { span } = values;
  const { step } = plan;
  step.value = Number.POSITIVE_INFINITY;
  for (let b = a + 1; b < levels; b += 1) {
    const at = (a * (levels + 1) + b) * 3;
    const cM = span[at] as number;
    const cN = span[at + 1] as number;
    const cK = span[at + 2] as number;
    const wholeM = cM * (m.inverse[im] as number);
    const wholeN = cN * (n.inverse[jn] as number);
    const wholeK = cK * (k.inverse[kk] as number);
    const inner = values.table[b] as Float64Array;
    const fits = plan.box[b] as Int32Array;
    for (let p = m.belowStart[im] as number; p < (m.belowStart[im + 1] as number); p += 1) {
      const xm = m.below[p] as number;
      if (fits[xm * nN] === 0) break;
      const eM = cM * (m.inverse[xm] as number);
      for (let q = n.belowStart[jn] as number; q < (n.belowStart[jn + 1] as number); q += 1) {
        const xn = n.below[q] as number;
        const row = xm * nN + xn;
        const end = fits[row] as number;
        if (end === 0) break;
        const eN = cN * (n.inverse[xn] as number);
        const viaMn = wholeM + eN < eM + wholeN ? wholeM + eN : eM + wholeN;
        for (let r = k.belowStart[kk] as number; r < (k.belowStart[kk + 1] as number); r += 1) {
          const xk = k.below[r] as number;
          if (xk >= end) break;
          const outer = viaMn + cK * (k.inverse[xk] as number);
          const viaK = eM + eN + wholeK;
          const value = (viaK < outer ? viaK : outer) + (inner[row * nK + xk] as number);
          if (value >= step.value) continue;
          step.value = value;
          step.level = b;
          step.claim = viaK < outer ? 2 : wholeM + eN < eM + wholeN ? 0 : 1;
          step.m = xm;
          step.n = xn;
          step.k = xk;
        }
      }
    }
  }
  return step;
}

/** Appends to `chain` the cheapest completion inside level a at the tile of these indices. */
export function descend(
  plan: OpenPlan,
  values: Values,
  chain: Chain,
  a: number,
  im: number,
  jn: number,
  kk: number,
): void {
  let level = a;
  let [m, n, k] = [im, jn, kk];
  while (level < plan.machine.levels - 1) {
    const step = takeStep(plan, values, level, m, n, k);
    appendTo(chain, level, step.claim, step.m, step.n, step.k);
    ({ level, m, n, k } = step);
  }
}

export function appendTo(chain: Chain, level: number, claim: number, m: number, n: number, k: number): void {
  const entry = chain.length;
  chain.level[entry] = level;
  chain.claim[entry] = claim;
  chain.tile[entry * 3] = m;
  chain.tile[entry * 3 + 1] = n;
  chain.tile[entry * 3 + 2] = k;
  chain.length = entry + 1;
}
