/**
 * Model files on disk as tensor stores: a safetensors file, a shard index, or the folder of either; `config.json`
 * beside them tells the head count.
 */
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError, check } from '../core/base/checks.ts';
import type { ByteSource } from '../core/workload/byte-source.ts';
import { modelFromTensors, type FileModel } from '../core/workload/layers.ts';
import {
  openSafetensors,
  openShards,
  parseShardIndex,
  type TensorStore,
} from '../core/workload/safetensors.ts';
import { onFile } from './files.ts';

export interface OpenModel {
  readonly model: FileModel;
  readonly store: TensorStore;
  readonly close: () => void;
}

const indexName = 'model.safetensors.index.json';
const fileName = 'model.safetensors';

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
      read: async (offset, length) => {
        const bytes = new Uint8Array(length);
        const read = readSync(descriptor, bytes, 0, length, offset);
        return bytes.subarray(0, read);
      },
    };
  };
  try {
    const store = path.endsWith('.json')
      ? await openShards(parseShardIndex(readFileSync(path, 'utf8')), async (file) => {
          const shard = join(dirname(path), file);
          return existsSync(shard) ? sourceOf(shard) : null;
        })
      : await openSafetensors(sourceOf(path), basename(path));
    const model = modelFromTensors(basename(path), store.tensors, {
      config: configBeside(path),
      aliases: store.metadata,
    });
    return { model, store, close };
  } catch (error) {
    close();
    throw error;
  }
}

function modelPath(path: string, name: string, subject: string): string {
  const stat = onFile(subject, name, () => statSync(path));
  if (stat.isDirectory()) {
    const found = [indexName, fileName].map((file) => join(path, file)).find((file) => existsSync(file));
    check(found !== undefined, subject, `folder must hold ${fileName} or ${indexName}`, name);
    return found;
  }
  if (/\.onnx$/i.test(path)) throw new InputError(subject, 'ONNX files are not in this version', name);
  return path;
}

function configBeside(path: string): unknown {
  try {
    return JSON.parse(readFileSync(join(dirname(path), 'config.json'), 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}
