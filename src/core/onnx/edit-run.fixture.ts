/** Test-only: models run by onnxruntime-web, an export beside its source with reconstructed weights. */
import * as ort from 'onnxruntime-web/wasm';
import { createRandom } from '../base/random.ts';
import { findPath } from '../einsum/path.ts';
import { reconstruct } from '../factor/decompose/reconstruct.ts';
import type { Factorization } from '../factor/factorization.ts';
import { factorShapes, forwardEinsum } from '../factor/forward.ts';
import { checkFactorization } from '../factor/ranks.ts';
import { relativeDistance, tensor, type Tensor } from '../tensor/dense.ts';
import { withDenseWeights } from './edit-dense.ts';
import { halfValue } from './edit-elements.ts';
import { collect } from './edit.fixture.ts';
import type { LayerReplacement, OnnxEdit } from './edit.ts';
import type { OnnxLayer, OnnxModel } from './model.ts';
import { writeOnnx } from './write.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

export type Feeds = Readonly<Record<string, ort.Tensor>>;

export async function run(
  model: OnnxModel,
  feeds: readonly Feeds[],
  graphOptimizationLevel: 'disabled' | 'all' = 'disabled',
): Promise<readonly Readonly<Record<string, Float64Array>>[]> {
  const session = await ort.InferenceSession.create(await collect(writeOnnx(model)), {
    graphOptimizationLevel,
    logSeverityLevel: 3,
  });
  const results = [];
  for (const feed of feeds) {
    const outputs = await session.run(feed);
    results.push(
      Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, numbers(data)])),
    );
  }
  await session.release();
  return results;
}

/** float16 comes as its bits where the engine has no Float16Array. */
const numbers = (data: ort.Tensor['data']): Float64Array =>
  data instanceof Uint16Array ? Float64Array.from(data, halfValue) : Float64Array.from(data as Float32Array);

export function normal(shape: readonly number[], seed: number): ort.Tensor {
  const random = createRandom(seed);
  const count = shape.reduce((product, extent) => product * extent, 1);
  return new ort.Tensor('float32', Float32Array.from({ length: count }, random.normal), shape);
}

export function replacement(layer: OnnxLayer, f: Factorization, seed = 1): LayerReplacement {
  const factorization = checkFactorization(f, layer.out, layer.in);
  return {
    layer,
    factorization,
    factors: randomFactors(factorization, seed),
    path: findPath(forwardEinsum(factorization, 32)),
  };
}

function randomFactors(f: Factorization, seed: number): readonly Tensor[] {
  const random = createRandom(seed);
  return factorShapes(f).map((shape) => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    return tensor(
      shape,
      Float64Array.from({ length: count }, () => Math.fround(random.normal())),
    );
  });
}

const reference = (model: OnnxModel, { layers }: OnnxEdit): OnnxModel =>
  withDenseWeights(
    model,
    layers.map(({ layer, factorization, stored }) => ({ layer, weight: reconstruct(factorization, stored) })),
  );

/** Largest relative distance of the outputs, with optimizations off and on. */
export async function distance(
  model: OnnxModel,
  edit: OnnxEdit,
  feeds: readonly Feeds[],
): Promise<readonly [number, number]> {
  const expected = await run(reference(model, edit), feeds);
  const distances = [];
  for (const level of ['disabled', 'all'] as const) {
    const results = await run(edit.model, feeds, level);
    distances.push(
      Math.max(
        ...results.flatMap((outputs, k) =>
          Object.entries(outputs).map(([name, values]) =>
            relativeDistance(expected[k]?.[name] ?? new Float64Array(), values),
          ),
        ),
      ),
    );
  }
  return distances as [number, number];
}
