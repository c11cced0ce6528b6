/**
 * `npm run build:wasm`: compiles src/engines/wasm/assembly into src/engines/wasm/module.ts, base64 in a module of its own:
 * it comes with whatever worker or program imports it, from any folder and offline. `build-wasm.test.ts` builds it again.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns {Promise<string>} base64 */
async function compile(entry, options) {
  const files = new Map();
  const { error, stderr } = await asc.main(
    [
      `src/engines/wasm/assembly/${entry}.ts`,
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
      ...options,
    ],
    { writeFile: (name, contents) => void files.set(name, contents) },
  );
  if (error !== null) throw new Error(stderr.toString());
  return Buffer.from(files.get('kernels.wasm')).toString('base64');
}

const shared = ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536'];

/** @returns {Promise<string>} the text of module.ts */
export const buildWasm = async () =>
  [
    '// Made from assembly/ by `npm run build:wasm`; base64.',
    '',
    '/** For one thread. */',
    'export const kernels =',
    `  '${await compile('index', [])}';`,
    '',
    '/** For memory that threads share. */',
    'export const sharedKernels =',
    `  '${await compile('threads', shared)}';`,
    '',
    '/** Inner loops of `core/tensor`. */',
    'export const tensorLoops =',
    `  '${await compile('tensor', [])}';`,
    '',
  ].join('\n');

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(`${root}src/engines/wasm/module.ts`, await buildWasm());
