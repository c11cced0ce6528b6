/** Stored integers times their scales, against the same products by hand. */
import { describe, expect, it } from 'vitest';
import { bytesSource } from './byte-source.ts';
import { modelFromTensors, readWeight } from './layers.ts';
import { safetensorsBytes, type FixtureTensor } from './safetensors.fixture.ts';
import { openSafetensors } from './safetensors.ts';

const path = 'encoder.layer.0.attention.self.query';
const float = (name: string, shape: readonly number[], values: readonly number[]): FixtureTensor => ({
  name: `${path}.${name}`,
  dtype: 'F32',
  shape,
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});
const codes = [1, -2, 3, -128, 127, 0, 5, 6];
const weight: FixtureTensor = {
  name: `${path}.weight`,
  dtype: 'I8',
  shape: [2, 4],
  bytes: new Uint8Array(Int8Array.from(codes).buffer),
};

async function read(...beside: readonly FixtureTensor[]): Promise<readonly number[]> {
  const store = await openSafetensors(bytesSource(safetensorsBytes([weight, ...beside])));
  const [layer] = modelFromTensors('m', store.tensors).linears;
  if (layer === undefined) throw new Error('no layer');
  expect(layer).toMatchObject({ name: path, dtype: 'I8', out: 2, in: 4 });
  return [...(await readWeight(store, layer)).values];
}

describe('int8 weights of a safetensors file', () => {
  it('have a scale a tensor, a row, a column or a block', async () => {
    expect(await read(float('weight_scale', [1], [0.5]))).toEqual(codes.map((code) => code * 0.5));
    expect(await read(float('weight_scale', [2, 1], [0.5, 2]))).toEqual(
      codes.map((code, i) => code * (i < 4 ? 0.5 : 2)),
    );
    expect(await read(float('weight_scale', [1, 4], [1, 2, 4, 8]))).toEqual(
      codes.map((code, i) => code * 2 ** (i % 4)),
    );
    expect(await read(float('weight_scale_inv', [2, 2], [1, 2, 4, 8]))).toEqual(
      codes.map((code, i) => code * 2 ** (2 * Math.floor(i / 4) + Math.floor((i % 4) / 2))),
    );
  });

  it("have a zero point, or bitsandbytes' row maxima", async () => {
    const zero = float('weight_zero_point', [2, 1], [3, -1]);
    expect(await read(float('weight_scale', [2, 1], [1, 2]), zero)).toEqual(
      codes.map((code, i) => (i < 4 ? code - 3 : 2 * (code + 1))),
    );
    const rows = await read(float('SCB', [2], [12.7, 254]));
    expect(rows[3]).toBeCloseTo(-128 * 0.1, 6);
    expect(rows[4]).toBeCloseTo(127 * 2, 12);
  });

  it('are refused without a scale, with one that does not fit, and when packed', async () => {
    await expect(read()).rejects.toThrow(/must be of floats, or have a scale beside it .*got "I8"/);
    await expect(read(float('weight_scale', [3, 1], [1, 1, 1]))).rejects.toThrow(
      /must fit 2 x 4, got "\[3, 1\]"/,
    );
    for (const name of ['qweight', 'weight_packed', 'weight.absmax', 'weight._data'])
      await expect(read(float(name, [1], [1]))).rejects.toThrow(/must be saved dequantized first/);
  });
});
