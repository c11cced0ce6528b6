/**
 * Where the linear layers of a shipped model are in its graph: their weights are initializers LAYER.weight, [in, out],
 * each multiplied by a MatMul.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataType, type ModelProto } from 'onnx-buf';
import { check, InputError, invariant } from '../../core/base/checks.ts';
import { matrix, transpose, type Matrix } from '../../core/tensor/dense.ts';
import type { LinearLayer } from '../../core/workload/model.ts';

export interface LayerSite {
  readonly name: string;
  /** Initializer [in, out]. */
  readonly weight: string;
  /** The value that the layer multiplies. Layers may share one. */
  readonly input: string;
  readonly in: number;
  readonly out: number;
}

/** @throws InputError when the bytes are no ONNX file */
export function parseModel(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new InputError(
      'onnx',
      `cannot be read (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}

export const weightName = (layer: string): string => `${layer}.weight`;

/** @throws InputError when the graph lacks one of the layers, or has it in another shape */
export function layerSites(model: ModelProto, layers: readonly LinearLayer[]): readonly LayerSite[] {
  const { node = [], initializer = [] } = model.graph ?? {};
  const tensors = new Map(initializer.map((each) => [each.name, each]));
  const users = new Map(
    node.filter(({ opType }) => opType === 'MatMul').map((each) => [each.input[1], each]),
  );
  return layers.map(({ name, in: width, out }) => {
    const weight = weightName(name);
    const dims = tensors.get(weight)?.dims.map(Number) ?? [];
    check(
      dims.join('x') === `${width}x${out}`,
      weight,
      `must be an initializer of ${width} x ${out}`,
      dims.join('x'),
    );
    const input = users.get(weight)?.input[0];
    check(input !== undefined, weight, 'must be multiplied by a MatMul');
    return { name, weight, input, in: width, out };
  });
}

const floatBytes = 4;

/** The layer's weight [out, in]. */
export function readWeight(model: ModelProto, { weight, in: width, out }: LayerSite): Matrix {
  const found = model.graph?.initializer.find(({ name }) => name === weight);
  invariant(found !== undefined, `no initializer ${weight}`);
  const values = new Float64Array(width * out);
  const { rawData, floatData } = found;
  check(found.dataType === TensorProto_DataType.FLOAT, weight, 'must be float32');
  if (rawData.length === 0) values.set(floatData);
  else {
    check(rawData.length === floatBytes * values.length, weight, `must have ${values.length} values`);
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    for (let k = 0; k < values.length; k++) values[k] = view.getFloat32(floatBytes * k, true);
  }
  return transpose(matrix(width, out, values));
}
