import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../workload/byte-source.ts';
import { safetensorsBytes, type FixtureTensor } from '../workload/safetensors.fixture.ts';
import { openDropped, readModelWeight, type GivenFile } from './dropped-files.ts';

const tensor = (name: string, out: number, inside: number): FixtureTensor => ({
  name,
  dtype: 'F32',
  shape: [out, inside],
  bytes: new Uint8Array(Float32Array.from({ length: out * inside }, (_, i) => i).buffer),
});
const file = (name: string, tensors: readonly FixtureTensor[]): GivenFile => ({
  name,
  source: bytesSource(safetensorsBytes(tensors)),
});
const text = (name: string, value: unknown): GivenFile => ({
  name,
  source: bytesSource(new TextEncoder().encode(JSON.stringify(value))),
});

const corpus = (name: string): GivenFile => ({
  name,
  source: bytesSource(new Uint8Array(readFileSync(new URL(`corpus/${name}`, import.meta.url)))),
});

const query = 'encoder.layer.0.attention.self.query.weight';
const key = 'encoder.layer.0.attention.self.key.weight';

describe('dropped files', () => {
  it('are one model file', async () => {
    const opened = await openDropped([file('tiny.safetensors', [tensor(query, 4, 4)])]);
    expect(opened).toMatchObject({ name: 'tiny.safetensors', format: 'safetensors' });
    expect(opened.model.linears.map((layer) => [layer.role, layer.out])).toEqual([['Q', 4]]);
    expect((await readModelWeight(opened, query)).values[5]).toBe(5);
    expect((await readModelWeight(opened, query.replace(/\.weight$/, ''))).values[5]).toBe(5);
    await expect(readModelWeight(opened, 'x')).rejects.toThrow(/must have the layer, got "x"/);
  });

  it('are shards with their index, and a config that tells the heads', async () => {
    const index = text('model.safetensors.index.json', {
      weight_map: { [query]: 'a.safetensors', [key]: 'b.safetensors' },
    });
    const a = file('a.safetensors', [tensor(query, 4, 4)]);
    const b = file('b.safetensors', [tensor(key, 4, 4)]);
    const { model } = await openDropped([b, text('config.json', { num_attention_heads: 2 }), index, a]);
    expect(model.linears).toHaveLength(2);
    expect(model.attention[0]).toMatchObject({ heads: 2, headWidth: 2 });
    await expect(openDropped([index, a])).rejects.toThrow(/missing is, got "b.safetensors"/);
  });

  it('are an ONNX file with its external data, in one folder or two', async () => {
    const names = ['hand-external.bin', 'hand-external.onnx', 'hand-external/ffn.bin'];
    const opened = await openDropped(names.map(corpus));
    expect(opened).toMatchObject({ name: 'hand-external.onnx', format: 'onnx' });
    expect(opened.bytes).toBe(names.map((name) => corpus(name).source.size).reduce((a, b) => a + b));
    expect(opened.model.linears.map(({ role }) => role)).toEqual(['Q', 'K', 'V', 'O', 'FFN1', 'FFN2']);
    const plain = corpus('hand-external/ffn.bin');
    const flat = await openDropped([
      corpus('hand-external.bin'),
      corpus('hand-external.onnx'),
      { ...plain, name: 'ffn.bin' },
    ]);
    const up = 'layers.0.ffn.up';
    expect(await readModelWeight(flat, up)).toEqual(await readModelWeight(opened, up));
  });

  it('are refused by name when they are no model', async () => {
    const a = file('a.safetensors', [tensor(query, 4, 4)]);
    const refused: [readonly GivenFile[], RegExp][] = [
      [[a, { ...a, name: 'b.safetensors' }], /must come with their/],
      [[text('m.onnx', {})], /must be an ONNX model, got "a JSON text"/],
      [[a, corpus('hand-gemm.onnx')], /one at a time, got 2/],
      [[corpus('hand-gemm.onnx'), { ...corpus('hand-gemm.onnx'), name: 'b.onnx' }], /one at a time, got 2/],
      [[corpus('hand-external.onnx')], /given together with the model .*missing is, got "hand-external.bin"/],
      [[text('model.onnx_data', {})], /must be given together with the .onnx file/],
      [[text('notes.txt', {})], /must be .onnx, .safetensors, or shards/],
      [[], /got "none"/],
      [[a, text('config.json', [[]]), text('x.index.json', 3)], /weight_map/],
    ];
    for (const [files, message] of refused) await expect(openDropped(files)).rejects.toThrow(message);
  });
});
