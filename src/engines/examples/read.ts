/**
 * A person's examples in whatever form they have them: arrays (.npz, .npy), token ids or texts (.txt, .csv, .tsv, .jsonl,
 * with the model's tokenizer.json), pictures (.png, .jpg, with labels by folder or in a table). Which file is which is
 * told by its name.
 */
import { InputError, check } from '../../core/base/checks.ts';
import { classIdsOf } from '../../core/examples/classes.ts';
import { exampleRole, lastName, type ExampleRole } from '../../core/examples/names.ts';
import { readTable } from '../../core/examples/table.ts';
import type { GivenFile, ModelFile } from '../../core/onnx/dropped-files.ts';
import { readInputs, type UserInputs } from '../../core/onnx/user-inputs.ts';
import { decodeUtf8 } from '../../core/workload/json-text.ts';
import { arrayExamples } from './arrays.ts';
import { pictureExamples } from './picture-examples.ts';
import { tableExamples } from './table-examples.ts';

/** What a person's files are as a graph takes them. */
export interface GivenExamples {
  readonly kind: 'arrays' | 'token ids' | 'text' | 'pictures';
  readonly inputs: UserInputs;
  /** How they were made, for people: one sentence each. */
  readonly told: readonly string[];
}

export interface ExampleOptions {
  /** Of the texts in a table, and of their pairs; by usual names otherwise. */
  readonly columns?: readonly string[] | undefined;
  /** Told while pictures are read. */
  readonly tell?: (done: number, of: number) => void;
}

type OnnxFile = Extract<ModelFile, { readonly format: 'onnx' }>;

const subject = 'examples';

/** @throws InputError that names the file, the row or the array */
export async function readExamples(
  { onnx, model }: OnnxFile,
  given: readonly GivenFile[],
  { columns, tell = () => {} }: ExampleOptions = {},
): Promise<GivenExamples> {
  const files = given.filter(({ name }) => exampleRole(name) !== null);
  const of = (role: ExampleRole): readonly GivenFile[] =>
    files.filter(({ name }) => exampleRole(name) === role);
  const json = (name: string): Promise<unknown> =>
    jsonOf(files.find((each) => lastName(each.name).toLowerCase() === name));
  const [packed, arrays, tables, pictures] = [of('arrays'), of('array'), of('table'), of('picture')];
  const texts = pictures.length > 0 ? [] : tables;
  const forms = [packed, arrays, pictures, texts].filter(({ length }) => length > 0);
  check(
    forms.length === 1,
    subject,
    forms.length === 0
      ? 'must be .npz or .npy, .txt, .csv, .tsv or .jsonl, .png or .jpg'
      : 'must be of one kind: arrays, or texts, or pictures',
    given.map(({ name }) => lastName(name)),
  );
  const [archive] = packed;
  if (archive !== undefined) {
    check(packed.length === 1, subject, 'must be one .npz', packed.length);
    return { kind: 'arrays', inputs: readInputs(onnx, await bytesOf(archive)), told: [] };
  }
  if (arrays.length > 0) {
    const read = arrays.map(async (each) => ({ name: lastName(each.name), bytes: await bytesOf(each) }));
    return arrayExamples(onnx, await Promise.all(read));
  }
  check(tables.length <= 1, subject, 'must come with one table at most', tables.length);
  const [listed] = tables;
  const table = listed === undefined ? null : readTable(lastName(listed.name), await textOf(listed));
  const config = await json('config.json');
  const ids = classIdsOf(config);
  if (table === null || pictures.length > 0) {
    const preprocessor = await json('preprocessor_config.json');
    const stored = pictures.map((each) => ({ name: each.name, read: () => bytesOf(each) }));
    return pictureExamples(onnx, stored, table, { ids, preprocessor, config, tell });
  }
  return tableExamples(onnx, table, {
    ids,
    columns,
    tokenizer: await json('tokenizer.json'),
    tokenizerConfig: await json('tokenizer_config.json'),
    most: model.maxSequence,
  });
}

const mostText = 5e8;

const bytesOf = ({ source }: GivenFile): Promise<Uint8Array> => source.read(0, source.size);

async function textOf(file: GivenFile): Promise<string> {
  const name = lastName(file.name);
  check(file.source.size <= mostText, name, `must have at most ${mostText} bytes`, file.source.size);
  return decodeUtf8(await bytesOf(file), name);
}

/** Vocabularies are megabytes: read without the checks of `parseJson`, for what they hold is looked at by name. */
async function jsonOf(file: GivenFile | undefined): Promise<unknown> {
  if (file === undefined) return undefined;
  const text = await textOf(file);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 80) : '';
    throw new InputError(lastName(file.name), `text must be JSON (${reason})`);
  }
}
