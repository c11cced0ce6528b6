/**
 * A schedule on a device: its buffers, compiled kernels and bind groups, made once. A run is one submit, or several
 * where the work is long: what takes many seconds is taken for a hang.
 */
import { check, invariant } from '../../core/base/checks.ts';
import { EngineLost, type Prepared } from '../../core/einsum/engine.ts';
import type { Program } from '../../core/einsum/program.ts';
import { bindCalls, type BoundCalls } from './calls.ts';
import { floatsOf, halvesOf } from './half.ts';
import { mapRead, usage, type Gpu } from './gpu.ts';
import { assignBuffers, bytesOf, checkBytes, type Memory } from './memory.ts';
import type { Schedule } from './schedule.ts';
import { createStopwatch, type Encode } from './stopwatch.ts';

/** Longer than any work that is submitted at once. */
const runSeconds = 60;

/** @throws InputError when an array does not fit the device; EngineLost */
export async function prepareSchedule(
  gpu: Gpu,
  memory: Memory,
  program: Program,
  schedule: Schedule,
): Promise<Prepared> {
  const { device, wait } = gpu;
  const { values, zeros, result, calls } = schedule;
  const operands = program.shapes.length;
  const places = assignBuffers(schedule, operands);
  const buffers = await takeBuffers(gpu, memory, schedule, places);
  const bufferOf = (value: number): GPUBuffer => {
    const buffer = buffers[places[value] ?? -1];
    invariant(buffer !== undefined, 'a value that is read or written has a buffer');
    return buffer;
  };
  let bound: BoundCalls;
  try {
    bound = await bindCalls(gpu, calls, values, bufferOf);
  } catch (error) {
    buffers.forEach(memory.give);
    throw error;
  }
  if (zeros.length > 0) {
    const encoder = device.createCommandEncoder();
    for (const value of zeros) encoder.clearBuffer(bufferOf(value));
    device.queue.submit([encoder.finish()]);
  }
  const time = createStopwatch(gpu);
  let destroyed = false;
  const checkAlive = (): void => {
    check(!destroyed, 'webgpu', 'what was destroyed cannot be used');
    const reason = gpu.lost();
    if (reason !== null) throw new EngineLost('webgpu', reason);
  };
  return {
    program,
    dispatches: calls.map(({ steps, name }) => ({ steps, kernel: name })),
    write: (operand, numbers) => {
      checkAlive();
      const value = values[operand];
      check(value !== undefined && operand < operands, 'operand', `must be below ${operands}`, operand);
      const rule = `operand ${operand} must have ${value.words} values`;
      check(numbers.length === value.words, 'operand', rule, numbers.length);
      if (value.words === 0) return;
      const data = value.dtype === 'f16' ? halvesOf(numbers) : numbers;
      device.queue.writeBuffer(bufferOf(operand), 0, data as Float32Array<ArrayBuffer>);
    },
    run: async () => {
      checkAlive();
      for (const encode of bound.submits) {
        submit(device, encode);
        await wait(device.queue.onSubmittedWorkDone(), runSeconds);
      }
    },
    read: async () => {
      checkAlive();
      const value = values[result];
      if (value === undefined || value.words === 0) return new Float32Array(0);
      const bytes = bytesOf(value);
      const staging = device.createBuffer({ size: bytes, usage: usage.mapRead | usage.copyTarget });
      try {
        const encoder = device.createCommandEncoder();
        encoder.copyBufferToBuffer(bufferOf(result), 0, staging, 0, bytes);
        device.queue.submit([encoder.finish()]);
        await wait(staging.mapAsync(mapRead), runSeconds);
        const mapped = staging.getMappedRange();
        return value.dtype === 'f16'
          ? floatsOf(new Uint16Array(mapped, 0, value.words))
          : new Float32Array(mapped, 0, value.words).slice();
      } finally {
        staging.destroy();
      }
    },
    time: async (runs, signal) => {
      checkAlive();
      return time(bound.submits, runs, { signal });
    },
    destroy: () => {
      if (destroyed) return;
      destroyed = true;
      bound.destroy();
      buffers.forEach(memory.give);
    },
  };
}

function submit(device: GPUDevice, encode: Encode): void {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  encode(pass);
  pass.end();
  device.queue.submit([encoder.finish()]);
}

/** Checks all sizes before anything is taken. */
async function takeBuffers(
  { device: { limits } }: Gpu,
  memory: Memory,
  { values }: Schedule,
  places: readonly number[],
): Promise<readonly GPUBuffer[]> {
  const sizes: number[] = [];
  places.forEach((place, number) => {
    const value = values[number];
    if (place >= 0 && value !== undefined) sizes[place] = Math.max(sizes[place] ?? 0, bytesOf(value));
  });
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  for (const bytes of sizes) checkBytes(bytes, most);
  const buffers: GPUBuffer[] = [];
  try {
    for (const bytes of sizes) buffers.push(await memory.take(bytes));
  } catch (error) {
    buffers.forEach(memory.give);
    throw error;
  }
  return buffers;
}
