/**
 * Where bandwidth binds: a plan's cheapest mapping overloads a port, and a dearer one may still win. Depth-first from
 * the outermost level in, with the energy tables as a perfect heuristic and the same programme over port loads as the
 * heuristic of the cycles. Only tiles that no larger fitting tile contains need be tried: a larger tile costs less of
 * everything.
 */
import { chainCycles } from './chain.ts';
import { wholeCycles } from './counts.ts';
import { boundPlan } from './frontier.ts';
import type { Frontier } from './frontier.ts';
import type { Goal, Standing } from './objective.ts';
import { weigh } from './open-plan.ts';
import { createChain, fillTable } from './programme.ts';
import type { OpenPlan, Values } from './open-plan.ts';
import type { Chain } from './programme.ts';

interface Branch {
  readonly level: number;
  readonly claim: number;
  readonly tile: readonly [number, number, number];
  readonly energy: number;
  readonly loads: Float64Array;
  readonly bound: number;
  readonly cycles: number;
  readonly key: number;
}

/**
 * Improves `standing` by every mapping of the open plan that beats it; the energy's tables of level 2 and inwards must be filled.
 * After `mostSteps` steps it gives up and returns false.
 * `floor` = cycles that every mapping of the plan needs; `loaded` = the chain that overloads a port.
 */
export function searchPorts(
  plan: OpenPlan,
  frontier: Frontier,
  goal: Goal,
  standing: Standing,
  floor: number,
  loaded: Chain,
  leastEnergy: number,
  mostSteps: number,
  keep: (chain: Chain) => void,
): boolean {
  const { machine } = plan;
  const { levels } = machine;
  const [iterations] = machine.iterations;
  const reach = new Float64Array(levels * 3);
  const bound: Values[] = [];
  let least = floor;
  machine.ports.forEach((tally, p) => {
    const values = plan.ports[p];
    if (values === undefined) return;
    weigh(plan, values, tally);
    if (wholeCycles(values.fixed + chainTally(plan, values, loaded), iterations) <= floor) return;
    let load = 0;
    for (let a = levels - 1; a >= 1; a -= 1) {
      fillTable(plan, values, a);
      load = boundPlan(plan, frontier, values, a);
    }
    least = Math.max(least, wholeCycles(load, iterations));
    bound.push(values);
  });
  const beats = (energy: number, cycles: number): boolean =>
    goal.beats(energy, cycles, standing.energyPj, standing.cycles);
  if (!beats(leastEnergy, least)) return true;
  if (levels > 2) fillTable(plan, plan.energy, 1);

  let stepsLeft = mostSteps;
  let complete = true;
  const chain = createChain(levels);
  const [m, n, k] = plan.lattice;
  const nN = n.count;
  const nK = k.count;

  const visit = (
    a: number,
    tile: readonly [number, number, number],
    energy: number,
    loads: Float64Array,
  ): void => {
    stepsLeft -= 1;
    const branches: Branch[] = [];
    const [im, jn, kk] = tile;
    const depth = chain.length;
    for (let b = a + 1; b < levels; b += 1) {
      const fits = plan.box[b] as Int32Array;
      const at = (a * (levels + 1) + b) * 3;
      const { span, table } = plan.energy;
      const inner = table[b] as Float64Array;
      for (let p = m.belowStart[im] as number; p < (m.belowStart[im + 1] as number); p += 1) {
        const xm = m.below[p] as number;
        for (let q = n.belowStart[jn] as number; q < (n.belowStart[jn + 1] as number); q += 1) {
          const xn = n.below[q] as number;
          const row = xm * nN + xn;
          const end = fits[row] as number;
          if (end === 0) break;
          for (let r = k.belowStart[kk] as number; r < (k.belowStart[kk + 1] as number); r += 1) {
            const xk = k.below[r] as number;
            if (xk >= end) break;
            if (!isMaximal(plan, fits, im, jn, kk, xm, xn, xk)) continue;
            const v = inner[row * nK + xk] as number;
            for (let claim = 0; claim < 3; claim += 1) {
              const gM = m.inverse[claim === 0 ? im : xm] as number;
              const gN = n.inverse[claim === 1 ? jn : xn] as number;
              const gK = k.inverse[claim === 2 ? kk : xk] as number;
              const spent =
                energy +
                (span[at] as number) * gM +
                (span[at + 1] as number) * gN +
                (span[at + 2] as number) * gK;
              const atLeast = spent + v;
              if (!beats(atLeast, least)) continue;
              let cycles = least;
              const after = new Float64Array(bound.length);
              for (let i = 0; i < bound.length; i += 1) {
                const port = bound[i] as Values;
                const load =
                  (loads[i] as number) +
                  (port.span[at] as number) * gM +
                  (port.span[at + 1] as number) * gN +
                  (port.span[at + 2] as number) * gK;
                after[i] = load;
                const needed = wholeCycles(
                  load + ((port.table[b] as Float64Array)[row * nK + xk] as number),
                  iterations,
                );
                if (needed > cycles) cycles = needed;
              }
              if (!beats(atLeast, cycles)) continue;
              branches.push({
                level: b,
                claim,
                tile: [xm, xn, xk],
                energy: spent,
                loads: after,
                bound: atLeast,
                cycles,
                key: goal.key(atLeast, cycles),
              });
            }
          }
        }
      }
    }
    branches.sort((x, y) => x.key - y.key || goal.tie(x.bound, x.cycles) - goal.tie(y.bound, y.cycles));
    for (const branch of branches) {
      if (!beats(branch.bound, branch.cycles)) continue;
      if (stepsLeft <= 0) {
        complete = false;
        break;
      }
      chain.length = depth + 1;
      chain.level[depth] = a;
      chain.claim[depth] = branch.claim;
      chain.tile.set(branch.tile, depth * 3);
      if (branch.level < levels - 1) {
        visit(branch.level, branch.tile, branch.energy, branch.loads);
        continue;
      }
      const cycles = chainCycles(plan, chain, reach);
      if (!beats(branch.energy, cycles)) continue;
      standing.energyPj = branch.energy;
      standing.cycles = cycles;
      keep(chain);
    }
    chain.length = depth;
  };

  visit(
    0,
    [m.count - 1, n.count - 1, k.count - 1],
    plan.energy.fixed,
    Float64Array.from(bound, (values) => values.fixed),
  );
  return complete;
}

