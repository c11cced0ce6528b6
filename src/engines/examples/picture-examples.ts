/** Picture files as examples of a vision model; right answers from a table by file name, or from the folders they are in. */
import { InputError, check } from '../../core/base/checks.ts';
import { classNumbers, type ClassIds } from '../../core/examples/classes.ts';
import {
  mostPictures,
  pictureCollector,
  pictureGraph,
  prepared,
  preprocessingOf,
  sayPreprocessing,
} from '../../core/examples/pictures.ts';
import { columnOf, type Table } from '../../core/examples/table.ts';
import type { OnnxModel } from '../../core/onnx/model.ts';
import { inputsOf } from '../../core/onnx/user-inputs.ts';
import type { NpyArray } from '../../core/workload/npy.ts';
import { decodePicture } from './pictures.ts';
import type { GivenExamples } from './read.ts';

interface StoredPicture {
  /** With its folders. */
  readonly name: string;
  readonly read: () => Promise<Uint8Array>;
}

export interface PictureOptions {
  readonly ids: ClassIds | null;
  /** Parsed preprocessor_config.json and config.json, or undefined. */
  readonly preprocessor: unknown;
  readonly config: unknown;
  readonly tell: (done: number, of: number) => void;
}

const fileColumns = ['file', 'filename', 'file_name', 'image', 'path', 'picture'];
const labelColumns = ['label', 'labels', 'class'];

/** @throws InputError that names the picture or the row */
export async function pictureExamples(
  model: OnnxModel,
  given: readonly StoredPicture[],
  table: Table | null,
  { ids, preprocessor, config, tell }: PictureOptions,
): Promise<GivenExamples> {
  const graph = pictureGraph(model);
  if (graph === null)
    throw new InputError('examples', 'cannot be pictures: the graph has no input of images', given[0]?.name);
  // The same whatever order a browser or a disk lists them in.
  const all = given.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const how = preprocessingOf(graph, preprocessor, config);
  const pictureOf = async ({ name, read }: StoredPicture) =>
    prepared(await decodePicture(name, await read()), graph, how);
  const first = await pictureOf(all[0]!);
  const files = spread(all, mostPictures(first));
  const collector = pictureCollector(graph, how, files.length);
  for (const [k, file] of files.entries()) {
    collector.add(k === 0 ? first : await pictureOf(file), file.name);
    tell(k + 1, files.length);
  }
  const labels = labelsOf(files, table, ids);
  const arrays = new Map<string, NpyArray>([[graph.input.name, collector.array()]]);
  if (labels !== null) arrays.set('labels', { dtype: 'I64', shape: [labels.length], values: labels });
  const source = preprocessor === undefined ? ' (no preprocessor_config.json was given)' : '';
  return {
    kind: 'pictures',
    inputs: inputsOf(model, { names: [...arrays.keys()], read: (name) => arrays.get(name)! }),
    told: [
      `Pictures are ${sayPreprocessing(how)}${source}.`,
      ...(files.length < all.length
        ? [`${files.length} of ${all.length} pictures are used: more do not fit in memory.`]
        : []),
    ],
  };
}

/** Evenly spread: a folder's pictures often come class by class. */
function spread<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, k) => all[Math.floor((k * all.length) / most)]!);
}

function labelsOf(
  files: readonly StoredPicture[],
  table: Table | null,
  ids: ClassIds | null,
): Float64Array | null {
  if (table !== null) return fromTable(files, table, ids);
  const folders = files.map(({ name }) => /([^/\\]+)[/\\][^/\\]*$/.exec(name)?.[1] ?? null);
  const named = folders.filter((folder) => folder !== null);
  const isSorted = named.length === folders.length && new Set(named).size > 1;
  return isSorted ? classNumbers(named, ids, 'folders') : null;
}

function fromTable(files: readonly StoredPicture[], table: Table, ids: ClassIds | null): Float64Array {
  const [file, label] = [columnOf(table, fileColumns), columnOf(table, labelColumns)];
  check(file !== null && label !== null, table.name, 'must have the columns file and label', table.columns);
  const plain = (path: string): string => path.replaceAll('\\', '/').replace(/^\.\//, '');
  const rows = new Map(table.rows.map((row) => [plain(String(row[file])), row[label]]));
  const values = files.map(({ name }) => {
    const path = plain(name);
    // Paths in a table begin at some folder above the picture.
    const known = path
      .split('/')
      .map((_, k, parts) => parts.slice(k).join('/'))
      .find((tail) => rows.has(tail));
    check(known !== undefined, table.name, 'must have a row for', name);
    return rows.get(known);
  });
  return classNumbers(values, ids, `${table.name} column ${table.columns[label]}`);
}
