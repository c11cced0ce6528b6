/**
 * Opens an ONNX file: the skeleton is decoded, tensors are read on demand. What is checked here holds for every model:
 * a graph, initializers with names of their own, data that fit their shapes, external files at hand.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  NodeProto,
  SparseTensorProto,
  TensorProto,
} from 'onnx-buf';
import { InputError, check } from '../base/checks.ts';
import type { ByteSource } from '../workload/byte-source.ts';
import { inlineFunctions } from './functions.ts';
import type { OnnxModel, OnnxTensor } from './model.ts';
import { createTensor, type ExternalFiles } from './tensors.ts';
import { payloadField, scanSkeleton, type Payload } from './wire.ts';

const subject = 'ONNX file';

/** The bytes of a file that external data name, relative to the model; null when it is not at hand. */
export type FindExternal = (location: string) => ByteSource | null;

/**
 * Reads the graph, not the weights.
 * @throws InputError that says what the file is instead, where it is damaged, or which file is missing.
 */
export async function openOnnx(
  source: ByteSource,
  findExternal: FindExternal = () => null,
): Promise<OnnxModel> {
  const skeleton = await scanSkeleton(source);
  const stored = decode(skeleton.bytes);
  const { graph } = stored;
  check(
    graph !== undefined && graph.node.length > 0,
    subject,
    'must hold a graph with nodes (is it a model at all, or damaged?)',
  );
  const files = new Map<string, ByteSource>();
  const external: ExternalFiles = (location, tensor) => {
    const known = files.get(location) ?? findExternal(location);
    if (known === null)
      throw new InputError(
        subject,
        `external data must be given together with the model (tensor ${tensor}), missing is`,
        location,
      );
    files.set(location, known);
    return known;
  };
  const tensors = new Map<TensorProto, OnnxTensor>();
  for (const tensor of tensorsOf(stored)) {
    const payload = takePayload(tensor, skeleton.payloads);
    tensors.set(tensor, createTensor(tensor, payload, source, external));
  }
  const initializers = new Map<string, OnnxTensor>();
  for (const tensor of graph.initializer) {
    check(
      !initializers.has(tensor.name),
      subject,
      'initializers must have names of their own; export the model anew',
      tensor.name,
    );
    const found = tensors.get(tensor);
    if (found !== undefined) initializers.set(tensor.name, found);
  }
  return {
    proto: inlineFunctions(stored),
    initializers,
    tensorOf: (tensor) => tensors.get(tensor) ?? createTensor(tensor, null, source, external),
    bytes: [...files.values()].reduce((sum, file) => sum + file.size, source.size),
  };
}

function decode(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 80) : '';
    throw new InputError(subject, `must be a sound ONNX model; is it damaged? (${reason})`);
  }
}

function takePayload(tensor: TensorProto, payloads: readonly Payload[]): Payload | null {
  const marks = tensor.$unknown?.filter(({ no }) => no === payloadField) ?? [];
  check(marks.length <= 1, subject, 'a tensor must have its data once', tensor.name);
  const [mark] = marks;
  if (mark === undefined) return null;
  const others = tensor.$unknown?.filter((each) => each !== mark) ?? [];
  if (others.length > 0) tensor.$unknown = others;
  else delete tensor.$unknown;
  const index = [...mark.data].reduceRight((value, byte) => value * 128 + (byte & 0x7f), 0);
  const payload = payloads[index];
  check(payload !== undefined, subject, 'a tensor must have data of its own', tensor.name);
  return payload;
}

/** Every tensor message of a model, subgraphs, functions and sparse tensors included. */
function* tensorsOf(model: ModelProto): Iterable<TensorProto> {
  if (model.graph !== undefined) yield* tensorsOfGraph(model.graph);
  for (const { node, attributeProto } of model.functions) {
    yield* tensorsOfNodes(node);
    for (const attribute of attributeProto) yield* tensorsOfAttribute(attribute);
  }
  for (const { initialization, algorithm } of model.trainingInfo) {
    if (initialization !== undefined) yield* tensorsOfGraph(initialization);
    if (algorithm !== undefined) yield* tensorsOfGraph(algorithm);
  }
}

function* tensorsOfGraph(graph: GraphProto): Iterable<TensorProto> {
  yield* graph.initializer;
  for (const sparse of graph.sparseInitializer) yield* tensorsOfSparse(sparse);
  yield* tensorsOfNodes(graph.node);
}

function* tensorsOfNodes(nodes: readonly NodeProto[]): Iterable<TensorProto> {
  for (const { attribute } of nodes) for (const each of attribute) yield* tensorsOfAttribute(each);
}

function* tensorsOfAttribute(attribute: AttributeProto): Iterable<TensorProto> {
  if (attribute.t !== undefined) yield attribute.t;
  yield* attribute.tensors;
  if (attribute.sparseTensor !== undefined) yield* tensorsOfSparse(attribute.sparseTensor);
  for (const sparse of attribute.sparseTensors) yield* tensorsOfSparse(sparse);
  if (attribute.g !== undefined) yield* tensorsOfGraph(attribute.g);
  for (const graph of attribute.graphs) yield* tensorsOfGraph(graph);
}

function* tensorsOfSparse({ values, indices }: SparseTensorProto): Iterable<TensorProto> {
  if (values !== undefined) yield values;
  if (indices !== undefined) yield indices;
}
