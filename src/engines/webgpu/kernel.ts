/** The kernel of a plan, whichever kind it is. */
import type { GemmForm } from '../../core/einsum/gemm-form.ts';
import { directKernel, type Dtype, type Kernel } from './direct-kernel.ts';
import type { Plan } from './plan.ts';
import { tiledKernel } from './tiled-kernel.ts';

/** Arguments and result as `directKernel`. */
export const kernelOf = (
  form: GemmForm,
  plan: Plan,
  dtype: Dtype,
  writes: Dtype,
  wantedPieces: number,
): Kernel =>
  plan.shared === 'tiles'
    ? tiledKernel(form, plan, dtype, writes, wantedPieces)
    : directKernel(form, plan, dtype, writes, wantedPieces);
