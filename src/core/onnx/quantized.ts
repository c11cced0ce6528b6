/**
 * A factor as it is stored, and the nodes that give its numbers back: as they are, as fp16 with a Cast, or as integers
 * with a scale per group of neighbours along the last axis (per row of it without groups). Integers are standard QDQ:
 * DequantizeLinear has an axis from opset 13 on, blocks, int16 and int4 from 21 on (onnx/docs/Operators.md). Before
 * that groups become rows of their own, and two 4-bit numbers a byte are taken apart by BitShift and Mod (opset 11),
 * then Cast, Sub and Mul: onnxruntime 1.31 fuses a MatMul of two DequantizeLinear with zero points per row and then
 * refuses to run it. Scales are fp16, cast to the layer's type. Left out: fp4 and palettes, which no operator of the
 * default domain reads alike in all runtimes, and activations.
 */
import { InputError, check } from '../base/checks.ts';
import { quantizationName } from '../factor/check-quantization.ts';
import type { Quantization } from '../factor/quantization.ts';
import { integerCode, integerScale } from '../factor/quantize.ts';
import { tensor, type Tensor } from '../tensor/dense.ts';
import { floatBytes, nibbleBytes, roundedTo, type FloatDtype } from './edit-elements.ts';
import { dataTypes, integers, rawTensor } from './edit-messages.ts';
import type { Emitter } from './factor-nodes.ts';

/** How factors are stored: as the layer's own numbers, as fp16, or as integers. */
export type Storage = { readonly kind: 'layer' } | { readonly kind: 'f16' } | Integers;

interface Integers {
  readonly kind: 'int';
  readonly bits: 16 | 8 | 6 | 5 | 4 | 3;
  readonly group: number | 'row';
}

export interface StoredFactor {
  /** Value name, in the layer's type and the factor's shape. */
  readonly value: string;
  /** The numbers that it has. */
  readonly stored: Tensor;
}

/**
 * @throws InputError for what ONNX files of this kind cannot hold
 */
export function storageOf(quantization: Quantization, precision: 'layer' | 'f16'): Storage {
  switch (quantization.kind) {
    case 'none':
      return { kind: precision };
    case 'int':
      return quantization;
    case 'w8a8':
      throw new InputError(
        'ONNX',
        'w8a8 needs the ranges of activations, which weights do not tell; export with int8 weights',
        quantizationName(quantization),
      );
    case 'fp4':
    case 'palette':
      throw new InputError(
        'ONNX',
        'standard nodes hold integer weights only; export with int4 or int8 weights',
        quantizationName(quantization),
      );
    default:
      return quantization satisfies never;
  }
}

export interface FileVersion {
  readonly opset: number;
  readonly ir: number;
}

/** DequantizeLinear with an axis; with blocks, int16 and int4 (and the IR version that has int4). */
const axisFrom = 13;
const blocksFrom = 21;
const int4IrFrom = 10;
const bitShiftFrom = 11;
/** The nodes that take two codes a byte apart have some 1,400 bytes: below that one code a byte is smaller. */
const leastPacked = 2800;
const halfScalesFrom = 19;
const sliceInputsFrom = 10;

/**
 * Writes one factor.
 * @param dtype of the layer's arithmetic
 * @throws InputError when the opset has no operators for it
 */
export function emitFactor(
  to: Emitter,
  version: FileVersion,
  name: string,
  factor: Tensor,
  dtype: FloatDtype,
  storage: Storage,
): StoredFactor {
  switch (storage.kind) {
    case 'layer':
    case 'f16': {
      const own = storage.kind === 'layer' ? dtype : 'F16';
      const made = to.constant(name, (n) => rawTensor(n, own, factor.shape, floatBytes(factor.values, own)));
      const value = own === dtype ? made : to.add('Cast', `${name}/Cast`, [made], { to: dataTypes[dtype] });
      return { value, stored: tensor(factor.shape, roundedTo(factor.values, own)) };
    }
    case 'int':
      return emitIntegers(to, version, name, factor, dtype, storage);
    default:
      return storage satisfies never;
  }
}

