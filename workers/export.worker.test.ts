/** The worker itself, in this process: `self` is stood in for, the runtime is the real one. */
import { strFromU8, unzipSync } from 'fflate';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findPath } from '../src/core/einsum/path.ts';
import type { WantedLayer } from '../src/core/export/fit.ts';
import { reconstruct } from '../src/core/factor/decompose/reconstruct.ts';
import type { Factorization } from '../src/core/factor/factorization.ts';
import { forwardEinsum } from '../src/core/factor/forward.ts';
import { openModelFile, readModelWeight } from '../src/core/onnx/dropped-files.ts';
import { relativeDistance, tensor, type Tensor } from '../src/core/tensor/dense.ts';
import { bytesSource } from '../src/core/workload/byte-source.ts';
import { openSafetensors, readFloat64 } from '../src/core/workload/safetensors.ts';
import { safetensorsBytes } from '../src/core/workload/safetensors.fixture.ts';
import { corpusFile, examplesFor, openCorpus } from '../src/engines/ort/user-inputs.fixture.ts';
import { randomModel } from '../src/engines/ort/random-model.fixture.ts';
import type { ExportMade, ExportReply, ExportRequest, ExportStart } from './protocol.ts';
import { workerHere } from './worker.fixture.ts';

const { replies, answer } = workerHere<ExportRequest, ExportReply>(() => import('./export.worker.ts'), {
  in: true,
  out: true,
});

const name = 'encoder.layer.1.output.dense';
const factorization: Factorization = { format: 'svd', outModes: [96], inModes: [384], ranks: [6] };
const wanted: WantedLayer = { name, factorization, path: findPath(forwardEinsum(factorization, 24)) };
const model = new File([randomModel('glyph-vit').slice()], 'glyph.onnx');

const request = (run: number, change: Partial<ExportStart> = {}): ExportStart => ({
  kind: 'start-export',
  run,
  weights: { kind: 'files', files: [model] },
  form: 'onnx',
  layers: [wanted],
  precision: 'f32',
  quantization: { kind: 'none' },
  stem: 'glyph_factorized',
  link: '#v1.x',
  texts: [],
  ...change,
});

const ended = (start: ExportStart): Promise<ExportReply> =>
  answer(start, ({ kind }) => kind !== 'export-progress');

async function made(start: ExportStart): Promise<ExportMade> {
  const reply = await ended(start);
  if (reply.kind !== 'export-done') throw new Error(JSON.stringify(reply));
  return reply.made;
}

const bytesOf = async (blob: Blob): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer());

