import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { largestDistance, outputsOf } from '../../engines/ort/compare.ts';
import { wholeModel } from '../../engines/ort/export.ts';
import { randomFactors } from '../../engines/ort/layer-graph.ts';
import { randomModel } from '../../engines/ort/random-model.fixture.ts';
import { findPath } from '../einsum/path.ts';
import { reconstruct } from '../factor/decompose/reconstruct.ts';
import type { Factorization } from '../factor/factorization.ts';
import { forwardEinsum } from '../factor/forward.ts';
import type { Quantization } from '../factor/quantization.ts';
import { openModelFile, readModelWeight, type ModelFile } from '../onnx/dropped-files.ts';
import { withEntry } from '../onnx/edit-graph.ts';
import { changed } from '../onnx/edit-messages.ts';
import { replaceLayers, type OnnxEdit } from '../onnx/edit.ts';
import { noteOf } from '../onnx/note.ts';
import { probeInputs } from '../onnx/probe-inputs.ts';
import { relativeDistance } from '../tensor/dense.ts';
import { bytesSource } from '../workload/byte-source.ts';
import { restoreFactorized } from './restore.ts';

type OnnxFile = Extract<ModelFile, { readonly format: 'onnx' }>;

async function open(bytes: Uint8Array): Promise<OnnxFile> {
  const file = await openModelFile({ name: 'model.onnx', source: bytesSource(bytes) }, () => null);
  if (file.format !== 'onnx') throw new Error('no graph');
  return file;
}

const modes = { outModes: [8, 12], inModes: [8, 12] };
const wide = { outModes: [16, 24], inModes: [8, 12] };
const designs: Readonly<Record<string, Factorization>> = {
  'encoder.layer.0.attention.attention.query': {
    format: 'svd',
    outModes: [96],
    inModes: [96],
    ranks: [9],
  },
  'encoder.layer.0.attention.attention.key': { format: 'tt', ...modes, ranks: [6, 7, 5] },
  'encoder.layer.0.attention.attention.value': { format: 'tucker', ...modes, ranks: [3, 4, 5, 6] },
  'encoder.layer.0.attention.output.dense': { format: 'ttm', ...modes, ranks: [7] },
  'encoder.layer.0.intermediate.dense': { format: 'kronecker', ...wide, ranks: [2] },
  'encoder.layer.1.attention.attention.query': { format: 'cp', ...modes, ranks: [11] },
  'encoder.layer.1.attention.attention.key': { format: 'tr', ...modes, ranks: [2, 3, 4, 3] },
  'encoder.layer.1.intermediate.dense': { format: 'block-term', ...wide, ranks: [2, 3, 3, 3, 3] },
};

let source: OnnxFile;
beforeAll(async () => {
  source = await open(randomModel('glyph-vit'));
});

function exported(precision: 'layer' | 'f16', quantization: Quantization): OnnxEdit {
  const replacements = Object.entries(designs).map(([name, factorization], k) => {
    const layer = source.model.linears.find((each) => each.name === name);
    if (layer === undefined) throw new Error(`no ${name}`);
    const factors = randomFactors(factorization, k);
    return { layer, factorization, factors, path: findPath(forwardEinsum(factorization, 36)) };
  });
  return replaceLayers(source.onnx, replacements, { precision, quantization, version: '0' });
}

/** Two factors, the smaller one first. */
function split(side: number): readonly number[] {
  let small = Math.floor(Math.sqrt(side));
  while (side % small !== 0) small -= 1;
  return [small, side / small];
}

const shapes = (file: ModelFile) =>
  file.model.linears.map(({ name, role, group, block, out, in: inside, bias }) => ({
    name,
    bias,
    role,
    group,
    block,
    out,
    inside,
  }));

