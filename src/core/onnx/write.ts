/**
 * An ONNX model as bytes, piece by piece: messages are encoded without the data of large tensors, whose bytes follow
 * from where they are, so that memory is that of the graph. Fields keep protobuf's order of numbers wherever no tensor
 * stands inside a node. Up to protobuf's limit of 2 GiB - 1 everything is one file; beyond it, or when asked, large
 * initializers go into one file beside it (external data of onnx.proto, offsets on page boundaries as it advises).
 */
import { create, toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import { check } from '../base/checks.ts';
import { bodies, changed, only, without } from './edit-messages.ts';
import type { OnnxModel, OnnxTensor } from './model.ts';

export interface WriteOptions {
  /** Name of the file beside the model for tensors of at least `threshold` bytes; absent: only beyond the limit. */
  readonly externalData?: { readonly location: string; readonly threshold?: number };
  /** Most bytes of one file; protobuf's limit. */
  readonly limit?: number;
}

export interface OutputFile {
  readonly bytes: number;
  /** May be asked for again. */
  readonly chunks: () => AsyncIterable<Uint8Array>;
}

export interface OnnxFiles {
  readonly model: OutputFile;
  readonly external: (OutputFile & { readonly location: string }) | null;
  /** Of both. */
  readonly bytes: number;
}

/** protobuf: messages are at most 2 GiB - 1 (int32 sizes). */
const protobufLimit = 2 ** 31 - 1;
/** Bytes from which on a tensor is worth a page of its own; smaller ones stay in the model. */
const defaultThreshold = 65_536;
/** onnx.proto, external_data: offsets should be multiples of the page size, for mmap. */
const page = 4096;
const defaultLocation = 'model.onnx.data';
const chunk = 2 ** 22;

/** Encoded bytes, or a tensor's data to be read when their turn comes. */
type Piece = Uint8Array | OnnxTensor;

/** @throws InputError when what must stay in one file is beyond protobuf's limit */
export function onnxFiles(model: OnnxModel, options: WriteOptions = {}): OnnxFiles {
  const { externalData, limit = protobufLimit } = options;
  if (externalData === undefined) {
    const whole = modelPieces(model, null);
    if (sizeOf(whole) <= limit) return { model: outputFile(whole), external: null, bytes: sizeOf(whole) };
  }
  const { location = defaultLocation, threshold = defaultThreshold } = externalData ?? {};
  check(
    /^[^/\\]+$/.test(location) && !/^\.+$/.test(location),
    'external data',
    'must be a file beside the model',
    location,
  );
  const beside: Piece[] = [];
  let end = 0;
  const pieces = modelPieces(model, (tensor) => {
    if (tensor.bytes < Math.max(1, threshold) || tensor.dtype === 'STRING') return null;
    const offset = Math.ceil(end / page) * page;
    if (offset > end) beside.push(new Uint8Array(offset - end));
    beside.push(tensor);
    end = offset + tensor.bytes;
    return [
      ['location', location],
      ['offset', `${offset}`],
      ['length', `${tensor.bytes}`],
    ];
  });
  check(
    sizeOf(pieces) <= limit,
    'ONNX',
    `what is not external data must fit in ${limit} bytes (lower the threshold)`,
    sizeOf(pieces),
  );
  const external = beside.length === 0 ? null : { location, ...outputFile(beside) };
  return { model: outputFile(pieces), external, bytes: sizeOf(pieces) + (external?.bytes ?? 0) };
}

/** The model as one file. @throws InputError beyond protobuf's limit: `onnxFiles` gives two. */
export async function* writeOnnx(model: OnnxModel): AsyncIterable<Uint8Array> {
  const files = onnxFiles(model);
  check(
    files.external === null,
    'ONNX',
    'one file holds at most 2 GiB - 1; write external data',
    files.bytes,
  );
  yield* files.model.chunks();
}

function outputFile(pieces: readonly Piece[]): OutputFile {
  return { bytes: sizeOf(pieces), chunks: () => chunksOf(pieces) };
}

async function* chunksOf(pieces: readonly Piece[]): AsyncIterable<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) {
      yield piece;
      continue;
    }
    for (let at = 0; at < piece.bytes; at += chunk) {
      const length = Math.min(chunk, piece.bytes - at);
      const bytes = await piece.readBytes(at, length);
      check(
        bytes.length === length,
        `tensor ${piece.name}`,
        `must give ${length} bytes at ${at}`,
        bytes.length,
      );
      yield bytes;
    }
  }
}

const sizeOf = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : piece.bytes), 0);

/** Entries of external_data for a tensor that is to lie outside, or null. */
type Outside = (tensor: OnnxTensor) => readonly (readonly [key: string, value: string])[] | null;

