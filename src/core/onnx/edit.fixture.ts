/** Test-only: small graphs in the dialects that edits meet, and models whose tensors lie outside the skeleton. */
import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { createRandom } from '../base/random.ts';
import { allGraphs, changed, dataTypes, rawTensor, without } from './edit-messages.ts';
import type { OnnxDtype, OnnxLayer, OnnxModel, OnnxSite, OnnxTensor } from './model.ts';

interface Parts {
  readonly nodes: readonly NodeProto[];
  readonly initializers?: readonly TensorProto[];
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly values?: readonly ValueInfoProto[];
  readonly opset?: number;
  readonly ir?: number;
}

export function modelProto({
  nodes,
  initializers = [],
  inputs,
  outputs,
  values = [],
  opset = 17,
  ir = 8,
}: Parts): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: BigInt(ir),
    producerName: 'fixture',
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) })],
    graph: create(GraphProtoSchema, {
      name: 'g',
      node: [...nodes],
      initializer: [...initializers],
      input: [...inputs],
      output: [...outputs],
      valueInfo: [...values],
    }),
  });
}

/** Seeded normal values, scaled to unit variance of a product with unit-variance inputs. */
export function floats(
  name: string,
  shape: readonly number[],
  seed: number,
  scale = 1 / Math.sqrt(shape.at(-1) ?? 1),
): TensorProto {
  const random = createRandom(seed);
  const count = shape.reduce((product, extent) => product * extent, 1);
  const values = Float32Array.from({ length: count }, () => random.normal() * scale);
  return rawTensor(name, 'F32', shape, new Uint8Array(values.buffer));
}

const dtypeOf = (proto: TensorProto): OnnxDtype =>
  (Object.keys(dataTypes) as OnnxDtype[]).find((dtype) => dataTypes[dtype] === proto.dataType) ?? 'F32';

/** As a reader gives it: raw data of at least `from` bytes are not in the skeleton. */
export function inMemory(proto: ModelProto, from = Infinity): OnnxModel {
  const away = new WeakMap<TensorProto, Uint8Array>();
  const graph = proto.graph ?? create(GraphProtoSchema);
  const bare = (tensor: TensorProto): TensorProto => {
    if (tensor.rawData.length < from) return tensor;
    const rest = without(tensor, ['rawData']);
    away.set(rest, tensor.rawData);
    return rest;
  };
  const node = graph.node.map((each) =>
    changed(each, {
      attribute: each.attribute.map((a) => (a.t === undefined ? a : changed(a, { t: bare(a.t) }))),
    }),
  );
  const skeleton = changed(proto, {
    graph: changed(graph, { node, initializer: graph.initializer.map(bare) }),
  });
  const tensorOf = (tensor: TensorProto): OnnxTensor => {
    const data = away.get(tensor) ?? tensor.rawData;
    return {
      name: tensor.name,
      shape: tensor.dims.map(Number),
      dtype: dtypeOf(tensor),
      bytes: data.length,
      place: away.has(tensor) ? 'file' : 'skeleton',
      readBytes: (offset = 0, length = data.length) => Promise.resolve(data.slice(offset, offset + length)),
    };
  };
  const [main = graph] = allGraphs(skeleton.graph ?? graph);
  return {
    proto: skeleton,
    initializers: new Map(main.initializer.map((tensor) => [tensor.name, tensorOf(tensor)])),
    tensorOf,
    bytes: 0,
  };
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of chunks) {
    parts.push(part);
    length += part.length;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The layer of a graph's node, as the reader finds it. */
export function layerOf(
  model: OnnxModel,
  name: string,
  nodes: readonly string[],
  shape: { readonly out: number; readonly in: number },
  site: Partial<OnnxSite> = {},
): OnnxLayer {
  const graphs = allGraphs(model.proto.graph ?? create(GraphProtoSchema));
  const sites = nodes.map((wanted): OnnxSite => {
    const graph = graphs.find(({ node }) => node.some((each) => each.name === wanted));
    const found = graph?.node.find((each) => each.name === wanted);
    if (graph === undefined || found === undefined) throw new Error(`no node ${wanted}`);
    return {
      graph,
      node: found,
      input: found.input[0] ?? '',
      output: found.output[0] ?? '',
      bias: found.opType === 'MatMul' ? null : (found.input[2] ?? null),
      ownBias: found.opType !== 'MatMul' && found.input.length > 2,
      alpha: 1,
      beta: 1,
      reversed: false,
      ...site,
    };
  });
  const [tensor] = model.initializers.values();
  if (tensor === undefined) throw new Error('no initializer');
  return {
    name,
    role: 'Layer',
    group: 'other',
    block: null,
    ...shape,
    bias: false,
    factorize: true,
    weight: sites[0]?.node.input[1] ?? '',
    dtype: 'F32',
    transposed: true,
    uses: sites.length,
    node: nodes[0] ?? '',
    op: sites[0]?.node.opType ?? '',
    sites,
    source: { kind: 'tensor', tensor },
  };
}
