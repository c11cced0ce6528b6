/** Test-only: builds safetensors files in memory, as the reference writer lays them out, and broken ones. */
import { bytesSource, type ByteSource } from './byte-source.ts';

export interface FixtureTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const asciiBytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

export function safetensorsBytes(tensors: readonly FixtureTensor[]): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let end = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  const json = JSON.stringify(header);
  const head = asciiBytes(json.padEnd(Math.ceil(json.length / 8) * 8));
  const file = new Uint8Array(8 + head.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(head.length), true);
  file.set(head, 8);
  let at = 8 + head.length;
  for (const { bytes } of tensors) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/** A file with this header, ASCII or bytes, and this many bytes of data. */
export function rawSource(header: string | Uint8Array, data = 0, length?: bigint): ByteSource {
  const head = typeof header === 'string' ? asciiBytes(header) : header;
  const bytes = new Uint8Array(8 + head.length + data);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(head.length), true);
  bytes.set(head, 8);
  return bytesSource(bytes);
}

/** What a header says of one tensor. */
export const entry = (shape: readonly number[], begin: number, end: number, dtype = 'F32'): object => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

/** Float16, float32 and int64; one without numbers, a scalar. */
export const soundFile = safetensorsBytes([
  { name: 'b', dtype: 'F32', shape: [2, 2], bytes: new Uint8Array(new Float32Array([1, -2, 0.5, 3]).buffer) },
  { name: 'empty', dtype: 'F32', shape: [0, 7], bytes: new Uint8Array(0) },
  {
    name: 'a',
    dtype: 'F16',
    shape: [3],
    bytes: new Uint8Array(new Uint16Array([0x3c00, 0xc000, 0x0001]).buffer),
  },
  { name: 'scalar', dtype: 'I64', shape: [], bytes: new Uint8Array(new BigInt64Array([-7n]).buffer) },
]);
