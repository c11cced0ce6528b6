/**
 * Every padding that can win: each dim of extent x may be counted at any P in [x, 2x). Beyond 2x nothing is left to find: a
 * loop of a mapping that covers 2x can be made one shorter and still cover x, and costs less. What a padding must cost at
 * least, whatever the other dims do, leaves a few per cent of each window; where these are still too many to try together,
 * dim after dim is searched until none gains any more. What then is not tried is bounded: by the least that any of it may
 * cost, or by what no mapping at all can be below.
 */
import type { Gemm } from './mapping.ts';
import { isReached } from './objective.ts';
import type { Goal } from './objective.ts';
import { paddedExtents } from './padding.ts';
import type { Extents, Reach } from './plans.ts';
import type { RaggedBound } from './ragged-bound.ts';
import type { Solution, Solver } from './solver.ts';
import type { MachineTables } from './tables.ts';

/** Paddings whose least costs are compared. */
const mostTogether = 40_000;
/** Of these, the most promising are tried, so many at a time. */
const mostTried = 1000;
const atATime = 250;
/** Paddings of one dim that are looked at: all of them, or some, fewer where an extent takes long to factor. */
const mostInWindow = 4096;
const someOfWindow = 1024;
const mostDivisions = 2e7;
/** Of these, tried with the other dims as they are; fewer where a window is not looked at whole. */
const mostOfOneDim = 96;
const someOfOneDim = 32;

export interface PaddedSolution extends Solution {
  /** Below what key (`Goal.key`) no other padding is; the key of the solution itself = it is proven. */
  readonly least: number;
}

/** The best mapping over all paddings, or null when nothing fits. The batch is never padded. */
export function searchPaddings(
  machine: MachineTables,
  goal: Goal,
  solver: Solver,
  bound: RaggedBound,
  gemm: Gemm,
): PaddedSolution | null {
  const likely = solver.solve(paddedExtents(machine, gemm));
  if (likely === null) return null;
  const reaches = reachesOf(solver, gemm);
  const whole = [gemm.m, gemm.n, gemm.k].every((extent, dim) => reaches[dim]?.length === extent);
  let left = promising(machine, goal, solver, gemm, reaches, likely);
  let best = likely;
  if (sizeOf(left) > mostTried) {
    best = dimByDim(goal, solver, left, likely, whole ? mostOfOneDim : someOfOneDim);
    left = promising(machine, goal, solver, gemm, reaches, best);
  }
  const tried = sizeOf(left) > mostTogether ? null : tryTogether(machine, goal, solver, gemm, left, best);
  best = tried?.best ?? best;
  const least = whole && tried?.proven === true ? tried.least : 0;
  const key = keyOf(goal, best);
  return { ...best, least: isReached(key, least) ? key : Math.max(least, bound(gemm, key)) };
}

const keyOf = (goal: Goal, { energyPj, cycles }: Solution): number => goal.key(energyPj, cycles);

/** By dim a window of paddings, each with what it costs at least. */
type Window = readonly { readonly extent: number; readonly reach: Reach; readonly key: number }[];

/** What something costs at least. */
interface Floor {
  readonly energyPj: number;
  readonly cycles: number;
  readonly key: number;
}

const mayBeat = (goal: Goal, { energyPj, cycles }: Floor, standing: Solution): boolean =>
  goal.beats(energyPj, cycles, standing.energyPj, standing.cycles);

const sizeOf = (windows: readonly Window[]): number => windows.reduce((all, { length }) => all * length, 1);

/** Tries what can win, most promising first, as far as the effort goes. */
function tryTogether(
  machine: MachineTables,
  goal: Goal,
  solver: Solver,
  gemm: Gemm,
  windows: readonly Window[],
  start: Solution,
): { readonly best: Solution; readonly least: number; readonly proven: boolean } {
  const [ms = [], ns = [], ks = []] = windows;
  const batch = solver.reach(3, gemm.batch);
  const all = ms
    .flatMap((m) =>
      ns.flatMap((n) =>
        ks.map((k) => {
          const extents: Extents = [m.extent, n.extent, k.extent, gemm.batch];
          const floor = floorOf(machine, goal, solver, [m.reach, n.reach, k.reach], batch, extents);
          return { extents, floor };
        }),
      ),
    )
    .filter(({ extents, floor }) => isCountable(extents) && mayBeat(goal, floor, start))
    .sort((a, b) => a.floor.key - b.floor.key);
  let best = start;
  let proven = start.proven;
  let at = 0;
  for (; at < Math.min(all.length, mostTried); at += atATime) {
    const some = all
      .slice(at, at + atATime)
      .filter(({ floor }) => mayBeat(goal, floor, best))
      .map(({ extents }) => extents);
    if (some.length === 0) continue;
    const found = solver.solve([best.choice.extents as unknown as Extents, ...some]);
    proven &&= found?.proven === true;
    best = better(goal, best, found);
  }
  return { best, least: all[at]?.floor.key ?? keyOf(goal, best), proven };
}

