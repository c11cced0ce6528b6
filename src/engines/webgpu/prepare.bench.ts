/** What the processor does before a GPU has anything to do: a path as a program, plans to try, kernels written. */
import type { Bench } from '../../core/base/bench.ts';
import type { GemmForm } from '../../core/einsum/gemm-form.ts';
import { einsumProgram } from '../../core/einsum/program.ts';
import { candidatePlans } from './candidates.ts';
import type { Plan } from './plan.ts';
import { createSchedule } from './schedule.ts';

const traits = { software: false, sharedBytes: 32_768, subgroup: 32 };
const shapes = [
  [128, 24, 32],
  [2, 8, 8, 8, 8],
  [2, 24, 8],
  [2, 32, 8],
  [2, 24, 8],
  [2, 32, 8],
];

function prepare(): number {
  const program = einsumProgram('bij,cABEF,cwA,cxB,ciE,cjF->bwx', shapes);
  const planOf = (form: GemmForm): Plan => candidatePlans(form, traits)[0]!;
  return createSchedule(program, { dtype: 'f32', mostMacs: 5e10, planOf }).calls.length;
}

export const benches: readonly Bench[] = [
  {
    name: 'a block-term layer of 768 -> 768: program, candidates and WGSL of its 5 steps',
    unit: 'ms',
    budget: 60,
    run: (now) => {
      const start = now();
      prepare();
      return now() - start;
    },
  },
];
