/**
 * Safetensors: an 8-byte little-endian header length, a JSON header, the tensors' bytes without gaps (format text of
 * huggingface/safetensors). Only the header is read, so a file of any size opens at once; elements are read on demand.
 * As strict as the reference parser, and duplicate keys are refused too. A model in shards is described by
 * `model.safetensors.index.json`. Left out: writing.
 */
import { InputError, check } from '../base/checks.ts';
import type { ByteSource } from './byte-source.ts';
import { decoderOf, dtypeBits } from './elements.ts';
import type { Dtype } from './elements.ts';
import { decodeUtf8, parseJson } from './json-text.ts';
import { sniff } from './sniff.ts';

export interface StoredTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The shard that holds it; the file's own name when there is one only. */
  readonly file: string;
  /** First byte, from the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** The tensors of a model, in one file or in shards. */
export interface TensorStore {
  readonly tensors: readonly StoredTensor[];
  /** The free text of `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Of all files together. */
  readonly bytes: number;
  readonly source: (tensor: StoredTensor) => ByteSource;
}

const subject = 'safetensors';
const prefix = 8;
const mostHeader = 100_000_000;
const mostDepth = 8;
const mostDims = 32;
const mostElements = 2 ** 28;
const block = 2 ** 20;

/** Reads the header. @throws InputError that names the tensor, the rule and the value. */
export async function openSafetensors(source: ByteSource, file = 'model.safetensors'): Promise<TensorStore> {
  const length = await headerLength(source);
  const text = decodeUtf8(await readExactly(source, prefix, length), subject);
  check(text.startsWith('{'), subject, 'header must start with {', text.slice(0, 8));
  const header = parseJson(text, subject, mostDepth);
  check(isRecord(header), subject, 'header must be an object of tensors');
  const start = prefix + length;
  const tensors: StoredTensor[] = [];
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') metadata = parseMetadata(entry);
    else tensors.push(parseTensor(name, entry, file, start, source.size));
  }
  checkLayout(tensors, start, source.size);
  return { tensors, metadata, bytes: source.size, source: () => source };
}

async function headerLength(source: ByteSource): Promise<number> {
  check(
    source.size >= prefix,
    subject,
    'file must have at least 8 bytes, the length of its header',
    source.size,
  );
  const bytes = await readExactly(source, 0, prefix);
  const length = new DataView(bytes.buffer, bytes.byteOffset, prefix).getBigUint64(0, true);
  if (length < 2n || length > mostHeader || Number(length) > source.size - prefix) {
    const stranger = sniff(await source.read(0, Math.min(512, source.size)), 'safetensors');
    if (stranger !== null) throw new InputError(subject, stranger.rule, stranger.what);
  }
  check(length >= 2n, subject, 'header must have at least 2 bytes', length);
  check(
    length <= mostHeader,
    subject,
    `header must have at most ${mostHeader} bytes (is the file encrypted or damaged?)`,
    length,
  );
  check(
    Number(length) <= source.size - prefix,
    subject,
    `header must fit in the file of ${source.size} bytes (is it cut off?)`,
    length,
  );
  return Number(length);
}

async function readExactly(source: ByteSource, offset: number, length: number): Promise<Uint8Array> {
  const bytes = await source.read(offset, length);
  check(bytes.length === length, subject, `file must give ${length} bytes at ${offset}`, bytes.length);
  return bytes;
}

function parseMetadata(value: unknown): ReadonlyMap<string, string> {
  check(isRecord(value), subject, '__metadata__ must be an object of text');
  return new Map(
    Object.entries(value).map(([key, text]) => {
      check(typeof text === 'string', subject, `__metadata__ ${shown(key)} must be text`);
      return [key, text];
    }),
  );
}

const tensorKeys: readonly string[] = ['dtype', 'shape', 'data_offsets'];

function parseTensor(name: string, value: unknown, file: string, start: number, size: number): StoredTensor {
  check(name !== '__proto__' && name !== '', subject, 'a tensor needs a name of its own', name);
  const at = `tensor ${shown(name)}`;
  check(isRecord(value), subject, `${at} must be an object with dtype, shape and data_offsets`);
  const unknown = Object.keys(value).find((key) => !tensorKeys.includes(key));
  check(unknown === undefined, subject, `${at} may have dtype, shape and data_offsets only`, unknown);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) {
    const given = typeof dtype === 'string' ? dtype : typeof dtype;
    throw new InputError(subject, `${at} dtype must be one of ${Object.keys(dtypeBits).join(' ')}`, given);
  }
  check(
    isSizes(shape) && shape.length <= mostDims,
    subject,
    `${at} shape must be a list of at most ${mostDims} whole numbers`,
  );
  check(isSizes(offsets) && offsets.length === 2, subject, `${at} data_offsets must be two whole numbers`);
  const [begin = 0, end = 0] = offsets;
  check(begin <= end, subject, `${at} data_offsets must not end before they begin`, `${begin}, ${end}`);
  check(
    end <= size - start,
    subject,
    `${at} must lie within the ${size - start} bytes of data (is the file cut off?)`,
    end,
  );
  const bits = shape.reduce((product, extent) => product * extent, dtypeBits[dtype]);
  check(
    Number.isSafeInteger(bits) && bits === (end - begin) * 8,
    subject,
    `${at} of shape [${shape.join(', ')}] and dtype ${dtype} must take ${bits / 8} bytes`,
    end - begin,
  );
  return { name, dtype, shape, file, offset: start + begin, bytes: end - begin };
}

