import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngineLost } from '../../core/einsum/engine.ts';
import { openGpu } from './gpu.ts';

const never = new Promise<never>(() => {});

/** A GPU whose adapter and device are those given. */
const fakeGpu = (adapter: unknown): GPU => ({ requestAdapter: () => adapter }) as unknown as GPU;

const fakeAdapter = (device: object, info: object = {}): Promise<unknown> =>
  Promise.resolve({
    info: { vendor: 'v', architecture: 'a', device: '', description: '', isFallbackAdapter: false, ...info },
    features: new Set(['timestamp-query', 'subgroups']),
    limits: {},
    requestDevice: () => Promise.resolve({ lost: never, ...device }),
  });

describe('the door to a GPU', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is closed without WebGPU, without an adapter, and to programs that pose as one where asked', async () => {
    expect(await openGpu({})).toBeNull();
    expect(await openGpu({ gpu: fakeGpu(Promise.resolve(null)) })).toBeNull();
    const software = fakeGpu(fakeAdapter({}, { isFallbackAdapter: true }));
    expect(await openGpu({ gpu: software, software: 'refuse' })).toBeNull();
    const llvmpipe = fakeGpu(fakeAdapter({}, { description: 'llvmpipe (LLVM 19)' }));
    expect((await openGpu({ gpu: llvmpipe }))?.software).toBe(true);
  });

  it('does not wait for ever', async () => {
    const opening = openGpu({ gpu: fakeGpu(never) }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await opening).toEqual(new EngineLost('webgpu', 'no answer within 20 s'));
    const gpu = await openGpu({ gpu: fakeGpu(fakeAdapter({})) });
    const waiting = gpu!.wait(never, 5).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await waiting).toEqual(new EngineLost('webgpu', 'no answer within 5 s'));
  });

  it('tells whoever waits, then and later, that the device went', async () => {
    const lost = Promise.resolve({ reason: 'unknown', message: 'the driver was updated' });
    const gpu = await openGpu({ gpu: fakeGpu(fakeAdapter({ lost })) });
    await expect(gpu!.wait(never, 5)).rejects.toThrow('the driver was updated');
    expect(gpu!.lost()).toBe('the driver was updated');
    await expect(gpu!.wait(Promise.resolve(1), 5)).rejects.toBeInstanceOf(EngineLost);
  });

  it('compiles the same code once and names a refused one', async () => {
    type Make = (wanted: { readonly compute: { readonly module: string } }) => Promise<string>;
    const createComputePipelineAsync = vi.fn<Make>(({ compute: { module } }) =>
      module === 'bad' ? Promise.reject(new Error('line 3: what?')) : Promise.resolve(module),
    );
    const device = {
      pushErrorScope: () => {},
      popErrorScope: () => Promise.resolve(null),
      createShaderModule: ({ code }: { code: string }) => code,
      createComputePipelineAsync,
    };
    const gpu = await openGpu({ gpu: fakeGpu(fakeAdapter(device)) });
    expect(await Promise.all([gpu!.compile('good'), gpu!.compile('good')])).toEqual(['good', 'good']);
    expect(createComputePipelineAsync).toHaveBeenCalledTimes(1);
    await expect(gpu!.compile('bad')).rejects.toThrow('webgpu: the kernel was refused: line 3: what?');
  });
});
