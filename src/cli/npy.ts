/**
 * NumPy's .npy of one matrix: float16, 32 or 64 or whole numbers, little-endian, row- or column-major. Source: NEP 1
 * (numpy.lib.format), versions 1 to 3.
 */
import { InputError, check } from '../core/base/checks.ts';
import type { Matrix } from '../core/tensor/dense.ts';

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const mostElements = 2 ** 28;

interface Kind {
  readonly bytes: number;
  readonly read: (view: DataView, offset: number) => number;
}

const kinds: Readonly<Record<string, Kind>> = {
  '<f2': { bytes: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) },
  '<f4': { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  '<f8': { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  '|i1': { bytes: 1, read: (view, at) => view.getInt8(at) },
  '|u1': { bytes: 1, read: (view, at) => view.getUint8(at) },
  '<i2': { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  '<i4': { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  '<i8': { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
};

/** @throws InputError when the bytes are no matrix of finite numbers */
export function readNpy(bytes: Uint8Array): Matrix {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const known = magic.every((byte, k) => bytes[k] === byte) && bytes.length >= 12;
  check(known, 'npy', 'file must start as NumPy writes it');
  const wide = (bytes[6] ?? 1) >= 2;
  const start = wide ? 12 : 10;
  const data = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, data));
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const kind = descr === undefined || !Object.hasOwn(kinds, descr) ? undefined : kinds[descr];
  if (kind === undefined) {
    throw new InputError('npy', `dtype must be one of ${Object.keys(kinds).join(' ')}`, descr ?? header);
  }
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '';
  const extents = shape.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]));
  const [rows = 0, columns = 0] = extents;
  const matrix = extents.length === 2 && extents.every((n) => Number.isSafeInteger(n) && n >= 1);
  check(matrix, 'npy', 'array must have two dimensions', `(${shape})`);
  check(
    rows * columns <= mostElements,
    'npy',
    `matrix must have at most ${mostElements} elements`,
    rows * columns,
  );
  const size = data + rows * columns * kind.bytes;
  check(bytes.length >= size, 'npy', `file must have ${size} bytes (is it cut off?)`, bytes.length);
  const columnMajor = /'fortran_order':\s*True/.test(header);
  const values = new Float64Array(rows * columns);
  for (let k = 0; k < values.length; k++) {
    const from = columnMajor ? (k % columns) * rows + Math.floor(k / columns) : k;
    const value = kind.read(view, data + from * kind.bytes);
    if (!Number.isFinite(value)) throw new InputError('npy', `element ${k} must be finite`, value);
    values[k] = value;
  }
  return { rows, columns, values };
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