interface Context {
  readonly model: OnnxModel;
  /** Null when everything stays in the file. */
  readonly outside: Outside | null;
}

function modelPieces(model: OnnxModel, outside: Outside | null): readonly Piece[] {
  const { proto } = model;
  const before = [
    'irVersion',
    'producerName',
    'producerVersion',
    'domain',
    'modelVersion',
    'docString',
  ] as const;
  return [
    encoded(ModelProtoSchema, only(proto, before)),
    ...(proto.graph === undefined ? [] : field(7, graphPieces({ model, outside }, proto.graph))),
    encoded(ModelProtoSchema, without(proto, [...before, 'graph'])),
  ];
}

function graphPieces(context: Context, graph: GraphProto): readonly Piece[] {
  return [
    ...graph.node.flatMap((node) => field(1, nodePieces(context, node))),
    encoded(GraphProtoSchema, only(graph, ['name'])),
    ...graph.initializer.flatMap((tensor) => field(5, tensorPieces(context, tensor, true))),
    encoded(GraphProtoSchema, without(graph, ['node', 'name', 'initializer'])),
  ];
}

/** Whole, unless a tensor inside has its data elsewhere. */
function nodePieces(context: Context, node: NodeProto): readonly Piece[] {
  const deep = node.attribute.some(({ t, tensors }) =>
    [...(t === undefined ? [] : [t]), ...tensors].some((tensor) => !holdsData(tensor)),
  );
  if (!deep && bodies(node).length === 0) return [encoded(NodeProtoSchema, node)];
  return [
    encoded(NodeProtoSchema, without(node, ['attribute'])),
    ...node.attribute.flatMap((each) => field(5, attributePieces(context, each))),
  ];
}

function attributePieces(context: Context, attribute: AttributeProto): readonly Piece[] {
  const { t, g, tensors, graphs } = attribute;
  return [
    encoded(AttributeProtoSchema, without(attribute, ['t', 'g', 'tensors', 'graphs'])),
    ...(t === undefined ? [] : field(5, tensorPieces(context, t, false))),
    ...(g === undefined ? [] : field(6, graphPieces(context, g))),
    ...tensors.flatMap((tensor) => field(10, tensorPieces(context, tensor, false))),
    ...graphs.flatMap((graph) => field(11, graphPieces(context, graph))),
  ];
}

/** @param movable an initializer; runtimes read external data of no other tensor */
function tensorPieces({ model, outside }: Context, proto: TensorProto, movable: boolean): readonly Piece[] {
  const held = holdsData(proto);
  if (held && (!movable || outside === null)) return [encoded(TensorProtoSchema, proto)];
  const tensor = model.tensorOf(proto);
  const entries = movable && outside !== null ? outside(tensor) : null;
  if (entries !== null) {
    const bare = without(proto, [
      'rawData',
      'floatData',
      'int32Data',
      'int64Data',
      'doubleData',
      'uint64Data',
    ]);
    const externalData = entries.map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
    const dataLocation = TensorProto_DataLocation.EXTERNAL;
    return [encoded(TensorProtoSchema, changed(bare, { externalData, dataLocation }))];
  }
  if (held) return [encoded(TensorProtoSchema, proto)];
  const before = ['dims', 'dataType', 'segment', 'name'] as const;
  const rest = without(proto, [...before, 'rawData', 'externalData', 'dataLocation']);
  return [
    encoded(TensorProtoSchema, only(proto, before)),
    ...field(9, [tensor]),
    encoded(TensorProtoSchema, rest),
  ];
}

/** Whether the message has its data, or needs none. */
function holdsData(proto: TensorProto): boolean {
  if (proto.rawData.length > 0 || proto.stringData.length > 0) return true;
  const { floatData, int32Data, int64Data, doubleData, uint64Data } = proto;
  if ([floatData, int32Data, int64Data, doubleData, uint64Data].some(({ length }) => length > 0)) return true;
  return proto.dims.includes(0n);
}

function encoded<D extends DescMessage>(schema: D, message: MessageShape<D>): Uint8Array {
  return toBinary(schema, message);
}

/** A length-delimited field around its pieces; empty encodings are dropped. */
function field(number: number, pieces: readonly Piece[]): readonly Piece[] {
  const length = sizeOf(pieces);
  // As uint64: what is beyond protobuf's limit must still be measured.
  const head = new BinaryWriter().tag(number, WireType.LengthDelimited).uint64(length).finish();
  return [head, ...pieces.filter((piece) => !(piece instanceof Uint8Array) || piece.length > 0)];
}
