/**
 * The few ways worth trying to do a chain in one kernel. Tiles of 8 to 32 rows in workgroup memory for GPUs; a few
 * rows to a thread where barriers are slow (a program that poses as a GPU) or the rank is small.
 */
import { extentOf, type GemmForm } from '../../core/einsum/gemm-form.ts';
import { candidatePlans } from './candidates.ts';
import { chainForms, innerExtent, type Chain } from './fusion-chain.ts';
import { fusedName, tileAxis, type FusedPlan } from './fusion-kernel.ts';
import { plannedForm, type Plan } from './plan.ts';

export interface FusionTraits {
  readonly software: boolean;
  /** Bytes. */
  readonly workgroupMemory: number;
  readonly mostThreads: number;
}

/** Words of T in one thread: registers of a GPU are gone long before; SwiftShader keeps them on its stack. */
const mostThreadWords = { software: 1024, hardware: 64 } as const;
/** Rows of T longer than this leave no room for the tiles of other workgroups. */
const mostInner = 128;
const floatBytes = 4;

export function fusedPlans(chain: Chain, traits: FusionTraits): readonly FusedPlan[] {
  const { software, workgroupMemory, mostThreads } = traits;
  const along = tileAxis(chain);
  const side = along?.extent ?? 1;
  const inner = innerExtent(chain);
  const shapes: Omit<FusedPlan, 'first' | 'second'>[] = [];
  const words = mostThreadWords[software ? 'software' : 'hardware'];
  for (const wanted of software ? [8, 4, 16, 2] : [4, 2, 1]) {
    const rows = Math.min(wanted, side);
    if (rows * inner <= words) shapes.push({ memory: 'thread', rows, threads: software ? 4 : 32 });
  }
  if (!software && inner <= mostInner)
    for (const wanted of [16, 32, 8])
      for (const threads of [128, 256, 64]) {
        const rows = Math.min(wanted, side);
        const fits = rows * inner * floatBytes <= workgroupMemory / 2 && threads <= mostThreads;
        if (fits) shapes.push({ memory: 'workgroup', rows, threads });
      }
  const plans = new Map<string, FusedPlan>();
  for (const shape of shapes) {
    const forms = chainForms(chain, along, shape.rows);
    const lanes = shape.memory === 'thread' ? 1 : shape.threads;
    const plan: FusedPlan = {
      ...shape,
      first: blockPlan(forms.first, lanes, traits),
      second: blockPlan(forms.second, lanes, traits),
    };
    plans.set(fusedName(plan), plan);
  }
  return [...plans.values()];
}

/** The block with the least work for the busiest of `lanes` threads; a load counts as three products. */
function blockPlan(form: GemmForm, lanes: number, traits: FusionTraits): Plan {
  const cost = (plan: Plan): number => {
    const { batch, m, n } = plannedForm(form, plan);
    const { rows, columns, batches, depth } = plan;
    const blocks =
      Math.ceil(extentOf(batch) / batches) * Math.ceil(extentOf(m) / rows) * Math.ceil(extentOf(n) / columns);
    const loads = 3 * (rows + columns) * batches;
    return Math.ceil(blocks / lanes) * (rows * columns * batches + loads + 4 / depth);
  };
  const plans = candidatePlans(form, { software: traits.software, sharedBytes: 0, subgroup: 0 }).filter(
    ({ splits, shared }) => splits === 1 && shared === undefined,
  );
  return plans.reduce((best, plan) => (cost(plan) < cost(best) ? plan : best));
}
