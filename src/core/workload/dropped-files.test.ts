import { describe, expect, it } from 'vitest';
import { bytesSource } from './byte-source.ts';
import { openDropped, type DroppedFile } from './dropped-files.ts';
import { readWeight } from './layers.ts';
import { safetensorsBytes, type FixtureTensor } from './safetensors.fixture.ts';

const tensor = (name: string, out: number, inside: number): FixtureTensor => ({
  name,
  dtype: 'F32',
  shape: [out, inside],
  bytes: new Uint8Array(Float32Array.from({ length: out * inside }, (_, i) => i).buffer),
});
const file = (name: string, tensors: readonly FixtureTensor[]): DroppedFile => ({
  name,
  source: bytesSource(safetensorsBytes(tensors)),
});
const text = (name: string, value: unknown): DroppedFile => ({
  name,
  source: bytesSource(new TextEncoder().encode(JSON.stringify(value))),
});

const query = 'encoder.layer.0.attention.self.query.weight';
const key = 'encoder.layer.0.attention.self.key.weight';

describe('dropped files', () => {
  it('are one model file', async () => {
    const { name, store, model } = await openDropped([file('tiny.safetensors', [tensor(query, 4, 4)])]);
    expect(name).toBe('tiny.safetensors');
    expect(model.linears.map((layer) => [layer.role, layer.out])).toEqual([['Q', 4]]);
    const [layer] = model.linears;
    if (layer !== undefined) expect((await readWeight(store, layer)).values[5]).toBe(5);
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

  it('are refused by name when they are no model', async () => {
    const a = file('a.safetensors', [tensor(query, 4, 4)]);
    await expect(openDropped([a, { ...a, name: 'b.safetensors' }])).rejects.toThrow(/must come with their/);
    await expect(openDropped([text('m.onnx', {})])).rejects.toThrow(
      /ONNX files cannot be opened yet, got "m.onnx"/,
    );
    await expect(openDropped([text('notes.txt', {})])).rejects.toThrow(/must be .safetensors, or shards/);
    await expect(openDropped([])).rejects.toThrow(/got "none"/);
    await expect(openDropped([a, text('config.json', [[]]), text('x.index.json', 3)])).rejects.toThrow(
      /weight_map/,
    );
  });
});
