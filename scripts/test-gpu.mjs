/**
 * `npm run test:gpu [-- PART_OF_A_NAME]`: the tests that need a GPU, in Node with Dawn: on the machine's own, else on Chromium's software GPU.
 * Without either it says so and ends well; `--require` makes that a failure.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { softwareVulkan } from './vulkan.mjs';

const probe = `
  const { create } = await import('webgpu');
  globalThis.gpu = create([]);
  const adapter = await globalThis.gpu.requestAdapter();
  process.exit(adapter === null ? 3 : 0);
`;

/** Whether Dawn finds an adapter in this environment; in a process of its own, as drivers may end theirs. */
const hasAdapter = (env) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', probe], {
    cwd: new URL('..', import.meta.url),
    env: { ...process.env, ...env },
    timeout: 60_000,
    stdio: 'ignore',
  }).status === 0;

const env = [{}, softwareVulkan()].find((given) => given !== null && hasAdapter(given));
const args = process.argv.slice(2);

if (env === undefined) {
  console.log('test:gpu: skipped, Dawn finds no GPU here and there is no Chromium with a software GPU');
  process.exit(args.includes('--require') ? 1 : 0);
}
const flags = args.filter((arg) => arg.startsWith('--') && arg !== '--require');
const names = args.filter((arg) => !arg.startsWith('--'));
const files = readdirSync(new URL('../src/', import.meta.url), { recursive: true })
  .map((file) => `src/${file}`.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.gpu.test.ts'))
  .filter((file) => names.length === 0 || names.some((name) => file.includes(name)));
if (files.length === 0) {
  console.error('test:gpu: no test has such a name');
  process.exit(2);
}
// One after the other: they share one device.
const { status } = spawnSync(
  'npx',
  ['--no-install', 'vitest', 'run', '--no-file-parallelism', ...files, ...flags],
  {
    stdio: 'inherit',
    env: { ...process.env, ...env, RANKSCAPE_GPU: '1' },
  },
);
process.exit(status ?? 1);
