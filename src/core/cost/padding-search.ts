/**
 * Every padding that can win: each dim of extent x may be counted at any P in [x, 2x). Beyond 2x nothing is left to find: a
 * loop of a mapping that covers 2x can be made one shorter and still cover x, and costs less. What a padding must cost at
 * least, whatever the other dims do, leaves a few per cent of each window; where these are still too many to try together,
 * dim after dim is searched in full until none gains any more.
 */
import type { Gemm } from './mapping.ts';
import type { Goal } from './objective.ts';
import { paddedExtents } from './padding.ts';
import type { Extents, Reach } from './plans.ts';
import type { Solution, Solver } from './solver.ts';
import type { MachineTables } from './tables.ts';

/** Paddings that are tried together. */
const mostTogether = 20_000;
/** Paddings of one dim that are looked at. */
const mostInWindow = 4096;
/** Trial divisions that finding the divisors of all of these may take: extents of trillions have fewer looked at. */
const mostDivisions = 2 ** 27;

export interface PaddedSolution extends Solution {
  /** Whether no other padding can be better. */
  readonly complete: boolean;
}

/** The best mapping over all paddings, or null when nothing fits. The batch is never padded. */
export function searchPaddings(
  machine: MachineTables,
  goal: Goal,
  solver: Solver,
  gemm: Gemm,
): PaddedSolution | null {
  const likely = solver.solve(paddedExtents(machine, gemm));
  if (likely === null) return null;
  const { windows, whole } = promising(machine, goal, solver, gemm, likely);
  const sizeOf = (lists: Windows['windows']): number => lists.reduce((all, { length }) => all * length, 1);
  const alone = sizeOf(windows) <= mostTogether ? likely : dimByDim(goal, solver, windows, likely);
  const left = alone === likely ? windows : promising(machine, goal, solver, gemm, alone).windows;
  if (sizeOf(left) > mostTogether) return { ...alone, complete: false };
  const [ms = [], ns = [], ks = []] = left;
  const all = ms.flatMap((m) => ns.flatMap((n) => ks.map((k): Extents => [m, n, k, gemm.batch])));
  const found = solver.solve(all.filter(isCountable));
  return { ...better(goal, alone, found), complete: whole && (found?.proven ?? likely.proven) };
}

/** Searches the window of each dim in turn until none gains any more. */
function dimByDim(goal: Goal, solver: Solver, windows: Windows['windows'], start: Solution): Solution {
  let best = start;
  let settled = 0;
  for (let dim = 0; settled < 3; dim = (dim + 1) % 3) {
    const candidates = (windows[dim] ?? []).map(
      (extent) =>
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

/** Per dim the extents that may still beat the standing when the other dims are as good as they can be. */
function promising(
  machine: MachineTables,
  goal: Goal,
  solver: Solver,
  gemm: Gemm,
  standing: Solution,
): Windows {
  const extents = [gemm.m, gemm.n, gemm.k];
  const reaches = extents.map((extent, dim) =>
    Array.from({ length: windowOf(extent) }, (_, more) => solver.reach(dim, extent + more)),
  );
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
  const batch = solver.reach(3, gemm.batch);
  const windows = extents.map((extent, dim) => {
    const others = bests.filter((_, other) => other !== dim);
    return (reaches[dim] ?? []).flatMap((reach, more) => {
      const padded = extent + more;
      const macs = (gemm.batch * gemm.m * gemm.n * gemm.k * padded) / extent;
      const all = [reach, ...others];
      const perMac = all.reduce((sum, { energy }) => sum + energy, machine.macEnergyPj);
      const loads = reach.loads.map((_, p) => all.reduce((sum, r) => sum + (r.loads[p] ?? 0), 0));
      const steps = all.reduce((product, each) => product * each.steps, batch.steps);
      const cycles = Math.max(steps, macs / solver.lanes, macs * Math.max(0, ...loads));
      const slack = 1 - 1e-12;
      return goal.beats(macs * perMac * slack, cycles * slack, standing.energyPj, standing.cycles)
        ? [padded]
        : [];
    });
  });
  return { windows, whole: extents.every((extent) => windowOf(extent) === extent) };
}

const windowOf = (extent: number): number =>
  Math.max(1, Math.min(extent, mostInWindow, Math.floor(mostDivisions / Math.sqrt(extent))));

interface Windows {
  readonly windows: readonly (readonly number[])[];
  /** Whether nothing was left out. */
  readonly whole: boolean;
}

const scaled = ({ energy, steps, loads }: Reach, by: number): Reach => ({
  energy: energy * by,
  steps,
  loads: loads.map((load) => load * by),
});
