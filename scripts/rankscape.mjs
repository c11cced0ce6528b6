/**
 * `npm run -s rankscape -- COMMAND ...`: bundles the command line when a source is newer than the bundle, then runs it.
 * npm starts scripts in the project's folder; file names that a person gives start from where npm was called.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const bundle = `${root}dist/cli/rankscape.js`;

/** Latest change of a file or of anything in a folder; removals change the folder itself. */
function changed(path) {
  const stat = statSync(path);
  let latest = stat.mtimeMs;
  if (stat.isDirectory()) {
    for (const name of readdirSync(path)) latest = Math.max(latest, changed(`${path}/${name}`));
  }
  return latest;
}

function stale() {
  try {
    const built = statSync(bundle).mtimeMs;
    return ['src', 'package.json', 'vite.cli.config.ts'].some((name) => changed(root + name) > built);
  } catch {
    return true;
  }
}

/** Built beside and renamed, so that a program running at the same time never sees half a bundle. */
async function build() {
  const { build: bundleWith } = await import('vite');
  const folder = `${root}dist/cli-${process.pid}`;
  try {
    await bundleWith({
      root,
      configFile: `${root}vite.cli.config.ts`,
      logLevel: 'silent',
      build: { outDir: folder },
    });
    mkdirSync(`${root}dist/cli`, { recursive: true });
    renameSync(`${folder}/rankscape.js`, bundle);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (stale()) {
  try {
    await build();
  } catch (error) {
    const reason = stripVTControlCharacters(String(error instanceof Error ? error.message : error));
    const line = reason.replaceAll(/\s+/g, ' ').slice(0, 300);
    process.stderr.write(`internal: the command line could not be built: ${line}\n`);
    process.exit(1);
  }
}
if (process.env.npm_lifecycle_event === 'rankscape' && process.env.INIT_CWD)
  process.chdir(process.env.INIT_CWD);
await import(pathToFileURL(bundle).href);
