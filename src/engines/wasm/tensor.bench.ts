/** What the loops in WebAssembly leave of the core's own time, in turns within one run, and how long is left. */
import type { Bench } from '../../core/base/bench.ts';
import { createRandom } from '../../core/base/random.ts';
import { decompose } from '../../core/factor/decompose/decompose.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { matrix, type Matrix } from '../../core/tensor/dense.ts';
import { giveTensorKernels } from '../../core/tensor/kernels.ts';
import { truncate } from '../../core/tensor/svd.ts';
import { hastenTensors } from './tensor.ts';

const { normal } = createRandom(1);
const weight: Matrix = matrix(768, 768, Float64Array.from({ length: 768 * 768 }, normal));

async function share(work: () => unknown, now: () => number): Promise<number> {
  giveTensorKernels(null);
  const start = now();
  work();
  const between = now();
  await hastenTensors();
  work();
  const end = now();
  giveTensorKernels(null);
  return (end - between) / (between - start);
}

const shareOf = (name: string, budget: number, work: () => unknown): Bench => ({
  name: `${name}, share of core/tensor's own time`,
  unit: 'ratio',
  budget,
  run: (now) => share(work, now),
});

const decomposing =
  (f: Factorization): (() => unknown) =>
  () =>
    decompose(weight, f, { effort: 'quick' });

const modes = { outModes: [24, 32], inModes: [24, 32] } as const;

export const benches: readonly Bench[] = [
  {
    name: 'all singular vectors of 768 x 768, loops in WebAssembly',
    unit: 'ms',
    budget: 700,
    run: async (now) => {
      await hastenTensors();
      const start = now();
      truncate(weight, 768);
      const end = now();
      giveTensorKernels(null);
      return end - start;
    },
  },
  shareOf('all singular vectors of 768 x 768', 0.35, () => truncate(weight, 768)),
  shareOf('tt of 768 x 768', 0.8, decomposing({ format: 'tt', ...modes, ranks: [16, 64, 16] })),
  shareOf('tucker of 768 x 768', 0.8, decomposing({ format: 'tucker', ...modes, ranks: [12, 16, 12, 16] })),
  shareOf('cp of 768 x 768', 1, decomposing({ format: 'cp', ...modes, ranks: [32] })),
];
