/**
 * The door to a GPU: adapter, device, compiled kernels, memory; and every wait on it, none of which may last for ever.
 * Numbers of buffer usages are those of the WebGPU specification: Node has no global objects with their names.
 */
import { InputError } from '../../core/base/checks.ts';
import { EngineLost } from '../../core/einsum/engine.ts';

export const usage = {
  mapRead: 0x1,
  copySource: 0x4,
  copyTarget: 0x8,
  uniform: 0x40,
  storage: 0x80,
  resolve: 0x200,
} as const;
export const mapRead = 0x1;

export interface Gpu {
  readonly device: GPUDevice;
  /** For the screen. */
  readonly name: string;
  /** A program that poses as a GPU. */
  readonly software: boolean;
  readonly half: boolean;
  readonly timestamps: boolean;
  /** Bytes of memory that a workgroup may share. */
  readonly sharedBytes: number;
  /** Threads that exchange values, where their number is fixed; 0 without. */
  readonly subgroup: number;
  /** What a promise gives, or EngineLost when the device goes or `seconds` pass. */
  readonly wait: <T>(promise: Promise<T>, seconds: number) => Promise<T>;
  /** The compiled kernel; the same code is compiled once. @throws InputError when the device refuses it */
  readonly compile: (code: string) => Promise<GPUComputePipeline>;
  /** Once the device is gone: why. */
  readonly lost: () => string | null;
  readonly dispose: () => void;
}

const compileSeconds = 60;
const mostCompiled = 500;
const openSeconds = 20;

/** @param options.gpu by default the page's own; @returns null without an adapter */
export async function openGpu(options: {
  readonly gpu?: GPU | undefined;
  readonly software?: 'allow' | 'refuse' | undefined;
}): Promise<Gpu | null> {
  const gpu = options.gpu ?? (globalThis.navigator as Navigator | undefined)?.gpu;
  if (gpu === undefined) return null;
  const adapter = await within(gpu.requestAdapter({ powerPreference: 'high-performance' }), openSeconds, []);
  if (adapter === null) return null;
  const software = isSoftware(adapter.info);
  if (software && options.software === 'refuse') return null;
  const wanted: readonly GPUFeatureName[] = ['shader-f16', 'timestamp-query', 'subgroups'];
  const features = wanted.filter((feature) => adapter.features.has(feature));
  const { limits } = adapter;
  const device = await within(
    adapter.requestDevice({
      requiredFeatures: features,
      requiredLimits: {
        maxBufferSize: limits.maxBufferSize,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
        maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
        maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
        maxComputeWorkgroupSizeY: limits.maxComputeWorkgroupSizeY,
      },
    }),
    openSeconds,
    [],
  );
  return wrap(device, adapter.info, software, features);
}

function wrap(
  device: GPUDevice,
  info: GPUAdapterInfo,
  software: boolean,
  features: readonly GPUFeatureName[],
): Gpu {
  let lost: string | null = null;
  const gone = device.lost.then(({ reason, message }) => {
    lost = message === '' ? (reason ?? 'unknown') : message;
    throw new EngineLost('webgpu', lost);
  });
  // Whoever waits hears of it; nobody waiting is no error.
  gone.catch(() => null);
  const compiled = new Map<string, Promise<GPUComputePipeline>>();
  const { subgroupMinSize = 0, subgroupMaxSize = -1 } = info as {
    readonly subgroupMinSize?: number;
    readonly subgroupMaxSize?: number;
  };
  const wait: Gpu['wait'] = (promise, seconds) => {
    if (lost !== null) return Promise.reject(new EngineLost('webgpu', lost));
    return within(promise, seconds, [gone]);
  };
  return {
    device,
    name: adapterName(info),
    software,
    half: features.includes('shader-f16'),
    timestamps: features.includes('timestamp-query'),
    sharedBytes: device.limits?.maxComputeWorkgroupStorageSize ?? 0,
    subgroup: features.includes('subgroups') && subgroupMinSize === subgroupMaxSize ? subgroupMinSize : 0,
    wait,
    lost: () => lost,
    compile: (code) => {
      let pipeline = compiled.get(code);
      if (pipeline === undefined) {
        // Its refusal is told by the pipeline; without a scope it would be shouted into the console as well.
        device.pushErrorScope('validation');
        const module = device.createShaderModule({ code });
        device.popErrorScope().catch(() => null);
        const made = device.createComputePipelineAsync({
          layout: 'auto',
          compute: { module, entryPoint: 'main' },
        });
        pipeline = wait(made, compileSeconds).catch((error: unknown) => {
          compiled.delete(code);
          // A compiler that is slow has not lost the device.
          if (error instanceof EngineLost && lost !== null) throw error;
          throw new InputError('webgpu', `the kernel was refused: ${textOf(error)}`);
        });
        compiled.set(code, pipeline);
        // The oldest go first; whoever runs one keeps it.
        for (const old of compiled.keys()) {
          if (compiled.size <= mostCompiled) break;
          compiled.delete(old);
        }
      }
      return pipeline;
    },
    dispose: () => device.destroy(),
  };
}

/** Browsers that lack the flag still name what draws. */
function isSoftware(info: GPUAdapterInfo): boolean {
  if (info.isFallbackAdapter) return true;
  const text = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return /swiftshader|llvmpipe|lavapipe|software|basic render|warp/i.test(text);
}

function adapterName({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  const parts = [description || device, architecture, vendor].filter((text) => text !== '');
  return [...new Set(parts)].join(', ') || 'unnamed adapter';
}

const textOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 200);

/** @param others promises that only ever reject */
async function within<T>(
  promise: Promise<T>,
  seconds: number,
  others: readonly Promise<never>[],
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new EngineLost('webgpu', `no answer within ${seconds} s`)),
      seconds * 1000,
    );
  });
  try {
    return await Promise.race([promise, late, ...others]);
  } finally {
    clearTimeout(timer);
    // What loses the race may still fail, with nobody listening.
    promise.catch(() => null);
  }
}
