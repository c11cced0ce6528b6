/**
 * `node scripts/train.mjs glyph-vit|lexical-qa [--seed N] [--steps N] [--out FILE]`: trains a shipped model from its
 * seed, measures it on fresh examples and writes public/models/ID.onnx. Progress goes to stderr, the accuracy to
 * stdout. Code that V8 has not
 * optimized yet makes early steps slow, hence its option.
 */
import { fileURLToPath, pathToFileURL } from 'node:url';
import v8 from 'node:v8';
import { build } from 'vite';

v8.setFlagsFromString('--no-liftoff');
const root = fileURLToPath(new URL('..', import.meta.url));
const outDir = `${root}dist/train/`;
await build({
  configFile: false,
  logLevel: 'error',
  publicDir: false,
  ssr: { noExternal: true },
  build: {
    ssr: `${root}scripts/train-entry.ts`,
    outDir,
    emptyOutDir: true,
    target: 'node20',
    rollupOptions: {
      output: { entryFileNames: 'train.js' },
      external: [/^node:/, /^onnxruntime-web/],
    },
  },
});
const { train } = await import(pathToFileURL(`${outDir}train.js`).href);
try {
  await train(process.argv.slice(2), `${root}public/models`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
