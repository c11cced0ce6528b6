/**
 * Protobuf's wire format (protobuf.dev/programming-guides/encoding), read once from front to back through a window: every
 * field of an ONNX file is copied into a skeleton except the data of large tensors, whose place in the file is noted.
 * The message types come from onnx-buf's descriptors. What would make the decoder take more memory than the file
 * warrants, or nest without end, is refused here, before it is decoded. Left out: groups, which ONNX has never used.
 */
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProtoSchema } from 'onnx-buf';
import { InputError, check } from '../base/checks.ts';
import type { ByteSource } from '../workload/byte-source.ts';
import { sniff } from '../workload/sniff.ts';

/** The data of a tensor that stay in the file: one field, in one piece. */
export interface Payload {
  /** Field of TensorProto: 4 float_data, 5 int32_data, 7 int64_data, 9 raw_data, 10 double_data, 11 uint64_data. */
  readonly field: number;
  readonly offset: number;
  readonly bytes: number;
}

export interface Skeleton {
  /** A ModelProto; a tensor whose data stayed in the file has their number in `payloads` as the field `payloadField`. */
  readonly bytes: Uint8Array;
  readonly payloads: readonly Payload[];
}

/** The highest field number there is; no message of ONNX has it. */
export const payloadField = 2 ** 29 - 1;

const subject = 'ONNX file';
/** Data of at most so many bytes are copied: shapes, axes, scales. */
const keptData = 1024;
const window = 2 ** 18;
const mostSkeleton = 2 ** 27;
/** Nested messages; a decoded one takes some hundred bytes. The largest models of today have some 100,000. */
const mostMessages = 2 ** 19;
/** Numbers in lists; a decoded one takes up to 32 bytes. A text counts as four: decoding it takes that long. */
const mostItems = 2 ** 22;
const textWeight = 4;
const mostDepth = 64;
const advice = 'is the file cut off, encrypted or damaged?';

const dataFields: ReadonlySet<number> = new Set([4, 5, 7, 9, 10, 11]);

interface Frame {
  readonly type: DescMessage;
  readonly end: number;
  /** Where its length stands in the skeleton. */
  readonly lengthAt: number;
  /** For a tensor: pieces of data seen, and whether one of them stayed in the file. */
  pieces: number;
  left: boolean;
}

/** @throws InputError when the bytes are no ONNX model, or the graph alone is beyond any model's. */
export async function scanSkeleton(source: ByteSource): Promise<Skeleton> {
  check(source.size > 0, subject, 'must not be empty', `${source.size} bytes`);
  const input = createInput(source);
  const output = createOutput();
  const payloads: Payload[] = [];
  const stack: Frame[] = [{ type: ModelProtoSchema, end: source.size, lengthAt: -1, pieces: 0, left: false }];
  let messages = 0;
  let items = 0;
  const count = (more: number): void => {
    items += more;
    check(items <= mostItems, subject, `lists outside tensors may have at most ${mostItems} entries`, items);
  };
  await input.ensure(Math.min(512, source.size));
  const kind = sniff(input.peek(512), 'ONNX');
  if (kind !== null) throw new InputError(subject, kind.rule, kind.what);
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    if (input.at() === frame.end) {
      stack.pop();
      if (frame.lengthAt >= 0) output.patch(frame.lengthAt);
      continue;
    }
    if (!input.has(20)) await input.ensure(20);
    const start = input.at();
    const tag = input.varint();
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    check(number >= 1 && number < payloadField, subject, `field numbers must be sound (${advice})`, number);
    const field = fieldsOf(frame.type).get(number);
    if (field !== undefined) checkWire(frame.type, field, wire);
    if (wire === 2) {
      const length = input.varint();
      const from = input.at();
      const what = `${frame.type.name}.${field?.name ?? number}`;
      check(
        length <= frame.end - from,
        subject,
        `${what} at byte ${start} must fit in the ${frame.end - from} bytes left (${advice})`,
        length,
      );
      if (field?.message !== undefined) {
        messages += 1;
        check(messages <= mostMessages, subject, `may have at most ${mostMessages} messages`, messages);
        check(
          stack.length < mostDepth,
          subject,
          `messages may nest at most ${mostDepth} deep`,
          mostDepth + 1,
        );
        output.varint(tag);
        stack.push({
          type: field.message,
          end: from + length,
          lengthAt: output.reserve(),
          pieces: 0,
          left: false,
        });
        continue;
      }
      const isData = frame.type === TensorProtoSchema && dataFields.has(number);
      if (isData) notePiece(frame, length > keptData, start);
      if (isData && length > keptData) {
        output.varint(payloadField * 8);
        output.varint(payloads.length);
        payloads.push({ field: number, offset: from, bytes: length });
        input.skip(length);
        continue;
      }
      count(isPacked(field) ? length : textWeight);
      output.varint(tag);
      output.varint(length);
      checkPacked(field, length, what);
      if (input.has(length)) output.copy(input.take(length));
      else await copyLong(input, output, length, what);
      if (isPacked(field) && wireOf(field) === 0) checkLast(output.last(), length, what);
    } else {
      if (frame.type === TensorProtoSchema && dataFields.has(number)) notePiece(frame, false, start);
      const length =
        wire === 0 ? input.varintLength() : wire === 1 ? 8 : wire === 5 ? 4 : Number.POSITIVE_INFINITY;
      check(
        length <= frame.end - input.at(),
        subject,
        `${frame.type.name} at byte ${start} must hold whole fields (${advice})`,
        `wire type ${wire}`,
      );
      count(1);
      output.varint(tag);
      output.copy(input.take(length));
    }
  }
  return { bytes: output.done(), payloads };
}

