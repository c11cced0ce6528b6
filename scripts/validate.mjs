/**
 * `node scripts/validate.mjs [MODEL ...] --seed N [--quick] [--json] [--write] [--keep FOLDER]`: draws fresh random designs of mixed formats at equal
 * parameters, measures them (T2) and says how well the estimated (T0) and calibrated (T1) tiers order them and how often
 * their bands hold. The seed must not be the one that the tiers were calibrated with. `--write` keeps the result for the
 * page in public/accuracy-validation.json.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { root } from './bundled.mjs';
import { kept, main, namedModels, numberOption, onnxBytes, progress, refuse, tiers } from './tiers-files.mjs';

const args = process.argv.slice(2);
const written = `${root}public/accuracy-validation.json`;
const has = (name) => args.includes(`--${name}`);
if (!has('seed')) refuse('seed: --seed N is needed');
await main(async () => {
  const { measureFresh, judge } = await tiers();
  const quick = has('quick');
  const seed = numberOption(args, 'seed', 0);
  const sizes = {
    seed,
    designs: numberOption(args, 'designs', quick ? 40 : 200),
    perFormat: numberOption(args, 'per-format', quick ? 3 : 4),
    examples: numberOption(args, 'examples', 512),
  };
  const models = [];
  for (const id of namedModels(args)) {
    const table = JSON.parse(readFileSync(`${root}public/models/${id}.json`, 'utf8'));
    if (table.seed === seed) refuse(`seed: must differ from ${table.seed}, with which ${id} was calibrated`);
    const say = (text) => progress(`${id}: ${text}`);
    const fresh = await kept(args, `${id}-${seed}`, () => measureFresh(id, onnxBytes(id), sizes, say));
    models.push(judge(table, fresh));
  }
  const file = { seed, quick, models };
  if (has('write')) writeFileSync(written, `${JSON.stringify(withOthers(file))}\n`);
  if (has('json')) console.log(JSON.stringify(file));
  else print(models);
});

/** Models that were not validated now stay in the file as they are. */
function withOthers(file) {
  if (!existsSync(written)) return file;
  const before = JSON.parse(readFileSync(written, 'utf8'));
  const others = before.models.filter(({ model }) => file.models.every((each) => each.model !== model));
  return {
    ...file,
    quick: file.quick || before.quick,
    models: [...others, ...file.models].sort((a, b) => a.model.localeCompare(b.model)),
  };
}

function print(models) {
  for (const { model, n, examples, pairs } of models) {
    console.log(`${model}: ${n} fresh designs, ${examples} examples each`);
    for (const pair of pairs) {
      const bins = pair.bins.map(
        ({ bin, n: count, spearman }) => `${bin}: ${spearman.toFixed(3)} (${count})`,
      );
      console.log(
        `  ${pair.low} with ${pair.high}: Spearman ${pair.spearman.toFixed(3)}, Kendall ${pair.kendall.toFixed(3)}, ` +
          `at equal parameters ${pair.spearmanEqualParameters.toFixed(3)} [${bins.join(', ')}], ` +
          `90 % band holds ${(100 * pair.coverage90).toFixed(1)} %, mean error ${pair.meanError.toFixed(2)} points`,
      );
    }
  }
}
