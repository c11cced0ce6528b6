/** What a hand at rest waits for: a design that was never seen before, on 512 examples, its weights rebuilt. */
import { invariant } from '../../core/base/checks.ts';
import type { Bench } from '../../core/base/bench.ts';
import { unquantized } from '../../core/factor/quantization.ts';
import type { Task } from '../../core/tasks/task.ts';
import { tasks } from '../../core/tasks/tasks.ts';
import { modelById } from '../../core/workload/cards.ts';
import { openMeasurer, type Measurer } from './measurer.ts';
import { loadOrt } from './ort.ts';
import { randomModel } from './random-model.fixture.ts';

const measurers = new Map<Task['id'], Promise<Measurer>>();
let rank = 10;

/** Loaded, calibrated, and the dense model's answers known. */
async function ready(id: Task['id']): Promise<Measurer> {
  const measurer = await openMeasurer(await loadOrt(), randomModel(id), modelById(id).linears, tasks[id]);
  await measure(measurer, id, 8);
  return measurer;
}

async function measure(measurer: Measurer, id: Task['id'], at: number): Promise<number> {
  const design = modelById(id).linears.map(({ in: width, out, factorize }) => ({
    format: factorize ? ('svd' as const) : ('dense' as const),
    outModes: [out],
    inModes: [width],
    ranks: factorize ? [at] : [],
  }));
  let examples = 0;
  for await (const step of measurer.measure({ design, quantization: unquantized }, { examples: 512 }))
    if (step.kind === 'measured') examples = step.measurement.n;
  invariant(examples === 512, `${examples} examples measured`);
  return examples;
}

const bench = (id: Task['id'], what: string): Bench => ({
  name: `measured accuracy on 512 ${what}, new ranks in every layer (budget 2,000 ms)`,
  unit: 'ms',
  budget: 2_000,
  run: async (now) => {
    const opened = measurers.get(id) ?? ready(id);
    measurers.set(id, opened);
    const measurer = await opened;
    const start = now();
    await measure(measurer, id, (rank += 1));
    return now() - start;
  },
});

export const benches: readonly Bench[] = [bench('glyph-vit', 'images'), bench('lexical-qa', 'questions')];
