/**
 * A loop nest as numbers and what it costs with ragged tiles: the figures of `evaluateRagged`, in a microsecond, for a search
 * that looks at thousands. Of the order of loops only the innermost of each level counts.
 */
import { nestOf } from './chain.ts';
import { wholeCycles } from './counts.ts';
import type { Gemm, Loop, Mapping } from './mapping.ts';
import { dimNames } from './tables.ts';
import type { MachineTables } from './tables.ts';

export interface Nest {
  /** [dim][2 * level]: temporal bound, [dim][2 * level + 1]: spatial bound, of M, N, K and the batch. */
  readonly bounds: readonly [Float64Array, Float64Array, Float64Array, Float64Array];
  /** [level]: the dim of the innermost temporal loop, as far as it has one. */
  readonly last: Int8Array;
}

export interface RaggedFigures {
  energyPj: number;
  cycles: number;
}

/** @param mapping over the dims of `gemmContraction`, at most one temporal loop per dim and level */
export function nestFrom({ levels }: MachineTables, mapping: Mapping): Nest {
  const make = (): Float64Array => new Float64Array(2 * levels).fill(1);
  const nest: Nest = { bounds: [make(), make(), make(), make()], last: new Int8Array(levels) };
  mapping.forEach(({ temporal, spatial }, l) => {
    for (const [dim, bound] of temporal) {
      const d = dimNames.findIndex((name) => name === dim);
      times(nest, d, 2 * l, bound);
      if (bound > 1 && d < 3) nest.last[l] = d;
    }
    for (const [dim, bound] of spatial)
      times(
        nest,
        dimNames.findIndex((name) => name === dim),
        2 * l + 1,
        bound,
      );
  });
  return nest;
}

function times({ bounds }: Nest, dim: number, slot: number, bound: number): void {
  const own = bounds[dim] as Float64Array;
  own[slot] = (own[slot] as number) * bound;
}

export function mappingFrom(machine: MachineTables, { bounds, last }: Nest): Mapping {
  const { levels } = machine;
  const temporal = Array.from({ length: levels }, (_, l): Loop[] =>
    [3, ...[0, 1, 2].filter((dim) => dim !== last[l]), last[l] as number].flatMap((dim): Loop[] => {
      const bound = bounds[dim]?.[2 * l] ?? 1;
      return bound > 1 ? [[dimNames[dim] as string, bound]] : [];
    }),
  );
  const spatial = Array.from(
    { length: levels * 4 },
    (_, i) => bounds[i % 4]?.[2 * Math.floor(i / 4) + 1] ?? 1,
  );
  return nestOf(machine, spatial, temporal);
}

export interface RaggedCounter {
  /** Whether the padded nest fits the levels and the meshes. */
  readonly isLegal: (nest: Nest) => boolean;
  /** Energy without leakage, and cycles; the object is the same every time. */
  readonly count: (nest: Nest) => RaggedFigures;
}

