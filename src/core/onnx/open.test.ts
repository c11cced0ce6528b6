/** Opening ONNX files: streamed whatever their size, whole whatever their storage, refused by name when unsound. */
import { readFileSync, readdirSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { bytesSource, type ByteSource } from '../workload/byte-source.ts';
import { onnxLayers } from './layers.ts';
import { inlineFunctions } from './functions.ts';
import { openOnnx } from './open.ts';
import { readOnnxWeight, readTensor } from './weights.ts';
import {
  field,
  floats,
  joined,
  modelBytes,
  nodeBytes,
  tensorBytes,
  text,
  varint,
  whole,
} from './wire.fixture.ts';

const folder = new URL('corpus/', import.meta.url);
const corpus = readdirSync(folder).filter((file) => file.endsWith('.onnx'));
const bytesOf = (file: string): Uint8Array => new Uint8Array(readFileSync(new URL(file, folder)));
const beside = (location: string): ByteSource => bytesSource(bytesOf(location));

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const matmul = { op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] };
const square = tensorBytes('w', [2, 2], 1, floats([1, 2, 3, 4]));

describe('an ONNX file', () => {
  it.each(corpus)('%s loses nothing but large data, which are read back', async (file) => {
    const model = await openOnnx(bytesSource(bytesOf(file)), beside);
    const plain = inlineFunctions(fromBinary(ModelProtoSchema, bytesOf(file)));
    for (const [i, tensor] of (model.proto.graph?.initializer ?? []).entries()) {
      const expected = plain.graph?.initializer[i];
      const found = model.tensorOf(tensor);
      if (found.place !== 'file' || expected === undefined) continue;
      const data = await found.readBytes();
      if (expected.rawData.length > 0) {
        expect(isSame(data, expected.rawData)).toBe(true);
        tensor.rawData = expected.rawData;
      }
      tensor.floatData = expected.floatData;
      tensor.doubleData = expected.doubleData;
      tensor.int32Data = expected.int32Data;
      tensor.int64Data = expected.int64Data;
    }
    for (const [i, node] of (model.proto.graph?.node ?? []).entries())
      for (const [k, attribute] of node.attribute.entries()) {
        const expected = plain.graph?.node[i]?.attribute[k]?.t;
        if (attribute.t !== undefined && expected !== undefined) attribute.t.rawData = expected.rawData;
      }
    const [again, expected] = [model.proto, plain].map((each) => toBinary(ModelProtoSchema, each));
    expect(again !== undefined && expected !== undefined && isSame(again, expected)).toBe(true);
  });

  it('of 6 GB is read in small parts', async () => {
    const side = 28_000;
    const dataBytes = 4 * side * side;
    const head = (name: string): Uint8Array =>
      joined(
        whole(1, side),
        whole(1, side),
        whole(2, 1),
        text(8, name),
        varint(9 * 8 + 2),
        varint(dataBytes),
      );
    const lengths = (name: string): number => head(name).length + dataBytes;
    const nodes = [0, 1].map((n) =>
      field(1, nodeBytes({ op: 'MatMul', inputs: [n === 0 ? 'x' : 'v0', `w${n}`], outputs: [`v${n}`] })),
    );
    const graphBytes =
      nodes.reduce((sum, node) => sum + node.length, 0) +
      [0, 1].reduce((sum, n) => sum + 1 + varint(lengths(`w${n}`)).length + lengths(`w${n}`), 0);
    // Pieces of the file: real bytes, or a run of the number 1.
    const pieces: (Uint8Array | number)[] = [
      joined(whole(1, 8), varint(7 * 8 + 2), varint(graphBytes), ...nodes),
      ...[0, 1].flatMap((n) => [
        joined(varint(5 * 8 + 2), varint(lengths(`w${n}`)), head(`w${n}`)),
        dataBytes,
      ]),
      field(8, whole(2, 17)),
    ];
    const ones = floats([1]);
    const sizes = pieces.map((piece) => (typeof piece === 'number' ? piece : piece.length));
    let taken = 0;
    const source: ByteSource = {
      size: sizes.reduce((a, b) => a + b),
      read: (offset, length) => {
        taken += length;
        const out = new Uint8Array(length);
        let start = 0;
        pieces.forEach((piece, i) => {
          const end = start + (sizes[i] ?? 0);
          for (let at = Math.max(offset, start); at < Math.min(offset + length, end); at++)
            out[at - offset] =
              typeof piece === 'number' ? (ones[(at - start) % 4] ?? 0) : (piece[at - start] ?? 0);
          start = end;
        });
        return Promise.resolve(out);
      },
    };
    expect(source.size).toBeGreaterThan(6e9);
    const model = await openOnnx(source);
    expect(taken).toBeLessThan(2 ** 21);
    const file = onnxLayers(model);
    expect(file.linears.map(({ name, out }) => [name, out])).toEqual([
      ['w0', side],
      ['w1', side],
    ]);
    const last = model.initializers.get('w1');
    expect(await last?.readBytes(dataBytes - 4, 4)).toEqual(ones);
    if (file.linears[1] !== undefined)
      await expect(readOnnxWeight(model, file.linears[1])).rejects.toThrow(/at most 268435456 elements/);
    expect(taken).toBeLessThan(2 ** 21);
  });

  it('holds the numbers of every storage', async () => {
    const packed = (number: number, bytes: readonly number[]): Uint8Array =>
      field(number, Uint8Array.from(bytes));
    const list = (shape: readonly number[], type: number, ...data: readonly Uint8Array[]): Uint8Array =>
      joined(...shape.map((extent) => whole(1, extent)), whole(2, type), text(8, 'w'), ...data);
    const minusOne = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
    const cases: [Uint8Array, readonly number[]][] = [
      [list([3], 1, field(4, floats([1, -2, 0.5]))), [1, -2, 0.5]],
      // Unpacked: each number with its own tag.
      [list([2], 1, Uint8Array.of(37, 0, 0, 128, 63), Uint8Array.of(37, 0, 0, 0, 64)), [1, 2]],
      [list([2], 11, field(10, new Uint8Array(Float64Array.of(0.1, -3).buffer))), [0.1, -3]],
      [list([2], 7, packed(7, [5, ...minusOne])), [5, -1]],
      [list([3], 3, packed(5, [5, ...minusOne, 127])), [5, -1, 127]],
      [list([2], 2, packed(5, [200, 1, 7])), [200, 7]],
      [list([2], 10, packed(5, [128, 120, 128, 128, 3])), [1, -2]],
      [list([1], 16, packed(5, [128, 127])), [1]],
      [list([3], 22, field(9, Uint8Array.of(0xf1, 0x08))), [1, -1, -8]],
      [list([3], 21, field(9, Uint8Array.of(0xf1, 0x08))), [1, 15, 8]],
      [list([2], 13, packed(11, [5, 255, 255, 255, 255, 15])), [5, 4294967295]],
    ];
    for (const [tensor, expected] of cases) {
      const model = await openOnnx(bytesSource(modelBytes([matmul], [tensor])));
      const found = model.initializers.get('w');
      if (found === undefined) throw new Error('no tensor');
      expect([...(await readTensor(found))]).toEqual(expected);
    }
  });

  it.each([
    ['float32', 1, 4, [1500, 1000]],
    ['float32, few rows', 1, 4, [3, 400_001]],
    ['uint4', 21, 0.5, [1501, 701]],
  ] as const)('of %s beyond one block is turned on the way', async (_, type, width, [rows, columns]) => {
    const value = (i: number): number => (i * 7 + Math.floor(i / 1000)) % 16;
    const count = rows * columns;
    const data =
      width === 4
        ? floats(Array.from({ length: count }, (__, i) => value(i)))
        : Uint8Array.from(
            { length: Math.ceil(count / 2) },
            (__, i) => value(2 * i) | (value(2 * i + 1) << 4),
          );
    const bytes = modelBytes([matmul], [tensorBytes('w', [rows, columns], type, data)]);
    const model = await openOnnx(bytesSource(bytes));
    const [layer] = onnxLayers(model).linears;
    if (layer === undefined) throw new Error('no layer');
    const weight = await readOnnxWeight(model, layer);
    expect([weight.rows, weight.columns]).toEqual([columns, rows]);
    let wrong = 0;
    for (let i = 0; i < count; i++)
      if (weight.values[(i % columns) * rows + Math.floor(i / columns)] !== value(i)) wrong += 1;
    expect(wrong).toBe(0);
  });

  it('of long lists decodes them once, from the file', async () => {
    const numbers = Array.from({ length: 3000 }, (_, i) => (i * 37) % 256);
    const bytes = numbers.flatMap((value) => (value < 128 ? [value] : [(value & 127) | 128, 1]));
    const tensor = joined(whole(1, 3000), whole(2, 2), text(8, 'w'), field(5, Uint8Array.from(bytes)));
    const model = await openOnnx(bytesSource(modelBytes([matmul], [tensor])));
    const found = model.initializers.get('w');
    expect(found?.place).toBe('file');
    expect(found === undefined ? [] : [...(await readTensor(found))]).toEqual(numbers);
  });
});

