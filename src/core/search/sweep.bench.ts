import type { Bench } from '../base/bench.ts';
import type { AccuracyModel } from '../accuracy/model.ts';
import { presets } from '../hardware/presets.ts';
import { modelById } from '../workload/cards.ts';
import type { TransformerModel } from '../workload/model.ts';
import { resolveWorkload } from '../workload/workload.ts';
import { madeUpAxis } from './axis.fixture.ts';
import { createEvaluator } from './evaluate.ts';
import { defaultBudget } from './setting.ts';
import { sweep } from './sweep.ts';

/** Milliseconds of a whole search with nothing known before but the candidates' list. */
function searched(
  now: () => number,
  id: string,
  machine: string,
  axis: ((model: TransformerModel) => AccuracyModel) | null,
): number {
  const model = modelById(id);
  const accelerator = presets[machine];
  if (accelerator === undefined) return Number.NaN;
  const start = now();
  const evaluator = createEvaluator({
    model,
    workload: resolveWorkload(model, {}),
    accelerator,
    accounting: 'timeloop',
    gear: 'exact',
    weights: () => ({ kind: 'synthetic' }),
    ...(axis !== null && { accuracy: axis(model) }),
  });
  const search = sweep({
    evaluator,
    design: model.linears.map((_, index) => evaluator.denseFactorization(index)),
    locked: model.linears.map(() => false),
    seed: 1,
    budget: defaultBudget,
  });
  while (search.next().done !== true);
  return now() - start;
}

export const benches: readonly Bench[] = [
  {
    name: 'BERT-base frontier over all formats (simba, 128 tokens), nothing mapped before',
    unit: 'ms',
    budget: 5000,
    run: (now) => searched(now, 'bert-base', 'simba', null),
  },
  {
    name: 'Glyph-ViT frontier by accuracy, every layer its own class (ws8t, 144 tokens), nothing mapped before',
    unit: 'ms',
    budget: 5000,
    run: (now) => searched(now, 'glyph-vit', 'ws8t', madeUpAxis),
  },
];
