/** What a mapping costs to find: warm medians over GEMMs of transformer layers and their factorizations. */
import type { Bench } from '../base/bench.ts';
import type { Accelerator } from '../hardware/accelerator.ts';
import { presetByName } from '../hardware/presets.ts';
import { createMapper } from './mapper.ts';
import type { Gemm, Objective } from './mapping.ts';
import { goals } from './objective.ts';
import { brief, createSolver, everything } from './solver.ts';
import type { Effort, Solver } from './solver.ts';
import { compileMachine } from './tables.ts';

const gemm = (m: number, n: number, k: number): Gemm => ({ batch: 1, m, n, k });

/** The GEMMs of best_mappings.json. */
const layers: readonly (readonly [machine: string, gemm: Gemm])[] = [
  ...[
    gemm(128, 3072, 768),
    gemm(128, 768, 3072),
    gemm(384, 768, 768),
    gemm(128, 768, 16),
    gemm(1, 4096, 4096),
  ].map((g) => ['ws16', g] as const),
  ['ws16', gemm(2048, 4096, 4096)],
  ['simba', gemm(128, 768, 16)],
  ['simba', gemm(128, 64, 768)],
  ['simba', gemm(2048, 4096, 4096)],
  ['eyeriss', gemm(128, 768, 3072)],
  ['eyeriss', gemm(384, 768, 768)],
  ['eyeriss', gemm(128, 64, 768)],
  ['eyeriss', gemm(1, 4096, 4096)],
  ['eyeriss', gemm(2048, 4096, 4096)],
];

/** Steps of low-rank layers: 128 tokens, rank against width, ranks without large primes. */
const steps: readonly Gemm[] = [
  16, 18, 20, 24, 30, 36, 48, 60, 64, 90, 96, 120, 144, 180, 192, 240, 300, 384,
].flatMap((rank) => [gemm(128, rank, 768), gemm(128, 768, rank), gemm(128, 3072, rank)]);

/** Six levels, four of them fanning out. */
const sixLevels: Accelerator = {
  ...presetByName('simba'),
  name: 'six levels',
  levels: presetByName('simba').levels.map((level, l) => ({
    ...level,
    keeps: l % 2 === 0 ? (['I', 'W', 'O'] as const) : level.keeps,
    depthWords: [null, 65_536, 8192, 4096, 1024, 64][l] ?? null,
    meshX: [1, 1, 2, 4, 16, 32][l] ?? 1,
    meshY: [1, 1, 2, 4, 4, 8][l] ?? 1,
  })),
  mac: { ...presetByName('simba').mac, meshX: 32, meshY: 16 },
};

/** Where the proof is hardest: many divisors, many levels, wide arrays. */
const hard: readonly (readonly [machine: Accelerator, gemm: Gemm])[] = [
  [presetByName('simba'), gemm(2520, 2520, 2520)],
  [sixLevels, gemm(768, 768, 768)],
  [presetByName('tpu1'), gemm(720, 720, 720)],
];

/** Milliseconds per GEMM of a solver that remembers no answer, each the least of a few turns. */
function times(
  cases: readonly (readonly [machine: string, gemm: Gemm])[],
  objective: Objective,
  effort: Effort,
  turns: number,
  now: () => number,
): number[] {
  const solvers = new Map<string, Solver>();
  return cases
    .map(([name, { batch, m, n, k }]) => {
      const solver =
        solvers.get(name) ??
        createSolver(compileMachine(presetByName(name), 'timeloop'), goals[objective], effort);
      solvers.set(name, solver);
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < turns; i += 1) {
        const start = now();
        solver.solve([[m, n, k, batch]]);
        least = Math.min(least, now() - start);
      }
      return least;
    })
    .sort((a, b) => a - b);
}

const median = (sorted: readonly number[]): number => sorted[sorted.length >> 1] ?? 0;
const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;

const hardBenches = hard.flatMap(([machine, { batch, m, n, k }]) =>
  (['edp', 'energy', 'latency'] as const).map((objective): Bench => ({
    name: `mapper exact ${objective}, ${m} x ${n} x ${k} on ${machine.name}`,
    unit: 'ms',
    budget: 500,
    run: (now) => {
      const solver = createSolver(compileMachine(machine, 'timeloop'), goals[objective]);
      solver.solve([[m, n, k, batch]]);
      const start = now();
      solver.solve([[m, n, k, batch]]);
      return now() - start;
    },
  })),
);

export const benches: readonly Bench[] = [
  ...hardBenches,
  {
    name: 'mapper exact EDP, median of 14 layers',
    unit: 'ms',
    budget: 1,
    run: (now) => median(times(layers, 'edp', everything, 12, now)),
  },
  {
    name: 'mapper exact EDP, worst of 14 layers',
    unit: 'ms',
    budget: 20,
    run: (now) => times(layers, 'edp', everything, 12, now).at(-1) ?? 0,
  },
  {
    name: 'mapper exact energy, worst of 14 layers',
    unit: 'ms',
    budget: 100,
    run: (now) => times(layers, 'energy', everything, 5, now).at(-1) ?? 0,
  },
  {
    name: 'mapper exact latency, worst of 14 layers',
    unit: 'ms',
    budget: 100,
    run: (now) => times(layers, 'latency', everything, 5, now).at(-1) ?? 0,
  },
  {
    name: 'mapper fast EDP, mean of 54 low-rank steps',
    unit: 'ms',
    budget: 0.4,
    run: (now) =>
      mean(
        times(
          steps.map((g) => ['simba', g] as const),
          'edp',
          brief,
          5,
          now,
        ),
      ),
  },
  {
    name: 'mapper padded extent, 128 x 769 x 197',
    unit: 'ms',
    budget: 20,
    run: (now) => {
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 6; i += 1) {
        const mapper = createMapper(presetByName('simba'));
        const start = now();
        mapper.cost(gemm(128, 769, 197), 'exact');
        least = Math.min(least, now() - start);
      }
      return least;
    },
  },
  {
    name: 'mapper remembered answer',
    unit: 'us',
    budget: 1,
    run: (now) => {
      const mapper = createMapper(presetByName('simba'));
      for (const g of steps) mapper.cost(g, 'fast');
      const turns = 2000;
      const start = now();
      for (let i = 0; i < turns; i += 1) for (const g of steps) mapper.cost(g, 'fast');
      return ((now() - start) * 1000) / (turns * steps.length);
    },
  },
];
