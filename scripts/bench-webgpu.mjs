/**
 * `npm run bench:webgpu [-- --json] [-- NAME]`: our einsum engine beside onnxruntime-web, jax-js and tfjs, all on
 * WebGPU, in one page of a headless Chromium, on the adapter at hand. Names choose cases; `--only=LIBRARY,..` chooses
 * libraries; `--write` keeps the table in bench/results under the adapter's name.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { build, preview } from 'vite';
import { ensureBrowser, launchOptions } from './browser.mjs';

const words = process.argv.slice(2);
const json = words.includes('--json');
const verbose = words.includes('--verbose');
const names = words.filter((word) => !word.startsWith('--'));
const contestants =
  words
    .find((word) => word.startsWith('--only='))
    ?.slice('--only='.length)
    .split(',') ?? [];

const root = fileURLToPath(new URL('bench-webgpu/', import.meta.url));
const outDir = fileURLToPath(new URL('../dist/bench-webgpu/', import.meta.url));
const results = fileURLToPath(new URL('../bench/results/', import.meta.url));
const config = {
  configFile: false,
  root,
  base: './',
  logLevel: 'error',
  build: { target: 'es2023', outDir, emptyOutDir: true, chunkSizeWarningLimit: 1e5 },
  // Cross-origin isolation makes the page's clock precise.
  preview: {
    port: 0,
    host: 'localhost',
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  },
};

const version = (name) =>
  JSON.parse(readFileSync(join(root, '../../node_modules', name, 'package.json'), 'utf8')).version;

const plain = [
  '--enable-unsafe-webgpu',
  // Timestamps are otherwise rounded to 0.1 ms.
  '--disable-dawn-features=timestamp_quantization',
];
// A headless Chromium on Linux asks for Vulkan only when told to.
const hardware = ['--enable-features=Vulkan', '--ignore-gpu-blocklist'];

/** Every wait in the page ends by itself; this is for a page that is gone. */
const patienceMs = 1_800_000;

/** A page on a real adapter where there is one, else on the software adapter. */
async function openPage(address) {
  const options = launchOptions();
  for (const own of [[...plain, ...hardware], plain]) {
    const browser = await chromium.launch({ ...options, args: [...options.args, ...own] });
    const page = await browser.newPage();
    await page.goto(address);
    const software = await page.evaluate(async () => {
      const adapter = await navigator.gpu?.requestAdapter();
      return adapter?.info.isFallbackAdapter;
    });
    if (software === false || own === plain) return { browser, page };
    await browser.close();
  }
}

const [load] = loadavg();
ensureBrowser();
await build(config);
const server = await preview({ ...config, logLevel: 'silent' });
const { browser, page } = await openPage(server.resolvedUrls.local[0]);
let done = 0;
page.on('console', (message) => {
  const text = message.text();
  if (text.startsWith('case ')) {
    const { name } = JSON.parse(text.slice('case '.length));
    console.error(`${String(++done).padStart(3)} ${name}`);
  } else if (verbose || message.type() === 'error') console.error(text.slice(0, 500));
});
try {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error('the page has not finished')), patienceMs).unref();
  });
  const work = page.evaluate((wanted) => window.compareAll(wanted), {
    names,
    contestants,
    versions: {
      chromium: browser.version(),
      rankscape: JSON.parse(readFileSync(join(root, '../../package.json'), 'utf8')).version,
      'onnxruntime-web': version('onnxruntime-web'),
      'jax-js': version('@jax-js/jax'),
      tfjs: version('@tensorflow/tfjs-backend-webgpu'),
    },
    load,
  });
  const { summary, table } = await Promise.race([work, late]);
  if (words.includes('--write')) {
    const file = summary.adapter.toLowerCase().replace(/[^a-z0-9]+/g, '-');
    mkdirSync(results, { recursive: true });
    writeFileSync(join(results, `${file}.md`), `# Kernels on ${summary.adapter}\n\n${table}\n`);
    writeFileSync(join(results, `${file}.json`), `${JSON.stringify(summary)}\n`);
  }
  console.log(json ? JSON.stringify(summary) : table);
} catch (error) {
  console.error(`bench:webgpu: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser.close();
  await server.close();
}
