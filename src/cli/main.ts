/** Entry of the headless program: connects the door to the process. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import { hastenTensors } from '../engines/wasm/tensor.ts';
import { openDoor } from './door.ts';

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', () => process.exit(0));

await hastenTensors();

process.exitCode = await openDoor(process.argv.slice(2), {
  version: packageJson.version,
  folder: process.cwd(),
  program: fileURLToPath(import.meta.url),
  now: () => performance.now(),
  input: process.stdin,
  note: (line) => process.stderr.write(`${line}\n`),
  print: async (text) => {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  },
});
