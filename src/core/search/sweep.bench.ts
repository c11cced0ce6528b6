import type { Bench } from '../base/bench.ts';
import { presets } from '../hardware/presets.ts';
import { modelById } from '../workload/cards.ts';
import { resolveWorkload } from '../workload/workload.ts';
import { madeUpAxis } from './axis.fixture.ts';
import { createEvaluator } from './evaluate.ts';
import { computeFirstFrontier, firstEvaluator } from './first-frontier.ts';
import { defaultBudget } from './setting.ts';
import { sweep } from './sweep.ts';

export const benches: readonly Bench[] = [
  {
    name: 'BERT-base frontier over all formats (simba, 128 tokens), nothing known before',
    unit: 'ms',
    budget: 5000,
    run: (now) => {
      const start = now();
      computeFirstFrontier(firstEvaluator(null));
      return now() - start;
    },
  },
  {
    name: 'Glyph-ViT frontier by accuracy, every layer its own class (ws8t, 144 tokens), nothing known before',
    unit: 'ms',
    budget: 5000,
    run: (now) => {
      const model = modelById('glyph-vit');
      const accelerator = presets['ws8t'];
      if (accelerator === undefined) return Number.NaN;
      const start = now();
      const evaluator = createEvaluator({
        model,
        workload: resolveWorkload(model, {}),
        accelerator,
        accounting: 'timeloop',
        gear: 'exact',
        weights: () => ({ kind: 'synthetic' }),
        accuracy: madeUpAxis(model),
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
    },
  },
];
