/**
 * `npm run bench [-- --json] [-- NAME]`: bundles every `*.bench.ts` (as the product is bundled: measuring unbundled
 * modules would measure the loader) and runs them in one process beside a calibration loop. The page is built when it
 * is not there or older than what it is made of.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'dist/web/index.html');
const filesUnder = (folder) =>
  readdirSync(join(root, folder), { recursive: true }).map((name) => join(root, folder, name));
const sources = [
  ...['src', 'workers', 'public'].flatMap(filesUnder),
  ...['index.html', 'vite.config.ts', 'package-lock.json'].map((name) => join(root, name)),
];
const age = (file) => statSync(file).mtimeMs;
if (!existsSync(page) || sources.some((file) => age(file) > age(page)))
  await build({ root, logLevel: 'error' });

const outDir = fileURLToPath(new URL('../dist/bench/', import.meta.url));
await build({
  configFile: false,
  logLevel: 'error',
  publicDir: false,
  ssr: { noExternal: true },
  build: {
    ssr: fileURLToPath(new URL('bench-entry.ts', import.meta.url)),
    outDir,
    emptyOutDir: true,
    target: 'node20',
    rollupOptions: {
      output: { entryFileNames: 'bench.js' },
      external: [/^node:/, /^onnxruntime-web/, 'vite', '@playwright/test'],
    },
  },
});
await import(pathToFileURL(`${outDir}bench.js`).href);
