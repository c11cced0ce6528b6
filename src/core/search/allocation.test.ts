/** All strategies side by side on one plot: same model, machine, axis and budget. */
import { env } from 'node:process';
import { beforeAll, describe, expect, it } from 'vitest';
import { createMapper } from '../cost/mapper.ts';
import { presets } from '../hardware/presets.ts';
import { modelById } from '../workload/cards.ts';
import { resolveWorkload } from '../workload/workload.ts';
import { madeUpAxis } from './axis.fixture.ts';
import { createEvaluator, type Evaluator } from './evaluate.ts';
import type { SearchResult } from './setting.ts';
import { strategies } from './strategies.ts';
import { uniformGap } from './uniform-gap.ts';

type Name = keyof typeof strategies;
const names = Object.keys(strategies) as Name[];
const long = env['RANKSCAPE_LONG'] !== undefined;

function resultOf(name: Name, evaluator: Evaluator, budget: number): SearchResult {
  const { linears } = evaluator.model;
  const search = strategies[name]({
    evaluator,
    design: linears.map((_, index) => evaluator.denseFactorization(index)),
    locked: linears.map(() => false),
    budget,
    seed: 1,
  });
  for (;;) {
    const next = search.next();
    if (next.done === true) return next.value;
  }
}

function evaluatorOf(id: string, machine: string, axis: 'weights' | 'made up'): Evaluator {
  const model = modelById(id);
  const accelerator = presets[machine];
  if (accelerator === undefined) throw new Error(`no ${machine}`);
  return createEvaluator({
    model,
    workload: resolveWorkload(model, {}),
    accelerator,
    accounting: 'timeloop',
    gear: 'fast',
    weights: () => ({ kind: 'synthetic' }),
    // One mapper a run: every strategy profits from what the others had mapped, in time alone.
    mapper: createMapper(accelerator, { accounting: 'timeloop' }),
    ...(axis === 'weights' ? {} : { accuracy: madeUpAxis(model) }),
  });
}

describe.each([
  ['glyph-vit', 'ws8t', 'made up', 1200],
  ['lexical-qa', 'ws8t', 'weights', 1200],
  ...(long ? ([['bert-base', 'simba', 'weights', 4000]] as const) : []),
] as const)('%s on %s, %s', (id, machine, axis, budget) => {
  const results = new Map<Name, SearchResult>();
  beforeAll(() => {
    const evaluator = evaluatorOf(id, machine, axis);
    for (const name of names) results.set(name, resultOf(name, evaluator, budget));
  }, 300_000);

  it.each(names)('the sweep encloses as much as %s at the same budget', (name) => {
    const [result, sweep] = [results.get(name), results.get('sweep')];
    expect(result?.frontier.length).toBeGreaterThan(1);
    expect(result?.evaluations).toBeLessThanOrEqual(budget);
    expect(sweep?.hypervolume).toBeGreaterThanOrEqual(result?.hypervolume ?? 0);
  });

  it('tells how far uniform ranks are from it', () => {
    const gap = uniformGap(results.get('uniform-svd')?.frontier ?? [], results.get('sweep')?.frontier ?? []);
    expect(gap.levels.length).toBeGreaterThan(10);
    // The sweep has tried the same, at fewer ranks.
    expect(results.get('sweep')?.uniform?.mean).toBeCloseTo(gap.mean, 0);
    // Layers of unequal sensitivity want unequal ranks; equal weights nearly equal ones.
    if (axis === 'made up') expect(gap.mean).toBeGreaterThan(1.5);
    else expect(gap.mean).toBeLessThan(1.2);
  });
});
