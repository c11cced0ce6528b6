/**
 * Plans: one choice of spatial factors per fan-out level and dim. A plan fixes the compute cycles and every coefficient of
 * the rest; its lower bounds on energy and cycles are sums of one tabulated term per dim. A book lists the plans that may
 * still beat the standing figures and hands them out best first.
 */
import { wholeCycles } from './counts.ts';
import type { Goal, Standing } from './objective.ts';
import { findSpreads } from './spreads.ts';
import type { Spreads } from './spreads.ts';
import type { MachineTables } from './tables.ts';

/** Extents by dim number: M, N, K, batch. */
export type Extents = readonly [m: number, n: number, k: number, b: number];

/** What spreading one dim can at best do. */
export interface Reach {
  /** Least compulsory energy per MAC. */
  readonly energy: number;
  /** Fewest temporal steps. */
  readonly steps: number;
  /** Least compulsory cycles per MAC, by port. */
  readonly loads: readonly number[];
}

export interface PlanBook {
  /** Lists the plans of `fewest` to `most` lanes (product of all spatial factors) that may beat the standing. */
  readonly list: (extents: Extents, standing: Standing, fewest: number, most: number) => void;
  /**
   * Takes the next best plan: its factors go to `spatial[level * 4 + dim]`, its bounds to `energyBound` and
   * `cyclesBound`. False when there is none.
   */
  readonly next: (spatial: Float64Array) => boolean;
  /** Puts the plan just taken back, with bounds sharpened so many times. */
  readonly putBack: (energy: number, cycles: number, sharpened: number) => void;
  /** How many times the bounds of the plan just taken were sharpened. */
  readonly sharpened: () => number;
  /** Whether figures as good as these would be the next to be taken. */
  readonly isNext: (energy: number, cycles: number) => boolean;
  /** Whether the last list left out spreads. */
  readonly thinned: () => boolean;
  /** The crudest of bounds: at least what any plan of at most so many lanes must cost. */
  readonly floor: (extents: Extents, most: number) => Standing;
  readonly reach: (dim: number, extent: number) => Reach;
  /** Lanes of the whole array. */
  readonly lanes: number;
  readonly energyBound: () => number;
  readonly cyclesBound: () => number;
}

const mostSpreads = 4096;
/** A plan is listed, then its bounds are sharpened up to twice. */
const stages = 3;

