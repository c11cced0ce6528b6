/**
 * Tensors of an ONNX file as bytes on demand, whatever the field they are stored in: raw_data, the typed lists
 * (float_data, int32_data, ... where int32_data also carries the small types, onnx.proto3 lines on TensorProto), or a
 * file beside the model. Raw data are little-endian; 2- and 4-bit elements are packed, first element lowest.
 */
import type { TensorProto } from 'onnx-buf';
import { InputError, check } from '../base/checks.ts';
import type { ByteSource } from '../workload/byte-source.ts';
import type { OnnxDtype, OnnxTensor } from './model.ts';
import type { Payload } from './wire.ts';

const subject = 'ONNX file';

/** By TensorProto.DataType. */
const dtypes: readonly (OnnxDtype | null)[] = [
  null,
  'F32',
  'U8',
  'I8',
  'U16',
  'I16',
  'I32',
  'I64',
  'STRING',
  'BOOL',
  'F16',
  'F64',
  'U32',
  'U64',
  'C64',
  'C128',
  'BF16',
  'F8_E4M3',
  'F8_E4M3FNUZ',
  'F8_E5M2',
  'F8_E5M2FNUZ',
  'U4',
  'I4',
  'F4',
  'F8_E8M0',
  'U2',
  'I2',
];

const bits: Readonly<Record<OnnxDtype, number>> = {
  F64: 64,
  F32: 32,
  F16: 16,
  BF16: 16,
  F8_E4M3: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2: 8,
  F8_E5M2FNUZ: 8,
  F8_E8M0: 8,
  F4: 4,
  I64: 64,
  I32: 32,
  I16: 16,
  I8: 8,
  I4: 4,
  I2: 2,
  U64: 64,
  U32: 32,
  U16: 16,
  U8: 8,
  U4: 4,
  U2: 2,
  BOOL: 8,
  C64: 64,
  C128: 128,
  STRING: 0,
};

const rawData = 9;
const mostBytes = 2 ** 33;

/** Gives the files that external data name; throws when one is not at hand. */
export type ExternalFiles = (location: string, tensor: string) => ByteSource;

/** @throws InputError when type, shape and data do not fit together, or the data are not there. */
export function createTensor(
  proto: TensorProto,
  payload: Payload | null,
  file: ByteSource,
  external: ExternalFiles,
): OnnxTensor {
  const name = proto.name;
  const at = `tensor ${shown(name)}`;
  const dtype = dtypes[proto.dataType] ?? null;
  if (dtype === null)
    throw new InputError(subject, `${at} must have an element type of ONNX (1 to 26)`, proto.dataType);
  const shape = proto.dims.map((extent) => {
    const size = Number(extent);
    check(Number.isSafeInteger(size) && size >= 0, subject, `${at} must have sound extents`, size);
    return size;
  });
  const elements = shape.reduce((product, extent) => product * extent, 1);
  const bytes = Math.ceil((elements * bits[dtype]) / 8);
  check(Number.isSafeInteger(bytes), subject, `${at} must have a sane shape`, `[${shape.join(', ')}]`);
  const whole = (found: number): void =>
    check(
      found === bytes,
      subject,
      `${at} of shape [${shape.join(', ')}] and type ${dtype} must have ${bytes} bytes of data`,
      found,
    );
  const tensor = { name, shape, dtype, bytes };
  const ranged = (source: ByteSource, start: number): OnnxTensor['readBytes'] => {
    return async (offset = 0, length = bytes - offset) => {
      check(offset + length <= bytes, subject, `${at} must be read within its ${bytes} bytes`, offset);
      check(length <= mostBytes, subject, `${at} may be read ${mostBytes} bytes at a time`, length);
      const part = await source.read(start + offset, length);
      check(
        part.length === length,
        subject,
        `${at} must be readable (did the file change?)`,
        `${part.length} of ${length} bytes`,
      );
      return part;
    };
  };
  /** Decoded once for a walk from front to back, and let go at its end. */
  const listed = (make: () => Promise<Uint8Array>): OnnxTensor['readBytes'] => {
    let held: Uint8Array | null = null;
    return async (offset = 0, length = bytes - offset) => {
      const all = held ?? (await make());
      whole(all.length);
      held = offset + length < bytes ? all : null;
      return all.subarray(offset, offset + length);
    };
  };
  if (proto.dataLocation === 1) {
    const { source, start } = externalRange(proto, bytes, at, external);
    return { ...tensor, place: 'external', readBytes: ranged(source, start) };
  }
  if (payload === null) {
    const kept = keptBytes(proto, dtype, bits[dtype]);
    if (dtype !== 'STRING') whole(kept.length);
    return { ...tensor, place: 'skeleton', readBytes: listed(() => Promise.resolve(kept)) };
  }
  check(
    fieldFits(payload.field, dtype),
    subject,
    `${at} of type ${dtype} must not be in field`,
    payload.field,
  );
  if ([rawData, 4, 10].includes(payload.field)) {
    whole(payload.bytes);
    return { ...tensor, place: 'file', readBytes: ranged(file, payload.offset) };
  }
  // A varint has 1 to 10 bytes.
  const least = elements * (bits[dtype] < 8 ? bits[dtype] / 8 : 1);
  check(
    payload.bytes >= least && payload.bytes <= 10 * elements,
    subject,
    `${at} must have ${elements} elements`,
    `${payload.bytes} bytes`,
  );
  const readBytes = listed(async () =>
    packed(varints(await file.read(payload.offset, payload.bytes), at), bits[dtype]),
  );
  return { ...tensor, place: 'file', readBytes };
}

