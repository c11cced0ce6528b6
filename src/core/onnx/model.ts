/**
 * An ONNX file in memory: the skeleton of its ModelProto (onnx.proto, IR version 3 to 13), whose large tensors are left
 * in the file, and a way to read each of them. Memory is that of the graph, never that of the weights.
 * The linear layers found in the graph stand beside; they have the type of a safetensors file's layers and more.
 */
import type { GraphProto, ModelProto, NodeProto, TensorProto } from 'onnx-buf';
import type { FileEmbedding, FileLayer } from '../workload/layers.ts';
import type { TransformerModel } from '../workload/model.ts';

/** Element types, in the words of safetensors where it has one. Sub-byte types are packed low nibble first. */
export type OnnxDtype =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'F8_E4M3'
  | 'F8_E4M3FNUZ'
  | 'F8_E5M2'
  | 'F8_E5M2FNUZ'
  | 'F8_E8M0'
  | 'F4'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'I4'
  | 'I2'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'U4'
  | 'U2'
  | 'BOOL'
  | 'C64'
  | 'C128'
  | 'STRING';

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: OnnxDtype;
  /** Size as raw_data: little-endian, row-major, sub-byte elements packed. 0 for strings. */
  readonly bytes: number;
  /** Where the data are: in the skeleton itself, left in the file, or in a file beside it. */
  readonly place: 'skeleton' | 'file' | 'external';
  /**
   * Raw data, whatever the field they are stored in; a part of them when asked (in bytes of raw data).
   * @throws InputError when they are cut off or do not fit the shape.
   */
  readonly readBytes: (offset?: number, length?: number) => Promise<Uint8Array>;
}

export interface OnnxModel {
  /**
   * Every field of the file except the data of large tensors: their messages have dims, type and name only. Calls of its
   * own functions are replaced by what these do.
   */
  readonly proto: ModelProto;
  /** The main graph's initializers. */
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  /**
   * Any tensor message of the skeleton (initializers, attributes, those of subgraphs) with its data.
   * @throws InputError for element types that ONNX does not define.
   */
  readonly tensorOf: (proto: TensorProto) => OnnxTensor;
  /** Of the file and its external data together. */
  readonly bytes: number;
}

/** One node that multiplies by a layer's weight. */
export interface OnnxSite {
  /** The graph the node is in: the main graph, or the body of an If, Loop or Scan. */
  readonly graph: GraphProto;
  readonly node: NodeProto;
  /** The activation: a value name. */
  readonly input: string;
  /** The node's own output: before a bias Add, after Gemm's or Conv's own bias. */
  readonly output: string;
  /** Value name of the bias, of the node itself or of the Add after it; null without. */
  readonly bias: string | null;
  /** Whether the bias is the node's own (Gemm's C, Conv's B). */
  readonly ownBias: boolean;
  /** y = alpha x W^T + beta b; 1 except for Gemm. */
  readonly alpha: number;
  readonly beta: number;
  /** Whether this site multiplies by the transpose of the layer's weight (a matrix used in both directions). */
  readonly reversed: boolean;
}

/** How the matrix that a layer multiplies by comes from tensors of the file. */
export type WeightSource =
  | { readonly kind: 'tensor'; readonly tensor: OnnxTensor }
  | { readonly kind: 'transpose'; readonly of: WeightSource; readonly order: readonly number[] }
  | { readonly kind: 'reshape'; readonly of: WeightSource; readonly shape: readonly number[] }
  | {
      /** `extent` neighbours along one axis, as Split and Slice take them. */
      readonly kind: 'slice';
      readonly of: WeightSource;
      readonly axis: number;
      readonly start: number;
      readonly extent: number;
    }
  | {
      /** (of - zero) x scale along `axis`; with a block size, a scale for that many neighbours (DequantizeLinear). */
      readonly kind: 'dequantize';
      readonly of: WeightSource;
      readonly scale: WeightSource;
      readonly zero: WeightSource | null;
      readonly axis: number;
      readonly blockSize: number;
    }
  | {
      /** MatMulNBits of com.microsoft: [out, in] in blocks along `in`, two 4-bit or one 8-bit number a byte. */
      readonly kind: 'nbits';
      readonly packed: OnnxTensor;
      readonly scales: WeightSource;
      readonly zeros: WeightSource | null;
      readonly out: number;
      readonly in: number;
      readonly bits: number;
      readonly blockSize: number;
    };

/**
 * A linear layer of a graph. `weight` is the initializer's name (or the Constant node's output), `transposed` says that
 * the node multiplies by it as [in, out].
 */
export interface OnnxLayer extends FileLayer {
  /** Name of the first node that uses it; its output's name where it has none. */
  readonly node: string;
  readonly op: string;
  /** Never empty; the first is the node named above. Lookups (Gather) of a tied table count in `uses`, not here. */
  readonly sites: readonly OnnxSite[];
  /** The matrix as the layer has it, before `transposed` turns it: [in, out] or [out, in]. */
  readonly source: WeightSource;
}

/** A node that holds a weight but cannot be factorized. */
export interface SkippedNode {
  readonly node: string;
  readonly op: string;
  readonly reason: string;
}

export interface OnnxFileModel extends TransformerModel {
  readonly linears: readonly OnnxLayer[];
  readonly tables: readonly FileEmbedding[];
  readonly skipped: readonly SkippedNode[];
  /** Fixed extents of the graph's inputs; null where the graph leaves them open: ask. */
  readonly batch: number | null;
  readonly sequence: number | null;
}
