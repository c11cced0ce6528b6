import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { bytesSource } from './byte-source.ts';
import type { ByteSource } from './byte-source.ts';
import { entry, rawSource, safetensorsBytes, soundFile } from './safetensors.fixture.ts';
import {
  openSafetensors,
  openShards,
  parseShardIndex,
  readFloat32,
  readFloat64,
  shardFiles,
} from './safetensors.ts';

describe('a safetensors file', () => {
  it('tells its tensors from the header', async () => {
    const store = await openSafetensors(bytesSource(soundFile), 'tiny.safetensors');
    expect(store.tensors.map(({ name, dtype, shape, bytes }) => [name, dtype, shape, bytes])).toEqual([
      ['b', 'F32', [2, 2], 16],
      ['empty', 'F32', [0, 7], 0],
      ['a', 'F16', [3], 6],
      ['scalar', 'I64', [], 8],
    ]);
    expect(store.bytes).toBe(soundFile.length);
    expect(store.tensors.every((tensor) => tensor.file === 'tiny.safetensors')).toBe(true);
    expect(store.metadata.get('format')).toBe('pt');
  });

  it('may be empty, padded with spaces, and hold names beyond ASCII', async () => {
    expect((await openSafetensors(rawSource('{}'))).tensors).toEqual([]);
    expect((await openSafetensors(rawSource('{}      '))).tensors).toEqual([]);
    const header = new TextEncoder().encode(JSON.stringify({ 'schichtä.層.🦙': entry([1], 0, 4) }));
    const named = await openSafetensors(rawSource(header, 4));
    expect(named.tensors[0]?.name).toBe('schichtä.層.🦙');
  });

  it('of 13.48 GB opens by its header alone', async () => {
    const names = Array.from({ length: 291 }, (_, i) => `model.layers.${i}.mlp.down_proj.weight`);
    const each = 4096 * 11_008 * 2;
    const header = JSON.stringify(
      Object.fromEntries(
        names.map((name, i) => [name, entry([4096, 11_008], i * each, (i + 1) * each, 'BF16')]),
      ),
    );
    const { size, read } = rawSource(header);
    let taken = 0;
    const huge: ByteSource = {
      size: size + names.length * each,
      read: (offset, length) => {
        taken += length;
        return read(offset, length);
      },
    };
    const start = performance.now();
    const store = await openSafetensors(huge);
    expect(performance.now() - start).toBeLessThan(500);
    expect(store.bytes).toBeGreaterThan(2 ** 34);
    expect(store.tensors).toHaveLength(291);
    expect(taken).toBe(size);
  });
});

describe('elements', () => {
  const bytesOf = (view: ArrayBufferView): Uint8Array =>
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const bfloats = new Uint16Array(
    new Uint32Array(new Float32Array([1, -2.5, 0]).buffer).map((bits) => bits >>> 16),
  );
  const cases: readonly (readonly [dtype: string, bytes: Uint8Array, values: readonly number[]])[] = [
    ['F64', bytesOf(new Float64Array([Math.PI, -1e300])), [Math.PI, -1e300]],
    ['F32', bytesOf(new Float32Array([0.1, -1e-40])), [Math.fround(0.1), Math.fround(-1e-40)]],
    [
      'F16',
      bytesOf(new Uint16Array([0x0000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x83ff, 0x3555])),
      [0, 1, -2, 65_504, 2 ** -24, -1023 * 2 ** -24, 1365 / 4096],
    ],
    ['BF16', bytesOf(bfloats), [1, -2.5, 0]],
    ['F8_E4M3', Uint8Array.of(0x00, 0x38, 0xb8, 0x7e, 0x01, 0x08), [0, 1, -1, 448, 2 ** -9, 2 ** -6]],
    ['F8_E5M2', Uint8Array.of(0x3c, 0xbc, 0x7b, 0x01), [1, -1, 57_344, 2 ** -16]],
    ['I8', Uint8Array.of(127, 128, 255), [127, -128, -1]],
    ['U8', Uint8Array.of(127, 128, 255), [127, 128, 255]],
    ['BOOL', Uint8Array.of(0, 1), [0, 1]],
    ['I16', bytesOf(new Int16Array([-32_768, 5])), [-32_768, 5]],
    ['U16', bytesOf(new Uint16Array([65_535])), [65_535]],
    ['I32', bytesOf(new Int32Array([-(2 ** 31)])), [-(2 ** 31)]],
    ['U32', bytesOf(new Uint32Array([2 ** 32 - 1])), [2 ** 32 - 1]],
    ['I64', bytesOf(new BigInt64Array([-(2n ** 53n)])), [-(2 ** 53)]],
    ['U64', bytesOf(new BigUint64Array([2n ** 64n - 1n])), [2 ** 64]],
  ];

  // A first tensor of one byte puts the second at an odd offset, as files may.
  const withOddOffset = (dtype: string, bytes: Uint8Array, shape: readonly number[]): ByteSource =>
    bytesSource(
      safetensorsBytes([
        { name: 'odd', dtype: 'U8', shape: [1], bytes: Uint8Array.of(9) },
        { name: 't', dtype, shape, bytes },
      ]),
    );

  it.each(cases)('%s are read exactly', async (dtype, bytes, values) => {
    const store = await openSafetensors(withOddOffset(dtype, bytes, [values.length]));
    const tensor = store.tensors[1];
    if (tensor === undefined) throw new Error('internal: no tensor');
    expect([...(await readFloat64(store, tensor))]).toEqual(values);
    if (dtype !== 'F64') expect([...(await readFloat32(store, tensor))]).toEqual(values.map(Math.fround));
  });

  const wrong: readonly (readonly [
    dtype: string,
    bytes: Uint8Array,
    shape: readonly number[],
    reason: string,
  ])[] = [
    [
      'F32',
      bytesOf(new Float32Array([1, Number.NaN])),
      [2],
      'tensor t must hold finite numbers only (element 1), got NaN',
    ],
    ['F64', bytesOf(new Float64Array([-Infinity])), [1], '(element 0), got -Infinity'],
    ['F16', Uint8Array.of(0, 0x7c), [1], '(element 0), got Infinity'],
    ['BF16', Uint8Array.of(0xc0, 0x7f), [1], '(element 0), got NaN'],
    ['F8_E4M3', Uint8Array.of(0x7f), [1], '(element 0), got NaN'],
    ['F4', Uint8Array.of(1), [2], 'tensor t must have a dtype that can be read as numbers, got "F4"'],
    ['C64', new Uint8Array(8), [1], 'got "C64"'],
  ];

  it.each(wrong)('%s that cannot be used are refused', async (dtype, bytes, shape, reason) => {
    const store = await openSafetensors(withOddOffset(dtype, bytes, shape));
    const tensor = store.tensors[1];
    if (tensor === undefined) throw new Error('internal: no tensor');
    await expect(readFloat64(store, tensor)).rejects.toThrow(`safetensors: `);
    await expect(readFloat64(store, tensor)).rejects.toThrow(reason);
  });

  it('of a tensor too large for memory are refused before any is read', async () => {
    const header = JSON.stringify({ t: entry([2 ** 29], 0, 2 ** 29, 'U8') });
    const { size, read } = rawSource(header);
    const store = await openSafetensors({ size: size + 2 ** 29, read });
    const [tensor] = store.tensors;
    if (tensor === undefined) throw new Error('internal: no tensor');
    await expect(readFloat64(store, tensor)).rejects.toThrow(
      'tensor t must have at most 268435456 elements to be read, got 536870912',
    );
  });
});

