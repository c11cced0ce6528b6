/**
 * What no mapping of a GEMM can be below, whatever its loops cover beyond the extents and whether that is counted (padded
 * extents) or left out (ragged tiles). Every index of a dim falls into one iteration of the loops that an operand comes in
 * by and one of those that it stays over, so x indices need at least x / (iterations that it stays over) comings: the rule of
 * perfect factors at the extents as they are, with factors that need not divide them. Spatial factors are tried, all of them
 * or in cells of neighbours; what tiles can make of each is bounded.
 */
import { wholeCycles } from './counts.ts';
import type { Gemm } from './mapping.ts';
import type { Goal } from './objective.ts';
import type { Extents } from './plans.ts';
import { enterFans, findShares, weighedTallies } from './ragged-shares.ts';
import type { Share, Weighed } from './ragged-shares.ts';
import { boundTied, boundTiles } from './ragged-tiles.ts';
import type { Spread } from './ragged-tiles.ts';
import type { MachineTables } from './tables.ts';

/** Choices of spatial factors that are entered, bounded, bounded sharply. What is left then counts by the bound it has. */
interface Effort {
  readonly nodes: number;
  readonly spreads: number;
  readonly tied: number;
}

/** `thorough`: some tenths of a second at most; `quick`: some tens of milliseconds, for what is looked at. */
export type BoundEffort = 'thorough' | 'quick';

const efforts: Readonly<Record<BoundEffort, Effort>> = {
  thorough: { nodes: 12_000_000, spreads: 40_000, tied: 1000 },
  quick: { nodes: 1_000_000, spreads: 5000, tied: 60 },
};

/** Below what key (`Goal.key`) no mapping of the GEMM is; at most `limit`, the key of a mapping that is known. */
export type RaggedBound = (gemm: Gemm, limit: number, effort?: BoundEffort) => number;

interface Bounded {
  readonly spread: Spread;
  readonly key: number;
  readonly cycles: number;
}

export function createRaggedBound(machine: MachineTables, goal: Goal): RaggedBound {
  const [energy, ...ports] = weighedTallies(machine) as [Weighed, ...Weighed[]];
  return (gemm, limit, effort = 'thorough') => {
    const { spreads, rest, reached } = promising(
      machine,
      goal,
      [energy, ...ports],
      gemm,
      limit,
      efforts[effort],
    );
    spreads.sort((a, b) => a.key - b.key);
    let least = Math.min(reached, rest);
    for (const [i, { spread, key, cycles }] of spreads.entries()) {
      if (key >= least) break;
      if (i >= efforts[effort].tied) return key;
      least = Math.min(least, tiedKey(machine, goal, energy, { spread, key, cycles }));
    }
    return least;
  };
}

/** The sharpest bound of one choice of spatial factors. */
const tiedKey = (
  machine: MachineTables,
  goal: Goal,
  energy: Weighed,
  { spread, key, cycles }: Bounded,
): number => Math.max(key, goal.key(boundTied(machine, spread, energy), cycles));

/**
 * The choices of spatial factors that may be below the limit, and the least that any other one may be: `rest` of those that
 * were not entered, `reached` of those that were.
 */
