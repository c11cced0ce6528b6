/** What `calibrate.mjs` and `validate.mjs` share: options, the files of the shipped models, the code behind both. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { bundled, root } from './bundled.mjs';

const modelIds = ['glyph-vit', 'lexical-qa'];

export const onnxBytes = (id) => new Uint8Array(readFileSync(`${root}public/models/${id}.onnx`));

/** The code behind both, as one module. */
export const tiers = () => bundled('scripts/tiers/entry.ts');

const started = performance.now();

/** A line on stderr with the seconds since the start. */
export const progress = (text) =>
  console.error(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}`);

/** The number after `--name`, or what is given here. */
export function numberOption(args, name, otherwise) {
  const at = args.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const value = Number(args[at + 1]);
  if (!Number.isSafeInteger(value) || value < 1)
    refuse(`--${name}: must be a positive whole number, got ${args[at + 1] ?? 'nothing'}`);
  return value;
}

/** The models named among the arguments, all of them when none is. */
export function namedModels(args) {
  const named = args.filter((arg, i) => !arg.startsWith('--') && !valued.includes(args[i - 1]));
  const unknown = named.find((id) => !modelIds.includes(id));
  if (unknown !== undefined) refuse(`model: must be one of ${modelIds.join(', ')}, got ${unknown}`);
  return named.length > 0 ? named : modelIds;
}

const valued = ['--seed', '--designs', '--per-format', '--examples', '--keep'];

/** What `make` gives, stored in the folder after `--keep`; read from there when it lies there already. */
export async function kept(args, name, make) {
  const at = args.indexOf('--keep');
  if (at < 0) return make();
  const file = `${args[at + 1]}/${name}.json`;
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const made = await make();
  mkdirSync(args[at + 1], { recursive: true });
  writeFileSync(file, JSON.stringify(made));
  return made;
}

export function refuse(line) {
  console.error(line);
  process.exit(2);
}

/** Runs it; what a person did wrong is one line. */
export async function main(run) {
  try {
    await run();
  } catch (error) {
    if (error?.name === 'InputError' || error?.code === 'ENOENT') refuse(error.message);
    throw error;
  }
}