describe('a model in shards', () => {
  const shard = (name: string, value: number): Uint8Array =>
    safetensorsBytes([
      { name, dtype: 'F32', shape: [1], bytes: new Uint8Array(new Float32Array([value]).buffer) },
    ]);
  const files = new Map([
    ['one.safetensors', shard('a', 1)],
    ['two.safetensors', shard('b', 2)],
  ]);
  const open = (file: string): Promise<ByteSource | null> => {
    const bytes = files.get(file);
    return Promise.resolve(bytes === undefined ? null : bytesSource(bytes));
  };
  const index = (map: unknown): string => JSON.stringify({ metadata: { total_size: 8 }, weight_map: map });

  it('is one store', async () => {
    const shards = parseShardIndex(index({ a: 'one.safetensors', b: 'two.safetensors' }));
    expect(shardFiles(shards)).toEqual(['one.safetensors', 'two.safetensors']);
    const store = await openShards(shards, open);
    expect(store.tensors.map(({ name, file }) => [name, file])).toEqual([
      ['a', 'one.safetensors'],
      ['b', 'two.safetensors'],
    ]);
    const values = await Promise.all(store.tensors.map((tensor) => readFloat64(store, tensor)));
    expect(values.map(([value]) => value)).toEqual([1, 2]);
    expect(store.bytes).toBe([...files.values()].reduce((sum, bytes) => sum + bytes.length, 0));
  });

  it.each([
    ['no JSON', 'x', 'shard index: text must be JSON ('],
    ['no map', '{}', 'shard index: must be an object with a weight_map'],
    ['an empty map', index({}), 'shard index: must name at least one tensor'],
    [
      'a number for a file',
      index({ a: 1 }),
      'shard index: tensor a must name a file beside the index, got "number"',
    ],
    [
      'a path',
      index({ a: '../secret' }),
      'shard index: tensor a must name a file beside the index, got "../secret"',
    ],
    ['a folder', index({ a: '..' }), 'shard index: tensor a must name a file beside the index, got ".."'],
  ])('with %s is refused', (_, json, reason) => {
    expect(() => parseShardIndex(json)).toThrow(InputError);
    expect(() => parseShardIndex(json)).toThrow(reason);
  });

  it.each([
    [
      { a: 'one.safetensors', c: 'three.safetensors' },
      'shard index: all 2 shards must be given together, missing is, got "three.safetensors"',
    ],
    [
      { a: 'one.safetensors', c: 'two.safetensors' },
      'shard index: every tensor must be in the shard the index names (two.safetensors), got "c"',
    ],
    [{ a: 'two.safetensors' }, 'shard index: every tensor must be in the shard'],
  ])('that lacks something is refused: %j', async (map, reason) => {
    await expect(openShards(parseShardIndex(index(map)), open)).rejects.toThrow(reason);
  });
});
