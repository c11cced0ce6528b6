/** Files that are no sound safetensors are refused by name; any bytes in bounded time. */
import { performance } from 'node:perf_hooks';
import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { createRandom } from '../base/random.ts';
import { bytesSource } from './byte-source.ts';
import type { ByteSource } from './byte-source.ts';
import { entry, rawSource, soundFile } from './safetensors.fixture.ts';
import { openSafetensors, readFloat64 } from './safetensors.ts';

const text = new TextEncoder();

describe('a file that is no sound safetensors is refused', () => {
  const deep = `{"a":${'['.repeat(200_000)}`;
  const cases: readonly (readonly [name: string, source: ByteSource, reason: string])[] = [
    [
      'empty',
      bytesSource(new Uint8Array(0)),
      'file must have at least 8 bytes, the length of its header, got 0',
    ],
    ['short', bytesSource(new Uint8Array(7)), 'got 7'],
    ['no header', rawSource(''), 'header must have at least 2 bytes, got 0'],
    [
      '2^63 header',
      rawSource('{}', 0, 2n ** 63n),
      'header must have at most 100000000 bytes (is the file encrypted or damaged?), got 9223372036854775808',
    ],
    [
      '2^64 - 1 header',
      rawSource('{}', 0, 2n ** 64n - 1n),
      'header must have at most 100000000 bytes (is the file encrypted or damaged?), got 18446744073709551615',
    ],
    ['cut header', rawSource('{}', 0, 3n), 'header must fit in the file of 10 bytes (is it cut off?), got 3'],
    [
      'a zip',
      bytesSource(text.encode('PK\u0003\u0004aaaaaaaaaaaaaaaaaaa')),
      'must be unpacked; a PyTorch checkpoint is saved anew with safetensors.torch.save_model, got "a zip archive"',
    ],
    ['not UTF-8', rawSource(Uint8Array.of(0x7b, 0xff, 0x7d)), 'text must be UTF-8 (byte 1)'],
    ['overlong UTF-8', rawSource(Uint8Array.of(0x7b, 0xe0, 0x80, 0x80, 0x7d)), 'text must be UTF-8 (byte 1)'],
    [
      'a lone surrogate',
      rawSource(Uint8Array.of(0x7b, 0xed, 0xa0, 0x80, 0x7d)),
      'text must be UTF-8 (byte 1)',
    ],
    ['cut UTF-8', rawSource(Uint8Array.of(0x7b, 0xe2, 0x82)), 'text must be UTF-8 (byte 1)'],
    ['leading space', rawSource(' {}'), 'header must start with {, got " {}"'],
    ['a list', rawSource('[]'), 'header must start with {'],
    ['not JSON', rawSource('{"a": }'), 'text must be JSON ('],
    ['deep', rawSource(deep), 'text must not nest deeper than 8'],
    ['duplicate tensor', rawSource('{"a":1,"a":2}'), 'keys of one object must differ, got "a"'],
    [
      'duplicate escaped',
      rawSource(String.raw`{"a":1,"\u0061" :2}`),
      'keys of one object must differ, got "a"',
    ],
    [
      'duplicate key inside',
      rawSource('{"a":{"dtype":"F32","dtype":"F16"}}'),
      'keys of one object must differ, got "dtype"',
    ],
    [
      'own prototype',
      rawSource('{"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4),
      'a tensor needs a name of its own, got "__proto__"',
    ],
    [
      'tensor is a number',
      rawSource('{"a":1}'),
      'tensor a must be an object with dtype, shape and data_offsets',
    ],
    [
      'unknown key',
      rawSource('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":1}}', 4),
      'data_offsets only, got "x"',
    ],
    ['metadata of numbers', rawSource('{"__metadata__":{"a":1}}'), '__metadata__ a must be text'],
    ['metadata no object', rawSource('{"__metadata__":[]}'), '__metadata__ must be an object of text'],
    [
      'unknown dtype',
      rawSource(JSON.stringify({ a: entry([1], 0, 4, 'Q4_K') }), 4),
      'tensor a dtype must be one of BOOL',
    ],
    [
      'dtype of a prototype',
      rawSource(JSON.stringify({ a: entry([1], 0, 4, 'toString') }), 4),
      'got "toString"',
    ],
    ['no dtype', rawSource('{"a":{"shape":[],"data_offsets":[0,4]}}', 4), 'tensor a dtype must be one of'],
    ['no shape', rawSource('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4), 'tensor a shape must be a list'],
    [
      'negative shape',
      rawSource(JSON.stringify({ a: entry([-1], 0, 4) }), 4),
      'tensor a shape must be a list of at most 32 whole numbers',
    ],
    [
      'fractional shape',
      rawSource(JSON.stringify({ a: entry([0.5, 2], 0, 4) }), 4),
      'tensor a shape must be',
    ],
    [
      '33 dimensions',
      rawSource(JSON.stringify({ a: entry(Array<number>(33).fill(1), 0, 4) }), 4),
      'tensor a shape must be',
    ],
    [
      'infinite shape',
      rawSource('{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}}', 4),
      'tensor a shape must be',
    ],
    [
      'overflowing shape',
      rawSource(JSON.stringify({ a: entry([2 ** 30, 2 ** 30, 2 ** 30], 0, 4) }), 4),
      'tensor a of shape [1073741824,',
    ],
    [
      'negative offset',
      rawSource(JSON.stringify({ a: entry([1], -4, 0) }), 4),
      'tensor a data_offsets must be two whole numbers',
    ],
    [
      'three offsets',
      rawSource('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', 8),
      'data_offsets must be two whole numbers',
    ],
    [
      'text offsets',
      rawSource('{"a":{"dtype":"F32","shape":[1],"data_offsets":["0","4"]}}', 4),
      'data_offsets must be two whole numbers',
    ],
    [
      'reversed offsets',
      rawSource(JSON.stringify({ a: entry([1], 4, 0) }), 4),
      'data_offsets must not end before they begin, got "4, 0"',
    ],
    [
      'beyond the file',
      rawSource(JSON.stringify({ a: entry([2], 0, 8) }), 4),
      'tensor a must lie within the 4 bytes of data (is the file cut off?), got 8',
    ],
    [
      'wrong length',
      rawSource(JSON.stringify({ a: entry([3], 0, 8) }), 8),
      'tensor a of shape [3] and dtype F32 must take 12 bytes, got 8',
    ],
    [
      'half a byte',
      rawSource(JSON.stringify({ a: entry([1], 0, 1, 'F4') }), 1),
      'tensor a of shape [1] and dtype F4 must take 0.5 bytes, got 1',
    ],
    [
      'overlap',
      rawSource(JSON.stringify({ a: entry([2], 0, 8), b: entry([1], 4, 8) }), 8),
      'tensor b must not overlap a, got 4',
    ],
    [
      'same bytes twice',
      rawSource(JSON.stringify({ a: entry([1], 0, 4), b: entry([1], 0, 4) }), 4),
      'tensor b must not overlap a, got 0',
    ],
    [
      'hole',
      rawSource(JSON.stringify({ a: entry([1], 0, 4), b: entry([1], 8, 12) }), 12),
      'tensor b must follow a without a hole, got 8',
    ],
    [
      'hole at the start',
      rawSource(JSON.stringify({ a: entry([1], 4, 8) }), 8),
      'tensor a must follow the header without a hole, got 4',
    ],
    [
      'bytes left over',
      rawSource(JSON.stringify({ a: entry([1], 0, 4) }), 5),
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
    await expect(openSafetensors(rawSource(many, 4 * 60_000 + 1))).rejects.toThrow('file must end');
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it(
    'whatever bytes are changed, cut or repeated: a store or an InputError',
    { timeout: 300_000 },
    async () => {
      const random = createRandom(7);
      const rounds = env['RANKSCAPE_LONG'] === undefined ? 3000 : 200_000;
      const headerEnd = soundFile.indexOf(0x7d, soundFile.lastIndexOf(0x7d)) + 1;
      let opened = 0;
      for (let round = 0; round < rounds; round++) {
        let bytes = Uint8Array.from(soundFile);
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
