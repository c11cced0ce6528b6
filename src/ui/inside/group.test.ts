/** Steps under shared loops: their nests, tables and editor count as the layer was costed, and illegal edits are named. */
import { describe, expect, it } from 'vitest';
import { referenceExecution } from '../../core/cost/execution.ts';
import { gemmContraction } from '../../core/cost/gemm.ts';
import type { Accounting } from '../../core/cost/mapping.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { operandNames } from '../../core/factor/forward.ts';
import { operands } from '../../core/hardware/accelerator.ts';
import { presetByName } from '../../core/hardware/presets.ts';
import { createEvaluator } from '../../core/search/evaluate.ts';
import { gemmModel } from '../../core/workload/custom.ts';
import { groupOf, sayGroup, sayLoops } from './group.ts';
import { boundWords } from './loads.ts';
import { draftOf, judge, setFactor } from './nest-draft.ts';
import { nestLines } from './nest.ts';
import { heldAt, stageStep } from './stage.ts';

const model = gemmModel(96, 96);
const designs: readonly Factorization[] = [
  { format: 'svd', outModes: [96], inModes: [96], ranks: [48] },
  { format: 'ttm', outModes: [12, 8], inModes: [12, 8], ranks: [24] },
  { format: 'tucker', outModes: [12, 8], inModes: [12, 8], ranks: [12, 8, 12, 8] },
];

describe.each([
  ['ws8t', 'timeloop'],
  ['ws16', 'timeloop'],
  ['ws8t', 'accelforge'],
] as const)('%s, counted as %s does', (machine, accounting: Accounting) => {
  const { mapper, gear, layer } = createEvaluator({
    model,
    workload: { tokens: 144, batch: 1, sequence: 1 },
    accelerator: presetByName(machine),
    accounting,
    gear: 'exact',
    execution: { ...referenceExecution, fusion: true, sharedLoops: true },
    weights: () => ({ kind: 'synthetic' }),
  });
  const all = designs.flatMap((design) => {
    const cost = layer(0, design);
    return cost.steps.flatMap((step, s) =>
      step.tiled === undefined
        ? []
        : [{ design, cost, step, s, stage: stageStep(mapper, step, gear, accounting) }],
    );
  });

  it('adds up to the step as it was costed, level by level and operand by operand', () => {
    for (const { step, stage } of all) {
      const { cost } = stage.mapped;
      expect(cost.energyPj / step.cost.energyPj).toBeCloseTo(1, 12);
      expect(cost.latencyCycles).toBe(step.cost.latencyCycles);
      cost.levels.forEach((level, l) => {
        expect(level.energyPj / (step.cost.energyByLevelPj[l] ?? 0)).toBeCloseTo(1, 9);
        const own = operands.reduce((sum, operand) => sum + (level.operands[operand]?.energyPj ?? 0), 0);
        expect((own + (cost.passing?.[l]?.energyPj ?? 0)) / level.energyPj).toBeCloseTo(1, 9);
      });
      stage.machine.levels.forEach(({ depthWords }, l) => {
        if (depthWords !== null)
          expect(heldAt(stage, cost, l).words).toBeLessThanOrEqual(depthWords * (1 + 1e-9));
      });
      const { latencyCycles, computeCycles } = cost;
      if (latencyCycles > computeCycles)
        expect(boundWords(stage.machine, cost)).toContain(
          `${latencyCycles.toLocaleString('en-US')} cycles; the MACs need`,
        );
    }
  });

  it("opens the editor on the mapper's nest at its cost, and names the level of an edit that cannot be", () => {
    for (const { stage } of all) {
      const contraction = gemmContraction(stage.mapped.padded);
      const draft = draftOf(stage.machine, contraction, stage.mapped.mapping);
      expect(judge(stage, contraction, draft, accounting)).toEqual({ ok: true, cost: stage.mapped.cost });
      const far = setFactor(draft, { level: 0, kind: 'temporal', loop: 0 }, '999983', null);
      expect(judge(stage, contraction, far, accounting)).toMatchObject({ ok: false });
      const loops = nestLines(stage, 1).filter(({ kind }) => kind !== 'none');
      expect(Math.min(...loops.map(({ depth }) => depth))).toBe(1);
    }
  });

  it('finds both groups of a long chain', () => {
    if (machine !== 'ws8t' || accounting !== 'timeloop') return;
    const tucker = layer(0, designs[2]!);
    expect(new Set(tucker.steps.map(({ tiled }) => tiled?.shared)).size).toBe(2);
    expect(tucker.steps.every(({ tiled }) => (tiled?.shared.length ?? 0) > 0)).toBe(true);
  });

  it('says what the loops go over, what stays over them and what runs again', () => {
    const groups = all.flatMap(({ design, cost, step, s }) => {
      const group = groupOf(cost, s, operandNames(design));
      expect(group === null).toBe(step.tiled?.shared.length === 0);
      return group === null ? [] : [{ group, step, cost }];
    });
    if (machine === 'ws8t') expect(groups.length).toBeGreaterThan(0);
    for (const { group, step, cost } of groups) {
      expect(group.steps.length).toBeGreaterThan(1);
      expect(group.tiles.length).toBeGreaterThan(0);
      expect(group.iterations).toBe(step.tiled?.tile.times);
      const { batch, m, n, k } = step.tiled?.gemm ?? { batch: 0, m: 0, n: 0, k: 0 };
      const own = group.steps.find(({ step: at }) => cost.steps[at] === step);
      expect(batch * m * n * k * group.iterations).toBe((own?.runs ?? 0) * step.macs);
      expect(sayLoops(group)).toMatch(
        /^Loops over .+, [\d,]+ iterations, are shared by steps \d(, \d)* and \d$/,
      );
      for (const line of sayGroup(group, 'GLB'))
        expect(line).toMatch(/stays?.* in GLB over the loops|runs [\d,]+ times over/);
    }
  });
});
