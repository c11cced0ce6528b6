/**
 * Stored numbers to float arrays. Little-endian, as safetensors stores them and as every browser's typed arrays are.
 * Formats: IEEE 754 (F64, F32, F16), bfloat16, OCP 8-bit floats (Micikevicius et al. 2022: E4M3 without infinities,
 * E5M2), integers. Packed formats below 8 bits and complex numbers have a size here but are not read.
 */

/** Bits per element of every dtype that safetensors knows. */
export const dtypeBits = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type Dtype = keyof typeof dtypeBits;

type Floats = Float64Array | Float32Array;
type Decode = (bytes: Uint8Array, out: Floats, at: number) => void;

const words = (bytes: Uint8Array): Uint16Array =>
  new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);

function looked(table: () => Float64Array, codes: (bytes: Uint8Array) => Uint8Array | Uint16Array): Decode {
  return (bytes, out, at) => {
    const values = table();
    const from = codes(bytes);
    for (let i = 0; i < from.length; i++) out[at + i] = values[from[i] ?? 0] ?? 0;
  };
}

function bfloat(bytes: Uint8Array, out: Floats, at: number): void {
  const from = words(bytes);
  const bits = Uint32Array.from(from, (word) => word << 16);
  out.set(new Float32Array(bits.buffer), at);
}

const decoders: Readonly<Partial<Record<Dtype, Decode>>> = {
  BOOL: (bytes, out, at) => out.set(bytes, at),
  U8: (bytes, out, at) => out.set(bytes, at),
  I8: (b, out, at) => out.set(new Int8Array(b.buffer, b.byteOffset, b.length), at),
  I16: (b, out, at) => out.set(new Int16Array(b.buffer, b.byteOffset, b.length / 2), at),
  U16: (bytes, out, at) => out.set(words(bytes), at),
  I32: (b, out, at) => out.set(new Int32Array(b.buffer, b.byteOffset, b.length / 4), at),
  U32: (b, out, at) => out.set(new Uint32Array(b.buffer, b.byteOffset, b.length / 4), at),
  F32: (b, out, at) => out.set(new Float32Array(b.buffer, b.byteOffset, b.length / 4), at),
  F64: (b, out, at) => out.set(new Float64Array(b.buffer, b.byteOffset, b.length / 8), at),
  I64: (b, out, at) =>
    out.set(Float64Array.from(new BigInt64Array(b.buffer, b.byteOffset, b.length / 8), Number), at),
  U64: (b, out, at) =>
    out.set(Float64Array.from(new BigUint64Array(b.buffer, b.byteOffset, b.length / 8), Number), at),
  BF16: bfloat,
  F16: looked(
    lazy(() => floatTable(5, 10, true)),
    words,
  ),
  F8_E5M2: looked(
    lazy(() => floatTable(5, 2, true)),
    (bytes) => bytes,
  ),
  F8_E4M3: looked(
    lazy(() => floatTable(4, 3, false)),
    (bytes) => bytes,
  ),
};

/** Fills `out` from `at` on; null when the dtype is not read as numbers. */
export function decoderOf(dtype: Dtype): Decode | null {
  const decode = decoders[dtype];
  if (decode === undefined) return null;
  // A copy, not slice(): that of Node's Buffer is a view.
  return (bytes, out, at) => decode(bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes), out, at);
}

/** The value of every code of a small float: sign, exponent, mantissa; with infinities as IEEE, else one NaN a sign. */
function floatTable(exponentBits: number, mantissaBits: number, infinities: boolean): Float64Array {
  const bias = 2 ** (exponentBits - 1) - 1;
  const exponents = 2 ** exponentBits;
  const mantissas = 2 ** mantissaBits;
  return Float64Array.from({ length: 2 * exponents * mantissas }, (_, code) => {
    const sign = code < exponents * mantissas ? 1 : -1;
    const mantissa = code % mantissas;
    const exponent = Math.floor(code / mantissas) % exponents;
    if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - mantissaBits);
    if (exponent === exponents - 1) {
      if (infinities) return mantissa === 0 ? sign * Infinity : Number.NaN;
      if (mantissa === mantissas - 1) return Number.NaN;
    }
    return sign * (1 + mantissa / mantissas) * 2 ** (exponent - bias);
  });
}

function lazy<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
