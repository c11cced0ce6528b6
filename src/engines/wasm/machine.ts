/** The compiled module with a memory of its own; memories go back to a pool, as a browser frees them late. */
import { InputError } from '../../core/base/checks.ts';
import type { Call } from './layout.ts';
import { kernels } from './module.ts';

export interface Machine {
  /** Taken anew at each use: it changes when the memory grows. */
  readonly buffer: () => ArrayBufferLike;
  readonly run: (calls: readonly Call[], scratch: number) => void;
}

export interface Machines {
  /** Bytes of scratch memory that a product takes. */
  readonly scratchBytes: number;
  /** One with at least so many bytes, whatever they hold; @throws InputError when there is no such memory */
  readonly take: (bytes: number) => Promise<Machine>;
  readonly giveBack: (machine: Machine) => void;
  readonly clear: () => void;
}

/** What 32-bit addresses reach. */
export const mostBytes = 2 ** 32 - 2 ** 16;

const pageBytes = 2 ** 16;

interface Exports {
  readonly run: (
    step: number,
    method: number,
    over: number,
    from: number,
    to: number,
    scratch: number,
  ) => void;
  readonly packBytes: () => number;
}

interface Held extends Machine {
  readonly memory: WebAssembly.Memory;
}

/** @returns null where WebAssembly or its SIMD is missing */
export async function openMachines(): Promise<Machines | null> {
  if (typeof WebAssembly === 'undefined') return null;
  const bytes = Uint8Array.from(atob(kernels), (letter) => letter.codePointAt(0) ?? 0);
  if (!WebAssembly.validate(bytes)) return null;
  const module = await WebAssembly.compile(bytes);
  const create = async (): Promise<{ readonly exports: Exports; readonly memory: WebAssembly.Memory }> => {
    const memory = new WebAssembly.Memory({ initial: 0 });
    const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
    return { exports: exports as unknown as Exports, memory };
  };
  const { exports } = await create();
  const idle: Held[] = [];
  const held = new WeakMap<Machine, Held>();
  return {
    scratchBytes: exports.packBytes(),
    take: async (size) => {
      const machine = idle.pop() ?? hold(await create());
      grow(machine.memory, size);
      held.set(machine, machine);
      return machine;
    },
    giveBack: (machine) => {
      const own = held.get(machine);
      if (own !== undefined && held.delete(machine)) idle.push(own);
    },
    clear: () => {
      idle.length = 0;
    },
  };
}

function hold({ exports, memory }: { readonly exports: Exports; readonly memory: WebAssembly.Memory }): Held {
  return {
    memory,
    buffer: () => memory.buffer,
    run: (calls, scratch) => {
      for (const { step, method, batches } of calls) exports.run(step, method, 0, 0, batches, scratch);
    },
  };
}

function grow(memory: WebAssembly.Memory, bytes: number): void {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / pageBytes);
  if (missing <= 0) return;
  try {
    memory.grow(missing);
  } catch {
    throw new InputError('einsum', 'wasm could not get the memory for its arrays, in bytes', bytes);
  }
}
