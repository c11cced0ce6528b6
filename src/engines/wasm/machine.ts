/** The compiled module with a memory of its own; memories go back to a pool, as a browser frees them late. */
import { InputError } from '../../core/base/checks.ts';
import { gatherCrew, type Crew } from './crew.ts';
import type { Call, Layout } from './layout.ts';
import { kernels, sharedKernels } from './module.ts';

export interface Machine {
  /** Taken anew at each use: it changes when the memory grows. */
  readonly buffer: () => ArrayBufferLike;
  /** @param together with the other threads */
  readonly run: (calls: readonly Call[], layout: Layout, together: boolean) => void;
}

export interface Machines {
  readonly threads: number;
  /** Bytes of scratch memory that a product takes. */
  readonly scratchBytes: number;
  /** One with at least so many bytes, whatever they hold; @throws InputError when there is no such memory */
  readonly take: (bytes: number) => Promise<Machine>;
  readonly giveBack: (machine: Machine) => void;
  readonly dispose: () => void;
}

const pageBytes = 2 ** 16;
/** What 32-bit addresses reach. */
export const mostBytes = 2 ** 32 - pageBytes;

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

/** What the module for several threads has besides. */
interface SharedExports extends Exports {
  readonly begin: (id: number) => void;
  readonly finish: (scratch: number) => void;
}

interface Held extends Machine {
  readonly memory: WebAssembly.Memory;
}

/** @returns null where WebAssembly or its SIMD is missing */
export async function openMachines(threads: number): Promise<Machines | null> {
  const alone = await compile(kernels);
  if (alone === null) return null;
  const shared = threads > 1 ? await compile(sharedKernels) : null;
  if (shared !== null && canShare()) {
    let crew: Crew | null = null;
    const created: WebAssembly.Memory[] = [];
    let run = 0;
    const gather = (): Crew => {
      if (crew !== null) return crew;
      crew = gatherCrew(shared, threads - 1);
      for (const [number, memory] of created.entries()) crew.show(number, memory);
      return crew;
    };
    const create = async (): Promise<readonly [Held, Exports]> => {
      const memory = sharedMemory();
      const own = await instantiate<SharedExports>(shared, memory);
      const number = created.push(memory) - 1;
      crew?.show(number, memory);
      const together = (layout: Layout): void => {
        const [first = 0, ...others] = layout.scratch;
        run = (run % 2 ** 30) + 1;
        own.begin(run);
        gather().call(number, run, others);
        own.finish(first);
      };
      return [hold(memory, own, together), own];
    };
    return pool(threads, create, () => crew?.dismiss());
  }
  const create = async (): Promise<readonly [Held, Exports]> => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const own = await instantiate<Exports>(alone, memory);
    return [hold(memory, own, null), own];
  };
  return pool(1, create, () => undefined);
}

async function pool(
  threads: number,
  create: () => Promise<readonly [Held, Exports]>,
  dispose: () => void,
): Promise<Machines> {
  const [first, { packBytes }] = await create();
  const idle = [first];
  const out = new Map<Machine, Held>();
  return {
    threads,
    scratchBytes: packBytes(),
    take: async (bytes) => {
      const machine = idle.at(-1) ?? (await create())[0];
      grow(machine.memory, bytes);
      if (machine === idle.at(-1)) idle.pop();
      out.set(machine, machine);
      return machine;
    },
    giveBack: (machine) => {
      const own = out.get(machine);
      if (own === undefined) return;
      out.delete(machine);
      idle.push(own);
    },
    dispose: () => {
      idle.length = 0;
      dispose();
    },
  };
}

function hold(
  memory: WebAssembly.Memory,
  exports: Exports,
  together: ((layout: Layout) => void) | null,
): Held {
  return {
    memory,
    buffer: () => memory.buffer,
    run: (calls, layout, shared) => {
      if (shared && together !== null) return together(layout);
      const [scratch = 0] = layout.scratch;
      for (const { step, method, batches } of calls) exports.run(step, method, 0, 0, batches, scratch);
    },
  };
}

async function compile(base64: string): Promise<WebAssembly.Module | null> {
  if (typeof WebAssembly === 'undefined') return null;
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.codePointAt(0) ?? 0);
  // A page's policy may forbid it.
  return WebAssembly.validate(bytes) ? WebAssembly.compile(bytes).catch(() => null) : null;
}

async function instantiate<E>(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<E> {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  return exports as unknown as E;
}

/** It may grow to all that addresses reach; only what is used is taken. */
const sharedMemory = (): WebAssembly.Memory =>
  new WebAssembly.Memory({ initial: 1, maximum: 2 ** 32 / pageBytes, shared: true });

/** Some devices cannot set so much address space aside. */
function canShare(): boolean {
  try {
    return sharedMemory().buffer.byteLength > 0;
  } catch {
    return false;
  }
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
