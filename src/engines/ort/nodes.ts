/** Nodes and constants added to a graph that was read from a file. */
import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import { invariant } from '../../core/base/checks.ts';

type Attribute = readonly [name: string, value: number | readonly number[]];

/** @param output also the name of the node; attributes are whole numbers and lists of them */
export const nodeOf = (
  opType: string,
  input: readonly string[],
  output: string,
  attributes: readonly Attribute[] = [],
): NodeProto =>
  create(NodeProtoSchema, {
    name: output,
    opType,
    input: [...input],
    output: [output],
    attribute: attributes.map(([name, value]) =>
      typeof value === 'number'
        ? create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) })
        : create(AttributeProtoSchema, {
            name,
            type: AttributeProto_AttributeType.INTS,
            ints: value.map(BigInt),
          }),
    ),
  });

const bytesOf = (values: Float32Array | BigInt64Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();

export const constant = (
  name: string,
  dims: readonly number[],
  values: Float32Array | BigInt64Array,
): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: values instanceof Float32Array ? TensorProto_DataType.FLOAT : TensorProto_DataType.INT64,
    rawData: bytesOf(values),
  });

/** The model with another graph; what is not named stays. */
export function withGraph(model: ModelProto, change: (graph: GraphProto) => Partial<GraphProto>): ModelProto {
  const { graph } = model;
  invariant(graph !== undefined, 'a model without a graph');
  return create(ModelProtoSchema, {
    ...model,
    graph: create(GraphProtoSchema, { ...graph, ...change(graph) }),
  });
}
