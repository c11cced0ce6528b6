import { defineConfig } from 'vite';

// The command line: one bundled file for Node, so that it starts in a fraction of a second.
export default defineConfig({
  publicDir: false,
  build: {
    ssr: 'src/cli/main.ts',
    target: 'node20',
    outDir: 'dist/cli',
    emptyOutDir: true,
    rollupOptions: {
      output: { entryFileNames: 'rankscape.js', banner: '#!/usr/bin/env node', codeSplitting: false },
    },
  },
  // onnxruntime finds its WebAssembly beside its own file, Dawn its library.
  ssr: { noExternal: true, external: ['onnxruntime-web', 'webgpu'] },
});
