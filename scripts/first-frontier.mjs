/**
 * `node scripts/first-frontier.mjs`: searches BERT-base on simba and writes public/first-frontier.json, the frontier
 * that the page opens with. Vite transforms the core as it is imported; nothing is built.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const { module } = await runnerImport(`${root}src/core/search/first-frontier.ts`, {
  configFile: false,
  root,
  logLevel: 'error',
});
const start = performance.now();
const file = module.computeFirstFrontier();
const text = `${JSON.stringify(file)}\n`;
writeFileSync(`${root}public/first-frontier.json`, text);
console.error(
  `${file.points.length} points, ${file.evaluations} evaluations, ${text.length} bytes, ` +
    `${((performance.now() - start) / 1000).toFixed(1)} s`,
);
