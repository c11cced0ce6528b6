import { describe, expect, it } from 'vitest';
import { referenceExecution } from '../cost/execution.ts';
import { roofline } from '../cost/roofline.ts';
import type { Factorization } from '../factor/factorization.ts';
import { presetByName } from '../hardware/presets.ts';
import { gemmModel } from '../workload/custom.ts';
import { createEvaluator } from './evaluate.ts';
import { phasesOf } from './phases.ts';
import { sampleRanks } from './scent.ts';

const svd = (rank: number): Factorization => ({
  format: 'svd',
  outModes: [96],
  inModes: [96],
  ranks: [rank],
});

describe.each([
  ['ws8t', 144, { fusion: true }],
  ['ws16', 8, { outerWordsPerCycle: 2 }],
  ['ws8t', 144, { fusion: true, outerWordsPerCycle: 1 }],
] as const)('%s, %i tokens, %o', (machine, tokens, execution) => {
  const evaluator = createEvaluator({
    model: gemmModel(96, 96),
    workload: { tokens, batch: 1, sequence: 1 },
    accelerator: presetByName(machine),
    accounting: 'timeloop',
    gear: 'exact',
    execution: { ...referenceExecution, ...execution },
    weights: () => ({ kind: 'synthetic' }),
  });
  const phases = phasesOf(evaluator, 0, sampleRanks(1, 96), svd);

  it('begin at the very rank where the bound or what stays on chip changes', () => {
    expect(phases[0]?.from).toBe(1);
    const at = (rank: number) => {
      const cost = evaluator.layer(0, svd(rank));
      return {
        boundBy: roofline(evaluator.mapper, cost, evaluator.gear).boundBy,
        onChip: cost.onChip?.length ?? 0,
      };
    };
    for (const [i, { from, boundBy, onChip }] of phases.entries()) {
      expect(at(from)).toEqual({ boundBy, onChip });
      const before = phases[i - 1];
      if (before === undefined) continue;
      expect(from).toBeGreaterThan(before.from);
      expect(at(from - 1)).not.toEqual({ boundBy, onChip });
    }
    if ('fusion' in execution) {
      // A small intermediate stays, a large one does not.
      expect(phases[0]?.onChip).toBe(1);
      expect(phases.at(-1)?.onChip).toBe(0);
    }
  });
});