function promising(
  machine: MachineTables,
  goal: Goal,
  tallies: readonly [energy: Weighed, ...ports: Weighed[]],
  { m, n, k, batch }: Gemm,
  known: number,
  effort: Effort,
): { readonly spreads: Bounded[]; readonly rest: number; readonly reached: number } {
  const { fans } = machine;
  const [energyOf, ...portsOf] = tallies;
  const widest = Float64Array.from(fans, ({ most }) => most);
  const lanes = product([...widest]);
  const extents: Extents = [m, n, k, batch];
  const macs = m * n * k * batch;
  const order = [3, 0, 1, 2] as const;
  const all = order.map((dim) => findShares(machine, tallies, dim, extents[dim]));
  const least = (of: (share: Share) => number): readonly number[] =>
    all.map((list) => list.reduce((low, share) => Math.min(low, of(share)), Number.POSITIVE_INFINITY));
  // By how many dims are chosen: what those to come take at least.
  const stages = [0, 1, 2, 3, 4];
  const leastEnergy = least(({ energy }) => energy);
  const leastSteps = least(({ steps }) => steps);
  const restEnergy = stages.map((at) => sum(leastEnergy.slice(at)));
  const restSteps = stages.map((at) => product(leastSteps.slice(at)));
  const restWork = stages.map((at) => product(order.slice(at).map((dim) => extents[dim])));
  const atLeast = machine.ports.reduce((most, { level }, p) => {
    const instances = product(fans.map((fan) => (fan.level < level ? fan.most : 1)));
    return Math.max(most, (macs * sum(least(({ loads }) => loads[p] ?? 0))) / instances);
  }, macs / lanes);

  // What cannot be below the limit whatever the other dims do is left out.
  const lists = all.map((list, at) => {
    const others = (restEnergy[0] as number) - (leastEnergy[at] as number);
    const steps = (restSteps[0] as number) / (leastSteps[at] as number);
    return list.filter((share) => {
      const perMac = machine.macEnergyPj + others + share.energy;
      return goal.key(macs * perMac * tiny, Math.max(atLeast, steps * share.steps) * tiny) < known;
    });
  });
  for (const list of lists)
    list.sort((a, b) => goal.key(a.energy, a.steps) - goal.key(b.energy, b.steps) || a.energy - b.energy);
  const leastFrom = lists.map((list) => {
    const from = list.map(({ energy }) => energy);
    for (let i = from.length - 2; i >= 0; i -= 1)
      from[i] = Math.min(from[i] as number, from[i + 1] as number);
    return from;
  });
  const chosen: Share[] = [];
  const used = stages.map(() => new Float64Array(fans.length).fill(1));
  const spreads: Bounded[] = [];
  let left = Number.POSITIVE_INFINITY;
  let nodes = 0;
  let bounded = 0;
  let limit = known;
  let first = known;
  const walk = (at: number, perMac: number, steps: number): void => {
    const now = used[at + 1] as Float64Array;
    const list = lists[at] as readonly Share[];
    for (let i = 0; i < list.length; i += 1) {
      const share = list[i] as Share;
      nodes += 1;
      const rest = perMac + (restEnergy[at + 1] as number);
      const leastHere = macs * (rest + ((leastFrom[at] as readonly number[])[i] as number));
      if (goal.key(leastHere, Math.max(atLeast, steps * (restSteps[at] as number))) >= limit) break;
      const energyHere = macs * (rest + share.energy);
      const stepsHere = steps * share.steps;
      const cycles = Math.max(atLeast, stepsHere * (restSteps[at + 1] as number));
      if (goal.key(energyHere, cycles) >= limit) continue;
      const room = enterFans(widest, now, used[at] as Float64Array, share);
      if (room < 1) continue;
      const key = goal.key(energyHere, Math.max(cycles, (stepsHere * (restWork[at + 1] as number)) / room));
      if (key >= limit) continue;
      if (nodes > effort.nodes || bounded > effort.spreads) {
        left = Math.min(left, key);
        continue;
      }
      chosen[at] = share;
      if (at < 3) walk(at + 1, perMac + share.energy, stepsHere);
      else bound(energyHere, stepsHere);
    }
  };
  const bound = (compulsory: number, steps: number): void => {
    bounded += 1;
    const [b, ...others] = chosen as [Share, Share, Share, Share];
    const spread: Spread = { extents, macs, shares: [...others, b] };
    let cycles = Math.max(steps, atLeast);
    machine.ports.forEach(({ level }, p) => {
      const load = sum(chosen.map(({ loads }) => loads[p] ?? 0));
      const instances = product(chosen.map(({ above }) => above[level] ?? 1));
      cycles = Math.max(cycles, wholeCycles((macs * load) / instances));
    });
    if (goal.key(compulsory, cycles) >= limit) return;
    const energy = Math.max(compulsory, boundTiles(machine, spread, energyOf));
    if (goal.key(energy, cycles) >= limit) return;
    if (goal.timed) for (const port of portsOf) cycles = Math.max(cycles, boundTiles(machine, spread, port));
    const key = goal.key(energy, cycles);
    if (key >= limit) return;
    spreads.push({ spread, key, cycles });
    // Sharpened at once, the most promising one spares entering others.
    if (key >= first) return;
    first = key;
    limit = Math.min(limit, tiedKey(machine, goal, energyOf, { spread, key, cycles }));
  };
  walk(0, machine.macEnergyPj, 1);
  return { spreads, rest: left, reached: limit };
}

/** Against noise of rounding. */
const tiny = 1 - 1e-12;

const sum = (list: readonly number[]): number => list.reduce((all, each) => all + each, 0);
const product = (list: readonly number[]): number => list.reduce((all, each) => all * each, 1);
