/**
 * The table of einsums on every engine, in a worker of a real browser: a small page of its own, built as the product is
 * and served from a folder. Where the browser has no adapter, WebGPU is passed over with a message.
 */
import { fileURLToPath } from 'node:url';
import { build, preview, type InlineConfig, type PreviewServer } from 'vite';
import config from '../playwright.config.ts';
import { einsumTable } from '../src/engines/einsum-table.fixture.ts';
import { expect, test } from './page.ts';

const launch = config.use?.launchOptions ?? {};
test.use({ launchOptions: { ...launch, args: [...(launch.args ?? []), '--enable-unsafe-webgpu'] } });
test.setTimeout(900_000);

const served: InlineConfig = {
  configFile: false,
  root: fileURLToPath(new URL('gpu/', import.meta.url)),
  base: '/in/a/folder/',
  logLevel: 'error',
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    outDir: fileURLToPath(new URL('../dist/e2e-gpu/', import.meta.url)),
    emptyOutDir: true,
  },
  preview: {
    host: 'localhost',
    port: 0,
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  },
};

let server: PreviewServer;

test.beforeAll(async () => {
  await build(served);
  server = await preview(served);
});

test.afterAll(() => server?.close());

const engines = [
  { backend: 'js', threads: 1, name: /^JavaScript/ },
  { backend: 'wasm', threads: 1, name: /one thread$/ },
  { backend: 'wasm', threads: 3, name: /3 threads$/ },
  { backend: 'webgpu', threads: 1, name: /./ },
] as const;

for (const { backend, threads, name } of engines) {
  const on = threads === 1 ? backend : `${backend} on ${threads} threads`;
  test(`${on} computes every einsum of the table`, async ({ page, watch }) => {
    const cases = einsumTable();
    const address = server.resolvedUrls?.local[0] ?? '';
    watch.home(new URL(address).origin);
    await page.goto(address);
    const question = { backend, threads, cases };
    const { engine, right, wrong } = await page.evaluate(async ([asked]) => window.askEngine(asked), [
      question,
    ] as const);
    test.skip(engine === null, 'this browser has no WebGPU adapter, not even a software one');
    expect(engine).toMatch(name);
    expect(wrong).toEqual([]);
    expect(right).toBe(cases.length);
    expect(cases.length).toBeGreaterThan(200);
  });
}
