/**
 * Einsums on the user's own GPU: WGSL made for each program and device. Source of the idea that a kernel is tuned in
 * the tab where it runs: nn-JIT.web (MobiSys 2024).
 */
import { check } from '../../core/base/checks.ts';
import type { Engine } from '../../core/einsum/engine.ts';
import { macsAtOnce } from './calls.ts';
import { createFuser } from './fusion.ts';
import { openGpu, type Gpu } from './gpu.ts';
import { createMemory } from './memory.ts';
import { prepareSchedule } from './runner.ts';
import { createSchedule, isEmpty } from './schedule.ts';
import { createTuner, type TuningProgress, type TuningStore } from './tuner.ts';
import type { Plan } from './plan.ts';
import type { GemmForm } from '../../core/einsum/gemm-form.ts';

export interface WebGpuOptions {
  /** By default the page's own. */
  readonly gpu?: GPU;
  /** Whether an adapter that is a program will do; 'allow' by default. */
  readonly software?: 'allow' | 'refuse';
  /** Milliseconds for finding the fastest kernel of one class of shapes, 1,500 by default; 0: guess. */
  readonly tuneMs?: number;
  /** Where winners are remembered. */
  readonly store?: TuningStore;
  readonly onTuning?: (progress: TuningProgress) => void;
  /** Tests: memory is full of NaN before it is used. */
  readonly poison?: boolean;
}

export interface WebGpuEngine extends Engine {
  readonly backend: 'webgpu';
  readonly software: boolean;
  /** The device itself, lost when it is destroyed. */
  readonly gpu: Gpu;
}

/** @returns null where there is no adapter, or none but software and that is refused */
export async function openWebGpu(options: WebGpuOptions = {}): Promise<WebGpuEngine | null> {
  const gpu = await openGpu(options);
  if (gpu === null) return null;
  const memory = createMemory(gpu, options.poison);
  const { tuneMs = 1500, store, onTuning } = options;
  const tuner = createTuner(gpu, memory, { tuneMs, store, onTuning });
  const fuser = createFuser(gpu, memory, { budgetMs: tuneMs, store, onTuning });
  return {
    backend: 'webgpu',
    description: describe(gpu),
    software: gpu.software,
    gpu,
    tuned: tuner.tuned,
    prepare: async (program, { dtype = 'f32', fusion = 'measured' } = {}) => {
      check(dtype === 'f32' || gpu.half, 'dtype', 'this device has no f16', dtype);
      const plans = new Map<GemmForm, Plan>();
      for (const { form } of program.steps)
        if (!isEmpty(form)) plans.set(form, await tuner.choose(form, dtype));
      const planOf = (form: GemmForm): Plan => plans.get(form) ?? tuner.guess(form);
      const style = { dtype, mostMacs: macsAtOnce(gpu), planOf };
      const plain = createSchedule(program, style);
      if (fusion === 'never') return prepareSchedule(gpu, memory, program, plain);
      const { schedule, choices } = await fuser.choose(program, plain, style);
      const prepared = await prepareSchedule(gpu, memory, program, schedule);
      return { ...prepared, choices };
    },
    dispose: () => {
      memory.dispose();
      gpu.dispose();
    },
  };
}

function describe({ name, software, half, subgroup, device: { limits } }: Gpu): string {
  const features = [
    ...(software ? ['software'] : []),
    ...(half ? ['f16'] : []),
    ...(subgroup > 0 ? [`subgroups of ${subgroup}`] : []),
  ];
  const megabytes = Math.floor(Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize) / 2 ** 20);
  return `${[name, ...features].join(', ')}; arrays up to ${megabytes} MiB`;
}
