/**
 * The door to onnxruntime-web (WASM provider): loaded when first needed, in a worker or in Node, and from then on shared.
 * What fails is told as an `InputError` that names what happened; everything else of the product goes on without it.
 */
import type * as OrtModule from 'onnxruntime-web/wasm';
import type { InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import { InputError } from '../../core/base/checks.ts';
import { halfBits, halfValue } from '../../core/onnx/edit-elements.ts';
import type { ProbeInput } from '../../core/onnx/probe-inputs.ts';
import type { Column } from '../../core/tasks/task.ts';

export type Feeds = Readonly<Record<string, Column>>;

/** Numbers of any type that a graph's input may have. */
export type AnyFeeds = Readonly<Record<string, Column | Pick<ProbeInput, 'dtype' | 'shape' | 'values'>>>;

export interface OrtSession {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** @param wanted outputs to compute, all by default; @throws InputError when the run fails */
  readonly run: (feeds: AnyFeeds, wanted?: readonly string[]) => Promise<Readonly<Record<string, Column>>>;
  /** Frees the session's memory; it cannot be used afterwards. */
  readonly release: () => Promise<void>;
}

export interface SessionOptions {
  /** `basic` is ready sooner than `all` and runs these small models as fast. */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all';
}

export interface Ort {
  /** @param model an ONNX file; @throws InputError when it is none that onnxruntime can run */
  readonly createSession: (model: Uint8Array, options?: SessionOptions) => Promise<OrtSession>;
}

export type Library = typeof OrtModule;

let loading: Promise<Ort> | null = null;

/**
 * The same object at each call; after a failure the next call tries again.
 * @param options.numThreads of the first call count; more than one needs a cross-origin isolated page
 * @throws InputError when onnxruntime cannot be loaded
 */
export function loadOrt({ numThreads = 1 }: { readonly numThreads?: number } = {}): Promise<Ort> {
  loading ??= open(numThreads).catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

let library: Promise<Library> | null = null;

/** The library itself, set up once: for those who need more than sessions of float32 and int64. */
export function loadLibrary(numThreads = 1): Promise<Library> {
  library ??= import('onnxruntime-web/wasm').then(
    (loaded) => {
      loaded.env.wasm.numThreads = numThreads;
      loaded.env.logLevel = 'error';
      return loaded;
    },
    (error: unknown) => {
      library = null;
      throw failure('could not be loaded', error);
    },
  );
  return library;
}

async function open(numThreads: number): Promise<Ort> {
  const loaded = await loadLibrary(numThreads);
  return {
    createSession: async (model, { optimization = 'basic' } = {}) => {
      try {
        const session = await loaded.InferenceSession.create(model, {
          executionProviders: ['wasm'],
          graphOptimizationLevel: optimization,
          // Its warnings (unused initializers) are for those who make models.
          logSeverityLevel: 3,
        });
        return wrap(loaded, session);
      } catch (error) {
        throw failure('could not open the model', error);
      }
    },
  };
}

function wrap(loaded: Library, session: InferenceSession): OrtSession {
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    run: async (feeds, wanted) => {
      const given = Object.fromEntries(
        Object.entries(feeds).map(([name, fed]) => [
          name,
          'dtype' in fed ? tensorOf(loaded, fed) : tensorOfColumn(loaded, fed),
        ]),
      );
      let results: InferenceSession.OnnxValueMapType;
      try {
        results = wanted === undefined ? await session.run(given) : await session.run(given, wanted);
      } catch (error) {
        throw failure('could not run the model', error);
      }
      return Object.fromEntries(
        Object.entries(results).map(([name, value]) => [name, columnOf(name, value)]),
      );
    },
    release: () => session.release(),
  };
}

const tensorOfColumn = ({ Tensor: Made }: Library, { shape, values }: Column): Tensor =>
  values instanceof Float32Array ? new Made('float32', values, shape) : new Made('int64', values, shape);

/** Numbers in the type that the graph's input has. */
export function tensorOf(
  { Tensor: Made }: Library,
  { dtype, shape, values }: Pick<ProbeInput, 'dtype' | 'shape' | 'values'>,
): Tensor {
  switch (dtype) {
    case 'F32':
      return new Made('float32', Float32Array.from(values), shape);
    case 'F16':
      return new Made('float16', Uint16Array.from(values, halfBits), shape);
    case 'F64':
      return new Made('float64', values, shape);
    case 'I64':
      return new Made('int64', BigInt64Array.from(values, BigInt), shape);
    case 'I32':
      return new Made('int32', Int32Array.from(values), shape);
    case 'BOOL':
      return new Made('bool', Uint8Array.from(values), shape);
    default:
      return dtype satisfies never;
  }
}

/** Floats of other sizes become float32; float16 comes as its bits where the engine has no Float16Array. */
function columnOf(name: string, { type, dims, data }: Tensor): Column {
  if (data instanceof Float32Array || data instanceof BigInt64Array) return { shape: dims, values: data };
  if (type === 'float16' && data instanceof Uint16Array)
    return { shape: dims, values: Float32Array.from(data, halfValue) };
  if (type === 'float64' || type === 'float16')
    return { shape: dims, values: Float32Array.from(data as Float64Array) };
  throw new InputError('onnxruntime', `output ${name} must be floats or int64`);
}

/** onnxruntime throws errors, texts and bare numbers (addresses of C++ exceptions). */
export function failure(what: string, error: unknown): InputError {
  const text = error instanceof Error ? error.message : String(error);
  const memory = error instanceof RangeError || /memory|bad_alloc|allocat/i.test(text);
  const reason = memory ? `out of memory (${text})` : text;
  return new InputError('onnxruntime', `${what}: ${reason.replace(/\s+/g, ' ').trim()}`);
}