/** Data in several pieces are allowed while all of them are copied. */
function notePiece(frame: Frame, isLeft: boolean, at: number): void {
  check(
    !frame.left && !(isLeft && frame.pieces > 0),
    subject,
    'a large tensor must have its data in one piece; save the model anew with onnx.save',
    `a second piece at byte ${at}`,
  );
  frame.pieces += 1;
  frame.left ||= isLeft;
}

const fieldTables = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>();

function fieldsOf(type: DescMessage): ReadonlyMap<number, DescField> {
  const known = fieldTables.get(type);
  if (known !== undefined) return known;
  const table = new Map(type.fields.map((field) => [field.number, field]));
  fieldTables.set(type, table);
  return table;
}

/** Wire type of one value of a field (descriptor.proto: 1 double, 2 float, 9 string, 12 bytes; the rest varints). */
function wireOf(field: DescField): number {
  if (field.message !== undefined) return 2;
  if (field.scalar === undefined) return 0;
  return { 1: 1, 6: 1, 16: 1, 2: 5, 7: 5, 15: 5, 9: 2, 12: 2 }[Number(field.scalar)] ?? 0;
}

const isList = (field: DescField): boolean => field.fieldKind === 'list';

function isPacked(field: DescField | undefined): field is DescField {
  return field !== undefined && isList(field) && wireOf(field) !== 2;
}

function checkWire(type: DescMessage, field: DescField, wire: number): void {
  const own = wireOf(field);
  check(
    wire === own || (wire === 2 && isPacked(field)),
    subject,
    `${type.name}.${field.name} must have wire type ${own} (${advice})`,
    wire,
  );
}

/** Packed numbers must end with the field, or the decoder would read into the next one. */
function checkPacked(field: DescField | undefined, length: number, what: string): void {
  if (!isPacked(field)) return;
  const width = { 0: 1, 1: 8, 5: 4 }[wireOf(field)] ?? 1;
  check(length % width === 0, subject, `${what} must hold whole numbers of its type (${advice})`, length);
}

function checkLast(last: number, length: number, what: string): void {
  check(length === 0 || last < 0x80, subject, `${what} must end with a whole number (${advice})`, length);
}

async function copyLong(input: Input, output: Output, length: number, what: string): Promise<void> {
  check(output.size() + length <= mostSkeleton, subject, `${what} must be of a sane size`, length);
  for (let left = length; left > 0;) {
    const part = Math.min(left, window);
    await input.ensure(part);
    output.copy(input.take(part));
    left -= part;
  }
}

