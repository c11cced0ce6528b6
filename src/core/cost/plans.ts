/**
 * Plans: one choice of spatial factors per fan-out level and dim. A plan fixes the compute cycles and every coefficient of
 * the rest; with each word counted as often as it must at least move (compulsory traffic) its energy and port loads are
 * sums of one tabulated term per dim, so bounds for all plans cost a few additions each.
 */
import type { Goal } from './objective.ts';
import { latticeOf } from './lattice.ts';
import type { MachineTables, Tally } from './tables.ts';

/** Extents by dim number: M, N, K, batch. */
export type Extents = readonly [m: number, n: number, k: number, b: number];

/** All ways to spread one dim over the fan-out levels. */
export interface Spreads {
  readonly count: number;
  /** [spread * fans + fan]: the spatial factor. */
  readonly factors: Float64Array;
  /** [spread]: product of the factors. */
  readonly total: Float64Array;
  /** [spread]: compulsory energy of the operand that misses this dim. */
  readonly energy: Float64Array;
  /** [port * count + spread]: compulsory port cycles, all instances together. */
  readonly ports: Float64Array;
  /** [port * count + spread]: this dim's factors above the port's level. */
  readonly above: Float64Array;
}

export interface Plans {
  readonly extents: Extents;
  readonly macs: number;
  readonly spreads: readonly [Spreads, Spreads, Spreads, Spreads];
  readonly count: number;
  /** Per plan the spread of each dim, packed base `spreads[d].count`. */
  readonly codes: Float64Array;
  readonly energyBound: Float64Array;
  readonly cyclesBound: Float64Array;
}

/** The incumbent's figures: plans whose bounds cannot beat them are left out. Infinity = none yet. */
export interface Incumbent {
  readonly energyPj: number;
  readonly cycles: number;
}

export interface PlanLimits {
  /** Fewest MACs in use (product of all spatial factors), as far as the extents allow; 1 = any. */
  readonly fewestLanes: number;
}

export function enumeratePlans(
  machine: MachineTables,
  extents: Extents,
  goal: Goal,
  incumbent: Incumbent,
  limits: PlanLimits,
): Plans {
  const macs = extents[0] * extents[1] * extents[2] * extents[3];
  const spreads = [0, 1, 2, 3].map((dim) =>
    spreadsOf(machine, extents, macs, dim),
  ) as unknown as Plans['spreads'];
  const [inM, inN, inK, inB] = spreads;
  const base = macs * machine.macEnergyPj;
  const fans = machine.fans.length;
  const ports = machine.ports.length;
  const most = machine.fans.map((fan) => fan.most);
  const lanes = most.reduce((all, fan) => all * fan, 1);
  const leastCycles = macs / lanes;
  const leastN = minimum(inN.energy);
  const leastK = minimum(inK.energy);

  let count = 0;
  let codes = new Float64Array(256);
  let energyBound = new Float64Array(256);
  let cyclesBound = new Float64Array(256);
  const room = (): void => {
    const grow = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const next = new Float64Array(old.length * 2);
      next.set(old);
      return next;
    };
    codes = grow(codes);
    energyBound = grow(energyBound);
    cyclesBound = grow(cyclesBound);
  };
  const hopeless = (energy: number, cycles: number): boolean =>
    !goal.beats(energy, cycles, incumbent.energyPj, incumbent.cycles);

  // Running products per fan level, one row per dim already chosen: batch, M, N, K.
  const used = new Float64Array(4 * fans).fill(1);
  const enter = (row: number, spread: Spreads, index: number): boolean => {
    for (let f = 0; f < fans; f += 1) {
      const before = row === 0 ? 1 : (used[(row - 1) * fans + f] as number);
      const now = before * (spread.factors[index * fans + f] as number);
      if (now > (most[f] as number)) return false;
      used[row * fans + f] = now;
    }
    return true;
  };
  for (let b = 0; b < inB.count; b += 1) {
    if (!enter(0, inB, b)) continue;
    for (let m = 0; m < inM.count; m += 1) {
      if (!enter(1, inM, m)) continue;
      const energyM = base + (inM.energy[m] as number);
      if (hopeless(energyM + leastN + leastK, leastCycles)) continue;
      for (let n = 0; n < inN.count; n += 1) {
        if (!enter(2, inN, n)) continue;
        const energyN = energyM + (inN.energy[n] as number);
        if (hopeless(energyN + leastK, leastCycles)) continue;
        const lanesN = (inB.total[b] as number) * (inM.total[m] as number) * (inN.total[n] as number);
        next: for (let k = 0; k < inK.count; k += 1) {
          const lanesK = lanesN * (inK.total[k] as number);
          if (lanesK < limits.fewestLanes || !enter(3, inK, k)) continue;
          for (let f = 0; f < fans; f += 1) {
            const fan = machine.fans[f];
            if (fan === undefined || fan.xShare[used[3 * fans + f] as number] === 0) continue next;
          }
          const energy = energyN + (inK.energy[k] as number);
          let cycles = macs / lanesK;
          for (let p = 0; p < ports; p += 1) {
            const im = p * inM.count + m;
            const jn = p * inN.count + n;
            const kk = p * inK.count + k;
            const load =
              ((inM.ports[im] as number) + (inN.ports[jn] as number) + (inK.ports[kk] as number)) /
              ((inM.above[im] as number) *
                (inN.above[jn] as number) *
                (inK.above[kk] as number) *
                (inB.above[p * inB.count + b] as number));
            if (load > cycles) cycles = wholeCycles(load);
          }
          if (hopeless(energy, cycles)) continue;
          if (count === codes.length) room();
          codes[count] = ((b * inM.count + m) * inN.count + n) * inK.count + k;
          energyBound[count] = energy;
          cyclesBound[count] = cycles;
          count += 1;
        }
      }
    }
  }
  return { extents, macs, spreads, count, codes, energyBound, cyclesBound };
}