/** Searches the window of each dim in turn until none gains any more. */
function dimByDim(
  goal: Goal,
  solver: Solver,
  windows: readonly Window[],
  start: Solution,
  most: number,
): Solution {
  let best = start;
  let settled = 0;
  for (let dim = 0; settled < 3; dim = (dim + 1) % 3) {
    const candidates = (windows[dim] ?? [])
      .toSorted((a, b) => a.key - b.key)
      .slice(0, most)
      .map(
        ({ extent }) =>
          best.choice.extents.map((at, d) => (d === dim ? extent : at)) as [number, number, number, number],
      );
    const next = better(goal, best, solver.solve(candidates.filter(isCountable)));
    settled = next === best ? settled + 1 : 1;
    best = next;
  }
  return best;
}

const isCountable = ([m, n, k, b]: Extents): boolean => m * n * k * b <= Number.MAX_SAFE_INTEGER;

const better = (goal: Goal, a: Solution, b: Solution | null): Solution =>
  b !== null && goal.beats(b.energyPj, b.cycles, a.energyPj, a.cycles) ? b : a;

/** By dim, of every padding in its window. */
function reachesOf(solver: Solver, { m, n, k }: Gemm): readonly (readonly Reach[])[] {
  return [m, n, k].map((extent, dim) => {
    const window = extent <= mostInWindow ? extent : someOfWindow;
    const most = Math.min(window, Math.max(1, Math.floor(mostDivisions / Math.sqrt(extent))));
    return Array.from({ length: most }, (_, more) => solver.reach(dim, extent + more));
  });
}

/** At least what a padding with these reaches of M, N and K costs. */
function floorOf(
  machine: MachineTables,
  goal: Goal,
  solver: Solver,
  reaches: readonly Reach[],
  batch: Reach,
  [m, n, k, b]: Extents,
): Floor {
  const macs = m * n * k * b;
  let perMac = machine.macEnergyPj;
  let steps = batch.steps;
  for (const reach of reaches) {
    perMac += reach.energy;
    steps *= reach.steps;
  }
  let cycles = Math.max(steps, macs / solver.lanes);
  for (let p = 0; p < batch.loads.length; p += 1) {
    let load = 0;
    for (const { loads } of reaches) load += loads[p] ?? 0;
    cycles = Math.max(cycles, macs * load);
  }
  const energyPj = macs * perMac * slack;
  return { energyPj, cycles: cycles * slack, key: goal.key(energyPj, cycles * slack) };
}

const slack = 1 - 1e-12;

/** Per dim the extents that may still beat the standing when the other dims are as good as they can be. */
function promising(
  machine: MachineTables,
  goal: Goal,
  solver: Solver,
  { batch, m, n, k }: Gemm,
  reaches: readonly (readonly Reach[])[],
  standing: Solution,
): readonly Window[] {
  const extents = [m, n, k] as const;
  // Per MAC of the extents as they are: a padded dim pays for its own padding.
  const bests = reaches.map((window, dim) =>
    window
      .map((reach, more) => scaled(reach, 1 + more / (extents[dim] ?? 1)))
      .reduce((a, b) => ({
        energy: Math.min(a.energy, b.energy),
        steps: Math.min(a.steps, b.steps),
        loads: a.loads.map((load, p) => Math.min(load, b.loads[p] ?? 0)),
      })),
  );
  const ofBatch = solver.reach(3, batch);
  return reaches.map((window, dim) =>
    window.flatMap((reach, more) => {
      const extent = (extents[dim] ?? 1) + more;
      const all = bests.map((best, other) => (other === dim ? reach : best));
      const padded = extents.map((own, other) => (other === dim ? extent : own)) as [number, number, number];
      const floor = floorOf(machine, goal, solver, all, ofBatch, [...padded, batch]);
      return mayBeat(goal, floor, standing) ? [{ extent, reach, key: floor.key }] : [];
    }),
  );
}

const scaled = ({ energy, steps, loads }: Reach, by: number): Reach => ({
  energy: energy * by,
  steps,
  loads: loads.map((load) => load * by),
});