interface Codes {
  readonly codes: Int16Array;
  /** One a group, as fp16 holds it. */
  readonly scales: Float64Array;
  readonly rows: number;
  readonly columns: number;
  /** Neighbours that share a scale; the last group of a row may be shorter. */
  readonly group: number;
}

/** As `quantizeWeights` rounds them. */
export function integerCodes({ shape, values }: Tensor, { bits, group: wanted }: Integers): Codes {
  const columns = shape.at(-1) ?? 1;
  const rows = values.length / columns;
  const group = wanted === 'row' ? columns : Math.min(wanted, columns);
  const perRow = Math.ceil(columns / group);
  const scales = new Float64Array(rows * perRow);
  const codes = new Int16Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let g = 0; g < perRow; g++) {
      const from = row * columns + g * group;
      const end = row * columns + Math.min(columns, (g + 1) * group);
      const scale = integerScale(values.subarray(from, end), bits);
      scales[row * perRow + g] = scale;
      for (let k = from; k < end; k++) codes[k] = integerCode(values[k]!, scale, bits);
    }
  return { codes, scales, rows, columns, group };
}

function decoded({ codes, scales, columns, group }: Codes): Float64Array {
  const perRow = Math.ceil(columns / group);
  return Float64Array.from(codes, (code, k) => {
    const row = Math.floor(k / columns);
    return code * scales[row * perRow + Math.floor((k % columns) / group)]!;
  });
}

/** Rows of numbers with one scale a row, or one for each of their blocks. */
interface Rows {
  readonly codes: Int16Array;
  readonly count: number;
  readonly width: number;
  readonly scales: Float64Array;
  /** Length of a block; 0 for one scale a row. */
  readonly block: number;
}

function emitIntegers(
  to: Emitter,
  version: FileVersion,
  name: string,
  factor: Tensor,
  dtype: FloatDtype,
  storage: Integers,
): StoredFactor {
  const made = integerCodes(factor, storage);
  const { rows, columns, group, scales, codes } = made;
  const hasInt4 = version.opset >= blocksFrom && version.ir >= int4IrFrom;
  const packed = storage.bits <= 4 && !hasInt4 && codes.length >= leastPacked;
  const blocks = !packed && group < columns && version.opset >= blocksFrom;
  const laid = blocks ? { codes, count: rows, width: columns, scales, block: group } : groupRows(made);
  const dense = packed
    ? nibbles(to, name, laid)
    : plain(to, name, laid, hasInt4 ? storage.bits : Math.max(8, storage.bits));
  const value = dequantized(to, name, dense, laid, dtype, packed ? 8 : 0, storage.bits > 8);
  return {
    value: inShape(to, value, laid, made, factor.shape),
    stored: tensor(factor.shape, roundedTo(decoded(made), dtype)),
  };
}

/** Each group as a row; short ones at the end of a row of the factor filled up with zeros. */
function groupRows({ codes, scales, rows, columns, group }: Codes): Rows {
  const perRow = Math.ceil(columns / group);
  const filled = new Int16Array(rows * perRow * group);
  for (let row = 0; row < rows; row++)
    filled.set(codes.subarray(row * columns, (row + 1) * columns), row * perRow * group);
  return { codes: filled, count: rows * perRow, width: group, scales, block: 0 };
}

function plain(to: Emitter, name: string, { codes, count, width }: Rows, bits: number): string {
  const dtype = bits <= 4 ? 'I4' : bits <= 8 ? 'I8' : 'I16';
  const bytes =
    dtype === 'I4'
      ? nibbleBytes(codes)
      : new Uint8Array((dtype === 'I8' ? Int8Array.from(codes) : codes.slice()).buffer as ArrayBuffer);
  return to.constant(name, (own) => rawTensor(own, dtype, [count, width], bytes));
}

