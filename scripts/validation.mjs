/**
 * `node scripts/validation.mjs`: counts every mapping of the reference tables anew, compares with what Timeloop and
 * AccelForge counted and with proven optima, and writes public/validation.json, our own summary of it. The tables lie
 * beside a clone (../shared/reference); without them the shipped file stays.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = fileURLToPath(new URL('../../shared/reference/', import.meta.url));
if (!existsSync(folder)) {
  console.error(
    'validation: needs the reference tables in ../shared/reference; public/validation.json stays',
  );
  process.exit(2);
}
const table = (name) => JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8'));
const { module } = await runnerImport(`${root}src/core/cost/validation.ts`, {
  configFile: false,
  root,
  logLevel: 'error',
});
const start = performance.now();
const file = module.validate({
  timeloop: table('timeloop_mappings'),
  accelforge: table('fused_chain'),
  optima: table('optimal_mappings'),
  best: table('best_mappings'),
});
const text = `${JSON.stringify(file)}\n`;
writeFileSync(`${root}public/validation.json`, text);
const sum = (of) => file.counted.reduce((all, each) => all + of(each), 0);
console.error(
  `${file.counted.length} mappings, ${sum((c) => c.equal)} of ${sum((c) => c.counts)} counts equal, ` +
    `${file.optima.length} optima, ${text.length} bytes, ${((performance.now() - start) / 1000).toFixed(1)} s`,
);
