import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

/** Folder of the project, with a slash. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * A module of ours, bundled as the product is: what is transformed module by module runs slower, and runtimes load lazily.
 * @param entry its path in the project
 */
export async function bundled(entry) {
  const folder = `${root}node_modules/.cache/rankscape-${basename(entry, '.ts')}-${process.pid}`;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    publicDir: false,
    build: {
      ssr: entry,
      target: 'node20',
      outDir: folder,
      rollupOptions: { output: { entryFileNames: 'entry.js' } },
    },
  });
  return import(pathToFileURL(`${folder}/entry.js`).href);
}
