import { performance } from 'node:perf_hooks';
import { env } from 'node:process';

import { describe, expect, it } from 'vitest';

import { InputError } from '../base/checks.ts';
import { createRandom } from '../base/random.ts';
import { bytesSource } from './byte-source.ts';
import type { ByteSource } from './byte-source.ts';
import { safetensorsBytes } from './safetensors.fixture.ts';
import {
  openSafetensors,
  openShards,
  parseShardIndex,
  readFloat32,
  readFloat64,
  shardFiles,
} from './safetensors.ts';

const text = new TextEncoder();

/** A file with this header text and this many bytes of data. */
function raw(header: string | Uint8Array, data = 0, length?: bigint): ByteSource {
  const head = typeof header === 'string' ? text.encode(header) : header;
  const bytes = new Uint8Array(8 + head.length + data);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(head.length), true);
  bytes.set(head, 8);
  return bytesSource(bytes);
}

const entry = (shape: readonly number[], begin: number, end: number, dtype = 'F32'): object => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

const sound = safetensorsBytes([
  { name: 'b', dtype: 'F32', shape: [2, 2], bytes: new Uint8Array(new Float32Array([1, -2, 0.5, 3]).buffer) },
  { name: 'empty', dtype: 'F32', shape: [0, 7], bytes: new Uint8Array(0) },
  {
    name: 'a',
    dtype: 'F16',
    shape: [3],
    bytes: new Uint8Array(new Uint16Array([0x3c00, 0xc000, 0x0001]).buffer),
  },
  { name: 'scalar', dtype: 'I64', shape: [], bytes: new Uint8Array(new BigInt64Array([-7n]).buffer) },
]);

