import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type ModelProto } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { node, rawTensor, tensorValue } from './edit-messages.ts';
import { collect, floats, inMemory, modelProto } from './edit.fixture.ts';
import { onnxFiles, writeOnnx } from './write.ts';

const proto = (): ModelProto =>
  modelProto({
    nodes: [
      node('Constant', 'c', [], 'scale', { value: floats('', [300], 3) }),
      node('MatMul', 'm', ['x', 'w'], 'h'),
      node('Mul', 's', ['h', 'scale'], 'y'),
    ],
    initializers: [
      floats('w', [64, 300], 1),
      rawTensor('none', 'F32', [0], new Uint8Array()),
      floats('b', [3], 2),
    ],
    inputs: [tensorValue('x', 'F32', ['n', 64])],
    outputs: [tensorValue('y', 'F32', ['n', 300])],
  });

describe('write ONNX', () => {
  it('gives protobuf its own bytes when every tensor is in the skeleton', async () => {
    const bytes = await collect(writeOnnx(inMemory(proto())));
    expect(bytes).toEqual(toBinary(ModelProtoSchema, proto()));
  });

  it('streams tensors that are left in the file, in initializers and in nodes: decodes equal', async () => {
    const model = inMemory(proto(), 100);
    expect(model.initializers.get('w')?.place).toBe('file');
    const files = onnxFiles(model);
    const bytes = await collect(files.model.chunks());
    expect(bytes.length).toBe(files.bytes);
    expect(fromBinary(ModelProtoSchema, bytes)).toEqual(
      fromBinary(ModelProtoSchema, toBinary(ModelProtoSchema, proto())),
    );
  });

  it('moves tensors from the threshold on into one file beside it, on page boundaries', async () => {
    const model = inMemory(proto(), 1000);
    const files = onnxFiles(model, { externalData: { location: 'm.data', threshold: 12 } });
    const decoded = fromBinary(ModelProtoSchema, await collect(files.model.chunks()));
    const data = await collect(files.external?.chunks() ?? files.model.chunks());
    const entries = (decoded.graph?.initializer ?? []).map(({ name, externalData, rawData }) => ({
      name,
      raw: rawData.length,
      ...Object.fromEntries(externalData.map(({ key, value }) => [key, value])),
    }));
    expect(entries).toEqual([
      { name: 'w', raw: 0, location: 'm.data', offset: '0', length: '76800' },
      { name: 'none', raw: 0 },
      { name: 'b', raw: 0, location: 'm.data', offset: '77824', length: '12' },
    ]);
    expect(data.length).toBe(77_836);
    expect(data.subarray(77_824)).toEqual(floats('b', [3], 2).rawData);
    expect(files.bytes).toBe(files.model.bytes + data.length);
  });

  it('writes external data by itself beyond the limit of one file, and refuses what cannot be moved', () => {
    const model = inMemory(proto(), 1000);
    const files = onnxFiles(model, { limit: 4000 });
    expect(files.external?.location).toBe('model.onnx.data');
    expect(files.model.bytes).toBeLessThan(4000);
    expect(() => onnxFiles(model, { limit: 1000 })).toThrow(
      /ONNX: what is not external data must fit in 1000/,
    );
    expect(() => onnxFiles(model, { externalData: { location: '../m' } })).toThrow(/beside the model/);
  });
});