describe('an unsound ONNX file is refused in one line:', () => {
  const external = (location: string, more: readonly (readonly [string, string])[] = []): Uint8Array =>
    joined(
      ...[2, 2].map((extent) => whole(1, extent)),
      whole(2, 1),
      text(8, 'w'),
      whole(14, 1),
      ...[['location', location] as const, ...more].map(([key, value]) =>
        field(13, text(1, key), text(2, value)),
      ),
    );
  const nested = (depth: number): Uint8Array => {
    let graph = field(1, nodeBytes(matmul));
    for (let i = 0; i < depth; i++) graph = field(1, field(5, text(1, 'body'), field(6, graph)));
    return field(7, graph);
  };
  const sound = modelBytes([matmul], [square]);
  const cases: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(0), /must not be empty/],
    ['zeros', new Uint8Array(64), /field numbers must be sound/],
    ['cut', sound.subarray(0, sound.length - 12), /must fit in the \d+ bytes left .*cut off/],
    ['cut in a length', Uint8Array.of(8, 8, 58, 255), /must not end within a field/],
    [
      'a length of 2^60',
      joined(varint(58), Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 15)),
      /below 2\^53/,
    ],
    ['a length of 2^40', joined(varint(58), varint(2 ** 40)), /must fit in/],
    ['a group', Uint8Array.of(99, 8, 8), /must hold whole fields|wire type/],
    ['a wrong wire type', whole(7, 5), /ModelProto.graph must have wire type 2/],
    ['no graph', joined(whole(1, 8), text(2, 'torch')), /must hold a graph with nodes/],
    ['endless nesting', nested(200), /nest at most 64 deep/],
    [
      'a million messages',
      field(
        7,
        new Uint8Array(2 ** 21).map((_, i) => (i % 2 === 0 ? 10 : 0)),
      ),
      /at most 524288 messages/,
    ],
    [
      'endless lists',
      field(7, field(1, field(5, field(8, new Uint8Array(2 ** 22 + 1))))),
      /at most 4194304 entries/,
    ],
    ['half a number', field(7, field(1, field(5, field(7, new Uint8Array(5))))), /whole numbers of its type/],
    ['a name twice', modelBytes([matmul], [square, square]), /names of their own/],
    ['a value twice', modelBytes([matmul, matmul], [square]), /come from one place only/],
    [
      'a cycle',
      modelBytes(
        [
          { op: 'Add', inputs: ['x', 'b'], outputs: ['a'] },
          { op: 'MatMul', inputs: ['a', 'w'], outputs: ['b'] },
        ],
        [square],
      ),
      /must have no cycle/,
    ],
    [
      'an unknown type',
      modelBytes([matmul], [tensorBytes('w', [2, 2], 99, floats([1]))]),
      /element type of ONNX/,
    ],
    [
      'too few data',
      modelBytes([matmul], [tensorBytes('w', [2, 2], 1, floats([1]))]),
      /must have 16 bytes of data, got 4/,
    ],
    [
      'a shape beyond everything',
      modelBytes([matmul], [tensorBytes('w', [2 ** 40, 2 ** 40], 1, floats([1]))]),
      /sane shape|sound extents/,
    ],
    [
      'data in pieces',
      modelBytes([matmul], [joined(square, field(9, new Uint8Array(5000)))]),
      /in one piece/,
    ],
    ['an absolute path', modelBytes([matmul], [external('/etc/passwd')]), /in the folder of the model/],
    ['a path upwards', modelBytes([matmul], [external('a/../../w.bin')]), /in the folder of the model/],
    ['a path with backslashes', modelBytes([matmul], [external('..\\w.bin')]), /in the folder of the model/],
    ['no path', modelBytes([matmul], [external('')]), /in the folder of the model/],
    [
      'a file that is not there',
      modelBytes([matmul], [external('w.bin')]),
      /given together .*missing is, got "w.bin"/,
    ],
    [
      'an offset in words',
      modelBytes([matmul], [external('here', [['offset', '1e3']])]),
      /offset must be a whole number/,
    ],
    [
      'an offset beyond',
      modelBytes([matmul], [external('here', [['offset', '990']])]),
      /must lie within here of 1000 bytes/,
    ],
    ['another length', modelBytes([matmul], [external('here', [['length', '8']])]), /must have the 16 bytes/],
    [
      'no linear layer',
      modelBytes([{ op: 'Relu', inputs: ['x'], outputs: ['y'] }], [square]),
      /at least one linear layer/,
    ],
  ];
  it.each(cases)('%s', async (_, bytes, reason) => {
    const find = (location: string): ByteSource | null =>
      location === 'here' ? bytesSource(new Uint8Array(1000)) : null;
    const error: unknown = await openOnnx(bytesSource(bytes), find)
      .then(onnxLayers)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect(error instanceof InputError ? error.message : '').toMatch(reason);
    expect(error instanceof InputError ? error.message : '').not.toContain('\n');
  });

  it('encrypted or compressed bytes', async () => {
    let state = 12345;
    for (let run = 0; run < 50; run++) {
      const bytes = new Uint8Array(4096).map(() => (state = (state * 1103515245 + 12345) % 2 ** 31) >> 16);
      await expect(openOnnx(bytesSource(bytes))).rejects.toThrow(InputError);
    }
  });

  it('weights that are no numbers, and 8-bit floats by name', async () => {
    const read = async (tensor: Uint8Array): Promise<unknown> => {
      const model = await openOnnx(bytesSource(modelBytes([matmul], [tensor])));
      const [layer] = onnxLayers(model).linears;
      return layer === undefined ? null : readOnnxWeight(model, layer);
    };
    await expect(read(tensorBytes('w', [2, 2], 1, floats([1, 2, Number.NaN, 4])))).rejects.toThrow(
      /finite numbers only/,
    );
    await expect(read(tensorBytes('w', [2, 2], 17, new Uint8Array(4)))).rejects.toThrow(
      /8- and 4-bit floats cannot be read, got "F8_E4M3"/,
    );
    expect(await read(square)).toMatchObject({ rows: 2, columns: 2, values: Float64Array.of(1, 3, 2, 4) });
  });
});
