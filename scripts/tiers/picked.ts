/**
 * Designs that a search picks out against tables fitted to random ones. A search favours the errors of its estimate, so
 * these lose more than such tables say, and they are what people look at: curves and bands are fitted to both.
 */
import { createSensitivityModel, type CalibrationTable } from '../../src/core/accuracy/sensitivity.ts';
import { presets } from '../../src/core/hardware/presets.ts';
import { createEvaluator } from '../../src/core/search/evaluate.ts';
import type { Candidate } from '../../src/core/search/evaluation.ts';
import { evenly } from '../../src/core/search/space.ts';
import { sweep } from '../../src/core/search/sweep.ts';
import { modelById } from '../../src/core/workload/cards.ts';

/** Two machines that want different designs: few and many tokens, much and little memory. */
const settings = [
  { accelerator: 'ws8t', sequences: 9 },
  { accelerator: 'simba', sequences: 1 },
] as const;
const budget = 8000;
/** Points: what lies below has lost nearly everything. */
const worthwhile = -80;

/** About `count` of them, from both ends of the frontiers. */
export function pickedDesigns(table: CalibrationTable, seed: number, count: number): readonly Candidate[] {
  const model = modelById(table.model);
  return settings.flatMap(({ accelerator, sequences }) => {
    const evaluator = createEvaluator({
      model,
      workload: {
        tokens: sequences * model.defaultSequence,
        batch: sequences,
        sequence: model.defaultSequence,
      },
      accelerator: presets[accelerator]!,
      accounting: 'timeloop',
      gear: 'fast',
      weights: () => ({ kind: 'synthetic' }),
      accuracy: createSensitivityModel(table, model),
    });
    const run = sweep({
      evaluator,
      design: model.linears.map((_, index) => evaluator.denseFactorization(index)),
      locked: model.linears.map(() => false),
      seed,
      budget,
    });
    let next = run.next();
    while (next.done !== true) next = run.next();
    const changed = next.value.frontier.filter(
      ({ value, design }) => value > worthwhile && design.some(({ format }) => format !== 'dense'),
    );
    return evenly(changed, Math.round(count / settings.length)).map(({ design }) => design);
  });
}
