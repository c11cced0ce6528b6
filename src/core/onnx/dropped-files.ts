/**
 * A model file of either format, and which of the files that were given together it is: one .safetensors, an index with
 * its shards, or one .onnx with its external data; a `config.json` among them tells the heads. Left out: folders.
 */
import { InputError, check } from '../base/checks.ts';
import type { Matrix } from '../tensor/dense.ts';
import type { ByteSource } from '../workload/byte-source.ts';
import { decodeUtf8, parseJson } from '../workload/json-text.ts';
import { modelFromTensors, readWeight, type FileModel } from '../workload/layers.ts';
import { openSafetensors, openShards, parseShardIndex, type TensorStore } from '../workload/safetensors.ts';
import { onnxLayers } from './layers.ts';
import type { OnnxFileModel, OnnxModel } from './model.ts';
import { openOnnx } from './open.ts';
import { readOnnxWeight } from './weights.ts';

export interface GivenFile {
  /** Of the file, without its folder. */
  readonly name: string;
  readonly source: ByteSource;
}

/** A file beside the model, by its path from the model's folder; null when it is not at hand. */
export type FileBeside = (path: string) => ByteSource | null;

export type ModelFile =
  | {
      readonly format: 'safetensors';
      readonly name: string;
      /** Of all its files together. */
      readonly bytes: number;
      readonly model: FileModel;
      readonly store: TensorStore;
    }
  | {
      readonly format: 'onnx';
      readonly name: string;
      readonly bytes: number;
      readonly model: OnnxFileModel;
      readonly onnx: OnnxModel;
    };

const mostText = 100_000_000;
const configDepth = 32;

/**
 * Reads header or graph, not the weights. The kind is told by the name's end; a `.json` is a shard index.
 * @param config the parsed `config.json`.
 * @throws InputError that says what is wrong with the file, or which file is missing.
 */
export async function openModelFile(
  main: GivenFile,
  beside: FileBeside,
  config?: unknown,
): Promise<ModelFile> {
  const { name, source } = main;
  const hints = config === undefined ? {} : { config };
  if (/\.onnx$/i.test(name)) {
    const onnx = await openOnnx(source, beside);
    return { format: 'onnx', name, bytes: onnx.bytes, model: onnxLayers(onnx, { name, ...hints }), onnx };
  }
  const store = /\.json$/i.test(name)
    ? await openShards(parseShardIndex(await textOf(main)), (shard) => Promise.resolve(beside(shard)))
    : await openSafetensors(source, name);
  const model = modelFromTensors(name, store.tensors, { aliases: store.metadata, ...hints });
  return { format: 'safetensors', name, bytes: store.bytes, model, store };
}

/** A layer's weight, [out, in], by its name or its weight's. @throws InputError when there is none, or no numbers. */
export async function readModelWeight(file: ModelFile, name: string): Promise<Matrix> {
  const isNamed = (layer: { readonly name: string; readonly weight: string }): boolean =>
    layer.name === name || layer.weight === name;
  if (file.format === 'onnx') {
    const layer = file.model.linears.find(isNamed);
    if (layer === undefined) throw new InputError('file', 'must have the layer', name);
    return readOnnxWeight(file.onnx, layer);
  }
  const layer = file.model.linears.find(isNamed);
  if (layer === undefined) throw new InputError('file', 'must have the layer', name);
  return readWeight(file.store, layer);
}

/** @throws InputError that says which file is missing, unsound or not of a kind that can be read */
export async function openDropped(files: readonly GivenFile[]): Promise<ModelFile> {
  const main = mainOf(files);
  const [config] = named(files, /(?:^|[/\\])config\.json$/i);
  const last = (path: string): string => path.replace(/^.*[/\\]/, '');
  const beside: FileBeside = (path) => {
    const found =
      files.find(({ name }) => name === path) ?? files.find(({ name }) => last(name) === last(path));
    return found?.source ?? null;
  };
  const parsed =
    config === undefined ? undefined : parseJson(await textOf(config), 'config.json', configDepth);
  return openModelFile(main, beside, parsed);
}

const named = (files: readonly GivenFile[], pattern: RegExp): readonly GivenFile[] =>
  files.filter(({ name }) => pattern.test(name));

function mainOf(files: readonly GivenFile[]): GivenFile {
  const [index] = named(files, /\.index\.json$/i);
  const weights = named(files, /\.safetensors$/i);
  const graphs = named(files, /\.onnx$/i);
  const main = index ?? weights[0] ?? graphs[0];
  if (main === undefined) {
    const [data] = named(files, /\.onnx[._]data|\.(?:data|bin|weights)$/i);
    throw new InputError(
      'file',
      data === undefined
        ? 'must be .onnx, .safetensors, or shards with their .index.json'
        : 'external data must be given together with the .onnx file they belong to',
      (data ?? files[0])?.name ?? 'none',
    );
  }
  check(
    index !== undefined || weights.length <= 1,
    'file',
    'several .safetensors must come with their model.safetensors.index.json',
    weights.length,
  );
  const models = (index === undefined ? weights.length : 1) + graphs.length;
  check(models === 1, 'file', 'models must be given one at a time', models);
  return main;
}

async function textOf({ name, source }: GivenFile): Promise<string> {
  check(source.size <= mostText, 'file', `${name} must have at most ${mostText} bytes`, source.size);
  return decodeUtf8(await source.read(0, source.size), name);
}
