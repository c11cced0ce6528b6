/**
 * `node scripts/first-frontier.mjs`: searches the opening model and machine (by estimated accuracy where the model is
 * calibrated) and writes public/first-frontier.json, the frontier that the page opens with. Vite transforms the core as it is imported; nothing is built.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const { module } = await runnerImport(`${root}src/core/search/first-frontier.ts`, {
  configFile: false,
  root,
  logLevel: 'error',
});
const start = performance.now();
const tables = `${root}public/models/${module.firstSearch.model}.json`;
const table = existsSync(tables) ? JSON.parse(readFileSync(tables, 'utf8')) : null;
const file = module.computeFirstFrontier(module.firstEvaluator(table));
const text = `${JSON.stringify(file)}\n`;
writeFileSync(`${root}public/first-frontier.json`, text);
console.error(
  `${file.points.length} points, ${file.evaluations} evaluations, ${text.length} bytes, ` +
    `${((performance.now() - start) / 1000).toFixed(1)} s`,
);
