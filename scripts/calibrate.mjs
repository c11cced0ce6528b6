/**
 * `node scripts/calibrate.mjs [MODEL ...] [--seed N] [--designs N] [--per-format N] [--examples N] [--keep FOLDER]`: measures the shipped
 * models layer by layer and on random designs, and writes public/models/MODEL.json, the tables and curves of the accuracy
 * tiers. The same seed writes the same file on the same machine; minutes per model. What was measured is kept in FOLDER
 * and taken from there the next time, so that fits can be tried again.
 */
import { writeFileSync } from 'node:fs';
import { root } from './bundled.mjs';
import { kept, main, namedModels, numberOption, onnxBytes, progress, tiers } from './tiers-files.mjs';

const args = process.argv.slice(2);
await main(async () => {
  const { measureCalibration, fitCalibration } = await tiers();
  const sizes = {
    seed: numberOption(args, 'seed', 11),
    designs: numberOption(args, 'designs', 200),
    perFormat: numberOption(args, 'per-format', 4),
    examples: numberOption(args, 'examples', 512),
  };
  for (const id of namedModels(args)) {
    const say = (text) => progress(`${id}: ${text}`);
    const data = await kept(args, id, () => measureCalibration(id, onnxBytes(id), sizes, say));
    const text = `${JSON.stringify(fitCalibration(data))}\n`;
    writeFileSync(`${root}public/models/${id}.json`, text);
    progress(`${id}: ${text.length} bytes`);
  }
});
