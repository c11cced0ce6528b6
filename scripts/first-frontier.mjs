/**
 * `node scripts/first-frontier.mjs`: searches the opening model and machine (by estimated accuracy where the model is
 * calibrated), measures the opening design and promising points of the frontier on held-out examples, and writes
 * public/first-frontier.json, what the page opens with.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { bundled, root } from './bundled.mjs';
import { onnxBytes, progress as say } from './tiers-files.mjs';

/** Enough for a tenth of a point where little is lost. */
const openingExamples = 4096;
const pointExamples = 2048;
const mostMeasured = 20;
/** Points lost that HEAT's headline allows (arXiv 2211.16749): measured first. */
const usualLoss = -1.1;

const core = await bundled('scripts/first-frontier-entry.ts');
const { model: id } = core.firstSearch;
const tables = `${root}public/models/${id}.json`;
const table = existsSync(tables) ? JSON.parse(readFileSync(tables, 'utf8')) : null;
const file = core.computeFirstFrontier(core.firstEvaluator(table));
say(`${file.points.length} points, ${file.evaluations} evaluations`);

const measured = await measure(core.readFirstFrontier(file).frontier);
const text = `${JSON.stringify({ ...file, measured })}\n`;
writeFileSync(`${root}public/first-frontier.json`, text);
say(`${measured.length} designs measured, ${text.length} bytes`);

/** [place on the frontier or -1, measurement]; nothing for a model without weights. */
async function measure(frontier) {
  const task = core.taskOf(id);
  if (task === null) return [];
  const { linears } = core.modelById(id);
  const measurer = await core.openMeasurer(await core.loadOrt(), onnxBytes(id), linears, task);
  const quantization = core.unquantized;
  const last = async (design, examples) => {
    let measurement = null;
    for await (const step of measurer.measure({ design, quantization }, { examples }))
      if (step.kind === 'measured') ({ measurement } = step);
    return measurement;
  };
  const found = [[-1, await last(core.initialConfig().design, openingExamples)]];
  for (const point of core.promotionOrder(frontier, [usualLoss], mostMeasured)) {
    found.push([frontier.indexOf(point), await last(point.design, pointExamples)]);
    say(
      `${point.edpReduction.toFixed(2)}x: estimated ${point.value.toFixed(2)}, measured ${(
        100 * found.at(-1)[1].paired.difference
      ).toFixed(2)} points`,
    );
  }
  await measurer.release();
  return found;
}
