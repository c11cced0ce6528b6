/**
 * The numbers of a layer: [out, in] in float64, dequantized. Read in blocks straight into the result, so that memory
 * stays at the matrix itself. DequantizeLinear: y = (x - zero) scale (opset 24). MatMulNBits: com.microsoft contrib
 * operators, weights unsigned with zero point 2^(bits-1) unless given.
 */
import { InputError, check } from '../base/checks.ts';
import { matrix, permute, transpose, type Matrix } from '../tensor/dense.ts';
import { decoderOf, dtypeBits, type Dtype } from '../workload/elements.ts';
import { shapeOf } from './constants.ts';
import type { OnnxLayer, OnnxModel, OnnxTensor, WeightSource } from './model.ts';

const subject = 'ONNX weight';
const mostElements = 2 ** 28;
const block = 2 ** 20;

/** The layer's weight as torch.nn.Linear has it. @throws InputError for types without numbers, NaN and infinities. */
export async function readOnnxWeight(_model: OnnxModel, layer: OnnxLayer): Promise<Matrix> {
  const { source, transposed, out, in: inside } = layer;
  const isPlain = source.kind === 'tensor' && transposed;
  const values = isPlain ? await readTensor(source.tensor, out) : await readSource(source);
  check(
    values.length === out * inside,
    subject,
    `layer ${layer.name} must have ${out} x ${inside} numbers`,
    values.length,
  );
  return transposed && !isPlain ? transpose(matrix(inside, out, values)) : matrix(out, inside, values);
}

async function readSource(source: WeightSource): Promise<Float64Array> {
  switch (source.kind) {
    case 'tensor':
      return readTensor(source.tensor);
    case 'reshape':
      return readSource(source.of);
    case 'transpose':
      return permute({ shape: shapeOf(source.of), values: await readSource(source.of) }, source.order).values;
    case 'slice':
      return cut(source, await readSource(source.of));
    case 'dequantize':
      return dequantized(source);
    case 'nbits':
      return unpacked(source);
  }
}

/**
 * All elements of a tensor, row-major; with `columns` those of the transpose of a matrix of so many columns, without a
 * second copy of it.
 * @throws InputError for unreadable types, NaN and infinities.
 */
export async function readTensor(tensor: OnnxTensor, columns?: number): Promise<Float64Array> {
  const { name, dtype, shape } = tensor;
  const count = shape.reduce((product, extent) => product * extent, 1);
  check(
    count <= mostElements,
    subject,
    `tensor ${name} must have at most ${mostElements} elements to be read`,
    count,
  );
  if (dtype.startsWith('F8') || dtype === 'F4')
    throw new InputError(
      subject,
      `tensor ${name} must be of a float or integer type; 8- and 4-bit floats cannot be read`,
      dtype,
    );
  const values = new Float64Array(count);
  const decode = decoderFor(dtype);
  if (decode === null) throw new InputError(subject, `tensor ${name} must have numbers`, dtype);
  // Blocks end between bytes: up to four elements share one. Those of a matrix are whole rows.
  const step = columns === undefined ? block : 4 * columns * Math.max(1, Math.floor(block / columns / 4));
  const part = new Float64Array(columns === undefined ? 0 : Math.min(step, count));
  const height = columns === undefined ? 0 : count / columns;
  for (let first = 0; first < count; first += step) {
    const length = Math.min(step, count - first);
    const from = Math.floor((first * decode.bits) / 8);
    const bytes = await tensor.readBytes(from, Math.ceil((length * decode.bits) / 8));
    const into = columns === undefined ? values : part;
    const at = columns === undefined ? first : 0;
    decode.read(bytes, into, at, length);
    for (let i = at; i < at + length; i++)
      if (!Number.isFinite(into[i]))
        throw new InputError(
          subject,
          `tensor ${name} must hold finite numbers only (element ${first - at + i})`,
          into[i],
        );
    if (columns !== undefined) turn(part.subarray(0, length), first, columns, height, values);
  }
  return values;
}

/** Whole rows, from element `first` on, of a [height, columns] matrix, to their places in its transpose. */
function turn(part: Float64Array, first: number, columns: number, height: number, out: Float64Array): void {
  const top = first / columns;
  const rows = part.length / columns;
  for (let column = 0; column < columns; column++)
    for (let row = 0; row < rows; row++) out[column * height + top + row] = part[row * columns + column] ?? 0;
}

interface Decoder {
  readonly bits: number;
  readonly read: (bytes: Uint8Array, out: Float64Array, at: number, length: number) => void;
}

