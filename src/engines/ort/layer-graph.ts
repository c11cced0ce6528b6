/** One linear layer as a model of its own, X [rows, in] -> Y [rows, out]: dense, or its factors along a path. */
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
import type { ContractionPath } from '../../core/einsum/path.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { factorShapes, forwardEinsum } from '../../core/factor/forward.ts';
import { product } from '../../core/factor/tensorization.ts';
import { createEmitter, emitContraction } from '../../core/onnx/factor-nodes.ts';
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

/** y = x W with a random W. */
export function denseGraph({ rows, in: inside, out }: LayerShape, seed: number): Uint8Array {
  const random = createRandom(seed);
  const values = Float32Array.from({ length: inside * out }, () => random.normal() / Math.sqrt(inside));
  return modelBytes(
    [nodeOf('MatMul', ['x', 'W'], 'y')],
    [constant('W', [inside, out], values)],
    valueOf('x', [rows, inside]),
    valueOf('y', [rows, out]),
  );
}

/** The same of factors; the path is of the forward einsum, whatever its rows. */
export function factorGraph(
  { rows, in: inside, out }: LayerShape,
  path: ContractionPath,
  factors: readonly Tensor[],
): Uint8Array {
  const taken = new Set(['x', 'y']);
  const unique = (wish: string): string => {
    let name = wish;
    for (let k = 1; taken.has(name); k++) name = `${wish}_${k}`;
    taken.add(name);
    return name;
  };
  const nodes: NodeProto[] = [];
  const tensors: TensorProto[] = [];
  const to = createEmitter({ nodes, tensors }, 'layer', unique, opset, false);
  const names = factors.map(({ shape, values }, k) =>
    to.constant(`factor${k}`, (name) => constant(name, shape, Float32Array.from(values))),
  );
  emitContraction(to, { path, factors: names, input: 'x', rank: 2, output: 'y' });
  return modelBytes(nodes, tensors, valueOf('x', [rows, inside]), valueOf('y', [rows, out]));
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
