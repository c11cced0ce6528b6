/** What the page does with files that are dropped or chosen: a project, or a model. */
import { InputError } from '../core/base/checks.ts';
import { tellProblems } from '../state/address.ts';
import type { App } from './app.ts';

const mostProjectBytes = 64 * 1024 * 1024;

/** @throws InputError for what is neither a project nor a model that can be read */
export async function openFiles({ store, file: model }: App, files: readonly File[]): Promise<void> {
  const [file] = files;
  if (file === undefined) return;
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
