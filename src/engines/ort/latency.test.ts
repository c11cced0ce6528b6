import { describe, expect, it } from 'vitest';
import { findPath } from '../../core/einsum/path.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { reconstruct } from '../../core/factor/decompose/reconstruct.ts';
import { forwardEinsum } from '../../core/factor/forward.ts';
import { openModelFile } from '../../core/onnx/dropped-files.ts';
import { createRandom } from '../../core/base/random.ts';
import { matrix, relativeDistance } from '../../core/tensor/dense.ts';
import { bytesSource } from '../../core/workload/byte-source.ts';
import { outputsOf } from './compare.ts';
import {
  layerPair,
  measureLatency,
  modelPair,
  warmRuntime,
  within,
  type Latency,
  type Stored,
} from './latency.ts';
import { randomFactors } from './layer-graph.ts';
import { randomModel } from './random-model.fixture.ts';

const rows = 24;
const factorizations: readonly Factorization[] = [
  { format: 'svd', outModes: [48], inModes: [36], ranks: [5] },
  { format: 'tt', outModes: [6, 8], inModes: [4, 9], ranks: [3, 5, 4] },
  { format: 'tucker', outModes: [6, 8], inModes: [4, 9], ranks: [3, 3, 3, 3] },
  { format: 'ttm', outModes: [6, 8], inModes: [4, 9], ranks: [4] },
  { format: 'kronecker', outModes: [6, 8], inModes: [4, 9], ranks: [2] },
];
const pathOf = (f: Factorization) => findPath(forwardEinsum(f, rows));
const plain: Stored = { precision: 'f32', quantization: { kind: 'none' } };
const now = (): number => performance.now();

async function last(steps: AsyncGenerator<Latency, void>): Promise<Latency> {
  let newest: Latency | null = null;
  for await (const step of steps) newest = step;
  if (newest === null) throw new Error('nothing was measured');
  return newest;
}

describe('the graphs that are timed', () => {
  it('compute the layer they say, with numbers of ordinary size', async () => {
    for (const f of factorizations) {
      const { factorized, dense, feed } = await layerPair({ factorization: f, path: pathOf(f) }, rows, plain);
      const [outputs] = await outputsOf(factorized, [feed]);
      const w = reconstruct(f, randomFactors(f, 1));
      const x = feed[0]?.values ?? new Float64Array();
      const expected = Float64Array.from({ length: rows * w.rows }, (_, at) => {
        const [row, o] = [Math.floor(at / w.rows), at % w.rows];
        let sum = 0;
        for (let i = 0; i < w.columns; i++) sum += x[row * w.columns + i]! * w.values[o * w.columns + i]!;
        return sum;
      });
      expect(relativeDistance(expected, outputs?.['y'] ?? new Float64Array()), f.format).toBeLessThan(1e-5);
      const size = Math.sqrt(expected.reduce((sum, y) => sum + y * y, 0) / expected.length);
      expect(size, f.format).toBeGreaterThan(0.1);
      expect(size, f.format).toBeLessThan(10);
      expect((await outputsOf(dense, [feed]))[0]?.['y']?.length).toBe(expected.length);
    }
  });

  it('have the numbers that they are given, as near as these are stored', async () => {
    const f: Factorization = { format: 'svd', outModes: [48], inModes: [36], ranks: [36] };
    const random = createRandom(5);
    const weight = matrix(48, 36, Float64Array.from({ length: 48 * 36 }, random.normal));
    const int8 = { kind: 'int', bits: 8, group: 'row' } as const;
    const nearness = [
      [plain, 1e-5],
      [{ ...plain, precision: 'f16' }, 1e-3],
      [{ ...plain, quantization: int8 }, 2e-2],
    ] as const;
    const sizes: number[] = [];
    for (const [stored, most] of nearness) {
      const { dense, factorized, feed } = await layerPair(
        { factorization: f, path: pathOf(f) },
        rows,
        stored,
        weight,
      );
      const [y, own] = await Promise.all([dense, factorized].map((model) => outputsOf(model, [feed])));
      const distance = relativeDistance(
        y?.[0]?.['y'] ?? new Float64Array(),
        own?.[0]?.['y'] ?? new Float64Array(),
      );
      expect(distance).toBeLessThan(most);
      sizes.push(factorized.length);
    }
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  });
});

describe('latency on this device', () => {
  it('is measured of a layer, dense and factorized', async () => {
    await warmRuntime();
    const f: Factorization = { format: 'svd', outModes: [384], inModes: [384], ranks: [4] };
    const pair = await layerPair({ factorization: f, path: findPath(forwardEinsum(f, 128)) }, 128, plain);
    const { dense, factorized, complete } = await last(
      measureLatency(pair, { provider: 'wasm', now, budgetMs: 500 }),
    );
    expect(complete).toBe(true);
    for (const { low, median, high, count } of [dense, factorized]) {
      expect(low).toBeGreaterThan(0);
      expect(low).toBeLessThanOrEqual(median);
      expect(median).toBeLessThanOrEqual(high);
      expect(count).toBeGreaterThanOrEqual(5);
    }
  });

  it('is measured of a whole model, and refused where there is no graph', async () => {
    const bytes = randomModel('lexical-qa');
    const file = await openModelFile({ name: 'qa.onnx', source: bytesSource(bytes) }, () => null);
    const layer = file.model.linears.find(({ role }) => role === 'FFN1');
    if (layer === undefined) throw new Error('no FFN1');
    const f: Factorization = { format: 'svd', outModes: [layer.out], inModes: [layer.in], ranks: [8] };
    const wanted = { name: layer.name, factorization: f, path: findPath(forwardEinsum(f, 24)) };
    const size = { batch: 2, length: 24 };
    const pair = await modelPair(file, [wanted], size, plain, true);
    const random = await modelPair(file, [wanted], size, plain, false);
    expect(pair.factorized.length).toBe(random.factorized.length);
    expect(Buffer.compare(pair.dense, random.dense)).toBe(0);
    expect(Buffer.compare(pair.factorized, random.factorized)).not.toBe(0);
    expect(pair.factorized.length).toBeLessThan(pair.dense.length);
    const measured = await last(measureLatency(pair, { provider: 'wasm', now, budgetMs: 200 }));
    expect(measured.dense.count).toBeGreaterThanOrEqual(5);
    await expect(modelPair(file, [{ ...wanted, name: 'none' }], size, plain, false)).rejects.toThrow(
      'latency: qa.onnx must have the layer, got "none"',
    );
  });

  it('does not wait for a device that is silent', async () => {
    await expect(within(new Promise(() => {}), 5)).rejects.toThrow('no answer within 0.005 s');
    expect(await within(Promise.resolve(3), 5)).toBe(3);
  });
});
