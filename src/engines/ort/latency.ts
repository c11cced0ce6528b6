/**
 * How long a run takes on this device: dense against factorized, one layer or a whole model, through onnxruntime-web on
 * WASM or WebGPU. The factorized one is what an export of the design would be, with its own numbers or random ones, on
 * which time does not depend.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import type { Spread } from '../../core/base/spread.ts';
import { check, InputError, invariant } from '../../core/base/checks.ts';
import { createRandom } from '../../core/base/random.ts';
import { factorsOf } from '../../core/export/factors.ts';
import { fitLayers, type WantedLayer } from '../../core/export/fit.ts';
import type { Quantization } from '../../core/factor/quantization.ts';
import { product } from '../../core/factor/tensorization.ts';
import { openModelFile, type ModelFile } from '../../core/onnx/dropped-files.ts';
import { replaceLayers, type LayerReplacement } from '../../core/onnx/edit.ts';
import type { OnnxLayer, OnnxModel } from '../../core/onnx/model.ts';
import { probeInputs, type ProbeInput } from '../../core/onnx/probe-inputs.ts';
import { transpose, type Matrix } from '../../core/tensor/dense.ts';
import { bytesSource } from '../../core/workload/byte-source.ts';
import { wholeModel } from './export.ts';
import { denseGraph, randomFactors, randomWeight } from './layer-graph.ts';
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
  /** Of WASM; more than one needs a cross-origin isolated page. Those of the first call count. */
  readonly threads?: number;
  readonly now: () => number;
  readonly budgetMs: number;
}

const seed = 1;

/** How factors are stored: as an export of the design would have them. */
export interface Stored {
  readonly precision: 'f32' | 'f16';
  readonly quantization: Quantization;
}

/** One layer by itself on random inputs. @param weight its own, [out, in]; random numbers without */
export async function layerPair(
  { factorization: f, path }: Omit<WantedLayer, 'name'>,
  rows: number,
  stored: Stored,
  weight?: Matrix,
): Promise<Pair> {
  const shape = { rows, in: product(f.inModes), out: product(f.outModes) };
  const random = createRandom(seed);
  const values = Float64Array.from({ length: rows * shape.in }, random.normal);
  const own = weight === undefined ? randomWeight(shape, seed) : Float32Array.from(transpose(weight).values);
  const dense = denseGraph(shape, own);
  const { onnx, model } = withGraph(
    await openModelFile({ name: 'layer.onnx', source: bytesSource(dense) }, () => null),
  );
  const [layer] = model.linears;
  invariant(layer !== undefined, 'a layer without a layer');
  const factors =
    weight === undefined
      ? randomFactors(f, seed)
      : factorsOf(weight, f, { effort: 'quick', balanced: isInteger(stored) }).factors;
  return {
    dense,
    factorized: await replaced(onnx, [{ layer, factorization: f, path, factors }], stored),
    feed: [{ name: 'x', dtype: 'F32', shape: [rows, shape.in], values }],
  };
}

const isInteger = ({ quantization }: Stored): boolean => quantization.kind !== 'none';

/** Both models, their tensors and onnxruntime share the 4 GiB of a WebAssembly memory. */
const mostBytes = 1e9;

export interface ModelSize {
  readonly batch: number;
  readonly length: number;
}

/**
 * A whole model, and its export with factors in place of its layers.
 * @param own factors are the layers' own rather than random numbers
 * @throws InputError for files that are no ONNX, or too large, and for layers that cannot be replaced
 */
export async function modelPair(
  given: ModelFile,
  layers: readonly WantedLayer[],
  { batch, length }: ModelSize,
  stored: Stored,
  own: boolean,
): Promise<Pair> {
  const file = withGraph(given);
  check(
    file.bytes <= mostBytes,
    'latency',
    `models of at most ${mostBytes / 1e9} GB are run here`,
    file.bytes,
  );
  const replacements = own
    ? await fitted(file, layers, stored)
    : layers.map(({ name, factorization, path }, k) => {
        const layer = layerNamed(file, name);
        return { layer, factorization, path, factors: randomFactors(factorization, seed + k) };
      });
  return {
    dense: await wholeModel(file.onnx),
    factorized: await replaced(file.onnx, replacements, stored),
    feed: probeInputs(file.onnx, { batch, length, seed }),
  };
}

type OnnxFile = Extract<ModelFile, { readonly format: 'onnx' }>;

function withGraph(file: ModelFile): OnnxFile {
  if (file.format === 'onnx') return file;
  throw new InputError(
    'latency',
    'needs the graph of an ONNX model, which safetensors do not have',
    file.name,
  );
}

function layerNamed({ model, name: of }: OnnxFile, name: string): OnnxLayer {
  const layer = model.linears.find((each) => each.name === name);
  if (layer === undefined) throw new InputError('latency', `${of} must have the layer`, name);
  return layer;
}

async function fitted(
  file: OnnxFile,
  layers: readonly WantedLayer[],
  stored: Stored,
): Promise<readonly LayerReplacement[]> {
  const options = { seed, balanced: isInteger(stored), covariances: new Map(), effort: 'quick' } as const;
  const steps = fitLayers(file, layers, options);
  for (;;) {
    const next = await steps.next();
    if (next.done === true)
      return next.value.map((each) => ({ ...each, layer: layerNamed(file, each.layer.name) }));
  }
}

async function replaced(
  onnx: OnnxModel,
  replacements: readonly LayerReplacement[],
  { precision, quantization }: Stored,
): Promise<Uint8Array> {
  const options = { precision: precision === 'f16' ? 'f16' : 'layer', quantization, version: '' } as const;
  return wholeModel(replaceLayers(onnx, replacements, options).model);
}

/** Yields after every round. @throws InputError when the runtime fails, or does not answer on WebGPU */
export async function* measureLatency(
  { dense, factorized, feed }: Pair,
  { provider, threads = 1, now, budgetMs }: LatencyOptions,
): AsyncGenerator<Latency, void> {
  const library = await libraryOf(provider, threads);
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

function libraryOf(provider: Provider, threads: number): Promise<Library> {
  if (provider === 'wasm') return loadLibrary(threads);
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
export async function warmRuntime(threads = 1): Promise<void> {
  const library = await loadLibrary(threads);
  await attempt('wasm', 'could not be started', async () => {
    const session = await library.InferenceSession.create(
      denseGraph({ rows: 1, in: 1, out: 1 }, Float32Array.of(1)),
      {
        executionProviders: ['wasm'],
        logSeverityLevel: 3,
      },
    );
    await session.release();
  });
}