describe('the export worker', () => {
  it('fits factors to examples, whatever the model, and says so by its stages', async () => {
    const { onnx } = await openCorpus('optimum-bert');
    const own = new File([corpusFile('optimum-bert').slice()], 'bert.onnx');
    const examples = new File([examplesFor(onnx, { batch: 16, length: 6, seed: 2 }).slice()], 'x.npz');
    const head: Factorization = { format: 'svd', outModes: [3], inModes: [24], ranks: [1] };
    const layers = [{ name: 'classifier', factorization: head, path: findPath(forwardEinsum(head, 6)) }];
    const weights = { kind: 'files', files: [own] } as const;
    const plain = await made(request(20, { weights, layers }));
    const fitted = await made(
      request(21, { weights: { ...weights, examples: [{ name: 'x.npz', file: examples }] }, layers }),
    );
    const stages = replies.flatMap((reply) => (reply.kind === 'export-progress' ? [reply.stage] : []));
    expect(new Set(stages)).toContain('calibrating');
    // Of the matrix itself plain least squares has the least error.
    expect(fitted.layers[0]!.relativeError).toBeGreaterThan(plain.layers[0]!.relativeError);
    expect(fitted.check?.difference).toBeLessThan(fitted.check?.limit ?? 0);
    expect(fitted.files[0]!.blob.size).toBe(plain.files[0]!.blob.size);
  });

  it('writes ONNX that does what its factors say, and tells its stages', async () => {
    const { files, check, layers, bytes, originalBytes } = await made(request(1));
    expect(files.map((file) => file.name)).toEqual(['glyph_factorized.onnx']);
    expect(files[0]?.blob.size).toBe(bytes);
    expect(originalBytes).toBe(model.size);
    // The weight in float32 less its factors.
    expect(originalBytes - bytes).toBeGreaterThan(0.95 * 4 * (96 * 384 - 6 * (96 + 384)));
    expect(check).toMatchObject({ of: 'outputs', reason: null });
    expect(check?.difference).toBeLessThan(check?.limit ?? 0);
    expect(layers).toMatchObject([{ name, parameters: 6 * (96 + 384) }]);
    const stages = replies.flatMap((reply) => (reply.kind === 'export-progress' ? [reply.stage] : []));
    expect([...new Set(stages)]).toEqual(['loading', 'decomposing', 'writing', 'checking']);
  });

  it('writes PyTorch from safetensors, its factors read back', async () => {
    const weight = new Float32Array(96 * 384).map((_, k) => Math.sin(k * k * 0.01));
    const buffer = safetensorsBytes([
      { name: `${name}.weight`, dtype: 'F32', shape: [96, 384], bytes: new Uint8Array(weight.buffer) },
    ]);
    const weights = { kind: 'files', files: [new File([buffer.slice()], 'm.safetensors')] } as const;
    const { files, check } = await made(request(2, { form: 'pytorch', weights }));
    expect(files.map((file) => file.name)).toEqual([
      'glyph_factorized.py',
      'glyph_factorized.json',
      'glyph_factorized.safetensors',
    ]);
    expect(check).toEqual({ of: 'factors', difference: 0, reason: null, limit: 1e-4 });
    const refused = await ended(request(3, { weights }));
    expect(refused).toMatchObject({
      kind: 'export-failed',
      run: 3,
      message: expect.stringMatching(/^export: ONNX needs the graph/),
    });
  });

  it('puts the scale of a Gemm into its factors for PyTorch, as the command line does', async () => {
    const bytes = new Uint8Array(
      readFileSync(new URL('../src/core/onnx/corpus/hand-gemm.onnx', import.meta.url)),
    );
    const gemm = await openModelFile({ name: 'm.onnx', source: bytesSource(bytes) }, () => null);
    const whole: Factorization = { format: 'svd', outModes: [40], inModes: [24], ranks: [24] };
    const layer = { name: 'first', factorization: whole, path: findPath(forwardEinsum(whole, 8)) };
    const weights = { kind: 'files', files: [new File([bytes], 'm.onnx')] } as const;
    const { files } = await made(request(7, { form: 'pytorch', weights, layers: [layer] }));
    const part = async (end: string): Promise<Uint8Array> =>
      bytesOf(files.find((file) => file.name.endsWith(end))?.blob ?? new Blob());
    const store = await openSafetensors(bytesSource(await part('.safetensors')), 'm.safetensors');
    const { layers } = JSON.parse(strFromU8(await part('.json'))) as { layers: { operands: string[] }[] };
    const factors: Tensor[] = [];
    for (const key of layers[0]?.operands ?? []) {
      const stored = store.tensors.find((each) => each.name === key);
      if (stored !== undefined) factors.push(tensor(stored.shape, await readFloat64(store, stored)));
    }
    const { values } = reconstruct(whole, factors);
    const expected = (await readModelWeight(gemm, 'first')).values.map((value) => value * 0.5);
    expect(relativeDistance(expected, values)).toBeLessThan(1e-6);
  });

  it('zips all of it, with the texts it is given', async () => {
    const texts = [
      { name: 'link.txt', text: '#v1.x' },
      { name: 'frontier.png', text: Uint8Array.of(137, 80, 78, 71) },
    ];
    const { files, check } = await made(request(4, { form: 'zip', texts }));
    const zip = unzipSync(await bytesOf(files[0]?.blob ?? new Blob()));
    expect(Object.keys(zip)).toEqual([
      'glyph_factorized.onnx',
      'glyph_factorized.py',
      'glyph_factorized.json',
      'glyph_factorized.safetensors',
      'glyph_factorized-layers.csv',
      'link.txt',
      'frontier.png',
    ]);
    expect(zip['frontier.png']).toEqual(Uint8Array.of(137, 80, 78, 71));
    expect(strFromU8(zip['glyph_factorized-layers.csv'] ?? new Uint8Array())).toContain(name);
    expect(check?.of).toBe('outputs');
  });

  it('says what it cannot do', async () => {
    expect(await ended(request(5, { layers: [{ ...wanted, name: 'none' }] }))).toMatchObject({
      kind: 'export-failed',
      message: 'design: glyph.onnx must have the layer, got "none"',
    });
    const spoiled = new File([new Uint8Array(9)], 'bad.onnx');
    expect(await ended(request(6, { weights: { kind: 'files', files: [spoiled] } }))).toMatchObject({
      kind: 'export-failed',
      run: 6,
      message: expect.stringMatching(/^ONNX file: /),
    });
  });
});
