/**
 * `npm test`: the whole check (types, lint, format, dead code, unit tests), the tests that need a GPU, then every journey
 * on the built page.
 * Ends with one line that counts what ran; skipped tests are listed with their reason.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBrowser } from './browser.mjs';

const folder = mkdtempSync(join(tmpdir(), 'rankscape-test-'));
const unitReport = join(folder, 'unit.json');
const gpuReport = join(folder, 'gpu.json');
const journeyReport = join(folder, 'journeys.json');

const npx = (args, env = {}) =>
  spawnSync('npx', ['--no-install', ...args], { stdio: 'inherit', env: { ...process.env, ...env } }).status ??
  1;

const node = (args) => spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;

const npm = (script) => spawnSync('npm', ['run', '-s', script], { stdio: 'inherit' }).status ?? 1;

function unitCounts(report = unitReport) {
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const all = testResults.flatMap((file) => file.assertionResults);
  return all.map(({ status }) => ({
    outcome: status === 'passed' ? 'passed' : status === 'failed' ? 'failed' : 'skipped',
    reason: 'unit test that is long (npm run test:long) or needs the reference figures of ../shared',
  }));
}

function gpuCounts() {
  if (existsSync(gpuReport)) return unitCounts(gpuReport);
  return [{ outcome: 'skipped', reason: 'the tests of test:gpu, which found no GPU' }];
}

function journeyCounts() {
  const specs = (suite) => [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specs)];
  const { suites } = JSON.parse(readFileSync(journeyReport, 'utf8'));
  return suites.flatMap(specs).flatMap(({ tests }) =>
    tests.map(({ status, annotations }) => ({
      outcome: status === 'skipped' ? 'skipped' : status === 'unexpected' ? 'failed' : 'passed',
      reason: annotations.find(({ type }) => type === 'skip')?.description ?? 'no reason given',
    })),
  );
}

const steps = [
  ['types', () => npm('types')],
  ['lint', () => npm('lint')],
  ['format', () => npm('format:check')],
  ['dead code', () => npm('dead')],
  [
    'unit tests',
    () => npx(['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${unitReport}`]),
  ],
  ['browser', () => (ensureBrowser(), 0)],
  [
    'GPU tests',
    () =>
      node([
        'scripts/test-gpu.mjs',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${gpuReport}`,
      ]),
  ],
  ['build', () => npm('build')],
  [
    'journeys',
    () =>
      npx(['playwright', 'test', '--reporter=list,json'], {
        PLAYWRIGHT_JSON_OUTPUT_NAME: journeyReport,
        RANKSCAPE_BUILT: '1',
      }),
  ],
];

const broken = [];
for (const [name, step] of steps) {
  console.log(`\n== ${name}`);
  if (step() !== 0) broken.push(name);
}

const results = [() => unitCounts(), gpuCounts, journeyCounts].flatMap((counts) => {
  try {
    return counts();
  } catch {
    return []; // the step itself failed and stands in `broken`
  }
});
rmSync(folder, { recursive: true });

const count = (outcome) => results.filter((result) => result.outcome === outcome).length;
const skipped = new Map();
for (const { outcome, reason } of results)
  if (outcome === 'skipped') skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
for (const [reason, tests] of skipped) console.log(`skipped ${tests}: ${reason}`);
if (broken.length > 0) console.log(`failed: ${broken.join(', ')}`);
console.log(`\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
process.exit(broken.length === 0 ? 0 : 1);