interface Input {
  readonly at: () => number;
  /** Whether the window has the next bytes, as far as the file does. */
  readonly has: (bytes: number) => boolean;
  /** Brings the next bytes into the window, as far as the file has them. */
  readonly ensure: (bytes: number) => Promise<void>;
  readonly peek: (bytes: number) => Uint8Array;
  readonly take: (bytes: number) => Uint8Array;
  readonly skip: (bytes: number) => void;
  /** Up to 2^53; longer ones are refused. */
  readonly varint: () => number;
  /** Bytes of the varint that follows; at most 10. */
  readonly varintLength: () => number;
}

function createInput(source: ByteSource): Input {
  let bytes: Uint8Array = new Uint8Array(0);
  let start = 0;
  let at = 0;
  const end = (): InputError => new InputError(subject, `must not end within a field (${advice})`);
  const has = (wanted: number): boolean =>
    at >= start && Math.min(at + wanted, source.size) <= start + bytes.length;
  return {
    at: () => at,
    has,
    ensure: async (wanted) => {
      if (has(wanted)) return;
      const need = Math.min(wanted, source.size - at);
      const length = Math.min(Math.max(window, need), source.size - at);
      bytes = await source.read(at, length);
      start = at;
      check(bytes.length === length, subject, `file must give ${length} bytes at ${at}`, bytes.length);
    },
    peek: (length) => bytes.subarray(at - start, at - start + length),
    take: (length) => {
      const part = bytes.subarray(at - start, at - start + length);
      if (part.length !== length) throw end();
      at += length;
      return part;
    },
    skip: (length) => {
      at += length;
    },
    varint: () => {
      let value = 0;
      for (let scale = 1; scale < 2 ** 56; scale *= 128) {
        const byte = bytes[at - start];
        if (byte === undefined) throw end();
        at += 1;
        value += (byte & 0x7f) * scale;
        if (byte < 0x80) {
          check(Number.isSafeInteger(value), subject, `lengths must be below 2^53 (${advice})`, value);
          return value;
        }
      }
      throw new InputError(subject, `lengths and tags must be below 2^53 (${advice})`, `byte ${at}`);
    },
    varintLength: () => {
      for (let length = 1; length <= 10; length++) {
        const byte = bytes[at - start + length - 1];
        if (byte === undefined) throw end();
        if (byte < 0x80) return length;
      }
      throw new InputError(subject, `numbers must have at most 10 bytes (${advice})`, `byte ${at}`);
    },
  };
}

interface Output {
  readonly size: () => number;
  /** The byte written last. */
  readonly last: () => number;
  readonly copy: (bytes: Uint8Array) => void;
  readonly varint: (value: number) => void;
  /** Leaves room for a length of five bytes; padded varints are legal. */
  readonly reserve: () => number;
  readonly patch: (lengthAt: number) => void;
  readonly done: () => Uint8Array;
}

function createOutput(): Output {
  let bytes = new Uint8Array(2 ** 16);
  let at = 0;
  const room = (more: number): void => {
    check(
      at + more <= mostSkeleton,
      subject,
      `graph without its tensors may have at most ${mostSkeleton} bytes`,
    );
    if (at + more <= bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * bytes.length, at + more));
    larger.set(bytes.subarray(0, at));
    bytes = larger;
  };
  return {
    size: () => at,
    last: () => bytes[at - 1] ?? 0,
    copy: (part) => {
      room(part.length);
      bytes.set(part, at);
      at += part.length;
    },
    varint: (value) => {
      room(8);
      let rest = value;
      for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80;
      bytes[at++] = rest;
    },
    reserve: () => {
      room(5);
      at += 5;
      return at - 5;
    },
    patch: (lengthAt) => {
      let rest = at - lengthAt - 5;
      for (let i = 0; i < 5; i++) {
        bytes[lengthAt + i] = (rest % 128) | (i < 4 ? 0x80 : 0);
        rest = Math.floor(rest / 128);
      }
    },
    done: () => bytes.subarray(0, at),
  };
}
