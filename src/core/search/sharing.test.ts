import { describe, expect, it } from 'vitest';
import { referenceExecution } from '../cost/execution.ts';
import { denseFactorization } from '../factor/ranks.ts';
import { presets } from '../hardware/presets.ts';
import { gemmModel } from '../workload/custom.ts';
import type { EvaluatorSetting } from './evaluate.ts';
import { createEvaluator } from './evaluate.ts';
import type { SearchBatch, SearchResult } from './setting.ts';
import { createSearch, type Strategy } from './sharing.ts';

const execution = { ...referenceExecution, fusion: true, sharedLoops: true };
const setting: EvaluatorSetting = {
  model: gemmModel(96, 96),
  workload: { tokens: 144, batch: 1, sequence: 1 },
  accelerator: presets.ws8t!,
  accounting: 'timeloop',
  gear: 'exact',
  weights: () => ({ kind: 'synthetic' }),
};
const rest = { design: [denseFactorization(96, 96)], locked: [false], budget: 90, seed: 1 };

function run(
  strategy: Strategy,
  of: EvaluatorSetting,
): { readonly batches: readonly SearchBatch[]; readonly result: SearchResult } {
  const { search } = createSearch(strategy, of, rest);
  const batches: SearchBatch[] = [];
  for (;;) {
    const next = search.next();
    if (next.done === true) return { batches, result: next.value };
    batches.push(next.value);
  }
}

const sweep = run('sweep', { ...setting, execution });

describe.each(['sweep', 'uniform-svd'] as const)('%s under shared loops', (strategy) => {
  const shared = strategy === 'sweep' ? sweep : run(strategy, { ...setting, execution });

  it('has a frontier of figures that the design on screen has, dense among them', () => {
    const evaluator = createEvaluator({ ...setting, execution });
    const whole = createEvaluator({ ...setting, execution: { ...execution, sharedLoops: false } });
    expect(evaluator.dense.edpPjCycles).toBe(whole.dense.edpPjCycles);
    let gained = 0;
    for (const { design, edpPjCycles, edpReduction, value } of shared.result.frontier) {
      const own = evaluator.evaluate(design);
      expect(edpPjCycles).toBeCloseTo(own.edpPjCycles, 6);
      expect(edpReduction).toBeCloseTo(own.edpReduction, 9);
      expect(value).toBe(own.accuracy.value);
      if (edpPjCycles < whole.evaluate(design).edpPjCycles * 0.99) gained++;
    }
    expect(gained).toBeGreaterThan(0);
    const { frontier } = shared.result;
    for (const [i, point] of frontier.entries()) {
      const before = frontier[i - 1];
      if (before === undefined) continue;
      expect(point.edpPjCycles).toBeGreaterThan(before.edpPjCycles);
      expect(point.value).toBeGreaterThan(before.value);
    }
  });

  it('says which frontiers keep whole intermediates, and how far the count is', () => {
    const { batches } = shared;
    const first = batches.findIndex(({ recount }) => recount !== undefined);
    expect(first).toBeGreaterThan(0);
    for (const [i, { whole, recount, cloud, evaluations }] of batches.entries()) {
      expect(whole === true).toBe(i < first);
      expect(recount === undefined).toBe(i < first);
      if (recount === undefined) continue;
      expect(cloud).toHaveLength(0);
      expect(recount.done).toBeLessThanOrEqual(recount.of);
      expect(recount.done).toBeGreaterThanOrEqual(batches[i - 1]?.recount?.done ?? 0);
      expect(evaluations).toBe(shared.result.evaluations);
    }
    expect(batches.at(-1)?.recount?.done).toBe(batches.at(-1)?.recount?.of);
    expect(shared.result.evaluations).toBeLessThanOrEqual(rest.budget);
  });
});

describe('a sweep', () => {
  it('is no worse than what was found with whole intermediates, counted anew', () => {
    const whole = run('sweep', { ...setting, execution: { ...execution, sharedLoops: false } });
    const evaluator = createEvaluator({ ...setting, execution });
    // Nothing of the other frontier, counted the same way, is better than this one.
    for (const { design } of whole.result.frontier) {
      const { edpPjCycles, accuracy } = evaluator.evaluate(design);
      const held = sweep.result.frontier.some(
        (point) => point.edpPjCycles <= edpPjCycles * 1.002 && point.value >= accuracy.value - 0.02,
      );
      expect(held).toBe(true);
    }
  });

  it('is the plain one where no loops are shared', () => {
    const { batches, result } = run('sweep', setting);
    expect(batches.every(({ whole, recount }) => whole === undefined && recount === undefined)).toBe(true);
    const evaluator = createEvaluator(setting);
    for (const { design, edpPjCycles } of result.frontier)
      expect(edpPjCycles).toBe(evaluator.evaluate(design).edpPjCycles);
  });
});
