/** One linear layer as a model of its own, X [rows, in] -> Y [rows, out], and random numbers for it. */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { createRandom } from '../../core/base/random.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { factorShapes, forwardEinsum } from '../../core/factor/forward.ts';
import { product } from '../../core/factor/tensorization.ts';
import { tensor, type Tensor } from '../../core/tensor/dense.ts';
import { constant, nodeOf } from './nodes.ts';

/** What the shipped models have, too. */
const opset = 18;
const irVersion = 8n;

export interface LayerShape {
  readonly rows: number;
  readonly in: number;
  readonly out: number;
}

/** y = x W. @param weight [in, out] */
export function denseGraph({ rows, in: inside, out }: LayerShape, weight: Float32Array): Uint8Array {
  return modelBytes(
    [nodeOf('MatMul', ['x', 'W'], 'y')],
    [constant('W', [inside, out], weight)],
    valueOf('x', [rows, inside]),
    valueOf('y', [rows, out]),
  );
}

/** Numbers of ordinary size for `denseGraph`. */
export function randomWeight({ in: inside, out }: LayerShape, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: inside * out }, () => random.normal() / Math.sqrt(inside));
}

/**
 * Random factors whose matrix has entries of variance 1 / in, so that what they make is neither huge nor denormal: for
 * timing, where the numbers do not matter.
 */
export function randomFactors(f: Factorization, seed: number): readonly Tensor[] {
  const random = createRandom(seed);
  const shapes = factorShapes(f);
  const { output, extents } = forwardEinsum(f, 1);
  const kept = new Set(output);
  const terms = [...extents].reduce(
    (count, [label, extent]) => (kept.has(label) ? count : count * extent),
    1,
  );
  const scale = terms ** (-1 / (2 * shapes.length));
  return shapes.map((shape) =>
    tensor(
      shape,
      Float64Array.from({ length: product(shape) }, () => scale * random.normal()),
    ),
  );
}

function valueOf(name: string, shape: readonly number[]): ValueInfoProto {
  const dim = shape.map((extent) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(extent) } }),
  );
  const value = create(TypeProto_TensorSchema, {
    elemType: TensorProto_DataType.FLOAT,
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value } }),
  });
}

function modelBytes(
  node: readonly NodeProto[],
  initializer: readonly TensorProto[],
  input: ValueInfoProto,
  output: ValueInfoProto,
): Uint8Array {
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion,
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) })],
      graph: create(GraphProtoSchema, {
        name: 'layer',
        node: [...node],
        initializer: [...initializer],
        input: [input],
        output: [output],
      }),
    }),
  );
}
