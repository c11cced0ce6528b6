/** Time of a training step, session and first step left out; one thread. */
import type { Bench } from '../../core/base/bench.ts';
import { seeds } from '../../core/tasks/task.ts';
import { tasks } from '../../core/tasks/tasks.ts';
import { loadOrt } from '../ort/ort.ts';
import { networkOf, type NetworkId } from './networks.ts';
import { recipes } from './recipes.ts';
import { createTrainer, type Trainer } from './trainer.ts';

const made = new Map<string, Promise<Trainer>>();

function trainerOf(id: NetworkId, batch: number): Promise<Trainer> {
  const key = `${id} ${batch}`;
  const make = async (): Promise<Trainer> =>
    createTrainer(await loadOrt(), networkOf(id), { ...recipes[id], batch }, 1);
  const known = made.get(key) ?? make();
  made.set(key, known);
  return known;
}

const stepOf = (title: string, id: NetworkId, batch: number, budget: number): Bench => ({
  name: `training step, ${title}, ${batch} examples`,
  unit: 'ms',
  budget,
  run: async (now) => {
    const trainer = await trainerOf(id, batch);
    const examples = tasks[id].examples(seeds.training, trainer.steps() * batch, batch);
    const start = now();
    await trainer.step(examples);
    return now() - start;
  },
});

export const benches: readonly Bench[] = [
  // The prototype of this graph took 89 ms in a Chromium worker.
  stepOf('Glyph-ViT', 'glyph-vit', 32, 89),
  stepOf('Lexical QA', 'lexical-qa', 128, 600),
];
