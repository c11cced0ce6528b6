/**
 * Einsums on the user's own GPU: WGSL made for each program and device. Source of the idea that a kernel is tuned in
 * the tab where it runs: nn-JIT.web (MobiSys 2024).
 */
import { check } from '../../core/base/checks.ts';
import type { Engine } from '../../core/einsum/engine.ts';
import { defaultPlan } from './default-plan.ts';
import { openGpu, type Gpu } from './gpu.ts';
import { createMemory } from './memory.ts';
import { prepareSchedule } from './runner.ts';
import { createSchedule } from './schedule.ts';

export interface WebGpuOptions {
  /** By default the page's own. */
  readonly gpu?: GPU;
  /** Whether an adapter that is a program will do; 'allow' by default. */
  readonly software?: 'allow' | 'refuse';
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
  return {
    backend: 'webgpu',
    description: describe(gpu),
    software: gpu.software,
    gpu,
    prepare: async (program, { dtype = 'f32' } = {}) => {
      check(dtype === 'f32' || gpu.half, 'dtype', 'this device has no f16', dtype);
      const schedule = createSchedule(program, dtype, defaultPlan);
      return prepareSchedule(gpu, memory, program, schedule);
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