/** The data must be covered from first to last byte, by each tensor once. */
function checkLayout(tensors: readonly StoredTensor[], start: number, size: number): void {
  const sorted = [...tensors].sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  let end = start;
  let last = 'the header';
  for (const { name, offset, bytes } of sorted) {
    check(offset >= end, subject, `tensor ${shown(name)} must not overlap ${shown(last)}`, offset - start);
    check(
      offset === end,
      subject,
      `tensor ${shown(name)} must follow ${shown(last)} without a hole`,
      offset - start,
    );
    end = offset + bytes;
    last = name;
  }
  check(end === size, subject, `file must end with its last tensor at byte ${end}`, size);
}

/** `weight_map` of a `model.safetensors.index.json`: tensor name to shard file. */
export type ShardIndex = ReadonlyMap<string, string>;

/** @throws InputError when the text is no shard index, or a shard is no plain file name. */
export function parseShardIndex(text: string): ShardIndex {
  check(text.length <= mostHeader, 'shard index', `must have at most ${mostHeader} characters`, text.length);
  const value = parseJson(text, 'shard index', mostDepth);
  const map = isRecord(value) ? value['weight_map'] : undefined;
  check(isRecord(map), 'shard index', 'must be an object with a weight_map from tensor to file');
  const entries = Object.entries(map);
  check(entries.length > 0, 'shard index', 'must name at least one tensor');
  return new Map(
    entries.map(([name, file]) => {
      const isPlain = typeof file === 'string' && /^[^/\\]{1,255}$/.test(file) && !/^\.*$/.test(file);
      check(
        isPlain,
        'shard index',
        `tensor ${shown(name)} must name a file beside the index`,
        typeof file === 'string' ? file : typeof file,
      );
      return [name, file];
    }),
  );
}

/** The files that an index names, each once, in order. */
export function shardFiles(index: ShardIndex): readonly string[] {
  return [...new Set(index.values())];
}

/**
 * Opens the shards of a model.
 * @param open gives a shard's bytes, or null when it is not at hand.
 * @throws InputError when a shard is missing or unsound, or lacks a tensor that the index promises.
 */
export async function openShards(
  index: ShardIndex,
  open: (file: string) => Promise<ByteSource | null>,
): Promise<TensorStore> {
  const files = shardFiles(index);
  const sources = new Map<string, ByteSource>();
  const tensors: StoredTensor[] = [];
  const metadata = new Map<string, string>();
  for (const file of files) {
    const source = await open(file);
    check(
      source !== null,
      'shard index',
      `all ${files.length} shards must be given together, missing is`,
      file,
    );
    const shard = await openSafetensors(source, file);
    sources.set(file, source);
    for (const [key, text] of shard.metadata) metadata.set(key, text);
    for (const tensor of shard.tensors) if (index.get(tensor.name) === file) tensors.push(tensor);
  }
  const found = new Set(tensors.map((tensor) => tensor.name));
  const missing = [...index.keys()].find((name) => !found.has(name));
  check(
    missing === undefined,
    'shard index',
    `every tensor must be in the shard the index names (${index.get(missing ?? '')})`,
    missing,
  );
  return {
    tensors,
    metadata,
    bytes: [...sources.values()].reduce((sum, source) => sum + source.size, 0),
    source: (tensor) => {
      const source = sources.get(tensor.file);
      check(source !== undefined, subject, `tensor ${shown(tensor.name)} must be of this model`);
      return source;
    },
  };
}

/** All elements, row-major. @throws InputError for unreadable dtypes, NaN, infinities and tensors above 2^28 elements. */
export async function readFloat64(store: TensorStore, tensor: StoredTensor): Promise<Float64Array> {
  const values = new Float64Array(countElements(tensor));
  await readInto(store, tensor, values);
  return values;
}

/** As `readFloat64`, rounded to float32. */
export async function readFloat32(store: TensorStore, tensor: StoredTensor): Promise<Float32Array> {
  const values = new Float32Array(countElements(tensor));
  await readInto(store, tensor, values);
  return values;
}

function countElements(tensor: StoredTensor): number {
  const count = tensor.shape.reduce((product, extent) => product * extent, 1);
  check(
    count <= mostElements,
    subject,
    `tensor ${shown(tensor.name)} must have at most ${mostElements} elements to be read`,
    count,
  );
  return count;
}

async function readInto(
  store: TensorStore,
  tensor: StoredTensor,
  out: Float64Array | Float32Array,
): Promise<void> {
  const at = `tensor ${shown(tensor.name)}`;
  const decode = decoderOf(tensor.dtype);
  check(decode !== null, subject, `${at} must have a dtype that can be read as numbers`, tensor.dtype);
  const size = dtypeBits[tensor.dtype] / 8;
  const source = store.source(tensor);
  for (let first = 0; first < out.length; first += block) {
    const count = Math.min(block, out.length - first);
    decode(await readExactly(source, tensor.offset + first * size, count * size), out, first);
    for (let i = first; i < first + count; i++) {
      if (!Number.isFinite(out[i])) {
        throw new InputError(subject, `${at} must hold finite numbers only (element ${i})`, out[i]);
      }
    }
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(dtypeBits, value);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

const shown = (name: string): string => (name.length > 64 ? `${name.slice(0, 64)}...` : name);
