/**
 * Buffers of one device, kept for the next program when given back. A program's values share buffers: one that nobody
 * reads any more is written over by a later step.
 */
import { InputError } from '../../core/base/checks.ts';
import { usage, type Gpu } from './gpu.ts';
import type { Schedule, Value } from './schedule.ts';

/** Kernels read whole vectors, and a buffer of no bytes cannot be bound. */
export const bytesOf = ({ words, dtype }: Value): number =>
  Math.max(1, Math.ceil(words / 4)) * (dtype === 'f16' ? 8 : 16);

export interface Memory {
  /** @throws InputError where the device has not so much: bytes and the limit */
  readonly take: (bytes: number) => Promise<GPUBuffer>;
  readonly give: (buffer: GPUBuffer) => void;
  readonly dispose: () => void;
}

/** Kept at most for later. */
const mostKeptBytes = 256 * 1024 * 1024;

/** @param poison memory is full of NaN when it is handed out */
export function createMemory({ device, wait }: Gpu, poison = false): Memory {
  const free = new Map<number, GPUBuffer[]>();
  let kept = 0;
  const most = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  const spoilt = (buffer: GPUBuffer): GPUBuffer => {
    if (poison) device.queue.writeBuffer(buffer, 0, new Uint32Array(buffer.size / 4).fill(0x7fc00001));
    return buffer;
  };
  return {
    take: async (bytes) => {
      checkBytes(bytes, most);
      const size = roomFor(bytes);
      const known = free.get(size)?.pop();
      if (known !== undefined) {
        kept -= size;
        return spoilt(known);
      }
      device.pushErrorScope('out-of-memory');
      const buffer = device.createBuffer({
        size: Math.min(size, most),
        usage: usage.storage | usage.copySource | usage.copyTarget,
      });
      const error = await wait(device.popErrorScope(), 20);
      if (error !== null)
        throw new InputError('webgpu', `the device has no ${bytes} bytes left for one array`);
      return spoilt(buffer);
    },
    give: (buffer) => {
      const size = roomFor(buffer.size);
      if (kept + size > mostKeptBytes) {
        buffer.destroy();
        return;
      }
      kept += size;
      const list = free.get(size) ?? [];
      list.push(buffer);
      free.set(size, list);
    },
    dispose: () => {
      for (const buffers of free.values()) for (const buffer of buffers) buffer.destroy();
      free.clear();
      kept = 0;
    },
  };
}

/** @throws InputError when an array cannot be bound on this device, before anything is made */
export function checkBytes(bytes: number, most: number): void {
  if (bytes > most)
    throw new InputError('webgpu', `an array must have at most ${most} bytes on this device`, bytes);
}

/** Sizes come in steps of a quarter of a power of two, so that buffers fit the next program. */
function roomFor(bytes: number): number {
  const step = 2 ** Math.max(8, Math.floor(Math.log2(bytes)) - 2);
  return Math.ceil(bytes / step) * step;
}

/**
 * Which buffer each value lives in: numbers of buffers by value. Operands keep theirs for ever, the result is never
 * written over, and the buffers of intermediates pass on when their last reader is done.
 */
export function assignBuffers(schedule: Schedule, operands: number): readonly number[] {
  const { calls, values, zeros, result } = schedule;
  const sizes = values.map(bytesOf);
  const lastRead = values.map((_, value) => calls.findLastIndex(({ reads }) => reads.includes(value)));
  const buffers: number[] = [];
  const owner: number[] = [];
  const room: number[] = [];
  const open = (value: number): void => {
    buffers[value] = room.length;
    owner.push(value);
    room.push(sizes[value] ?? 0);
  };
  const isFixed = (value: number): boolean => value < operands || zeros.includes(value) || value === result;
  values.forEach((_, value) => {
    if (isFixed(value)) open(value);
  });
  calls.forEach(({ writes }, position) => {
    if (buffers[writes] !== undefined) return;
    const bytes = sizes[writes] ?? 0;
    let best = -1;
    room.forEach((size, buffer) => {
      const holder = owner[buffer] ?? 0;
      const idle = !isFixed(holder) && (lastRead[holder] ?? -1) < position;
      if (idle && size >= bytes && (best < 0 || size < (room[best] ?? 0))) best = buffer;
    });
    if (best < 0) open(writes);
    else {
      buffers[writes] = best;
      owner[best] = writes;
    }
  });
  // Values that no call touches (fused away) have none.
  return values.map((_, value) => buffers[value] ?? -1);
}
