/**
 * NumPy's .npz: a zip of .npy files, stored without compression, written piece by piece. Sources: numpy.savez, and NEP 1
 * (numpy.lib.format) version 1 for the headers.
 */
import { Zip, ZipPassThrough } from 'fflate';

export interface NpzArray {
  readonly name: string;
  readonly dtype: 'float32' | 'int64';
  readonly shape: readonly number[];
  /** All values in row-major order, in pieces. */
  readonly pieces: Iterable<Float32Array | BigInt64Array>;
}

const descr = { float32: '<f4', int64: '<i8' } as const;
/** Data begin at a multiple of it. */
const alignment = 64;
const prefix = 10;

/** The .npy header of version 1. */
function npyHeader(dtype: NpzArray['dtype'], shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr[dtype]}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const length = Math.ceil((prefix + text.length + 1) / alignment) * alignment - prefix;
  const header = new Uint8Array(prefix + length);
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 0xff, length >> 8]);
  header.set(new TextEncoder().encode(`${text.padEnd(length - 1)}\n`), prefix);
  return header;
}

/** @param write takes the file's bytes in order */
export function writeNpz(arrays: readonly NpzArray[], write: (bytes: Uint8Array) => void): void {
  const zip = new Zip((error, bytes) => {
    if (error !== null) throw error;
    write(bytes);
  });
  for (const { name, dtype, shape, pieces } of arrays) {
    const file = new ZipPassThrough(`${name}.npy`);
    // The same bytes whenever they are made.
    file.mtime = new Date(1980, 0, 1);
    zip.add(file);
    file.push(npyHeader(dtype, shape));
    for (const { buffer, byteOffset, byteLength } of pieces)
      file.push(new Uint8Array(buffer, byteOffset, byteLength));
    file.push(new Uint8Array(), true);
  }
  zip.end();
}
