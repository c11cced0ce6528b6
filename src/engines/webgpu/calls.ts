/** Kernel calls bound to buffers: compiled, ready to be encoded, cut into submits that no device takes for a hang. */
import { invariant } from '../../core/base/checks.ts';
import { usage, type Gpu } from './gpu.ts';
import { bytesOf } from './memory.ts';
import type { Call, Value } from './schedule.ts';
import type { Encode } from './stopwatch.ts';

/**
 * Multiply-accumulates that a device finishes in about a second, at its slowest: SwiftShader 1e9 with all else idle
 * (measured), the smallest GPUs 1e11.
 */
export const macsAtOnce = ({ software }: Pick<Gpu, 'software'>): number => (software ? 2e8 : 5e10);

export interface BoundCalls {
  /** One submit each. */
  readonly submits: readonly Encode[];
  readonly destroy: () => void;
}

interface Start {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [number, number];
  readonly macs: number;
}

/** A uniform's offset must be a multiple of it on every device. */
const uniformStep = 256;

/** @throws InputError when the device refuses a kernel; EngineLost */
export async function bindCalls(
  gpu: Gpu,
  calls: readonly Call[],
  values: readonly Value[],
  bufferOf: (value: number) => GPUBuffer,
): Promise<BoundCalls> {
  const { device } = gpu;
  const pipelines = await Promise.all(calls.map(({ code }) => gpu.compile(code)));
  const most = Math.max(0, ...calls.map(({ pieces }) => pieces));
  const numbers = most > 1 ? pieceNumbers(device, most) : null;
  const starts = calls.flatMap((call, k): readonly Start[] => {
    const pipeline = pipelines[k];
    invariant(pipeline !== undefined, 'every call is compiled');
    const arrays = [...call.reads, call.writes].map((value, binding) => {
      const whole = values[value];
      invariant(whole !== undefined, 'a call reads and writes values of its schedule');
      return { binding, resource: { buffer: bufferOf(value), size: bytesOf(whole) } };
    });
    return Array.from({ length: call.pieces }, (_, piece): Start => {
      const number =
        call.pieces === 1 || numbers === null
          ? []
          : [
              {
                binding: arrays.length,
                resource: { buffer: numbers, offset: piece * uniformStep, size: 16 },
              },
            ];
      const group = device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [...arrays, ...number],
      });
      return { pipeline, group, workgroups: call.workgroups, macs: call.macs / call.pieces };
    });
  });
  return {
    submits: inSubmits(starts, macsAtOnce(gpu)).map((list) => (pass) => {
      for (const { pipeline, group, workgroups } of list) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...workgroups);
      }
    }),
    destroy: () => numbers?.destroy(),
  };
}

function pieceNumbers(device: GPUDevice, count: number): GPUBuffer {
  const buffer = device.createBuffer({
    size: count * uniformStep,
    usage: usage.uniform | usage.copyTarget,
  });
  const numbers = new Uint32Array((count * uniformStep) / 4);
  for (let piece = 0; piece < count; piece++) numbers[(piece * uniformStep) / 4] = piece;
  device.queue.writeBuffer(buffer, 0, numbers);
  return buffer;
}

function inSubmits(starts: readonly Start[], mostMacs: number): readonly (readonly Start[])[] {
  const lists: Start[][] = [];
  let macs = Infinity;
  for (const start of starts) {
    if (macs + start.macs > mostMacs) {
      lists.push([]);
      macs = 0;
    }
    macs += start.macs;
    lists.at(-1)?.push(start);
  }
  return lists;
}
