/**
 * `npm run build:wasm`: compiles src/engines/wasm/assembly into src/engines/wasm/module.ts, base64 in a module of its own:
 * it comes with whatever worker or program imports it, from any folder and offline. `kernels.test.ts` builds it again.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns {Promise<string>} the text of module.ts */
export async function buildWasm() {
  const files = new Map();
  const { error, stderr } = await asc.main(
    [
      'src/engines/wasm/assembly/index.ts',
      '--baseDir',
      root,
      '--outFile',
      'kernels.wasm',
      '--enable',
      'simd',
      '--runtime',
      'stub',
      '-O3',
      '--noAssert',
      '--importMemory',
    ],
    { writeFile: (name, contents) => void files.set(name, contents) },
  );
  if (error !== null) throw new Error(stderr.toString());
  const base64 = Buffer.from(files.get('kernels.wasm')).toString('base64');
  return [
    '/** Made from assembly/ by `npm run build:wasm`; base64. */',
    `export const kernels =`,
    `  '${base64}';`,
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(`${root}src/engines/wasm/module.ts`, await buildWasm());
