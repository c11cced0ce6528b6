/** A chain of tiles as figures and as a mapping. */
import { wholeCycles } from './counts.ts';
import type { Mapping, Loop } from './mapping.ts';
import type { OpenPlan } from './open-plan.ts';
import type { Chain } from './programme.ts';
import { dimNames } from './tables.ts';
import type { Fan, MachineTables } from './tables.ts';

/**
 * Cycles of the open plan with this chain: exact, because whole words are divided only by what divides them.
 * `reach` is scratch of levels * 3.
 */
export function chainCycles(plan: OpenPlan, chain: Chain, reach: Float64Array): number {
  fillReach(plan, chain, reach);
  return cyclesAt(plan, reach);
}

/** Cycles of the open plan where operands stay over these temporal extents of the dims that they miss, [level * 3 + dim]. */
export function cyclesAt(plan: OpenPlan, reach: Float64Array): number {
  const { machine, above, macs } = plan;
  const { levels, edges, ports } = machine;
  const results = macs / (plan.extents[2] as number);
  let cycles = plan.computeCycles;
  for (let p = 0; p < ports.length; p += 1) {
    const port = ports[p];
    if (port === undefined) continue;
    let words = 0;
    for (let e = 0; e < edges.length; e += 1) {
      const atChild = port.atChild[e] as number;
      const atParent = port.atParent[e] as number;
      const edge = edges[e];
      if (edge === undefined || (atChild === 0 && atParent === 0)) continue;
      const { dim, parent, child } = edge;
      const entering =
        child === levels
          ? macs
          : macs /
            (((above[levels * 4 + dim] as number) / (above[child * 4 + dim] as number)) *
              (reach[child * 3 + dim] as number));
      const between = (above[child * 4 + dim] as number) / (above[parent * 4 + dim] as number);
      words += atChild * entering + (atParent * entering) / between;
    }
    for (let l = 0; l < levels; l += 1)
      words += (port.owned[l] as number) * results * (above[l * 4 + 2] as number);
    const at = port.level * 4;
    const instances =
      (above[at] as number) *
      (above[at + 1] as number) *
      (above[at + 2] as number) *
      (above[at + 3] as number);
    const needed = wholeCycles(words / instances / port.wordsPerCycle, plan.machine.iterations[0]);
    if (needed > cycles) cycles = needed;
  }
  return cycles;
}

/** [level * 3 + dim]: the temporal extent of the dim over which the operand that misses it stays in the level. */
function fillReach(plan: OpenPlan, chain: Chain, reach: Float64Array): void {
  const { levels } = plan.machine;
  for (let i = 0; i < chain.length; i += 1) {
    const last = i + 1 < chain.length ? (chain.level[i + 1] as number) : levels - 1;
    for (let d = 0; d < 3; d += 1) {
      const lattice = plan.lattice[d as 0 | 1 | 2];
      const outer =
        i === 0 ? lattice.extent : (lattice.divisors[chain.tile[(i - 1) * 3 + d] as number] as number);
      const inner = lattice.divisors[chain.tile[i * 3 + d] as number] as number;
      const value = chain.claim[i] === d ? outer : inner;
      for (let l = (chain.level[i] as number) + 1; l <= last; l += 1) reach[l * 3 + d] = value;
    }
  }
}

/** A chain with its tiles as values and its plan's factors: everything a mapping needs, free of any lattice. */
export interface Choice {
  readonly extents: readonly number[];
  /** [level * 4 + dim] */
  readonly spatial: readonly number[];
  readonly entries: readonly {
    readonly level: number;
    readonly claim: number;
    readonly tile: readonly number[];
  }[];
}

export function choiceOf(plan: OpenPlan, chain: Chain): Choice {
  return {
    extents: [...plan.extents],
    spatial: [...plan.spatial],
    entries: Array.from({ length: chain.length }, (_, i) => ({
      level: chain.level[i] as number,
      claim: chain.claim[i] as number,
      tile: plan.lattice.map((lattice, d) => lattice.divisors[chain.tile[i * 3 + d] as number] as number),
    })),
  };
}

/** The loop nest of a choice: the batch outermost at level 0, the claimed dim innermost at each level. */
export function mappingOf(machine: MachineTables, choice: Choice): Mapping {
  const { extents, spatial, entries } = choice;
  const { levels } = machine.accelerator;
  const spread = (dim: number): number =>
    levels.reduce((all, _, l) => all * (spatial[l * 4 + dim] as number), 1);
  let tile = [0, 1, 2].map((dim) => (extents[dim] as number) / spread(dim));
  const temporal: Loop[][] = levels.map(() => []);
  const batch = (extents[3] as number) / spread(3);
  if (batch > 1) temporal[0]?.push([dimNames[3], batch]);
  const put = (level: number, dim: number, bound: number): void => {
    const name = dimNames[dim];
    if (bound > 1 && name !== undefined) temporal[level]?.push([name, bound]);
  };
  for (const { level, claim, tile: inner } of entries) {
    const order = [0, 1, 2].filter((dim) => dim !== claim);
    for (const dim of [...order, claim]) put(level, dim, (tile[dim] as number) / (inner[dim] as number));
    tile = [...inner];
  }
  for (const dim of [0, 1, 2]) put(levels.length - 1, dim, tile[dim] as number);
  return nestOf(machine, spatial, temporal);
}

/** Temporal loops of every level with the spatial factors [level * 4 + dim] laid along X and Y. */
export function nestOf(
  machine: MachineTables,
  spatial: readonly number[],
  temporal: readonly (readonly Loop[])[],
): Mapping {
  return machine.accelerator.levels.map((level, l) => {
    const fan = machine.fans.find((candidate) => candidate.level === l);
    const factors = spatial.slice(l * 4, l * 4 + 4);
    return {
      level: level.name,
      temporal: temporal[l] ?? [],
      spatial: fan === undefined ? [] : spatialLoops(fan, factors),
    };
  });
}

/** Loops along X first, then along Y: each dim's factor is split so that both groups fit the mesh. */
function spatialLoops(fan: Fan, factors: readonly number[]): Loop[] {
  let share = fan.xShare(factors.reduce((all, factor) => all * factor, 1));
  const alongX: Loop[] = [];
  const alongY: Loop[] = [];
  if (fan.limits[0] === 1 && fan.most > 1) {
    // A fixed dataflow: N along X, K along Y.
    const [, n = 1, k = 1] = factors;
    return [...(n > 1 ? [[dimNames[1], n] as const] : []), ...(k > 1 ? [[dimNames[2], k] as const] : [])];
  }
  for (const dim of [2, 0, 1, 3]) {
    const factor = factors[dim] ?? 1;
    const x = commonDivisor(share, factor);
    share /= x;
    const name = dimNames[dim];
    if (name === undefined) continue;
    if (x > 1) alongX.push([name, x]);
    if (factor > x) alongY.push([name, factor / x]);
  }
  return [...alongX, ...alongY];
}

function commonDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return x;
}
