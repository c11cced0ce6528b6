/**
 * Protobuf messages as readonly data: changed copies and the few messages that edits make. A copy keeps the prototype,
 * where proto2 keeps the defaults, and shares what it does not change, so that a tensor's message stays the one its data
 * were found by.
 */
import { create, type Message } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import type { OnnxDtype } from './model.ts';

/** The message with other values in some fields. */
export function changed<M extends Message>(message: M, fields: Partial<M>): M {
  return Object.assign(Object.create(Object.getPrototypeOf(message) as object) as M, message, fields);
}

/** The message with only these fields. */
export function only<M extends Message>(message: M, fields: readonly (keyof M)[]): M {
  return filtered(message, (key) => fields.includes(key));
}

/** The message without these fields. */
export function without<M extends Message>(message: M, fields: readonly (keyof M)[]): M {
  return filtered(message, (key) => !fields.includes(key));
}

function filtered<M extends Message>(message: M, keep: (key: keyof M) => boolean): M {
  const result = Object.create(Object.getPrototypeOf(message) as object) as M;
  for (const key of Object.keys(message) as (keyof M)[]) {
    const value = message[key];
    if (key === '$typeName' || keep(key)) result[key] = value;
    else if (Array.isArray(value)) result[key] = [] as M[keyof M];
  }
  return result;
}

/** Values of attributes that edits write: a number is an INT. */
export type AttributeValue = number | string | readonly number[] | TensorProto;

export function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number')
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });
  if (typeof value === 'string')
    return create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.STRING,
      s: asciiBytes(value),
    });
  if ('$typeName' in value)
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.TENSOR, t: value });
  return create(AttributeProtoSchema, {
    name,
    type: AttributeProto_AttributeType.INTS,
    ints: value.map(BigInt),
  });
}

export function node(
  opType: string,
  name: string,
  input: readonly string[],
  output: string,
  attributes: Readonly<Record<string, AttributeValue>> = {},
): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    name,
    input: [...input],
    output: [output],
    attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
  });
}

/** ONNX's number of each element type. */
export const dataTypes: Readonly<Record<OnnxDtype, TensorProto_DataType>> = {
  F64: TensorProto_DataType.DOUBLE,
  F32: TensorProto_DataType.FLOAT,
  F16: TensorProto_DataType.FLOAT16,
  BF16: TensorProto_DataType.BFLOAT16,
  F8_E4M3: TensorProto_DataType.FLOAT8E4M3FN,
  F8_E4M3FNUZ: TensorProto_DataType.FLOAT8E4M3FNUZ,
  F8_E5M2: TensorProto_DataType.FLOAT8E5M2,
  F8_E5M2FNUZ: TensorProto_DataType.FLOAT8E5M2FNUZ,
  F8_E8M0: TensorProto_DataType.FLOAT8E8M0,
  F4: TensorProto_DataType.FLOAT4E2M1,
  I64: TensorProto_DataType.INT64,
  I32: TensorProto_DataType.INT32,
  I16: TensorProto_DataType.INT16,
  I8: TensorProto_DataType.INT8,
  I4: TensorProto_DataType.INT4,
  I2: TensorProto_DataType.INT2,
  U64: TensorProto_DataType.UINT64,
  U32: TensorProto_DataType.UINT32,
  U16: TensorProto_DataType.UINT16,
  U8: TensorProto_DataType.UINT8,
  U4: TensorProto_DataType.UINT4,
  U2: TensorProto_DataType.UINT2,
  BOOL: TensorProto_DataType.BOOL,
  C64: TensorProto_DataType.COMPLEX64,
  C128: TensorProto_DataType.COMPLEX128,
  STRING: TensorProto_DataType.STRING,
};

/** @param bytes raw data: little-endian, row-major */
export function rawTensor(
  name: string,
  dtype: OnnxDtype,
  shape: readonly number[],
  bytes: Uint8Array,
): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: dataTypes[dtype],
    dims: shape.map(BigInt),
    rawData: bytes as Uint8Array<ArrayBuffer>,
  });
}

/** The numbers, copied, as they lie in memory. */
export const constant = (
  name: string,
  shape: readonly number[],
  values: Float32Array | BigInt64Array,
): TensorProto =>
  rawTensor(
    name,
    values instanceof Float32Array ? 'F32' : 'I64',
    shape,
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice(),
  );

/** A vector of int64, as shapes are. */
export const integers = (name: string, values: readonly number[]): TensorProto =>
  constant(name, [values.length], BigInt64Array.from(values, BigInt));

/** An axis of a value: its extent, or the name of one that is left open. */
export type Extent = number | bigint | string;

/**
 * What a graph says of a tensor that goes through it.
 * @param dtype or ONNX's number of it
 * @param extents null where even the number of axes is left open
 */
export function tensorValue(
  name: string,
  dtype: OnnxDtype | TensorProto['dataType'],
  extents: readonly Extent[] | null,
): ValueInfoProto {
  const dim = extents?.map((extent) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof extent === 'string'
          ? { case: 'dimParam', value: extent }
          : { case: 'dimValue', value: BigInt(extent) },
    }),
  );
  const value = create(TypeProto_TensorSchema, {
    elemType: typeof dtype === 'number' ? dtype : dataTypes[dtype],
    ...(dim === undefined ? {} : { shape: create(TensorShapeProtoSchema, { dim }) }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value } }),
  });
}

/** Graphs in a node's attributes: bodies of If, Loop and Scan. */
export function bodies(of: NodeProto): readonly GraphProto[] {
  return of.attribute.flatMap(({ g, graphs }) => (g === undefined ? graphs : [g, ...graphs]));
}

/** The graph and those inside its nodes, outermost first. */
export function allGraphs(graph: GraphProto): readonly GraphProto[] {
  return [graph, ...graph.node.flatMap((each) => bodies(each).flatMap(allGraphs))];
}

/** Operator names and keywords are ASCII; the core has no TextEncoder in its types. */
export function asciiBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
