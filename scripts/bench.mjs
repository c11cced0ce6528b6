/**
 * `npm run bench [-- --json] [-- NAME]`: bundles every `*.bench.ts` (as the product is bundled: measuring unbundled
 * modules would measure the loader) and runs them in one process beside a calibration loop.
 */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

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
      external: [/^node:/, 'vite', '@playwright/test'],
    },
  },
});
await import(pathToFileURL(`${outDir}bench.js`).href);