const shown = (name: string): string => (name.length > 64 ? `${name.slice(0, 64)}...` : name);

function fieldFits(field: number, dtype: OnnxDtype): boolean {
  switch (field) {
    case 4:
      return dtype === 'F32' || dtype === 'C64';
    case 5:
      return bits[dtype] <= 32 && !['F32', 'U32', 'STRING'].includes(dtype);
    case 7:
      return dtype === 'I64';
    case 10:
      return dtype === 'F64' || dtype === 'C128';
    case 11:
      return dtype === 'U64' || dtype === 'U32';
    default:
      return dtype !== 'STRING';
  }
}

function keptBytes(proto: TensorProto, dtype: OnnxDtype, width: number): Uint8Array {
  if (proto.rawData.length > 0) return proto.rawData;
  switch (dtype) {
    case 'F32':
    case 'C64':
      return new Uint8Array(Float32Array.from(proto.floatData).buffer);
    case 'F64':
    case 'C128':
      return new Uint8Array(Float64Array.from(proto.doubleData).buffer);
    case 'I64':
      return packed(proto.int64Data, 64);
    case 'U64':
    case 'U32':
      return packed(proto.uint64Data, width);
    default:
      return packed(proto.int32Data, width);
  }
}

/** The low bits of each number, little-endian; a list entry of a type below 8 bits is a whole byte of elements. */
function packed(numbers: readonly (number | bigint)[] | BigInt64Array, width: number): Uint8Array {
  switch (width) {
    case 64:
      return new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer);
    case 32:
      return new Uint8Array(Int32Array.from(numbers, Number).buffer);
    case 16:
      return new Uint8Array(Int16Array.from(numbers, Number).buffer);
    default:
      return Uint8Array.from(numbers, Number);
  }
}

function varints(bytes: Uint8Array, at: string): BigInt64Array {
  let count = 0;
  for (const byte of bytes) if (byte < 0x80) count += 1;
  const numbers = new BigInt64Array(count);
  let next = 0;
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    check(shift < 70n, subject, `${at} must hold numbers of at most 10 bytes`);
    if (shift === 0n && byte < 0x80) {
      numbers[next++] = BigInt(byte);
      continue;
    }
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte < 0x80) {
      numbers[next++] = value;
      value = 0n;
      shift = 0n;
    }
  }
  return numbers;
}

const decimal = /^\d{1,16}$/;

function externalRange(
  proto: TensorProto,
  bytes: number,
  at: string,
  external: ExternalFiles,
): { readonly source: ByteSource; readonly start: number } {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location') ?? '';
  const source = external(plainPath(location, at), proto.name);
  const number = (key: string, otherwise: number): number => {
    const text = entries.get(key);
    if (text === undefined) return otherwise;
    check(decimal.test(text), subject, `${at} external ${key} must be a whole number`, text);
    return Number(text);
  };
  const start = number('offset', 0);
  const length = number('length', bytes);
  check(
    length === bytes,
    subject,
    `${at} external data must have the ${bytes} bytes of its shape and type`,
    length,
  );
  check(
    start + length <= source.size,
    subject,
    `${at} must lie within ${shown(location)} of ${source.size} bytes (is that file cut off, or of another export?)`,
    `bytes ${start} to ${start + length}`,
  );
  return { source, start };
}

/** External data stay in the model's folder (CVE-2022-25882 and CVE-2024-27318 are about reading elsewhere). */
function plainPath(location: string, at: string): string {
  const parts = location.split('/').filter((part) => part !== '' && part !== '.');
  const isPlain =
    parts.length > 0 &&
    !location.startsWith('/') &&
    !['\\', ':', '\0'].some((letter) => location.includes(letter)) &&
    !parts.includes('..') &&
    location.length <= 1024;
  check(isPlain, subject, `${at} external data must be in the folder of the model, below it`, location);
  return parts.join('/');
}