/** Whether no other divisor of tile (im, jn, kk) that fits contains (xm, xn, xk). */
function isMaximal(
  plan: OpenPlan,
  fits: Int32Array,
  im: number,
  jn: number,
  kk: number,
  xm: number,
  xn: number,
  xk: number,
): boolean {
  const [m, n, k] = plan.lattice;
  const nN = n.count;
  const end = fits[xm * nN + xn] as number;
  for (let e = k.upperStart[xk] as number; e < (k.upperStart[xk + 1] as number); e += 1) {
    const up = k.upper[e] as number;
    if (up < end && (k.divisors[kk] as number) % (k.divisors[up] as number) === 0) return false;
  }
  for (let e = n.upperStart[xn] as number; e < (n.upperStart[xn + 1] as number); e += 1) {
    const up = n.upper[e] as number;
    if ((fits[xm * nN + up] as number) > xk && (n.divisors[jn] as number) % (n.divisors[up] as number) === 0)
      return false;
  }
  for (let e = m.upperStart[xm] as number; e < (m.upperStart[xm + 1] as number); e += 1) {
    const up = m.upper[e] as number;
    if ((fits[up * nN + xn] as number) > xk && (m.divisors[im] as number) % (m.divisors[up] as number) === 0)
      return false;
  }
  return true;
}

/** The tally of a chain, without `fixed`. */
function chainTally(plan: OpenPlan, values: Values, chain: Chain): number {
  const { levels } = plan.machine;
  let sum = 0;
  for (let i = 0; i < chain.length; i += 1) {
    const a = chain.level[i] as number;
    const b = i + 1 < chain.length ? (chain.level[i + 1] as number) : levels - 1;
    for (let d = 0; d < 3; d += 1) {
      const lattice = plan.lattice[d as 0 | 1 | 2];
      const inner = chain.tile[i * 3 + d] as number;
      const outer = i === 0 ? lattice.count - 1 : (chain.tile[(i - 1) * 3 + d] as number);
      const index = chain.claim[i] === d ? outer : inner;
      sum += (values.span[(a * (levels + 1) + b) * 3 + d] as number) * (lattice.inverse[index] as number);
    }
  }
  return sum;
}