export function createPlanBook(machine: MachineTables, goal: Goal, mostSpreadsPerDim: number): PlanBook {
  const fans = machine.fans.length;
  const ports = machine.ports.length;
  const widest = Float64Array.from(machine.fans, (fan) => fan.most);
  const lanesOfMachine = widest.reduce((all, fan) => all * fan, 1);
  /** [port]: instances of its level. */
  const instancesOf = Float64Array.from(machine.ports, (port) =>
    machine.fans.reduce((all, fan) => (fan.level < port.level ? all * fan.most : all), 1),
  );
  const spreadsByDim = [0, 1, 2, 3].map(() => new Map<number, Spreads>());
  const spreadsOf = (dim: number, extent: number): Spreads => {
    const known = spreadsByDim[dim] as Map<number, Spreads>;
    let spreads = known.get(extent);
    if (spreads === undefined) {
      if (known.size >= mostSpreads) known.clear();
      spreads = findSpreads(machine, dim, extent, mostSpreadsPerDim);
      known.set(extent, spreads);
    }
    return spreads;
  };
  let inM = spreadsOf(0, 1);
  let inN = spreadsOf(1, 1);
  let inK = spreadsOf(2, 1);
  let inB = spreadsOf(3, 1);

  // The heap: parallel arrays, smallest (key, tie) first.
  let size = 0;
  let slots = 256;
  // Number of the plan * stages + how often it was sharpened.
  let codes = new Float64Array(slots);
  let energies = new Float64Array(slots);
  let cyclesOf = new Float64Array(slots);
  let keys = new Float64Array(slots);
  let ties = new Float64Array(slots);
  const grow = (): void => {
    slots *= 2;
    const wider = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const next = new Float64Array(slots);
      next.set(old);
      return next;
    };
    codes = wider(codes);
    energies = wider(energies);
    cyclesOf = wider(cyclesOf);
    keys = wider(keys);
    ties = wider(ties);
  };
  const move = (to: number, from: number): void => {
    codes[to] = codes[from] as number;
    energies[to] = energies[from] as number;
    cyclesOf[to] = cyclesOf[from] as number;
    keys[to] = keys[from] as number;
    ties[to] = ties[from] as number;
  };
  const put = (code: number, energy: number, cycles: number): void => {
    if (size === slots) grow();
    const key = goal.key(energy, cycles);
    const tie = goal.tie(energy, cycles);
    let at = size;
    size += 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = keys[parent] as number;
      if (above < key || (above === key && (ties[parent] as number) <= tie)) break;
      move(at, parent);
      at = parent;
    }
    codes[at] = code;
    energies[at] = energy;
    cyclesOf[at] = cycles;
    keys[at] = key;
    ties[at] = tie;
  };
  const isBefore = (a: number, b: number): boolean =>
    (keys[a] as number) < (keys[b] as number) ||
    (keys[a] === keys[b] && (ties[a] as number) < (ties[b] as number));
  /** Removes the smallest; the last entry sinks from the top. */
  const removeTop = (): void => {
    size -= 1;
    const last = size;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= last) break;
      if (child + 1 < last && isBefore(child + 1, child)) child += 1;
      if (!isBefore(child, last)) break;
      move(at, child);
      at = child;
    }
    move(at, last);
  };

  // Running products per fan level after the batch, M, N and K were chosen.
  const usedB = new Float64Array(fans);
  const usedM = new Float64Array(fans);
  const usedN = new Float64Array(fans);
  const ones = new Float64Array(fans).fill(1);
  const enter = (into: Float64Array, before: Float64Array, spreads: Spreads, index: number): boolean => {
    for (let f = 0; f < fans; f += 1) {
      const now = (before[f] as number) * (spreads.factors[index * fans + f] as number);
      if (now > (widest[f] as number)) return false;
      into[f] = now;
    }
    return true;
  };
  /** Most lanes that the meshes leave for the dims still to come. */
  const room = (used: Float64Array): number => {
    let lanes = 1;
    for (let f = 0; f < fans; f += 1) lanes *= Math.floor((widest[f] as number) / (used[f] as number));
    return lanes;
  };
  const fitsMeshes = (k: number): boolean => {
    for (let f = 0; f < fans; f += 1) {
      const now = (usedN[f] as number) * (inK.factors[k * fans + f] as number);
      if (now > (widest[f] as number) || machine.fans[f]?.xShare(now) === 0) return false;
    }
    return true;
  };

  const list = (extents: Extents, standing: Standing, least: number, most: number): void => {
    size = 0;
    inM = spreadsOf(0, extents[0]);
    inN = spreadsOf(1, extents[1]);
    inK = spreadsOf(2, extents[2]);
    inB = spreadsOf(3, extents[3]);
    const macs = extents[0] * extents[1] * extents[2] * extents[3];
    const { energyPj, cycles: standingCycles } = standing;
    const limit = Math.min(lanesOfMachine, most);
    const mostK = inK.lanes[0] as number;
    const mostNk = Math.min(limit, mostK * (inN.lanes[0] as number));
    const mostMnk = Math.min(limit, mostNk * (inM.lanes[0] as number));
    const floorCycles = macs * leastLoad(inM, inN, inK) * (1 - 1e-12);
    const hopeless = (energy: number, lanes: number): boolean =>
      !goal.beats(
        macs * energy,
        Math.max(floorCycles, macs / Math.min(limit, lanes)),
        energyPj,
        standingCycles,
      );
    const leastNk = inN.leastEnergy + inK.leastEnergy;
    const leastEnergy = macs * (machine.macEnergyPj + inM.leastEnergy + leastNk);
    const mostCycles = goal.mostCycles(leastEnergy, energyPj, standingCycles);
    const fewest = Math.max(least, (macs / mostCycles) * (1 - 1e-9));
    if (fewest > limit) return;
    for (let b = 0; b < inB.count; b += 1) {
      const lanesB = inB.lanes[b] as number;
      if (lanesB * mostMnk < fewest) break;
      if (!enter(usedB, ones, inB, b)) continue;
      const roomM = room(usedB);
      for (let m = firstWithin(inM, roomM); m < inM.count; m += 1) {
        const lanesM = lanesB * (inM.lanes[m] as number);
        if (lanesM * mostNk < fewest) break;
        if (hopeless(machine.macEnergyPj + (inM.leastFrom[m] as number) + leastNk, lanesM * mostNk)) break;
        const energyM = machine.macEnergyPj + (inM.energy[m] as number);
        if (hopeless(energyM + leastNk, lanesM * mostNk) || !enter(usedM, usedB, inM, m)) continue;
        const roomN = room(usedM);
        if (lanesM * roomN < fewest || hopeless(energyM + leastNk, lanesM * Math.min(roomN, mostNk)))
          continue;
        const energyMk = energyM + inK.leastEnergy;
        for (let n = firstWithin(inN, roomN); n < inN.count; n += 1) {
          const lanesN = lanesM * (inN.lanes[n] as number);
          const mostLanes = lanesN * mostK;
          if (mostLanes < fewest || hopeless(energyMk + (inN.leastFrom[n] as number), mostLanes)) break;
          const energyN = energyM + (inN.energy[n] as number);
          if (hopeless(energyN + inK.leastEnergy, mostLanes) || !enter(usedN, usedM, inN, n)) continue;
          const roomK = Math.min(room(usedN), limit / lanesN);
          if (lanesN * roomK < fewest) continue;
          for (let k = firstWithin(inK, roomK); k < inK.count; k += 1) {
            const lanes = lanesN * (inK.lanes[k] as number);
            if (lanes < fewest || hopeless(energyN + (inK.leastFrom[k] as number), lanes)) break;
            const energy = energyN + (inK.energy[k] as number);
            if (hopeless(energy, lanes) || !fitsMeshes(k)) continue;
            const perMac = loadPerMac(b, m, n, k, 1 / lanes);
            const cycles =
              perMac * lanes > 1 ? wholeCycles(macs * perMac, machine.iterations[0]) : macs / lanes;
            if (!goal.beats(macs * energy, cycles, energyPj, standingCycles)) continue;
            put((((b * inM.count + m) * inN.count + n) * inK.count + k) * stages, macs * energy, cycles);
          }
        }
      }
    }
  };

  /** Cycles per MAC that the ports need at least, whatever the spreads. */
  const leastLoad = (m: Spreads, n: Spreads, k: Spreads): number => {
    let most = 0;
    for (let p = 0; p < ports; p += 1) {
      const words = (m.leastLoads[p] as number) + (n.leastLoads[p] as number) + (k.leastLoads[p] as number);
      most = Math.max(most, words / (instancesOf[p] as number));
    }
    return most;
  };

  const reach = (dim: number, extent: number): Reach => {
    const { leastEnergy, lanes, leastLoads } = spreadsOf(dim, extent);
    return {
      energy: leastEnergy,
      steps: extent / (lanes[0] as number),
      loads: Array.from(leastLoads, (load, p) => load / (instancesOf[p] as number)),
    };
  };

  const floor = (extents: Extents, most: number): Standing => {
    const [m, n, k, b] = extents.map((extent, dim) => spreadsOf(dim, extent)) as [
      Spreads,
      Spreads,
      Spreads,
      Spreads,
    ];
    const macs = extents[0] * extents[1] * extents[2] * extents[3];
    const lanes = [m, n, k, b].reduce((all, spreads) => all * (spreads.lanes[0] as number), 1);
    const perMac = machine.macEnergyPj + m.leastEnergy + n.leastEnergy + k.leastEnergy;
    return {
      energyPj: macs * perMac,
      cycles: macs * Math.max(1 / Math.min(most, lanes), leastLoad(m, n, k)),
    };
  };

  /** The largest port load per MAC, or `least` when none is larger. */
  const loadPerMac = (b: number, m: number, n: number, k: number, least: number): number => {
    let most = least;
    for (let p = 0; p < ports; p += 1) {
      const atM = m * ports + p;
      const atN = n * ports + p;
      const atK = k * ports + p;
      const words = (inM.loads[atM] as number) + (inN.loads[atN] as number) + (inK.loads[atK] as number);
      const instances =
        (inM.above[atM] as number) *
        (inN.above[atN] as number) *
        (inK.above[atK] as number) *
        (inB.above[b * ports + p] as number);
      if (words > most * instances) most = words / instances;
    }
    return most;
  };

  let energyBound = 0;
  let cyclesBound = 0;
  let taken = 0;
  let sharpened = 0;
  const next = (spatial: Float64Array): boolean => {
    if (size === 0) return false;
    energyBound = energies[0] as number;
    cyclesBound = cyclesOf[0] as number;
    const code = codes[0] as number;
    sharpened = code % stages;
    taken = (code - sharpened) / stages;
    let rest = taken;
    removeTop();
    spatial.fill(1);
    const write = (dim: number, spreads: Spreads): void => {
      const index = rest % spreads.count;
      rest = (rest - index) / spreads.count;
      for (let f = 0; f < fans; f += 1) {
        spatial[(machine.fans[f]?.level ?? 0) * 4 + dim] = spreads.factors[index * fans + f] as number;
      }
    };
    write(2, inK);
    write(1, inN);
    write(0, inM);
    write(3, inB);
    return true;
  };
  return {
    list,
    next,
    putBack: (energy, cycles, times) => put(taken * stages + times, energy, cycles),
    sharpened: () => sharpened,
    isNext: (energy, cycles) => size === 0 || goal.key(energy, cycles) <= (keys[0] as number),
    floor,
    reach,
    thinned: () => inB.thinned || inM.thinned || inN.thinned || inK.thinned,
    lanes: lanesOfMachine,
    energyBound: () => energyBound,
    cyclesBound: () => cyclesBound,
  };
}

/** Index of the first spread of at most `lanes` lanes. */
function firstWithin(spreads: Spreads, lanes: number): number {
  let low = 0;
  let high = spreads.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spreads.lanes[middle] as number) > lanes) low = middle + 1;
    else high = middle;
  }
  return low;
}