/** Codes + 8, two a byte, taken apart: [bytes, 1] >> [0, 4] mod 16. */
function nibbles(to: Emitter, name: string, { codes, count, width }: Rows): string {
  check(
    to.opset >= bitShiftFrom,
    'ONNX',
    `4-bit weights need opset ${bitShiftFrom} or later (convert the model with onnx.version_converter, or choose int8)`,
    to.opset,
  );
  const bytes = nibbleBytes(codes.map((code) => code + 8));
  const packed = to.constant(name, (own) => rawTensor(own, 'U8', [bytes.length, 1], bytes));
  const shifts = to.constant(`${name}.shifts`, (own) => rawTensor(own, 'U8', [2], Uint8Array.of(0, 4)));
  const modulus = to.constant(`${name}.modulus`, (own) => rawTensor(own, 'U8', [], Uint8Array.of(16)));
  const shifted = to.add('BitShift', `${name}/BitShift`, [packed, shifts], { direction: 'RIGHT' });
  const halves = to.add('Mod', `${name}/Mod`, [shifted, modulus]);
  if (codes.length % 2 === 0) return reshape(to, name, halves, [count, width]);
  const flat = reshape(to, name, halves, [2 * bytes.length]);
  return reshape(to, name, cut(to, name, flat, 0, codes.length), [count, width]);
}

/** @param zero what stands for 0, @param wide codes of 16 bits */
function dequantized(
  to: Emitter,
  name: string,
  codes: string,
  { count, width, scales, block }: Rows,
  dtype: FloatDtype,
  zero: number,
  wide: boolean,
): string {
  const scaleShape = block > 0 ? [count, Math.ceil(width / block)] : [count];
  const stored = (shape: readonly number[]): string =>
    to.constant(`${name}.scale`, (own) => rawTensor(own, 'F16', shape, floatBytes(scales, 'F16')));
  const cast = (value: string, type: FloatDtype, hint: string): string =>
    to.add('Cast', `${name}/${hint}`, [value], { to: dataTypes[type] });
  if (zero !== 0 || to.opset < axisFrom || (wide && to.opset < blocksFrom)) {
    const floating = cast(codes, dtype, 'Cast');
    const centred =
      zero === 0
        ? floating
        : to.add('Sub', `${name}/Sub`, [
            floating,
            to.constant(`${name}.zero`, (own) =>
              rawTensor(own, dtype, [], floatBytes(Float64Array.of(zero), dtype)),
            ),
          ]);
    const column = stored([count, 1]);
    const scale = dtype === 'F16' ? column : cast(column, dtype, 'scale/Cast');
    return to.add('Mul', `${name}/Mul`, [centred, scale]);
  }
  const half = stored(scaleShape);
  const direct = dtype === 'F32' || (to.opset >= halfScalesFrom && dtype !== 'F64') ? dtype : 'F32';
  const inputs = [codes, direct === 'F16' ? half : cast(half, direct, 'scale/Cast')];
  const attributes = block > 0 ? { axis: 1, block_size: block } : { axis: 0 };
  const value = to.add('DequantizeLinear', `${name}/DequantizeLinear`, inputs, attributes);
  return direct === dtype ? value : cast(value, dtype, 'Cast');
}

/** The factor's own shape again. */
function inShape(
  to: Emitter,
  value: string,
  { count, width }: Rows,
  { rows, columns }: Codes,
  shape: readonly number[],
): string {
  const surplus = count * width > rows * columns;
  if (!surplus) return shape.length === 2 && shape[0] === count ? value : reshape(to, 'factor', value, shape);
  const whole = reshape(to, 'factor', value, [rows, (count * width) / rows]);
  const cutOff = cut(to, 'factor', whole, 1, columns);
  return shape.length === 2 ? cutOff : reshape(to, 'factor', cutOff, shape);
}

function reshape(to: Emitter, name: string, value: string, shape: readonly number[]): string {
  return to.add('Reshape', `${name}/Reshape`, [
    value,
    to.constant(`${name}.shape`, (own) => integers(own, shape)),
  ]);
}

/** The first `end` along an axis. */
function cut(to: Emitter, name: string, value: string, axis: number, end: number): string {
  if (to.opset < sliceInputsFrom)
    return to.add('Slice', `${name}/Slice`, [value], { axes: [axis], starts: [0], ends: [end] });
  const at = (hint: string, position: number): string =>
    to.constant(`${name}.${hint}`, (own) => integers(own, [position]));
  return to.add('Slice', `${name}/Slice`, [value, at('start', 0), at('end', end), at('axis', axis)]);
}
