/** Small graphs, and nodes that are added to one that was read from a file. */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { node, type AttributeValue } from '../../core/onnx/edit-messages.ts';

/** @param output also the name of the node */
export const nodeOf = (
  opType: string,
  input: readonly string[],
  output: string,
  attributes?: Readonly<Record<string, AttributeValue>>,
): NodeProto => node(opType, output, input, output, attributes);

/** What the shipped models have, too. */
const opset = 18n;
const irVersion = 8n;

export interface GraphParts {
  readonly name: string;
  readonly nodes: readonly NodeProto[];
  readonly tensors: readonly TensorProto[];
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
}

/** A graph as a file of its own. */
export function graphBytes({ name, nodes, tensors, inputs, outputs }: GraphParts): Uint8Array {
  const graph = create(GraphProtoSchema, {
    name,
    node: [...nodes],
    initializer: [...tensors],
    input: [...inputs],
    output: [...outputs],
  });
  const opsetImport = [create(OperatorSetIdProtoSchema, { domain: '', version: opset })];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion, opsetImport, graph }));
}
