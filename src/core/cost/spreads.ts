/**
 * All ways to spread one dim over the fan-out levels, each with its share of the bounds: what the operand that misses the
 * dim must at least move (compulsory traffic), per multiply-accumulate. It depends on nothing else, so it is remembered.
 */
import { latticeOf } from './lattice.ts';
import type { MachineTables, Tally } from './tables.ts';

/** The spreads of one dim, most lanes first. */
export interface Spreads {
  readonly count: number;
  /** Whether some were left out. */
  readonly thinned: boolean;
  /** [spread * fans + fan]: the spatial factor. */
  readonly factors: Float64Array;
  /** [spread]: product of the factors. */
  readonly lanes: Float64Array;
  /** [spread]: compulsory energy per MAC. */
  readonly energy: Float64Array;
  readonly leastEnergy: number;
  /** [spread]: the least of it and of those with fewer lanes. */
  readonly leastFrom: Float64Array;
  /** [spread * ports + port]: compulsory port cycles per MAC, all instances together. */
  readonly loads: Float64Array;
  /** [port]: the least of them. */
  readonly leastLoads: Float64Array;
  /** [spread * ports + port]: the factors above the port's level. */
  readonly above: Float64Array;
}

interface Spread {
  readonly factors: readonly number[];
  readonly lanes: number;
}

/** Where there are more than `most`, those of an equal number of lanes are thinned out. */
export function findSpreads(machine: MachineTables, dim: number, extent: number, most: number): Spreads {
  const fans = machine.fans.length;
  const ports = machine.ports.length;
  let lists: Spread[] = [];
  const chosen: number[] = [];
  const extend = (lanes: number, rest: number): void => {
    const f = chosen.length;
    const fan = machine.fans[f];
    if (fan === undefined) {
      lists.push({ factors: chosen.slice(), lanes });
      return;
    }
    const limit = fan.limits[dim] ?? 1;
    for (const factor of latticeOf(rest).divisors) {
      if (factor > limit) break;
      if (fan.xShare(factor) === 0) continue;
      chosen.push(factor);
      extend(lanes * factor, rest / factor);
      chosen.pop();
    }
  };
  extend(1, extent);
  if (lists.length > 1) lists.sort((a, b) => b.lanes - a.lanes);
  const thinned = lists.length > most;
  if (thinned) {
    const stride = (lists.length - 1) / (most - 1);
    lists = Array.from({ length: most }, (_, i) => lists[Math.round(i * stride)] as Spread);
  }
  const count = lists.length;
  const factors = new Float64Array(count * fans);
  const lanes = new Float64Array(count);
  const energy = new Float64Array(count);
  const loads = new Float64Array(count * ports);
  const leastLoads = new Float64Array(ports).fill(Number.POSITIVE_INFINITY);
  const aboveOfPort = new Float64Array(count * ports);
  const above = new Float64Array(machine.levels + 1);
  const own = machine.edges.flatMap((edge, e) => (edge.dim === dim ? [e] : []));
  let leastEnergy = Number.POSITIVE_INFINITY;
  lists.forEach((spread, i) => {
    above.fill(1);
    let so = 1;
    for (let f = 0; f < fans; f += 1) {
      const factor = spread.factors[f] as number;
      factors[i * fans + f] = factor;
      so *= factor;
      if (factor > 1) above.fill(so, (machine.fans[f]?.level ?? 0) + 1);
    }
    lanes[i] = spread.lanes;
    const least = compulsory(machine, own, machine.energy, extent, dim, above);
    energy[i] = least;
    leastEnergy = Math.min(leastEnergy, least);
    machine.ports.forEach((port, p) => {
      const load = compulsory(machine, own, port, extent, dim, above) / port.wordsPerCycle;
      loads[i * ports + p] = load;
      leastLoads[p] = Math.min(leastLoads[p] as number, load);
      aboveOfPort[i * ports + p] = above[port.level] as number;
    });
  });
  const leastFrom = energy.slice();
  for (let i = count - 2; i >= 0; i -= 1)
    leastFrom[i] = Math.min(leastFrom[i] as number, leastFrom[i + 1] as number);
  return {
    count,
    thinned,
    factors,
    lanes,
    energy,
    leastEnergy,
    leastFrom,
    loads,
    leastLoads,
    above: aboveOfPort,
  };
}

/** Per MAC, the tally of the operand that misses `dim` when every word moves only as often as it must. */
function compulsory(
  machine: MachineTables,
  own: readonly number[],
  tally: Tally,
  extent: number,
  dim: number,
  above: Float64Array,
): number {
  if (dim > 2) return 0;
  const lanes = above[machine.levels] as number;
  let sum = 0;
  for (const e of own) {
    const edge = machine.edges[e];
    if (edge === undefined) continue;
    const atParent = tally.atParent[e] as number;
    const toParent = above[edge.parent] as number;
    sum +=
      edge.child === machine.levels
        ? (atParent * toParent) / lanes
        : ((above[edge.child] as number) * (tally.atChild[e] as number) + toParent * atParent) / extent;
  }
  if (dim === 2) {
    for (let l = 0; l < machine.levels; l += 1)
      sum += ((tally.owned[l] as number) * (above[l] as number)) / extent;
  }
  return sum;
}
