/**
 * The same stopwatch for every library: timestamps at the ends of each compute pass, written by the device itself.
 * Libraries make devices and passes of their own, so the three methods that make them are wrapped before any library
 * loads. A run's time is the sum over its passes: what lies between two passes or submissions (the library's own
 * JavaScript) is left out, to the advantage of libraries that submit often.
 */
import { within } from './within.ts';

const capacity = 2048;
const patienceMs = 20_000;

interface Recorder {
  readonly querySet: GPUQuerySet;
  readonly resolved: GPUBuffer;
  readonly staging: GPUBuffer;
  used: number;
  missed: boolean;
}

const recorders = new WeakMap<GPUDevice, Recorder>();
const deviceOf = new WeakMap<GPUCommandEncoder, GPUDevice>();
let recording: Recorder | null = null;
let recorded: GPUDevice | null = null;

/** Call once, before any library asks for a device. */
export function installDeviceClock(): void {
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = function (this: GPUAdapter, descriptor: GPUDeviceDescriptor = {}) {
    const wanted = new Set(Array.from(descriptor.requiredFeatures ?? [], String) as GPUFeatureName[]);
    if (this.features.has('timestamp-query')) wanted.add('timestamp-query');
    return requestDevice.call(this, { ...descriptor, requiredFeatures: [...wanted] });
  };
  const createCommandEncoder = GPUDevice.prototype.createCommandEncoder;
  GPUDevice.prototype.createCommandEncoder = function (this: GPUDevice, descriptor) {
    const encoder = createCommandEncoder.call(this, descriptor);
    deviceOf.set(encoder, this);
    return encoder;
  };
  const beginComputePass = GPUCommandEncoder.prototype.beginComputePass;
  GPUCommandEncoder.prototype.beginComputePass = function (this: GPUCommandEncoder, descriptor) {
    const recorder = recording;
    if (recorder === null || deviceOf.get(this) !== recorded) return beginComputePass.call(this, descriptor);
    if (recorder.used + 2 > capacity || descriptor?.timestampWrites !== undefined) {
      recorder.missed = true;
      return beginComputePass.call(this, descriptor);
    }
    const timestampWrites = {
      querySet: recorder.querySet,
      beginningOfPassWriteIndex: recorder.used,
      endOfPassWriteIndex: recorder.used + 1,
    };
    recorder.used += 2;
    return beginComputePass.call(this, { ...descriptor, timestampWrites });
  };
}

function recorderOf(device: GPUDevice): Recorder {
  const known = recorders.get(device);
  if (known !== undefined) return known;
  const recorder: Recorder = {
    querySet: device.createQuerySet({ type: 'timestamp', count: capacity }),
    resolved: device.createBuffer({
      size: 8 * capacity,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    }),
    staging: device.createBuffer({
      size: 8 * capacity,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    }),
    used: 0,
    missed: false,
  };
  recorders.set(device, recorder);
  return recorder;
}

export interface DeviceTime {
  readonly ms: number;
  readonly passes: number;
}

/** Milliseconds on the device of what `use` runs; null where the device has no timestamps or a pass was not ours. */
export async function deviceTime(device: GPUDevice, use: () => Promise<void>): Promise<DeviceTime | null> {
  if (!device.features.has('timestamp-query')) {
    await use();
    return null;
  }
  const recorder = recorderOf(device);
  recorder.used = 0;
  recorder.missed = false;
  recording = recorder;
  recorded = device;
  try {
    await use();
  } finally {
    recording = null;
    recorded = null;
  }
  const { used, missed, querySet, resolved, staging } = recorder;
  if (missed || used === 0) return null;
  const encoder = device.createCommandEncoder();
  encoder.resolveQuerySet(querySet, 0, used, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, 8 * used);
  device.queue.submit([encoder.finish()]);
  await within(patienceMs, 'timestamps', staging.mapAsync(GPUMapMode.READ, 0, 8 * used));
  const stamps = new BigUint64Array(staging.getMappedRange(0, 8 * used).slice(0));
  staging.unmap();
  let nanoseconds = 0;
  for (let k = 0; k < used; k += 2)
    nanoseconds += Math.max(0, Number((stamps[k + 1] ?? 0n) - (stamps[k] ?? 0n)));
  return { ms: nanoseconds / 1e6, passes: used / 2 };
}
