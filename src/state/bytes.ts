/**
 * Bytes of a link: varints (LEB128, up to 2^53 - 1), texts, decimal numbers, and base64url. Reading past the end or an
 * unsound value throws `BrokenBytes`, which never leaves the link's own code.
 */

export class BrokenBytes extends Error {
  override readonly name = 'BrokenBytes';
}

export interface ByteWriter {
  readonly byte: (value: number) => void;
  /** A whole number, 0 to 2^53 - 1. */
  readonly uint: (value: number) => void;
  /** Any finite number or null; short when its decimal form is. */
  readonly number: (value: number | null) => void;
  readonly text: (value: string) => void;
  /** The bytes as they are, after their length. */
  readonly block: (value: Uint8Array) => void;
  /**
   * Whole numbers that are best told apart by their low bytes: first all low bytes, then the rest of each. High parts
   * of ranks are much alike and deflate to almost nothing.
   */
  readonly planes: (values: readonly number[]) => void;
  readonly done: () => Uint8Array;
}

export function createWriter(): ByteWriter {
  const bytes: number[] = [];
  const byte = (value: number): void => void bytes.push(value & 255);
  const uint = (value: number): void => {
    let rest = value;
    while (rest >= 128) {
      bytes.push((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    bytes.push(rest);
  };
  const block = (value: Uint8Array): void => {
    uint(value.length);
    for (const each of value) bytes.push(each);
  };
  return {
    byte,
    uint,
    number: (value) => writeNumber(value, uint, byte),
    text: (value) => block(new TextEncoder().encode(value)),
    block,
    planes: (values) => {
      for (const value of values) byte(value % 256);
      for (const value of values) uint(Math.floor(value / 256));
    },
    done: () => Uint8Array.from(bytes),
  };
}

const isNull = 0;
const isFloat = 1;

/** 0 null; 1 eight bytes of float64; else 2 + zigzag(exponent) * 2 + sign, then the decimal mantissa. */
function writeNumber(
  value: number | null,
  uint: (value: number) => void,
  byte: (value: number) => void,
): void {
  if (value === null) return uint(isNull);
  const decimal = decimalOf(value);
  if (decimal !== null) {
    const { negative, mantissa, exponent } = decimal;
    uint(2 + zigzag(exponent) * 2 + (negative ? 1 : 0));
    return uint(mantissa);
  }
  uint(isFloat);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  for (let i = 0; i < 8; i++) byte(view.getUint8(i));
}

interface Decimal {
  readonly negative: boolean;
  readonly mantissa: number;
  readonly exponent: number;
}

/** Exactly `value` as mantissa x 10^exponent with no trailing zeros, or null when its digits do not fit. */
function decimalOf(value: number): Decimal | null {
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential());
  if (match === null || Object.is(value, -0)) return null;
  const [, sign = '', first = '0', rest = '', power = '0'] = match;
  const digits = `${first}${rest}`.replace(/0+$/, '') || '0';
  const mantissa = Number(digits);
  const exponent = mantissa === 0 ? 0 : Number(power) - digits.length + 1;
  const decimal = { negative: sign === '-', mantissa, exponent };
  return Number.isSafeInteger(mantissa) && toNumber(decimal) === value ? decimal : null;
}

function toNumber({ negative, mantissa, exponent }: Decimal): number {
  return Number(`${negative ? '-' : ''}${mantissa}e${exponent}`);
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number): number => (value % 2 === 1 ? -(value + 1) / 2 : value / 2);

export interface ByteReader {
  readonly byte: () => number;
  readonly uint: () => number;
  readonly number: () => number | null;
  readonly text: () => string;
  readonly block: () => Uint8Array;
  readonly planes: (count: number) => number[];
  /** A length: refused when so many entries could not stand in the bytes that are left. */
  readonly count: () => number;
  readonly ended: () => boolean;
}

export function createReader(bytes: Uint8Array): ByteReader {
  let at = 0;
  const byte = (): number => {
    const value = bytes[at];
    if (value === undefined) throw new BrokenBytes('it ends too early');
    at += 1;
    return value;
  };
  const uint = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const next = byte();
      value += (next & 127) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new BrokenBytes('a number is too large');
      if (next < 128) return value;
      scale *= 128;
    }
  };
  const block = (): Uint8Array => {
    const length = uint();
    if (length > bytes.length - at) throw new BrokenBytes('it ends too early');
    at += length;
    return bytes.subarray(at - length, at);
  };
  return {
    byte,
    uint,
    number: () => readNumber(uint, byte),
    text: () => {
      try {
        return new TextDecoder('utf-8', { fatal: true }).decode(block());
      } catch (error) {
        if (error instanceof BrokenBytes) throw error;
        throw new BrokenBytes('a text is not UTF-8');
      }
    },
    block,
    planes: (count) => {
      if (count > bytes.length - at) throw new BrokenBytes('it ends too early');
      const low = Array.from({ length: count }, byte);
      return low.map((value) => {
        const whole = value + uint() * 256;
        if (whole > Number.MAX_SAFE_INTEGER) throw new BrokenBytes('a number is too large');
        return whole;
      });
    },
    count: () => {
      const count = uint();
      if (count > bytes.length - at) throw new BrokenBytes('it ends too early');
      return count;
    },
    ended: () => at >= bytes.length,
  };
}

function readNumber(uint: () => number, byte: () => number): number | null {
  const tag = uint();
  if (tag === isNull) return null;
  if (tag === isFloat) {
    const view = new DataView(new ArrayBuffer(8));
    for (let i = 0; i < 8; i++) view.setUint8(i, byte());
    return finite(view.getFloat64(0));
  }
  const coded = tag - 2;
  const exponent = unzigzag(Math.floor(coded / 2));
  if (Math.abs(exponent) > 400) throw new BrokenBytes('a number is too large');
  return finite(toNumber({ negative: coded % 2 === 1, mantissa: uint(), exponent }));
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new BrokenBytes('a number is not finite');
  return value;
}

/** A value as its place in a list that may grow at its end and is never reordered: old links stay readable. */
export function code<T>(to: ByteWriter, codes: readonly T[], value: T): void {
  to.uint(codes.indexOf(value));
}

/** @throws BrokenBytes when the place is beyond the list: the link is of a newer page, or damaged */
export function decoded<T>(from: ByteReader, codes: readonly T[], what: string): T {
  const index = from.uint();
  const value = codes[index];
  if (value === undefined) throw new BrokenBytes(`${what} ${index} is unknown here`);
  return value;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export function toBase64Url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const word = (a << 16) | (b << 8) | c;
    const characters = Math.min(4, bytes.length - i + 1);
    for (let j = 0; j < characters; j++) text += alphabet.charAt((word >> (18 - 6 * j)) & 63);
  }
  return text;
}

/** As many bytes as the text has before its first character that base64url does not know. */
export function fromBase64Url(text: string): { readonly bytes: Uint8Array; readonly used: number } {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let word = 0;
  let bits = 0;
  let length = 0;
  let used = 0;
  for (; used < text.length; used++) {
    const value = alphabet.indexOf(text.charAt(used));
    if (value < 0) break;
    word = ((word << 6) | value) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[length++] = (word >> bits) & 255;
    }
  }
  return { bytes: bytes.slice(0, length), used };
}

/** CRC-32 (ISO 3309, the one of zip and PNG). */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
