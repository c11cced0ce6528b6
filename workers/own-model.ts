/** A person's ONNX model with their examples, opened from dropped files; the last one is kept. */
import { InputError } from '../src/core/base/checks.ts';
import { restoreFactorized } from '../src/core/export/restore.ts';
import { openDropped, type ModelFile } from '../src/core/onnx/dropped-files.ts';
import { readExamples, type GivenExamples } from '../src/engines/examples/read.ts';
import { loadOrt } from '../src/engines/ort/ort.ts';
import { openOwnMeasurer, type OwnMeasurer } from '../src/engines/ort/own-measurer.ts';
import { fileSource } from './model-bytes.ts';
import type { NamedFile, OwnModel } from './protocol.ts';

type OnnxFile = Extract<ModelFile, { readonly format: 'onnx' }>;

/** The model as the page shows it: what was exported here is its source again. */
export async function openOwnFile(files: readonly File[]): Promise<ModelFile> {
  const given = files.map((file) => ({ name: file.name, source: fileSource(file) }));
  return restoreFactorized(await openDropped(given)).file;
}

/** @throws InputError for files without a graph, and examples that do not fit it */
export async function readOwnExamples(
  file: ModelFile,
  examples: readonly NamedFile[],
  tell?: (done: number, of: number) => void,
): Promise<{ readonly file: OnnxFile; readonly given: GivenExamples }> {
  if (file.format !== 'onnx')
    throw new InputError(
      'examples',
      'need the graph of an ONNX model, which safetensors do not have',
      file.name,
    );
  const files = examples.map((each) => ({ name: each.name, source: fileSource(each.file) }));
  return { file, given: await readExamples(file, files, tell === undefined ? {} : { tell }) };
}

export interface OpenedOwn {
  readonly measurer: OwnMeasurer;
  readonly given: GivenExamples;
}

let last: { readonly key: string; readonly opened: Promise<OpenedOwn> } | null = null;

/** Opened once for a key; a failure is tried again at the next call. */
export function ownModel(own: OwnModel, tell?: (done: number, of: number) => void): Promise<OpenedOwn> {
  if (last?.key === own.key) return last.opened;
  const before = last;
  const opened = (async () => {
    // Two models at once might not fit.
    await before?.opened.then(({ measurer }) => measurer.release()).catch(() => {});
    const { file, given } = await readOwnExamples(await openOwnFile(own.files), own.examples, tell);
    return { given, measurer: await openOwnMeasurer(await loadOrt(), file, given.inputs) };
  })();
  const entry = { key: own.key, opened };
  last = entry;
  opened.catch(() => {
    if (last === entry) last = null;
  });
  return opened;
}
