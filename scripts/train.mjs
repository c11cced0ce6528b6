/**
 * `node scripts/train.mjs glyph-vit|lexical-qa [--seed N] [--steps N] [--out FILE]`: trains a shipped model from its
 * seed, measures it on fresh examples and writes public/models/ID.onnx. Progress goes to stderr, the accuracy to
 * stdout. Code that V8 has not optimized yet makes early steps slow, hence its option.
 */
import v8 from 'node:v8';
import { bundled, root } from './bundled.mjs';

v8.setFlagsFromString('--no-liftoff');
const { train } = await bundled('scripts/train-entry.ts');
try {
  await train(process.argv.slice(2), `${root}public/models`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
