/** What the page does with files that are dropped or chosen: a project, a model, or examples for the model on screen. */
import { InputError } from '../core/base/checks.ts';
import { tellProblems } from '../state/address.ts';
import type { App } from './app.ts';

const mostProjectBytes = 64 * 1024 * 1024;

/** As `exampleRole` of the core tells them, which is loaded when there are some. */
const examples =
  /\.(?:npz|npy|csv|tsv|jsonl|ndjson|txt|png|jpe?g)$|(?:^|[/\\])(?:tokenizer|tokenizer_config|preprocessor_config)\.json$/i;
const models = /\.(?:onnx|safetensors)$|\.index\.json$/i;

/** @throws InputError for what is no project, no model that can be read and no examples for the one on screen */
export async function openFiles(app: App, files: readonly File[]): Promise<void> {
  const { store, file: model } = app;
  const [file] = files;
  if (file === undefined) return;
  const hasModel = files.some(({ name }) => models.test(name));
  const isOwn = store.getState().config.model.kind === 'file';
  if ((hasModel || isOwn) && files.some(({ name }) => examples.test(name))) {
    const { openWithExamples } = await import('./examples/lazy.ts');
    return openWithExamples(app, files, hasModel);
  }
  if (files.length > 1 || !(await isProject(file))) return model.open(files);
  const { openProject } = await import('../state/project.ts');
  const { config, problems } = openProject(await file.text());
  store.getState().replace(config, `Open ${file.name}`);
  tellProblems(store, problems);
}

/** A lone JSON file that is small enough is a project, unless it is the index of shards. */
async function isProject(file: File): Promise<boolean> {
  if (!file.name.endsWith('.json') || file.size > mostProjectBytes) return false;
  const start = await file.slice(0, 4096).text();
  return !start.includes('"weight_map"');
}

/** The same, with what is refused told as a notice: for a drop anywhere on the page. */
export async function openDropped(app: App, files: readonly File[]): Promise<void> {
  try {
    await openFiles(app, files);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    app.store.getState().notify({ kind: 'error', text: error.message });
  }
}
