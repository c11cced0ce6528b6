/**
 * Files of examples that a person names: one, several with commas between, or a folder of them; what tells how they are
 * read (tokenizer.json, preprocessor_config.json, config.json) is taken from beside them, then from beside the model.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { check } from '../core/base/checks.ts';
import { exampleRole } from '../core/examples/names.ts';
import type { GivenFile, ModelFile } from '../core/onnx/dropped-files.ts';
import { readExamples, type GivenExamples } from '../engines/examples/read.ts';
import { onFile } from './files.ts';
import { text } from './options.ts';

/** Option of the commands that take examples. */
export const textColumn = text(
  'NAME[,PAIR]',
  'of the texts in a table (default text, sentence, question, ...)',
);

interface ExampleQuestion {
  /** As typed. */
  readonly names: string;
  /** Of a table, as typed. */
  readonly column: string | undefined;
  readonly folder: string;
  /** The model's path, or its folder's. */
  readonly model: string;
}

const readers = ['tokenizer.json', 'tokenizer_config.json', 'preprocessor_config.json', 'config.json'];
const mostFiles = 100_000;

/** @throws InputError that names the file */
export function readExampleFiles(
  file: Extract<ModelFile, { readonly format: 'onnx' }>,
  { names, column, folder, model }: ExampleQuestion,
  subject: string,
): Promise<GivenExamples> {
  const found = pathsOf(folder, names).flatMap((path) => filesAt(path, names, subject));
  const besides = [...found.map(({ path }) => dirname(path)), ...foldersOf(resolve(folder, model))];
  const known = new Set(found.map(({ path }) => basename(path)));
  const missing = readers.flatMap((name) => {
    if (known.has(name)) return [];
    const place = besides.find((each) => existsSync(join(each, name)));
    return place === undefined ? [] : [fileAt(join(place, name), name, subject)];
  });
  const files = [...found.map(({ path, name }) => fileAt(path, name, subject)), ...missing];
  return readExamples(file, files, { columns: column?.split(',') });
}

function pathsOf(folder: string, names: string): readonly string[] {
  const whole = resolve(folder, names);
  if (existsSync(whole) || !names.includes(',')) return [whole];
  return names.split(',').map((name) => resolve(folder, name));
}

interface Found {
  readonly path: string;
  /** With the folders below what was named: they may tell classes. */
  readonly name: string;
}

function filesAt(path: string, names: string, subject: string): readonly Found[] {
  const stat = onFile(subject, names, () => statSync(path));
  if (!stat.isDirectory()) return [{ path, name: basename(path) }];
  const inside = onFile(subject, names, () => readdirSync(path, { recursive: true }))
    .map((each) => join(path, String(each)))
    .filter((each) => exampleRole(each) !== null && statSync(each).isFile())
    .toSorted();
  check(inside.length > 0, subject, 'folder must hold examples (.npz, .npy, texts or pictures)', names);
  check(inside.length <= mostFiles, subject, `folder must hold at most ${mostFiles} examples`, inside.length);
  return inside.map((each) => ({ path: each, name: relative(path, each) }));
}

/** Exporters put ONNX files in a folder `onnx` below what tells how inputs are made. */
function foldersOf(model: string): readonly string[] {
  const own = existsSync(model) && statSync(model).isDirectory() ? model : dirname(model);
  return basename(own) === 'onnx' ? [own, dirname(own)] : [own];
}

/** Read when it is its turn: a folder's pictures are not all held. */
const fileAt = (path: string, name: string, subject: string): GivenFile => ({
  name,
  source: {
    size: onFile(subject, name, () => statSync(path)).size,
    read: async (offset, length) => {
      const bytes = onFile(subject, name, () => readFileSync(path));
      return bytes.subarray(offset, offset + length);
    },
  },
});
