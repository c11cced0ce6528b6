/**
 * NumPy's .npy: float16, 32 or 64, whole numbers or truth values, little-endian, row- or column-major. Source: NEP 1
 * (numpy.lib.format), versions 1 to 3.
 */
import { InputError, check } from '../base/checks.ts';
import type { Matrix } from '../tensor/dense.ts';
import { decoderOf, dtypeBits } from './elements.ts';

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const mostElements = 2 ** 28;
/** NumPy's headers have some hundred bytes. */
const mostHeader = 2 ** 16;

const kinds = {
  '<f2': 'F16',
  '<f4': 'F32',
  '<f8': 'F64',
  '|i1': 'I8',
  '|u1': 'U8',
  '<i2': 'I16',
  '<i4': 'I32',
  '<i8': 'I64',
  '|b1': 'BOOL',
} as const;

export interface NpyArray {
  /** In the words of safetensors. */
  readonly dtype: (typeof kinds)[keyof typeof kinds];
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float64Array;
}

const isKind = (descr: string | undefined): descr is keyof typeof kinds =>
  descr !== undefined && Object.hasOwn(kinds, descr);

/** @throws InputError when the bytes are no array of finite numbers */
export function readNpyArray(bytes: Uint8Array): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const known = magic.every((byte, k) => bytes[k] === byte) && bytes.length >= 12;
  check(known, 'npy', 'file must start as NumPy writes it');
  const wide = (bytes[6] ?? 1) >= 2;
  const start = wide ? 12 : 10;
  const data = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  check(data <= bytes.length, 'npy', `file must have ${data} bytes (is it cut off?)`, bytes.length);
  check(data - start <= mostHeader, 'npy', `header must have at most ${mostHeader} bytes`, data - start);
  const header = Array.from(bytes.subarray(start, data), (byte) => String.fromCharCode(byte)).join('');
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  if (!isKind(descr))
    throw new InputError('npy', `dtype must be one of ${Object.keys(kinds).join(' ')}`, descr ?? header);
  const text = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  const shape = (text ?? '').split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]));
  check(
    text !== undefined && shape.every((extent) => Number.isSafeInteger(extent) && extent >= 1),
    'npy',
    'array must have at least one element',
    `(${text})`,
  );
  const count = shape.reduce((product, extent) => product * extent, 1);
  check(count <= mostElements, 'npy', `array must have at most ${mostElements} elements`, count);
  const dtype = kinds[descr];
  const size = data + (count * dtypeBits[dtype]) / 8;
  check(bytes.length >= size, 'npy', `file must have ${size} bytes (is it cut off?)`, bytes.length);
  const stored = new Float64Array(count);
  decoderOf(dtype)?.(bytes.subarray(data, size), stored, 0);
  const columnMajor = /'fortran_order':\s*True/.test(header);
  const values = columnMajor ? rowMajor(stored, shape) : stored;
  for (let k = 0; k < count; k++)
    if (!Number.isFinite(values[k])) throw new InputError('npy', `element ${k} must be finite`, values[k]);
  return { dtype, shape, values };
}

function rowMajor(stored: Float64Array, shape: readonly number[]): Float64Array {
  const values = new Float64Array(stored.length);
  const index = shape.map(() => 0);
  for (let k = 0; k < stored.length; k++) {
    let at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) at = at * shape[axis]! + index[axis]!;
    values[k] = stored[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis]! + 1) % shape[axis]!;
      if (index[axis] !== 0) break;
    }
  }
  return values;
}

/** @throws InputError when the bytes are no matrix of finite numbers */
export function readNpy(bytes: Uint8Array): Matrix {
  const { shape, values } = readNpyArray(bytes);
  const [rows, columns, ...more] = shape;
  if (rows === undefined || columns === undefined || more.length > 0)
    throw new InputError('npy', 'array must have two dimensions', shape);
  return { rows, columns, values };
}
