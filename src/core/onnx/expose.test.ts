import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { exposeValues, weightsAsInputs } from './expose.ts';

const tensor = (name: string) =>
  create(TensorProtoSchema, {
    name,
    dims: [2n, 3n],
    dataType: TensorProto_DataType.FLOAT,
    floatData: [1, 2],
  });
const value = (name: string) => create(ValueInfoProtoSchema, { name });
const model = create(ModelProtoSchema, {
  irVersion: 8n,
  graph: create(GraphProtoSchema, {
    input: [value('x'), value('old')],
    output: [value('y')],
    initializer: [tensor('a'), tensor('b'), tensor('old')],
    node: [
      create(NodeProtoSchema, { opType: 'MatMul', input: ['x', 'a'], output: ['h'] }),
      create(NodeProtoSchema, { opType: 'MatMul', input: ['h', 'b'], output: ['y'] }),
    ],
  }),
});
const inputs = (of: typeof model) => of.graph?.input.map(({ name }) => name);

describe('weights as inputs', () => {
  it('leave the initializers and join the inputs with type and shape', () => {
    const changed = weightsAsInputs(model, ['b']);
    expect(inputs(changed)).toEqual(['x', 'old', 'b']);
    expect(changed.graph?.initializer.map(({ name }) => name)).toEqual(['a', 'old']);
    const { value: type } = changed.graph?.input[2]?.type ?? {};
    expect(type).toMatchObject({
      case: 'tensorType',
      value: { elemType: 1, shape: { dim: [{ value: { value: 2n } }, { value: { value: 3n } }] } },
    });
    expect(changed.irVersion).toBe(8n);
    expect(inputs(model)).toEqual(['x', 'old']);
  });

  it('are not listed twice in files that list initializers as inputs', () => {
    expect(inputs(weightsAsInputs(model, ['old']))).toEqual(['x', 'old']);
  });

  it('must be initializers', () => {
    expect(() => weightsAsInputs(model, ['h'])).toThrow(
      'onnx: the graph has no initializer of this name, got "h"',
    );
  });
});

describe('exposed values', () => {
  const outputs = (names: readonly string[]) =>
    exposeValues(model, names).graph?.output.map(({ name }) => name);

  it('join the outputs, once', () => {
    expect(outputs(['h', 'x', 'h', 'y'])).toEqual(['y', 'h', 'x']);
    expect(model.graph?.output).toHaveLength(1);
  });

  it('must be computed or given', () => {
    expect(() => outputs(['a'])).toThrow('onnx: the graph has no value of this name, got "a"');
  });
});
