/** Numbers to raw data as ONNX stores them: little-endian, sub-byte elements packed low nibble first. */
import { InputError } from '../base/checks.ts';

/** What factors and layers are computed or stored in. */
export type FloatDtype = 'F64' | 'F32' | 'F16' | 'BF16';

/** IEEE 754 binary16: largest finite number. */
const largestHalf = 65_504;

/** @throws InputError when a number is beyond the range of F16 */
export function floatBytes(values: Float64Array, dtype: FloatDtype): Uint8Array {
  switch (dtype) {
    case 'F64':
      return new Uint8Array(values.slice().buffer);
    case 'F32':
      return new Uint8Array(Float32Array.from(values).buffer);
    case 'F16':
      return new Uint8Array(Uint16Array.from(values, halfBits).buffer);
    case 'BF16':
      return new Uint8Array(Uint16Array.from(values, brainBits).buffer);
    default:
      return dtype satisfies never;
  }
}

/** The number that is stored for each. */
export function roundedTo(values: Float64Array, dtype: FloatDtype): Float64Array {
  switch (dtype) {
    case 'F64':
      return values;
    case 'F32':
      return Float64Array.from(values, Math.fround);
    case 'F16':
      return Float64Array.from(values, (value) => halfValue(halfBits(value)));
    case 'BF16':
      return Float64Array.from(values, (value) => brainValue(brainBits(value)));
    default:
      return dtype satisfies never;
  }
}

const word = new Float32Array(1);
const wordBits = new Uint32Array(word.buffer);

/** Rounds to nearest, ties to even. */
function brainBits(value: number): number {
  word[0] = value;
  const bits = wordBits[0] ?? 0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function brainValue(bits: number): number {
  wordBits[0] = bits << 16;
  return word[0] ?? 0;
}

/** Rounds to nearest, ties to even, from the float64 itself. */
export function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (!(size < largestHalf + 16))
    throw new InputError('fp16', `numbers must be at most ${largestHalf} (choose f32)`, value);
  if (size === 0) return sign;
  // Below 2^-14 numbers are multiples of 2^-24.
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const exact = size < 2 ** exponent ? exponent - 1 : size >= 2 ** (exponent + 1) ? exponent + 1 : exponent;
  const scale = Math.max(-14, exact);
  const units = even(size * 2 ** (10 - scale));
  return sign | ((scale + 14) * 1024 + units);
}

export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function even(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  if (rest !== 0.5) return rest < 0.5 ? down : down + 1;
  return down % 2 === 0 ? down : down + 1;
}

/** Two a byte, the first in the low half; the last byte of an odd number is half empty. */
export function nibbleBytes(codes: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(codes.length / 2));
  for (let k = 0; k < codes.length; k++)
    bytes[k >> 1] = (bytes[k >> 1] ?? 0) | (((codes[k] ?? 0) & 15) << (4 * (k & 1)));
  return bytes;
}