function decoderFor(dtype: OnnxTensor['dtype']): Decoder | null {
  const small = { I4: 4, U4: 4, I2: 2, U2: 2 }[dtype as string];
  if (small !== undefined) {
    const signed = dtype.startsWith('I');
    const read: Decoder['read'] = (bytes, out, at, length) =>
      unpack(bytes, small, signed, out.subarray(at, at + length));
    return { bits: small, read };
  }
  const isKnown = (word: string): word is Dtype => Object.hasOwn(dtypeBits, word);
  const decode = isKnown(dtype) ? decoderOf(dtype) : null;
  return decode === null || !isKnown(dtype) ? null : { bits: dtypeBits[dtype], read: decode };
}

/** Elements below 8 bits, the first in the lowest bits. */
function unpack(bytes: Uint8Array, bits: number, signed: boolean, out: Float64Array): void {
  const each = 8 / bits;
  const mask = 2 ** bits - 1;
  const half = 2 ** (bits - 1);
  for (let i = 0; i < out.length; i++) {
    const code = ((bytes[Math.floor(i / each)] ?? 0) >> ((i % each) * bits)) & mask;
    out[i] = signed && code >= half ? code - 2 * half : code;
  }
}

function cut(
  { of, axis, start, extent }: WeightSource & { readonly kind: 'slice' },
  values: Float64Array,
): Float64Array {
  const shape = shapeOf(of);
  const product = (extents: readonly number[]): number => extents.reduce((all, each) => all * each, 1);
  const inner = product(shape.slice(axis + 1));
  const outer = product(shape.slice(0, axis));
  const size = shape[axis] ?? 1;
  const result = new Float64Array(outer * extent * inner);
  for (let i = 0; i < outer; i++) {
    const from = (i * size + start) * inner;
    result.set(values.subarray(from, from + extent * inner), i * extent * inner);
  }
  return result;
}

async function dequantized(source: WeightSource & { readonly kind: 'dequantize' }): Promise<Float64Array> {
  const { of, axis, blockSize } = source;
  const values = await readSource(of);
  const scales = await readSource(source.scale);
  const zeros = source.zero === null ? null : await readSource(source.zero);
  const shape = shapeOf(of);
  const extent = shape[axis] ?? 1;
  const inner = shape.slice(axis + 1).reduce((product, each) => product * each, 1);
  const blocks = blockSize > 0 ? Math.ceil(extent / blockSize) : 0;
  for (let i = 0; i < values.length; i++) {
    const along = Math.floor(i / inner) % extent;
    const at =
      scales.length === 1
        ? 0
        : blockSize > 0
          ? (Math.floor(i / inner / extent) * blocks + Math.floor(along / blockSize)) * inner + (i % inner)
          : along;
    values[i] = ((values[i] ?? 0) - (zeros?.[at] ?? 0)) * (scales[at] ?? 0);
  }
  return values;
}

/** [out, blocks, bytes of a block]; scales [out x blocks]; zero points packed along the blocks of each row. */
async function unpacked(source: WeightSource & { readonly kind: 'nbits' }): Promise<Float64Array> {
  const { packed, out, in: inside, bits, blockSize } = source;
  const blocks = Math.ceil(inside / blockSize);
  const width = (blockSize * bits) / 8;
  const bytes = await packed.readBytes();
  const scales = await readSource(source.scales);
  const zeros = source.zeros === null ? null : await zeroPoints(source.zeros, out, blocks, bits);
  check(
    bytes.length === out * blocks * width && scales.length === out * blocks,
    subject,
    `tensor ${packed.name} must have blocks of ${blockSize} for ${out} x ${inside}`,
    bytes.length,
  );
  const each = 8 / bits;
  const mask = 2 ** bits - 1;
  const values = new Float64Array(out * inside);
  for (let o = 0; o < out; o++) {
    for (let i = 0; i < inside; i++) {
      const at = o * blocks + Math.floor(i / blockSize);
      const within = i % blockSize;
      const byte = bytes[at * width + Math.floor(within / each)] ?? 0;
      const code = (byte >> ((within % each) * bits)) & mask;
      values[o * inside + i] = (code - (zeros?.[at] ?? 2 ** (bits - 1))) * (scales[at] ?? 0);
    }
  }
  return values;
}

async function zeroPoints(
  source: WeightSource,
  out: number,
  blocks: number,
  bits: number,
): Promise<Float64Array> {
  if (source.kind !== 'tensor' || source.tensor.dtype !== 'U8') return readSource(source);
  const bytes = await source.tensor.readBytes();
  const width = Math.ceil((blocks * bits) / 8);
  const zeros = new Float64Array(out * blocks);
  for (let o = 0; o < out; o++)
    unpack(
      bytes.subarray(o * width, (o + 1) * width),
      bits,
      false,
      zeros.subarray(o * blocks, (o + 1) * blocks),
    );
  return zeros;
}