describe('a safetensors file', () => {
  it('tells its tensors from the header', async () => {
    const store = await openSafetensors(bytesSource(sound), 'tiny.safetensors');
    expect(store.tensors.map(({ name, dtype, shape, bytes }) => [name, dtype, shape, bytes])).toEqual([
      ['b', 'F32', [2, 2], 16],
      ['empty', 'F32', [0, 7], 0],
      ['a', 'F16', [3], 6],
      ['scalar', 'I64', [], 8],
    ]);
    expect(store.bytes).toBe(sound.length);
    expect(store.tensors.every((tensor) => tensor.file === 'tiny.safetensors')).toBe(true);
    expect(store.metadata.get('format')).toBe('pt');
  });

  it('may be empty, padded with spaces, and hold names beyond ASCII', async () => {
    expect((await openSafetensors(raw('{}'))).tensors).toEqual([]);
    expect((await openSafetensors(raw('{}      '))).tensors).toEqual([]);
    const named = await openSafetensors(raw(JSON.stringify({ 'schichtä.層.🦙': entry([1], 0, 4) }), 4));
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
    const { size, read } = raw(header);
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

describe('a file that is no sound safetensors is refused', () => {
  const deep = `{"a":${'['.repeat(200_000)}`;
  const cases: readonly (readonly [name: string, source: ByteSource, reason: string])[] = [
    [
      'empty',
      bytesSource(new Uint8Array(0)),
      'file must have at least 8 bytes, the length of its header, got 0',
    ],
    ['short', bytesSource(new Uint8Array(7)), 'got 7'],
    ['no header', raw(''), 'header must have at least 2 bytes, got 0'],
    [
      '2^63 header',
      raw('{}', 0, 2n ** 63n),
      'header must have at most 100000000 bytes (is the file encrypted or damaged?), got 9223372036854775808',
    ],
    [
      '2^64 - 1 header',
      raw('{}', 0, 2n ** 64n - 1n),
      'header must have at most 100000000 bytes (is the file encrypted or damaged?), got 18446744073709551615',
    ],
    ['cut header', raw('{}', 0, 3n), 'header must fit in the file of 10 bytes (is it cut off?), got 3'],
    [
      'a zip',
      bytesSource(text.encode('PK\u0003\u0004aaaaaaaaaaaaaaaaaaa')),
      'must be unpacked; a PyTorch checkpoint is saved anew with safetensors.torch.save_model, got "a zip archive"',
    ],
    ['not UTF-8', raw(Uint8Array.of(0x7b, 0xff, 0x7d)), 'text must be UTF-8 (byte 1)'],
    ['overlong UTF-8', raw(Uint8Array.of(0x7b, 0xe0, 0x80, 0x80, 0x7d)), 'text must be UTF-8 (byte 1)'],
    ['a lone surrogate', raw(Uint8Array.of(0x7b, 0xed, 0xa0, 0x80, 0x7d)), 'text must be UTF-8 (byte 1)'],
    ['cut UTF-8', raw(Uint8Array.of(0x7b, 0xe2, 0x82)), 'text must be UTF-8 (byte 1)'],
    ['leading space', raw(' {}'), 'header must start with {, got " {}"'],
    ['a list', raw('[]'), 'header must start with {'],
    ['not JSON', raw('{"a": }'), 'text must be JSON ('],
    ['deep', raw(deep), 'text must not nest deeper than 8'],
    ['duplicate tensor', raw('{"a":1,"a":2}'), 'keys of one object must differ, got "a"'],
    ['duplicate escaped', raw(String.raw`{"a":1,"\u0061" :2}`), 'keys of one object must differ, got "a"'],
    [
      'duplicate key inside',
      raw('{"a":{"dtype":"F32","dtype":"F16"}}'),
      'keys of one object must differ, got "dtype"',
    ],
    [
      'own prototype',
      raw('{"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4),
      'a tensor needs a name of its own, got "__proto__"',
    ],
    ['tensor is a number', raw('{"a":1}'), 'tensor a must be an object with dtype, shape and data_offsets'],
    [
      'unknown key',
      raw('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":1}}', 4),
      'data_offsets only, got "x"',
    ],
    ['metadata of numbers', raw('{"__metadata__":{"a":1}}'), '__metadata__ a must be text'],
    ['metadata no object', raw('{"__metadata__":[]}'), '__metadata__ must be an object of text'],
    [
      'unknown dtype',
      raw(JSON.stringify({ a: entry([1], 0, 4, 'Q4_K') }), 4),
      'tensor a dtype must be one of BOOL',
    ],
    ['dtype of a prototype', raw(JSON.stringify({ a: entry([1], 0, 4, 'toString') }), 4), 'got "toString"'],
    ['no dtype', raw('{"a":{"shape":[],"data_offsets":[0,4]}}', 4), 'tensor a dtype must be one of'],
    ['no shape', raw('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4), 'tensor a shape must be a list'],
    [
      'negative shape',
      raw(JSON.stringify({ a: entry([-1], 0, 4) }), 4),
      'tensor a shape must be a list of at most 32 whole numbers',
    ],
    ['fractional shape', raw(JSON.stringify({ a: entry([0.5, 2], 0, 4) }), 4), 'tensor a shape must be'],
    [
      '33 dimensions',
      raw(JSON.stringify({ a: entry(Array<number>(33).fill(1), 0, 4) }), 4),
      'tensor a shape must be',
    ],
    [
      'infinite shape',
      raw('{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}}', 4),
      'tensor a shape must be',
    ],
    [
      'overflowing shape',
      raw(JSON.stringify({ a: entry([2 ** 30, 2 ** 30, 2 ** 30], 0, 4) }), 4),
      'tensor a of shape [1073741824,',
    ],
    [
      'negative offset',
      raw(JSON.stringify({ a: entry([1], -4, 0) }), 4),
      'tensor a data_offsets must be two whole numbers',
    ],
    [
      'three offsets',
      raw('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', 8),
      'data_offsets must be two whole numbers',
    ],
    [
      'text offsets',
      raw('{"a":{"dtype":"F32","shape":[1],"data_offsets":["0","4"]}}', 4),
      'data_offsets must be two whole numbers',
    ],
    [
      'reversed offsets',
      raw(JSON.stringify({ a: entry([1], 4, 0) }), 4),
      'data_offsets must not end before they begin, got "4, 0"',
    ],
    [
      'beyond the file',
      raw(JSON.stringify({ a: entry([2], 0, 8) }), 4),
      'tensor a must lie within the 4 bytes of data (is the file cut off?), got 8',
    ],
    [
      'wrong length',
      raw(JSON.stringify({ a: entry([3], 0, 8) }), 8),
      'tensor a of shape [3] and dtype F32 must take 12 bytes, got 8',
    ],
    [
      'half a byte',
      raw(JSON.stringify({ a: entry([1], 0, 1, 'F4') }), 1),
      'tensor a of shape [1] and dtype F4 must take 0.5 bytes, got 1',
    ],
    [
      'overlap',
      raw(JSON.stringify({ a: entry([2], 0, 8), b: entry([1], 4, 8) }), 8),
      'tensor b must not overlap a, got 4',
    ],
    [
      'same bytes twice',
      raw(JSON.stringify({ a: entry([1], 0, 4), b: entry([1], 0, 4) }), 4),
      'tensor b must not overlap a, got 0',
    ],
    [
      'hole',
      raw(JSON.stringify({ a: entry([1], 0, 4), b: entry([1], 8, 12) }), 12),
      'tensor b must follow a without a hole, got 8',
    ],
    [
      'hole at the start',
      raw(JSON.stringify({ a: entry([1], 4, 8) }), 8),
      'tensor a must follow the header without a hole, got 4',
    ],
    [
      'bytes left over',
      raw(JSON.stringify({ a: entry([1], 0, 4) }), 5),
      'file must end with its last tensor at byte',
    ],
    [
      'shrinking file',
      { size: 100, read: () => Promise.resolve(new Uint8Array(3)) },
      'file must give 8 bytes at 0, got 3',
    ],
  ];

  it.each(cases)('%s', async (_, source, reason) => {
    const opening = openSafetensors(source);
    await expect(opening).rejects.toThrow(InputError);
    await expect(opening).rejects.toThrow(/^safetensors: [^\n]*$/);
    await expect(opening).rejects.toThrow(reason);
  });

  it('with a header of millions of characters at once', async () => {
    const many = `{${Array.from({ length: 60_000 }, (_, i) => `"t${i}":${JSON.stringify(entry([1], 4 * i, 4 * i + 4))}`).join(',')}}`;
    const start = performance.now();
    await expect(openSafetensors(raw(many, 4 * 60_000 + 1))).rejects.toThrow('file must end');
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it(
    'whatever bytes are changed, cut or repeated: a store or an InputError',
    { timeout: 300_000 },
    async () => {
      const random = createRandom(7);
      const rounds = env['RANKSCAPE_LONG'] === undefined ? 3000 : 200_000;
      const headerEnd = sound.indexOf(0x7d, sound.lastIndexOf(0x7d)) + 1;
      let opened = 0;
      for (let round = 0; round < rounds; round++) {
        let bytes = Uint8Array.from(sound);
        for (let edits = 1 + random.below(3); edits > 0; edits--) bytes = mutate(bytes, headerEnd, random);
        try {
          const store = await openSafetensors(bytesSource(bytes));
          for (const tensor of store.tensors) if (tensor.shape.length < 9) await readFloat64(store, tensor);
          opened += 1;
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
        }
      }
      // Changed elements, spaces and names leave some of the files sound.
      expect(opened).toBeGreaterThan(rounds / 100);
      expect(opened).toBeLessThan(rounds);
    },
  );
});

function mutate(
  bytes: Uint8Array<ArrayBuffer>,
  header: number,
  random: ReturnType<typeof createRandom>,
): Uint8Array<ArrayBuffer> {
  const at = random.below(random.next() < 0.8 ? Math.min(header, bytes.length) : bytes.length);
  const kind = random.below(6);
  if (kind === 0) return bytes.slice(0, at);
  if (kind === 1)
    return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + random.below(9))]);
  if (kind === 2) return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(Math.max(0, at - 9))]);
  const digits = text.encode('0123456789-{}[]",:e.\\ \u0000');
  if (bytes.length > 0)
    bytes[at] = kind === 3 ? random.below(256) : (digits[random.below(digits.length)] ?? 0);
  return bytes;
}

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
    const { size, read } = raw(header);
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
