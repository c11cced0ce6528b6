import react from '@vitejs/plugin-react';
import { configDefaults, defineConfig } from 'vitest/config';

// Cross-origin isolation: precise timers and threads in WebAssembly need it.
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The development server writes scripts into the page, which the page's own policy rightly refuses. */
const openInDevelopment = {
  name: 'open-in-dev',
  apply: 'serve' as const,
  transformIndexHtml: (html: string) =>
    html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, ''),
};

export default defineConfig({
  base: './',
  plugins: [react(), openInDevelopment],
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    outDir: 'dist/web',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    // What the page cannot start without is one file: dozens of small ones compress worse.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'page', tags: ['$initial'] }] } } },
  },
  // It finds its WebAssembly beside its own file.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  server: { headers },
  preview: { headers },
  test: {
    environment: 'node',
    testTimeout: 20_000,
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: {
          // Pure functions on readonly data: nothing to keep apart, so files share a thread's modules.
          name: 'unit',
          include: ['src/*.test.ts', 'src/{core,state,ui}/**/*.test.{ts,tsx}'],
          pool: 'threads',
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          // A process each: WebAssembly, threads, onnxruntime, devices, the command line.
          name: 'integration',
          include: ['{src/{engines,cli},workers,scripts}/**/*.test.ts'],
          // `npm run test:gpu` finds a GPU for those.
          exclude: [...configDefaults.exclude, ...(process.env.RANKSCAPE_GPU ? [] : ['**/*.gpu.test.ts'])],
          pool: 'forks',
        },
      },
    ],
  },
});
