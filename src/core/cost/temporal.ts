/**
 * The cheapest temporal mapping of an open plan, by ever sharper bounds: largest tiles only, then with the tables of one
 * more level at a time, then exactly. A plan that cannot win is dropped as soon as a bound shows it.
 */
import { boundNested, boundPlan, findFrontier, pairsOf } from './frontier.ts';
import type { Frontier } from './frontier.ts';
import { appendTo, descend, fillTable, takeStep } from './programme.ts';
import type { OpenPlan, Values } from './open-plan.ts';
import type { Chain } from './programme.ts';

/**
 * Writes the cheapest chain to `chain` and returns its tally, or Infinity when it does not stay below `limit`.
 * The tables of level 2 and inwards are then filled.
 */
export function solveTemporal(
  plan: OpenPlan,
  frontier: Frontier,
  values: Values,
  limit: number,
  chain: Chain,
): number {
  const { levels } = plan.machine;
  const [m, n, k] = plan.lattice;
  // Where the pairs are few the nested bound costs far less than the tables.
  if (pairsOf(frontier, levels) * 4 <= m.count * n.count * k.count) {
    if (!(boundNested(plan, frontier, values) * (1 - 1e-12) < limit)) return Number.POSITIVE_INFINITY;
  }
  for (let a = levels - 1; a >= Math.min(2, levels - 1); a -= 1) {
    fillTable(plan, values, a);
    if (!(boundPlan(plan, frontier, values, a) < limit)) return Number.POSITIVE_INFINITY;
  }
  return solveOutermost(plan, frontier, values, limit, chain);
}

/**
 * Level 1 has the most tiles, but few of them can be best: they are solved one by one, most promising first, until the
 * best is a solved one.
 */
function solveOutermost(
  plan: OpenPlan,
  frontier: Frontier,
  values: Values,
  limit: number,
  chain: Chain,
): number {
  const { levels } = plan.machine;
  const [m, n, k] = plan.lattice;
  chain.length = 0;
  if (levels === 1) return values.fixed;
  const solved = frontier.solved;
  solved.fill(levels === 2 ? 1 : 0, 0, frontier.count[1]);
  for (;;) {
    let best = limit - values.fixed;
    let level = -1;
    let point = 0;
    let claim = 0;
    for (let b = 1; b < levels; b += 1) {
      const cM = values.span[b * 3] as number;
      const cN = values.span[b * 3 + 1] as number;
      const cK = values.span[b * 3 + 2] as number;
      const wholeM = cM / m.extent;
      const wholeN = cN / n.extent;
      const wholeK = cK / k.extent;
      const inverse = frontier.inverse[b] as Float64Array;
      const inside = frontier.inside[b] as Float64Array;
      const count = frontier.count[b] as number;
      for (let i = 0; i < count; i += 1) {
        const eM = cM * (inverse[i * 3] as number);
        const eN = cN * (inverse[i * 3 + 1] as number);
        const eK = cK * (inverse[i * 3 + 2] as number);
        const viaM = wholeM + eN + eK;
        const viaN = eM + wholeN + eK;
        const viaK = eM + eN + wholeK;
        const outer = viaM < viaN ? (viaM < viaK ? viaM : viaK) : viaN < viaK ? viaN : viaK;
        const value = outer + (inside[i] as number);
        if (value >= best) continue;
        best = value;
        level = b;
        point = i;
        claim = outer === viaK ? 2 : outer === viaM ? 0 : 1;
      }
    }
    if (level < 0) return Number.POSITIVE_INFINITY;
    const tile = frontier.tile[level] as Int32Array;
    const im = tile[point * 3] as number;
    const jn = tile[point * 3 + 1] as number;
    const kk = tile[point * 3 + 2] as number;
    if (level > 1 || solved[point] === 1) {
      appendTo(chain, 0, claim, im, jn, kk);
      descend(plan, values, chain, level, im, jn, kk);
      return values.fixed + best;
    }
    (frontier.inside[1] as Float64Array)[point] = takeStep(plan, values, 1, im, jn, kk).value;
    solved[point] = 1;
  }
}

/** A first bound, without any table; the frontier is then found. */
export function boundTemporal(plan: OpenPlan, frontier: Frontier, values: Values): number {
  findFrontier(plan, frontier);
  return boundPlan(plan, frontier, values, plan.machine.levels - 1);
}
