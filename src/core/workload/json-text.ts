/**
 * JSON from untrusted bytes: strict UTF-8 (RFC 3629), then JSON (RFC 8259) with a bound on depth and no key twice in one
 * object, which `JSON.parse` would let pass. Linear in the text.
 */
import { InputError, check } from '../base/checks.ts';

const chunk = 8192;

/** @throws InputError at the first malformed byte. */
export function decodeUtf8(bytes: Uint8Array, subject: string): string {
  const parts: string[] = [];
  let units: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) {
      units.push(lead);
      at += 1;
    } else {
      const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
      const point = codePoint(bytes, at, length);
      if (point === null) throw new InputError(subject, `text must be UTF-8 (byte ${at})`);
      if (point < 0x10000) units.push(point);
      else units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
      at += length;
    }
    if (units.length >= chunk) {
      parts.push(String.fromCharCode(...units));
      units = [];
    }
  }
  parts.push(String.fromCharCode(...units));
  return parts.join('');
}

/** Null when malformed: cut off, overlong, a surrogate, or beyond U+10FFFF. */
function codePoint(bytes: Uint8Array, at: number, length: number): number | null {
  if (length === 0 || at + length > bytes.length) return null;
  let point = (bytes[at] ?? 0) & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i] ?? 0;
    if ((next & 0xc0) !== 0x80) return null;
    point = (point << 6) | (next & 0x3f);
  }
  const least = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000;
  const isSurrogate = point >= 0xd800 && point <= 0xdfff;
  return point < least || point > 0x10ffff || isSurrogate ? null : point;
}

/**
 * @param depth deepest nesting allowed.
 * @throws InputError for what is no JSON, nests too deep, or has a key twice.
 */
export function parseJson(text: string, subject: string, depth: number): unknown {
  scan(text, subject, depth);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 80) : '';
    throw new InputError(subject, `text must be JSON (${reason})`);
  }
}

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const whitespace = /\s/;

/** One pass over the tokens that matter: brackets, and strings that are keys. */
function scan(text: string, subject: string, depth: number): void {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const start = at;
      at += 1;
      while (at < text.length && text.charCodeAt(at) !== quote)
        at += text.charCodeAt(at) === backslash ? 2 : 1;
      let after = at + 1;
      while (after < text.length && whitespace.test(text[after] ?? '')) after += 1;
      if (text.charCodeAt(after) === colon) addKey(open.at(-1), text.slice(start, at + 1), subject);
      at = after - 1;
    } else if (code === 0x7b || code === 0x5b) {
      check(open.length < depth, subject, `text must not nest deeper than ${depth}`);
      open.push(new Set());
    } else if (code === 0x7d || code === 0x5d) {
      open.pop();
    }
  }
}

function addKey(keys: Set<string> | undefined, literal: string, subject: string): void {
  const key = literal.includes('\\') ? unescaped(literal) : literal.slice(1, -1);
  check(keys?.has(key) !== true, subject, 'keys of one object must differ', key);
  keys?.add(key);
}

/** The text as it stands when it is no JSON string; `JSON.parse` then refuses the whole. */
function unescaped(literal: string): string {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return literal;
  }
}
