/** What the panel says of a layer whose steps share loops, and that a drag does not wait for them. */
import { describe, expect, it } from 'vitest';
import type { Factorization } from '../../core/factor/factorization.ts';
import { costLayer } from '../../core/cost/layer.ts';
import { openingConfig } from '../../state/defaults.ts';
import { createDerive } from '../../state/derive.ts';
import { setExecution } from '../../state/edits.ts';
import { fates, sayFate } from './stays.ts';

const pair: Factorization = { format: 'svd', outModes: [96], inModes: [96], ranks: [48] };
const opening = openingConfig('glyph-vit', 'ws8t');
const alike = (out: number, width: number): boolean => out === 96 && width === 96;
const index = createDerive()(opening).linears.findIndex(({ layer }) => alike(layer.out, layer.in));
const config = setExecution(
  { ...opening, design: opening.design.map((f, i) => (i === index ? pair : f)) },
  { fusion: true, sharedLoops: true },
);

describe('shared loops', () => {
  const derive = createDerive();
  const settled = derive(config);
  const view = settled.linears[index];
  if (view === undefined) throw new Error('a square layer');
  const { cost } = view;
  const { mapper, gear } = settled.evaluator;

  it('keep tiles of what does not fit, and the panel says which and what that saves', () => {
    const shared = cost.steps.flatMap(({ tiled }) => tiled?.shared ?? []);
    expect(shared.length).toBeGreaterThan(0);
    const tiled = fates(mapper, cost, gear).filter(({ shared: loops }) => loops.length > 0);
    expect(tiled.length).toBeGreaterThan(0);
    const room = settled.config.accelerator.levels.find(({ name }) => name === 'GLB')?.depthWords ?? 0;
    for (const fate of tiled) {
      expect(fate.level).toBe('GLB');
      expect(fate.tileWords).toBeLessThan(room);
      expect(sayFate(fate, 'DRAM')).toMatch(
        /^From step \d to \d: [\d,]+ words pass through GLB in tiles of [\d,]+, the steps sharing loops over .+ \(energy −\d+%, delay /,
      );
    }
    const step = cost.steps[tiled[0]?.madeBy ?? 0]?.tiled;
    const together = cost.steps.flatMap(({ tiled: tiledStep }, s) =>
      tiledStep?.shared === step?.shared ? [s] : [],
    );
    const change = (pick: 'energyPj' | 'latencyCycles'): number => {
      const alone = together.reduce((sum, s) => {
        const own = cost.steps[s];
        return own === undefined ? sum : sum + mapper.cost(own.gemm, gear)[pick] - own.cost[pick];
      }, cost[pick]);
      return 100 * (cost[pick] / alone - 1);
    };
    expect(tiled[0]?.change?.energy).toBeCloseTo(change('energyPj'), 9);
    expect(tiled[0]?.change?.delay).toBeCloseTo(change('latencyCycles'), 9);
  });

  it('never cost more than whole intermediates, and count only once a drag has ended', () => {
    const whole = derive(setExecution(config, { sharedLoops: false }));
    const moving = derive(config, true);
    expect(moving.evaluation.edpPjCycles).toBe(whole.evaluation.edpPjCycles);
    expect(derive(config).evaluation.edpPjCycles).toBe(settled.evaluation.edpPjCycles);
    const edp = ({ energyPj, latencyCycles }: { energyPj: number; latencyCycles: number }): number =>
      energyPj * latencyCycles;
    const other = costLayer(mapper, pair, moving.evaluator.classes[0]?.rows ?? 1, gear, { fusion: 'auto' });
    expect(edp(cost)).toBeLessThan(edp(other));
    expect(settled.dense).toEqual(whole.dense);
  });
});
