/**
 * How long a run takes on this device: dense against factorized, one layer or a whole model, through onnxruntime-web on
 * WASM (one thread) or WebGPU. The numbers in the factors are random: time does not depend on them.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import type { Spread } from '../../core/base/spread.ts';
import { check, InputError } from '../../core/base/checks.ts';
import { createRandom } from '../../core/base/random.ts';
import type { ContractionPath } from '../../core/einsum/path.ts';
import type { WantedLayer } from '../../core/export/fit.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { product } from '../../core/factor/tensorization.ts';
import type { ModelFile } from '../../core/onnx/dropped-files.ts';
import { replaceLayers } from '../../core/onnx/edit.ts';
import { probeInputs, type ProbeInput } from '../../core/onnx/probe-inputs.ts';
import { wholeModel } from './export.ts';
import { denseGraph, factorGraph, randomFactors } from './layer-graph.ts';
import { failure, loadLibrary, tensorOf, type Library } from './ort.ts';
import { inTurns } from './turns.ts';

export type Provider = 'wasm' | 'webgpu';

/** Both models and what they are run on. */
export interface Pair {
  readonly dense: Uint8Array;
  readonly factorized: Uint8Array;
  readonly feed: readonly ProbeInput[];
}

export interface Latency {
  /** Milliseconds of one run. */
  readonly dense: Spread;
  readonly factorized: Spread;
  readonly complete: boolean;
}

export interface LatencyOptions {
  readonly provider: Provider;
  readonly now: () => number;
  readonly budgetMs: number;
}

const seed = 1;

/** One layer by itself, with random weights and inputs. */
export function layerPair(f: Factorization, path: ContractionPath, rows: number): Pair {
  const shape = { rows, in: product(f.inModes), out: product(f.outModes) };
  const random = createRandom(seed);
  const values = Float64Array.from({ length: rows * shape.in }, random.normal);
  return {
    dense: denseGraph(shape, seed),
    factorized: factorGraph(shape, path, randomFactors(f, seed)),
    feed: [{ name: 'x', dtype: 'F32', shape: [rows, shape.in], values }],
  };
}

/** Both models, their tensors and onnxruntime share the 4 GiB of a WebAssembly memory. */
const mostBytes = 1e9;

/**
 * A whole model, and the same with factors in place of its layers.
 * @throws InputError for files that are no ONNX, or too large, and for layers that cannot be replaced
 */
export async function modelPair(
  file: ModelFile,
  layers: readonly WantedLayer[],
  size: { readonly batch: number; readonly length: number },
): Promise<Pair> {
  if (file.format !== 'onnx')
    throw new InputError(
      'latency',
      'needs the graph of an ONNX model, which safetensors do not have',
      file.name,
    );
  check(
    file.bytes <= mostBytes,
    'latency',
    `models of at most ${mostBytes / 1e9} GB are run here`,
    file.bytes,
  );
  const byName = new Map(file.model.linears.map((layer) => [layer.name, layer] as const));
  const replacements = layers.map(({ name, factorization, path }, k) => {
    const layer = byName.get(name);
    if (layer === undefined) throw new InputError('latency', `${file.name} must have the layer`, name);
    return { layer, factorization, path, factors: randomFactors(factorization, seed + k) };
  });
  const { model } = replaceLayers(file.onnx, replacements, { version: '' });
  return {
    dense: await wholeModel(file.onnx),
    factorized: await wholeModel(model),
    feed: probeInputs(file.onnx, { ...size, seed }),
  };
}

/** Yields after every round. @throws InputError when the runtime fails, or does not answer on WebGPU */
export async function* measureLatency(
  { dense, factorized, feed }: Pair,
  { provider, now, budgetMs }: LatencyOptions,
): AsyncGenerator<Latency, void> {
  const library = await libraryOf(provider);
  const sessions: InferenceSession[] = [];
  try {
    const runs: (() => Promise<unknown>)[] = [];
    for (const model of [dense, factorized]) {
      const session = await attempt(provider, 'could not open the model', () =>
        library.InferenceSession.create(model, {
          executionProviders: [provider],
          graphOptimizationLevel: 'all',
          logSeverityLevel: 3,
        }),
      );
      sessions.push(session);
      const given: Record<string, Tensor> = Object.fromEntries(
        feed.map((input) => [input.name, tensorOf(library, input)]),
      );
      runs.push(() => attempt(provider, 'could not run the model', () => session.run(given)));
    }
    const [first, second] = runs;
    if (first === undefined || second === undefined) return;
    for await (const turns of inTurns(first, second, { now, budgetMs }))
      yield { dense: turns.first, factorized: turns.second, complete: turns.complete };
  } finally {
    for (const session of sessions) await attempt(provider, 'could not be ended', () => session.release());
  }
}

let webgpu: Promise<Library> | null = null;

function libraryOf(provider: Provider): Promise<Library> {
  if (provider === 'wasm') return loadLibrary();
  webgpu ??= import('onnxruntime-web/webgpu').then(
    (loaded) => {
      loaded.env.wasm.numThreads = 1;
      loaded.env.logLevel = 'error';
      return loaded;
    },
    (error: unknown) => {
      webgpu = null;
      throw failure('could not be loaded', error);
    },
  );
  return webgpu;
}

/** A lost device leaves promises that never settle. */
const patienceMs = 30_000;

async function attempt<T>(provider: Provider, what: string, act: () => Promise<T>): Promise<T> {
  try {
    return provider === 'wasm' ? await act() : await within(act(), patienceMs);
  } catch (error) {
    throw failure(what, error);
  }
}

/** @throws Error when the promise has not settled in time */
export async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The smallest session there is: what loads the runtime whole, so that it needs no network later. */
export async function warmRuntime(): Promise<void> {
  const library = await loadLibrary();
  await attempt('wasm', 'could not be started', async () => {
    const session = await library.InferenceSession.create(denseGraph({ rows: 1, in: 1, out: 1 }, seed), {
      executionProviders: ['wasm'],
      logSeverityLevel: 3,
    });
    await session.release();
  });
}
