/** Files dropped or chosen together: a model first, then the examples that are for it. */
import { exampleRole } from '../../core/examples/names.ts';
import type { App } from '../app.ts';

const configName = /(?:^|[/\\])config\.json$/i;

/** @param hasModel among them; without, all are for the model on screen. @throws InputError for what cannot be read */
export async function openWithExamples(app: App, files: readonly File[], hasModel: boolean): Promise<void> {
  const source = await app.examples();
  // A model's config tells its heads, and the names of classes.
  const own = files.filter(({ name }) => exampleRole(name) === null || configName.test(name));
  if (hasModel) await app.file.open(own);
  const given = files.filter(({ name }) => !hasModel || exampleRole(name) !== null);
  source.give(given.map((file) => ({ name: file.webkitRelativePath || file.name, file })));
}
