/**
 * Model files on disk: an ONNX file with its external data, a safetensors file, a shard index, or the folder of one of
 * them; `config.json` beside them tells the head count.
 */
import { closeSync, existsSync, openSync, readFileSync, readSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { check } from '../core/base/checks.ts';
import { restoreFactorized } from '../core/export/restore.ts';
import type { Factorization } from '../core/factor/factorization.ts';
import { openModelFile, type ModelFile } from '../core/onnx/dropped-files.ts';
import type { ByteSource } from '../core/workload/byte-source.ts';
import { onFile } from './files.ts';

export interface OpenModel {
  /** A file that `export` wrote has its source's layers. */
  readonly file: ModelFile;
  /** What these layers are in the file, by name; nothing in other files. */
  readonly design: ReadonlyMap<string, Factorization>;
  /** The file with its source's layers of these names; the others stay the factors that they are. */
  readonly restored: (names: ReadonlySet<string>) => ModelFile;
  readonly close: () => void;
}

const usualNames: readonly string[] = [
  'model.safetensors.index.json',
  'model.safetensors',
  'model.onnx',
  'onnx/model.onnx',
];

/** @throws InputError when the file is missing, of another kind or unsound */
export async function openModel(folder: string, name: string, subject: string): Promise<OpenModel> {
  const path = modelPath(resolve(folder, name), name, subject);
  const descriptors: number[] = [];
  const close = (): void => descriptors.splice(0).forEach(closeSync);
  const sourceOf = (file: string): ByteSource => {
    const descriptor = onFile(subject, name, () => openSync(file, 'r'));
    descriptors.push(descriptor);
    return {
      size: statSync(file).size,
      read: (offset, length) => Promise.resolve(readAt(descriptor, offset, length)),
    };
  };
  const beside = (place: string): ByteSource | null => {
    const file = join(dirname(path), place);
    return existsSync(file) && statSync(file).isFile() ? sourceOf(file) : null;
  };
  try {
    const main = { name: basename(path), source: sourceOf(path) };
    const stored = await openModelFile(main, beside, configBeside(path));
    const restored = (names: ReadonlySet<string>): ModelFile => restoreFactorized(stored, names).file;
    return { ...restoreFactorized(stored), restored, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** One call reads at most 2^31 - 1 bytes. */
function readAt(descriptor: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const part = readSync(descriptor, bytes, read, Math.min(length - read, 2 ** 30), offset + read);
    if (part === 0) break;
    read += part;
  }
  return bytes.subarray(0, read);
}

function modelPath(path: string, name: string, subject: string): string {
  const stat = onFile(subject, name, () => statSync(path));
  if (!stat.isDirectory()) return path;
  const usual = usualNames.map((file) => join(path, file)).find((file) => existsSync(file));
  if (usual !== undefined) return usual;
  const models = readdirSync(path).filter((file) => /\.(?:safetensors|onnx)$/i.test(file));
  const [only] = models;
  check(
    only !== undefined && models.length === 1,
    subject,
    `folder must hold ${usualNames.slice(0, 3).join(', ')}, or one model file`,
    name,
  );
  return join(path, only);
}

/** Exporters put ONNX files in a folder `onnx` below the config. */
function configBeside(path: string): unknown {
  const folder = dirname(path);
  for (const place of basename(folder) === 'onnx' ? [folder, dirname(folder)] : [folder]) {
    try {
      return JSON.parse(readFileSync(join(place, 'config.json'), 'utf8')) as unknown;
    } catch {
      continue;
    }
  }
  return undefined;
}
