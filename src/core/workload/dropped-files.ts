/**
 * Which of the files that were dropped together is the model: one .safetensors, or an index with its shards; a
 * `config.json` among them tells the heads. Left out: folders, other formats.
 */
import { InputError, check } from '../base/checks.ts';
import type { ByteSource } from './byte-source.ts';
import { decodeUtf8, parseJson } from './json-text.ts';
import { modelFromTensors, type FileModel } from './layers.ts';
import { openSafetensors, openShards, parseShardIndex, type TensorStore } from './safetensors.ts';

export interface DroppedFile {
  readonly name: string;
  readonly source: ByteSource;
}

export interface OpenedModel {
  readonly name: string;
  readonly store: TensorStore;
  readonly model: FileModel;
}

const mostText = 100_000_000;
const configDepth = 32;

/** @throws InputError that says which file is missing, unsound or not of a kind that can be read */
export async function openDropped(files: readonly DroppedFile[]): Promise<OpenedModel> {
  const named = (pattern: RegExp): readonly DroppedFile[] => files.filter(({ name }) => pattern.test(name));
  const [index] = named(/\.index\.json$/i);
  const weights = named(/\.safetensors$/i);
  const [first] = weights;
  const main = index ?? first;
  if (main === undefined) {
    const onnx = named(/\.onnx$/i)[0];
    const rule = onnx
      ? 'must be .safetensors; ONNX files cannot be opened yet'
      : 'must be .safetensors, or shards with their .index.json';
    throw new InputError('file', rule, (onnx ?? files[0])?.name ?? 'none');
  }
  check(
    index !== undefined || weights.length === 1,
    'file',
    'several .safetensors must come with their model.safetensors.index.json',
    weights.length,
  );
  const store =
    index === undefined
      ? await openSafetensors(main.source, main.name)
      : await openShards(parseShardIndex(await textOf(index)), (shard) =>
          Promise.resolve(files.find(({ name }) => name === shard)?.source ?? null),
        );
  const [config] = named(/(?:^|[/\\])config\.json$/i);
  const model = modelFromTensors(main.name, store.tensors, {
    aliases: store.metadata,
    ...(config !== undefined && { config: parseJson(await textOf(config), 'config.json', configDepth) }),
  });
  return { name: main.name, store, model };
}

async function textOf({ name, source }: DroppedFile): Promise<string> {
  check(source.size <= mostText, 'file', `${name} must have at most ${mostText} bytes`, source.size);
  return decodeUtf8(await source.read(0, source.size), name);
}