describe('an exported model read back', () => {
  it.each([
    ['float32', 'layer', { kind: 'none' }],
    ['float16', 'f16', { kind: 'none' }],
    ['int8', 'layer', { kind: 'int', bits: 8, group: 'row' }],
  ] as const)('has the layers of its source and its design: %s', async (_, precision, quantization) => {
    const edit = exported(precision, quantization);
    const opened = await open(await wholeModel(edit.model));
    const { file, design } = restoreFactorized(opened);
    expect(shapes(file)).toEqual(shapes(source));
    expect(file.model.attention).toEqual(source.model.attention);
    expect(Object.fromEntries(design)).toEqual(designs);
    for (const { layer, factorization, stored } of edit.layers) {
      const meant = reconstruct(factorization, stored);
      const read = await readModelWeight(file, layer.name);
      expect(relativeDistance(meant.values, read.values), layer.name).toBeLessThan(1e-6);
    }
  });

  it('computes what the export computes', async () => {
    const opened = await open(await wholeModel(exported('layer', { kind: 'none' }).model));
    const { file } = restoreFactorized(opened);
    if (file.format !== 'onnx') throw new Error('no graph');
    const inputs = [probeInputs(source.onnx, { batch: 2, length: 8, seed: 1 })];
    const [a] = await outputsOf(await wholeModel(opened.onnx), inputs);
    const [b] = await outputsOf(await wholeModel(file.onnx), inputs);
    const [name = ''] = Object.keys(a ?? {});
    expect(relativeDistance(a?.[name] ?? new Float64Array(1), b?.[name] ?? new Float64Array(1))).toBeLessThan(
      1e-5,
    );
  });

  it('keeps what layers share when all of them are factorized', async () => {
    const f = (out: number, inside: number): Factorization => ({
      format: 'svd',
      outModes: [out],
      inModes: [inside],
      ranks: [5],
    });
    const replacements = source.model.linears.map((layer) => {
      const factorization = f(layer.out, layer.in);
      const path = findPath(forwardEinsum(factorization, 36));
      return { layer, factorization, factors: randomFactors(factorization, 1), path };
    });
    const { model } = replaceLayers(source.onnx, replacements, { version: '0' });
    const { file, design } = restoreFactorized(await open(await wholeModel(model)));
    expect(shapes(file)).toEqual(shapes(source));
    expect(design.size).toBe(source.model.linears.length);
    if (file.format !== 'onnx') throw new Error('no graph');
    const count = ({ onnx }: OnnxFile): number => onnx.proto.graph?.node.length ?? 0;
    expect(count(file)).toBe(count(source));
  });

  // From the same files as the tests of edits: their scripts are in scripts/corpus.
  it.each([
    'dynamo-gpt2',
    'hand-names',
    'optimum-llama',
    'quantized-qdq',
    'tf2onnx-keras-15',
    'torchscript-t5',
    'ort-optimized-bert',
  ])('is the source again, whoever made it: %s', async (name) => {
    const corpus = new URL('../onnx/corpus/', import.meta.url);
    const given = await open(new Uint8Array(readFileSync(new URL(`${name}.onnx`, corpus))));
    const replacements = given.model.linears.map((layer, k) => {
      const [a, b] = [split(layer.out), split(layer.in)];
      const factorization: Factorization =
        k % 2 === 0 || a[0] === 1 || b[0] === 1
          ? { format: 'svd', outModes: [layer.out], inModes: [layer.in], ranks: [2] }
          : { format: 'tt', outModes: a, inModes: b, ranks: [2, 3, 2] };
      const path = findPath(forwardEinsum(factorization, 8));
      return { layer, factorization, factors: randomFactors(factorization, k), path };
    });
    const bytes = await wholeModel(replaceLayers(given.onnx, replacements, { version: '0' }).model);
    const { file, design } = restoreFactorized(await open(bytes));
    if (file.format !== 'onnx') throw new Error('no graph');
    expect(shapes(file)).toEqual(shapes(given));
    expect(design.size).toBe(replacements.length);
    const inputs = [probeInputs(given.onnx, { batch: 2, length: 8, seed: 1 })];
    const distance = largestDistance(
      await outputsOf(bytes, inputs),
      await outputsOf(await wholeModel(file.onnx), inputs),
    );
    expect(distance).toBeLessThan(1e-5);
  });

  it('is put together where it is wanted; what stays as factors stays known, in the next export too', async () => {
    const opened = await open(await wholeModel(exported('layer', { kind: 'none' }).model));
    const [query = '', key = ''] = Object.keys(designs);
    const { file, design } = restoreFactorized(opened, new Set([query]));
    if (file.format !== 'onnx') throw new Error('no graph');
    expect([...design.keys()]).toEqual([query]);
    expect(noteOf(file.onnx.proto)?.layers.map(({ name }) => name)).toEqual(Object.keys(designs).slice(1));
    const layer = file.model.linears.find(({ name }) => name === query);
    if (layer === undefined) throw new Error(`no ${query}`);
    const factorization: Factorization = { ...designs[query]!, ranks: [2] };
    const path = findPath(forwardEinsum(factorization, 36));
    const factors = randomFactors(factorization, 1);
    const again = replaceLayers(file.onnx, [{ layer, factorization, factors, path }], { version: '0' });
    const whole = restoreFactorized(await open(await wholeModel(again.model)));
    expect(new Set(whole.design.keys())).toEqual(new Set(Object.keys(designs)));
    expect([whole.design.get(query)?.ranks, whole.design.get(key)?.ranks]).toEqual([
      [2],
      designs[key]?.ranks,
    ]);
    expect(whole.file.format === 'onnx' && noteOf(whole.file.onnx.proto)).toBe(null);
  });

  it('stays as the graph shows it where the metadata are not to be believed', async () => {
    expect(restoreFactorized(source).file).toBe(source);
    const { model } = exported('layer', { kind: 'none' });
    const opened = await open(await wholeModel(model));
    const saying = (text: string): OnnxFile => {
      const { onnx } = opened;
      const metadataProps = withEntry(onnx.proto.metadataProps, 'rankscape', text);
      return { ...opened, onnx: { ...onnx, proto: changed(onnx.proto, { metadataProps }) } };
    };
    const key = 'encoder.layer.0.attention.attention.query';
    const layer = { name: key, format: 'svd', outModes: [96], inModes: [96], ranks: [9] };
    for (const text of [
      'not JSON',
      '{"layers": 3}',
      '{"layers": [{"name": "x", "format": "svd", "outModes": [0], "inModes": [4], "ranks": [1]}]}',
      JSON.stringify({ layers: [{ ...layer, ranks: [8] }] }),
      JSON.stringify({ layers: [{ ...layer, name: 'classifier' }] }),
      JSON.stringify({
        layers: [{ ...layer, format: 'tt', outModes: [8, 12], inModes: [8, 12], ranks: [9, 9, 9] }],
      }),
    ]) {
      const file = saying(text);
      expect(restoreFactorized(file), text).toEqual({ file, design: new Map() });
    }
    expect([...restoreFactorized(saying(JSON.stringify({ layers: [layer] }))).design.keys()]).toEqual([key]);
  });
});