/** Rounded up, but never above the truth because of rounding noise. */
export const wholeCycles = (cycles: number): number => Math.ceil(cycles * (1 - 1e-12));

/** Writes the plan's spatial factors to `into[level * 4 + dim]` (1 where a level has no fan-out). */
export function unpackPlan(machine: MachineTables, plans: Plans, code: number, into: Float64Array): void {
  into.fill(1);
  const fans = machine.fans.length;
  let rest = code;
  for (const dim of [2, 1, 0, 3] as const) {
    const { count, factors } = plans.spreads[dim];
    const index = rest % count;
    rest = (rest - index) / count;
    for (let f = 0; f < fans; f += 1)
      into[(machine.fanLevels[f] as number) * 4 + dim] = factors[index * fans + f] as number;
  }
}

function spreadsOf(machine: MachineTables, extents: Extents, macs: number, dim: number): Spreads {
  const extent = extents[dim] as number;
  const fans = machine.fans.length;
  const lists: number[][] = [];
  const extend = (chosen: readonly number[], rest: number): void => {
    const fan = machine.fans[chosen.length];
    if (fan === undefined) {
      lists.push([...chosen]);
      return;
    }
    for (const factor of latticeOf(rest).divisors) {
      if (factor > fan.most) break;
      if (fan.xShare[factor] !== 0) extend([...chosen, factor], rest / factor);
    }
  };
  extend([], extent);
  const count = lists.length;
  const ports = machine.ports.length;
  const spreads: Spreads = {
    count,
    factors: new Float64Array(count * fans),
    total: new Float64Array(count),
    energy: new Float64Array(count),
    ports: new Float64Array(ports * count),
    above: new Float64Array(ports * count),
  };
  const above = new Float64Array(machine.levels + 1);
  lists.forEach((factors, i) => {
    above.fill(1);
    factors.forEach((factor, f) => {
      spreads.factors[i * fans + f] = factor;
      above.fill((above[machine.levels] as number) * factor, (machine.fanLevels[f] as number) + 1);
    });
    spreads.total[i] = above[machine.levels] as number;
    spreads.energy[i] = compulsory(machine, machine.energy, extents, macs, dim, above);
    machine.ports.forEach((port, p) => {
      spreads.ports[p * count + i] =
        compulsory(machine, port, extents, macs, dim, above) / port.wordsPerCycle;
      spreads.above[p * count + i] = above[port.level] as number;
    });
  });
  return spreads;
}

/** The tally's share of the operand that misses `dim`, every word moved only as often as it must. */
function compulsory(
  machine: MachineTables,
  tally: Tally,
  extents: Extents,
  macs: number,
  dim: number,
  above: Float64Array,
): number {
  if (dim > 2) return 0;
  const lanes = above[machine.levels] as number;
  const words = macs / (extents[dim] as number);
  let sum = 0;
  machine.edges.forEach((edge, e) => {
    if (edge.dim !== dim) return;
    const atParent = tally.atParent[e] as number;
    const toParent = above[edge.parent] as number;
    sum +=
      edge.child === machine.levels
        ? (macs * atParent * toParent) / lanes
        : words * ((above[edge.child] as number) * (tally.atChild[e] as number) + toParent * atParent);
  });
  if (dim === 2) {
    for (let l = 0; l < machine.levels; l += 1)
      sum += (tally.owned[l] as number) * words * (above[l] as number);
  }
  return sum;
}

function minimum(values: Float64Array): number {
  let least = Number.POSITIVE_INFINITY;
  for (const value of values) if (value < least) least = value;
  return least;
}