export function createRaggedCounter(machine: MachineTables, { m, n, k, batch }: Gemm): RaggedCounter {
  const { levels, edges, ports, energy, depth, takes, fans } = machine;
  const extents = [m, n, k, batch] as const;
  const macs = m * n * k * batch;
  const slots = 2 * levels;
  /** [dim * slots + slot]: indices that one iteration of the loop covers. */
  const weights = new Float64Array(4 * slots);
  const figures: RaggedFigures = { energyPj: 0, cycles: 0 };

  /**
   * Iterations of kept loops that have an index in them, the others at their first: temporal loops of the levels outside
   * `temporalEnd` but for the run from `runStart` on, and spatial ones of the levels from `spatialStart` to `spatialEnd`.
   */
  const visits = (
    { bounds }: Nest,
    dim: number,
    temporalEnd: number,
    runStart: number,
    spatialStart: number,
    spatialEnd: number,
  ): number => {
    const own = bounds[dim] as Float64Array;
    let rest = extents[dim] as number;
    // Full iterations so far, in units of what the kept loops inside have; the last one is partial.
    let count = 0;
    for (let slot = 0; slot < slots; slot += 1) {
      const bound = own[slot] as number;
      if (bound === 1) continue;
      const level = slot >> 1;
      const isKept =
        slot % 2 === 0
          ? level < temporalEnd && level < runStart
          : level >= spatialStart && level < spatialEnd;
      const weight = weights[dim * slots + slot] as number;
      if (!isKept) {
        if (rest > weight) rest = weight;
        continue;
      }
      const whole = Math.floor(rest / weight);
      if (whole >= bound) {
        // Everything inside is full.
        count = count * bound + bound;
        rest = weight;
        count -= 1;
        continue;
      }
      count = count * bound + whole;
      rest -= whole * weight;
      if (rest === 0) {
        // The partial one is empty: the one before it is full.
        count -= 1;
        rest = weight;
      }
    }
    return count + 1;
  };

  /** Level from which on outwards the loops just outside `to` that only `dim` is in begin; they bring no new words. */
  const runBefore = (nest: Nest, dim: number, to: number): number => {
    let start = to;
    for (let l = to - 1; l >= 0; l -= 1) {
      const own = nest.bounds[dim]?.[2 * l] as number;
      let others = 1;
      for (let d = 0; d < 4; d += 1) if (d !== dim) others *= nest.bounds[d]?.[2 * l] as number;
      if (own === 1 && others === 1) continue;
      if (own > 1 && (others === 1 || nest.last[l] === dim)) start = l;
      if (others > 1) break;
    }
    return start;
  };

  const count = (nest: Nest): RaggedFigures => {
    for (let d = 0; d < 4; d += 1) {
      let weight = 1;
      for (let slot = slots - 1; slot >= 0; slot -= 1) {
        weights[d * slots + slot] = weight;
        weight *= nest.bounds[d]?.[slot] as number;
      }
    }
    let sum = macs * machine.macEnergyPj;
    for (let e = 0; e < edges.length; e += 1) {
      const { dim, parent, child } = edges[e] as (typeof edges)[number];
      const words = macs / (extents[dim] as number);
      const run = child < levels ? runBefore(nest, dim, child) : child;
      const [atChild, atParent] = [energy.atChild[e] as number, energy.atParent[e] as number];
      if (atChild !== 0) sum += atChild * words * visits(nest, dim, child, run, 0, child);
      if (atParent !== 0) sum += atParent * words * visits(nest, dim, child, run, 0, parent);
    }
    for (let l = 0; l < levels; l += 1) {
      const owned = energy.owned[l] as number;
      if (owned !== 0) sum += owned * (macs / k) * visits(nest, 2, 0, 0, 0, l);
    }
    let cycles = 1;
    for (let d = 0; d < 4; d += 1) cycles *= visits(nest, d, levels, levels, 0, 0);
    for (const port of ports) {
      const own = (missing: number): number => {
        let words = 1;
        for (let d = 0; d < 4; d += 1)
          if (d !== missing) words *= visits(nest, d, levels, levels, port.level, levels);
        return words;
      };
      let load = (port.owned[port.level] as number) * own(2);
      for (let e = 0; e < edges.length; e += 1) {
        const each = (port.atChild[e] as number) + (port.atParent[e] as number);
        if (each === 0) continue;
        const { dim, child } = edges[e] as (typeof edges)[number];
        const run = child < levels ? runBefore(nest, dim, child) : child;
        load += each * own(dim) * visits(nest, dim, child, run, 0, 0);
      }
      cycles = Math.max(cycles, wholeCycles(load / port.wordsPerCycle));
    }
    figures.energyPj = sum;
    figures.cycles = cycles;
    return figures;
  };

  const isLegal = ({ bounds }: Nest): boolean => {
    const tile = [1, 1, 1, 1];
    for (let l = levels - 1; l >= 0; l -= 1) {
      let lanes = 1;
      for (let d = 0; d < 4; d += 1) {
        const spatial = bounds[d]?.[2 * l + 1] as number;
        lanes *= spatial;
        tile[d] = (tile[d] as number) * spatial * (bounds[d]?.[2 * l] as number);
      }
      if (lanes > 1) {
        const fan = fans.find(({ level }) => level === l);
        if (fan === undefined || lanes > fan.most || fan.xShare(lanes) === 0) return false;
      }
      const [tm, tn, tk, tb] = tile as [number, number, number, number];
      const words =
        (takes[l * 3] as number) * tn * tk +
        (takes[l * 3 + 1] as number) * tm * tk +
        (takes[l * 3 + 2] as number) * tm * tn;
      if (words * tb > (depth[l] as number)) return false;
    }
    return true;
  };
  return { isLegal, count };
}
