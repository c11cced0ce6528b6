/**
 * How long work takes: by the device's own clock where it has one, else from submit to done. Browsers round the clock
 * (Chromium to 0.1 ms), so short work is repeated within one pass until it takes long enough.
 */
import type { StopSignal } from '../../core/einsum/engine.ts';
import { mapRead, usage, type Gpu } from './gpu.ts';

/** Encodes one submit's worth of work. */
export type Encode = (pass: GPUComputePassEncoder) => void;

const longEnoughMs = 3;
const mostRepeats = 256;
const timeSeconds = 60;

export interface TimeOptions {
  readonly signal?: StopSignal | undefined;
  /** Where the first run takes longer it is the only one. */
  readonly giveUpMs?: number;
}

/** Milliseconds of one run of all `parts`, for each of `runs` runs. */
export type Stopwatch = (
  parts: readonly Encode[],
  runs: number,
  options?: TimeOptions,
) => Promise<readonly number[]>;

export function createStopwatch(gpu: Gpu): Stopwatch {
  const once = async (parts: readonly Encode[], repeats: number): Promise<number> => {
    let ms = 0;
    for (const part of parts) ms += await timed(gpu, (pass) => repeat(pass, part, repeats));
    return ms / repeats;
  };
  return async (parts, runs, { signal, giveUpMs = Infinity } = {}) => {
    const stop = (): void => {
      if (signal?.aborted === true) throw signal.reason ?? new DOMException('Aborted', 'AbortError');
    };
    if (parts.length === 0) return Array.from({ length: runs }, () => 0);
    stop();
    const first = await once(parts, 1);
    if (first > giveUpMs) return [first];
    // Work in several submits is long anyway.
    const repeats =
      parts.length > 1
        ? 1
        : Math.min(mostRepeats, Math.max(1, Math.ceil(longEnoughMs / Math.max(first, 1e-3))));
    const times: number[] = [];
    for (let run = 0; run < runs; run++) {
      stop();
      times.push(await once(parts, repeats));
    }
    return times;
  };
}

function repeat(pass: GPUComputePassEncoder, encode: Encode, times: number): void {
  for (let k = 0; k < times; k++) encode(pass);
}

async function timed(gpu: Gpu, encode: Encode): Promise<number> {
  const { device, wait } = gpu;
  if (!gpu.timestamps) return wallTime(gpu, encode);
  const querySet = device.createQuerySet({ type: 'timestamp', count: 2 });
  const resolved = device.createBuffer({ size: 16, usage: usage.resolve | usage.copySource });
  const staging = device.createBuffer({ size: 16, usage: usage.mapRead | usage.copyTarget });
  try {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass({
      timestampWrites: { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
    });
    encode(pass);
    pass.end();
    encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16);
    const start = performance.now();
    device.queue.submit([encoder.finish()]);
    await wait(staging.mapAsync(mapRead), timeSeconds);
    const wall = performance.now() - start;
    const [from = 0n, to = 0n] = new BigUint64Array(staging.getMappedRange());
    const ms = Number(to - from) / 1e6;
    // Some drivers leave the clock at zero or let it jump.
    return ms > 0 && ms <= wall ? ms : wall;
  } finally {
    querySet.destroy();
    resolved.destroy();
    staging.destroy();
  }
}

async function wallTime({ device, wait }: Gpu, encode: Encode): Promise<number> {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  encode(pass);
  pass.end();
  const start = performance.now();
  device.queue.submit([encoder.finish()]);
  await wait(device.queue.onSubmittedWorkDone(), timeSeconds);
  return performance.now() - start;
}
