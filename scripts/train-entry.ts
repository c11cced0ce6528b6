/** What scripts/train.mjs runs: attempts until a model is good, then the file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { check } from '../src/core/base/checks.ts';
import { seeds, type Task } from '../src/core/tasks/task.ts';
import { taskOf } from '../src/core/tasks/tasks.ts';
import { loadOrt } from '../src/engines/ort/ort.ts';
import { measureAccuracy } from '../src/engines/training/measure.ts';
import { networkOf } from '../src/engines/training/networks.ts';
import { recipes } from '../src/engines/training/recipes.ts';
import { shippedModel, splitParameters } from '../src/engines/training/shipped.ts';
import { createTrainer, type Recipe } from '../src/engines/training/trainer.ts';

/** Fresh examples that the accuracy in the file is measured on. */
const heldOut = 8192;
const attempts = 4;

const say = (text: string): void => console.error(text);

/** @returns all parameters, or null when the loss stayed on a plateau. */
async function attempt(task: Task, recipe: Recipe, seed: number): Promise<Float32Array | null> {
  const network = networkOf(task.id);
  const trainer = await createTrainer(await loadOrt(), network, recipe, seed);
  let sum = 0;
  let start = performance.now();
  try {
    for (let step = 1; step <= recipe.steps; step++) {
      sum += await trainer.step(task.examples(seeds.training, (step - 1) * recipe.batch, recipe.batch));
      if (step % 25 !== 0) continue;
      const loss = sum / 25;
      say(
        `step ${step}  loss ${loss.toFixed(4)}  ${((performance.now() - start) / 25).toFixed(0)} ms a step`,
      );
      if (step === recipe.plateau.step && loss > recipe.plateau.loss) return null;
      sum = 0;
      start = performance.now();
    }
    return trainer.parameters();
  } finally {
    await trainer.release();
  }
}

export async function train(words: string[], folder: string): Promise<void> {
  const { values: options, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: { seed: { type: 'string' }, steps: { type: 'string' }, out: { type: 'string' } },
  });
  const id = positionals[0] ?? '';
  const task = taskOf(id);
  check(task !== null, 'model', 'must be glyph-vit or lexical-qa', id);
  const standard = recipes[task.id];
  const recipe = { ...standard, steps: Number(options.steps ?? standard.steps) };
  check(
    Number.isInteger(recipe.steps) && recipe.steps > 0,
    'steps',
    'must be a whole number > 0',
    options.steps,
  );
  const first = Number(options.seed ?? standard.seed);
  check(Number.isInteger(first) && first >= 0, 'seed', 'must be a whole number >= 0', options.seed);

  const network = networkOf(task.id);
  for (let seed = first; seed < first + attempts; seed++) {
    say(`${id}: seed ${seed}, ${recipe.steps} steps of ${recipe.batch} examples`);
    const flat = await attempt(task, recipe, seed);
    if (flat === null) {
      say(`seed ${seed} stays on a plateau: the next one`);
      continue;
    }
    const parameters = splitParameters(network, flat);
    const { share, right } = await measureAccuracy(
      await loadOrt(),
      task,
      shippedModel(network, parameters),
      heldOut,
    );
    console.log(
      `${id}: ${task.score} ${(100 * share).toFixed(2)} % of ${heldOut} held-out examples (${right} right)`,
    );
    if (options.steps === undefined && share < standard.least) {
      say(`seed ${seed} is below ${100 * standard.least} %: the next one`);
      continue;
    }
    const metadata = {
      task: task.id,
      seed: String(seed),
      steps: String(recipe.steps),
      batch: String(recipe.batch),
      score: task.score,
      'held-out accuracy': share.toFixed(5),
      'held-out examples': String(heldOut),
    };
    const file = options.out ?? join(folder, `${id}.onnx`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, toBinary(ModelProtoSchema, shippedModel(network, parameters, metadata)));
    say(`wrote ${file}`);
    return;
  }
  throw new Error(`no seed from ${first} to ${first + attempts - 1} gave a good model`);
}
