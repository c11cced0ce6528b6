import { beforeAll, describe, expect, it } from 'vitest';
import { findPath } from '../../core/einsum/path.ts';
import { fitLayers, type FittedLayer, type WantedLayer } from '../../core/export/fit.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { forwardEinsum } from '../../core/factor/forward.ts';
import { denseFactorization } from '../../core/factor/ranks.ts';
import type { Quantization } from '../../core/factor/quantization.ts';
import { openModelFile, type ModelFile } from '../../core/onnx/dropped-files.ts';
import type { LayerReplacement } from '../../core/onnx/edit.ts';
import { tasks } from '../../core/tasks/tasks.ts';
import { tensor } from '../../core/tensor/dense.ts';
import { modelById } from '../../core/workload/cards.ts';
import { bytesSource } from '../../core/workload/byte-source.ts';
import { checkOnnx, heldOutInputs, inputCovariances, onnxExport } from './export.ts';
import { loadOrt } from './ort.ts';
import { corpusFile } from './user-inputs.fixture.ts';
import { randomModel } from './random-model.fixture.ts';

type OnnxFile = Extract<ModelFile, { readonly format: 'onnx' }>;

const bytes = randomModel('glyph-vit');
const unquantized: Quantization = { kind: 'none' };
const named = { link: '#v1.x', version: '0', name: 'out.onnx' };
let file: OnnxFile;
let fitted: readonly FittedLayer[];

const wanted = (name: string, factorization: Factorization): WantedLayer => ({
  name,
  factorization,
  path: findPath(forwardEinsum(factorization, 36)),
});
const design: readonly WantedLayer[] = [
  wanted('encoder.layer.0.intermediate.dense', {
    format: 'svd',
    outModes: [384],
    inModes: [96],
    ranks: [12],
  }),
  wanted('encoder.layer.1.output.dense', {
    format: 'tt',
    outModes: [8, 12],
    inModes: [16, 24],
    ranks: [8, 20, 20],
  }),
  wanted('classifier', denseFactorization(32, 96)),
];

async function fit(covariances = new Map()): Promise<readonly FittedLayer[]> {
  const steps = fitLayers(file, design, { seed: 1, balanced: false, covariances, effort: 'quick' });
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return next.value;
  }
}

beforeAll(async () => {
  const opened = await openModelFile({ name: 'glyph-vit.onnx', source: bytesSource(bytes) }, () => null);
  if (opened.format !== 'onnx') throw new Error('no graph');
  file = opened;
  fitted = await fit();
});

const replaced = (): readonly LayerReplacement[] => fitted as readonly (FittedLayer & LayerReplacement)[];
const check = (made: Parameters<typeof checkOnnx>[1]) =>
  checkOnnx(file.onnx, made, {
    seed: 1,
    maxSequence: file.model.maxSequence,
    examples: [heldOutInputs(tasks['glyph-vit'], 2)],
  });

describe('a design as an ONNX file', () => {
  it('answers as the source with the same matrices, in float32, float16 and integers', async () => {
    for (const [precision, quantization] of [
      ['f32', unquantized],
      ['f16', unquantized],
      ['f32', { kind: 'int', bits: 4, group: 32 }],
    ] as const) {
      const made = onnxExport(file.onnx, replaced(), { precision, quantization, ...named });
      expect(made.files.map(({ name }) => name)).toEqual(['out.onnx']);
      expect(made.files.reduce((sum, { bytes: own }) => sum + own, 0)).toBe(made.bytes);
      expect(made.bytes).toBeLessThan(bytes.length);
      const { difference } = await check(made);
      expect(difference).toBeLessThan(1e-4);
    }
  });

  it('is found out when its factors are others than those that are told', async () => {
    const { edit, bytes: size } = onnxExport(file.onnx, replaced(), {
      precision: 'f32',
      quantization: unquantized,
      ...named,
    });
    const layers = edit.layers.map((layer) => ({
      ...layer,
      stored: layer.stored.map(({ shape, values }) =>
        tensor(
          shape,
          values.map((value) => 1.01 * value),
        ),
      ),
    }));
    const { difference } = await check({ edit: { ...edit, layers }, bytes: size });
    expect(difference).toBeGreaterThan(1e-4);
  });

  it('is checked at the length that its source was traced at, where that runs at no other', async () => {
    const traced = corpusFile('torchscript-encoder-18');
    const own = await openModelFile({ name: 'm.onnx', source: bytesSource(traced) }, () => null);
    const [layer] = own.model.linears;
    if (own.format !== 'onnx' || layer === undefined) throw new Error('no layer');
    const factorization: Factorization = {
      format: 'svd',
      outModes: [layer.out],
      inModes: [layer.in],
      ranks: [3],
    };
    const path = findPath(forwardEinsum(factorization, 12));
    const steps = fitLayers(own, [{ name: layer.name, factorization, path }], {
      seed: 1,
      balanced: false,
      covariances: new Map(),
    });
    let next = await steps.next();
    while (next.done !== true) next = await steps.next();
    const replacements = next.value as readonly (FittedLayer & LayerReplacement)[];
    const made = onnxExport(own.onnx, replacements, {
      precision: 'f32',
      quantization: unquantized,
      ...named,
    });
    const { difference } = await checkOnnx(own.onnx, made, { seed: 1, maxSequence: own.model.maxSequence });
    expect(difference).toBeLessThan(1e-5);
  });

  it('is checked layer by layer where it is too large to be run whole', async () => {
    const made = onnxExport(file.onnx, replaced(), { precision: 'f32', quantization: unquantized, ...named });
    const large = { ...made, bytes: 2e9 };
    const { difference, reason } = await check(large);
    expect(difference).toBeLessThan(1e-5);
    expect(reason).toBe('models of more than 0.5 GB are not run whole here: each layer by itself');
    const layers = made.edit.layers.map((layer, k) =>
      k === 1
        ? {
            ...layer,
            stored: layer.stored.map((f) =>
              tensor(
                f.shape,
                f.values.map((v) => 1.01 * v),
              ),
            ),
          }
        : layer,
    );
    expect((await check({ ...large, edit: { ...made.edit, layers } })).difference).toBeGreaterThan(1e-2);
  });
});

describe('fitting a design', () => {
  it('uses what the inputs of the layers are like where that is known', async () => {
    const { linears } = modelById('glyph-vit');
    const steps = inputCovariances(await loadOrt(), bytes, linears, tasks['glyph-vit'], 64);
    let next = await steps.next();
    const seen: number[] = [];
    while (next.done !== true) {
      seen.push(next.value.done / next.value.of);
      next = await steps.next();
    }
    expect(seen.at(-1)).toBe(1);
    expect(next.value.size).toBe(linears.length);
    const weighted = await fit(next.value as never);
    // Plain least squares has the least error of the matrix itself.
    expect(weighted[0]?.relativeError).toBeGreaterThan(fitted[0]?.relativeError ?? 1);
    expect(weighted[2]?.relativeError).toBeLessThan(1e-7);
  });

  it('names a layer that the file does not have', async () => {
    const steps = fitLayers(file, [wanted('none', denseFactorization(2, 2))], {
      seed: 1,
      balanced: false,
      covariances: new Map(),
    });
    await steps.next();
    await expect(steps.next()).rejects.toThrow('design: glyph-vit.onnx must have the layer, got "none"');
  });
});
