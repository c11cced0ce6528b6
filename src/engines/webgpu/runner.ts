/**
 * A schedule on a device: its buffers, compiled kernels and bind groups, made once; a run is one submit (a software
 * adapter gets long work in several, because one that takes many seconds is taken for a hang).
 */
import { check, invariant } from '../../core/base/checks.ts';
import { EngineLost, type Prepared, type StopSignal } from '../../core/einsum/engine.ts';
import type { Program } from '../../core/einsum/program.ts';
import { floatsOf, halvesOf } from './half.ts';
import { mapRead, usage, type Gpu } from './gpu.ts';
import { assignBuffers, bytesOf, checkBytes, type Memory } from './memory.ts';
import type { Call, Schedule } from './schedule.ts';
import { createStopwatch } from './stopwatch.ts';

/** Longer than any work that is submitted at once. */
const runSeconds = 60;
/** A software adapter does at least so many multiply-accumulates in about a second; measured: 3e8 with all else idle. */
const macsAtOnce = 2e8;

interface Ready {
  readonly call: Call;
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
}

/** @throws InputError when an array does not fit the device */
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
  const sizes: number[] = [];
  places.forEach((place, value) => {
    const bytes = values[value] === undefined || place < 0 ? 0 : bytesOf(values[value]);
    if (place >= 0) sizes[place] = Math.max(sizes[place] ?? 0, bytes);
  });
  const most = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  for (const bytes of sizes) checkBytes(bytes, most);
  const compiled = await Promise.all(calls.map(({ code }) => gpu.compile(code)));
  const buffers: GPUBuffer[] = [];
  try {
    for (const bytes of sizes) buffers.push(await memory.take(bytes));
  } catch (error) {
    buffers.forEach(memory.give);
    throw error;
  }
  const bufferOf = (value: number): GPUBuffer => {
    const buffer = buffers[places[value] ?? -1];
    invariant(buffer !== undefined, 'a value that is read or written has a buffer');
    return buffer;
  };
  const ready = calls.map((call, k): Ready => {
    const pipeline = compiled[k];
    invariant(pipeline !== undefined, 'every call is compiled');
    const entries = [...call.reads, call.writes].map((value, binding) => ({
      binding,
      resource: {
        buffer: bufferOf(value),
        size: values[value] === undefined ? 16 : bytesOf(values[value]),
      },
    }));
    return {
      call,
      pipeline,
      group: device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }),
    };
  });
  if (zeros.length > 0) {
    const encoder = device.createCommandEncoder();
    for (const value of zeros) encoder.clearBuffer(bufferOf(value));
    device.queue.submit([encoder.finish()]);
  }
  const batches = gpu.software ? submits(ready) : [ready];
  const stopwatch = createStopwatch(gpu);
  let destroyed = false;

  const checkAlive = (): void => {
    check(!destroyed, 'webgpu', 'what was destroyed cannot be used');
    const reason = gpu.lost();
    if (reason !== null) throw new EngineLost('webgpu', reason);
  };
  const encode = (pass: GPUComputePassEncoder, list: readonly Ready[]): void => {
    for (const { call, pipeline, group } of list) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...call.workgroups);
    }
  };

  return {
    program,
    dispatches: calls.map(({ steps, name }) => ({ steps, kernel: name })),
    write: (operand, numbers) => {
      checkAlive();
      const value = values[operand];
      check(value !== undefined && operand < operands, 'operand', `must be one of ${operands}`, operand);
      check(
        numbers.length === value.words,
        'operand',
        `operand ${operand} must have ${value.words} values`,
        numbers.length,
      );
      if (value.words === 0) return;
      const data = value.dtype === 'f16' ? halvesOf(numbers) : numbers;
      device.queue.writeBuffer(bufferOf(operand), 0, data as Float32Array<ArrayBuffer>);
    },
    run: async () => {
      checkAlive();
      for (const list of batches) {
        const encoder = device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        encode(pass, list);
        pass.end();
        device.queue.submit([encoder.finish()]);
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
    time: (runs: number, signal?: StopSignal) => {
      checkAlive();
      return stopwatch(
        batches.map((list) => (pass) => encode(pass, list)),
        runs,
        signal,
      );
    },
    destroy: () => {
      if (destroyed) return;
      destroyed = true;
      buffers.forEach(memory.give);
    },
  };
}

/** Calls in submits of about a second each. */
function submits(ready: readonly Ready[]): readonly (readonly Ready[])[] {
  const lists: Ready[][] = [];
  let macs = Infinity;
  for (const item of ready) {
    if (macs + item.call.macs > macsAtOnce) {
      lists.push([]);
      macs = 0;
    }
    macs += item.call.macs;
    lists.at(-1)?.push(item);
  }
  return lists;
}
