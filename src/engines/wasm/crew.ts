/**
 * Threads that help: workers of a page's worker or of Node, each with the module on the memories it is told of. Their
 * program is a text, so that no second file has to be found; where workers are refused the caller does all the work.
 */
export interface Crew {
  /** Lets every helper know a memory, under a number. */
  readonly show: (number: number, memory: WebAssembly.Memory) => void;
  /** Asks every helper to come to run `id` of a memory. @param scratch one address per helper */
  readonly call: (number: number, id: number, scratch: readonly number[]) => void;
  readonly dismiss: () => void;
}

interface Helper {
  readonly post: (message: unknown) => void;
  readonly end: () => void;
}

/** Messages: the module; a number and a memory; a number, a run and scratch memory. */
const program = `
const known = new Map();
let module;
const hear = (data) => {
  if (data.module) module = data.module;
  else if (data.memory)
    known.set(data.number, new WebAssembly.Instance(module, { env: { memory: data.memory } }).exports);
  else known.get(data.number)?.help(data.id, data.scratch);
};
if (typeof require === 'function') require('node:worker_threads').parentPort.on('message', hear);
else addEventListener('message', (event) => hear(event.data));
`;

export function gatherCrew(module: WebAssembly.Module, count: number): Crew {
  const helpers = Array.from({ length: count }, createHelper).filter((helper) => helper !== null);
  for (const { post } of helpers) post({ module });
  return {
    show: (number, memory) => {
      for (const { post } of helpers) post({ number, memory });
    },
    call: (number, id, scratch) => {
      helpers.forEach(({ post }, k) => post({ number, id, scratch: scratch[k] }));
    },
    dismiss: () => {
      for (const { end } of helpers) end();
    },
  };
}

/** Node's own modules, asked for at run time: a bundle for the page has none. */
const fromNode = typeof process === 'undefined' ? undefined : process.getBuiltinModule;

function createHelper(): Helper | null {
  try {
    const threads = fromNode?.('node:worker_threads');
    if (threads !== undefined) {
      const worker = new threads.Worker(program, { eval: true });
      // A helper at rest does not keep the program from ending.
      worker.unref();
      return { post: (message) => worker.postMessage(message), end: () => void worker.terminate() };
    }
    const address = URL.createObjectURL(new Blob([program], { type: 'text/javascript' }));
    const worker = new Worker(address);
    // One that could not start is one that never comes.
    worker.addEventListener('error', (event) => event.preventDefault());
    return { post: (message) => worker.postMessage(message), end: () => worker.terminate() };
  } catch {
    return null;
  }
}

/** More of them share the memory's bandwidth. */
const mostThreads = 8;

/** How many threads pay here: one where memory cannot be shared or this thread must not wait (that of a window). */
export function usualThreads(): number {
  const node = fromNode?.('node:os');
  if (node !== undefined) return Math.min(mostThreads, node.availableParallelism());
  const waits = typeof document === 'undefined' && globalThis.crossOriginIsolated === true;
  return waits ? Math.min(mostThreads, navigator.hardwareConcurrency) : 1;
}
