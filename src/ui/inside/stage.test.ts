import { describe, expect, it } from 'vitest';
import { referenceExecution, type Execution } from '../../core/cost/execution.ts';
import { gemmContraction } from '../../core/cost/gemm.ts';
import type { LayerStep } from '../../core/cost/layer.ts';
import { quantizationByName } from '../../core/factor/check-quantization.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { operands } from '../../core/hardware/accelerator.ts';
import { wordsTaken } from '../../core/hardware/bit-widths.ts';
import { presetByName } from '../../core/hardware/presets.ts';
import { createEvaluator, type Evaluator } from '../../core/search/evaluate.ts';
import { modelById } from '../../core/workload/cards.ts';
import { resolveWorkload } from '../../core/workload/workload.ts';
import { boundWords, reuseOf } from './loads.ts';
import { draftOf, judge } from './nest-draft.ts';
import { nestLines } from './nest.ts';
import { heldAt, holdings, leakageOf, operandNames, stageStep, type StagedStep } from './stage.ts';
import { endsOf, fates, sayEnds, sayFate } from './stays.ts';
import { standing } from './why.ts';

const model = modelById('glyph-vit');
const workload = resolveWorkload(model, { tokens: 144 });
const executions: Readonly<Record<string, Partial<Execution>>> = {
  reference: {},
  fixed: { dataflow: 'fixed' },
  swap: { swap: true },
  fusion: { fusion: true },
  residency: { residency: true },
  'slow DRAM': { outerWordsPerCycle: 2 },
  'beyond the references': { hopPj: 0.5, leakagePjPerCycle: 20, doubleBuffered: true },
  all: { swap: true, fusion: true, residency: true, wholeModel: true, outerWordsPerCycle: 4 },
};
const quantizations = ['none', 'int4-g128', 'w8a8', 'palette2'] as const;
const evaluatorOf = (machine: string, execution: string, quantization: string): Evaluator =>
  createEvaluator({
    model,
    workload,
    accelerator: presetByName(machine),
    accounting: 'timeloop',
    gear: 'fast',
    execution: { ...referenceExecution, ...executions[execution] },
    quantization: quantizationByName(quantization),
    weights: () => ({ kind: 'synthetic' }),
  });
const index = model.linears.findIndex(({ group, factorize }) => group === 'FFN1' && factorize);
const { out, in: columns } = model.linears[index]!;
const designs: readonly Factorization[] = [
  { format: 'dense', outModes: [out], inModes: [columns], ranks: [] },
  { format: 'svd', outModes: [out], inModes: [columns], ranks: [24] },
  { format: 'ttm', outModes: [16, out / 16], inModes: [8, columns / 8], ranks: [12] },
];
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/** Every step of every design under one setting. */
function* staged(evaluator: Evaluator): Generator<{ readonly step: LayerStep; readonly stage: StagedStep }> {
  for (const design of designs)
    for (const step of evaluator.layer(index, design).steps)
      yield { step, stage: stageStep(evaluator.mapper, step, evaluator.gear, 'timeloop') };
}

const settings = ['ws16', 'simba', 'ws8t'].flatMap((machine) =>
  Object.keys(executions).flatMap((execution) =>
    quantizations.map((quantization) => [machine, execution, quantization] as const),
  ),
);

describe.each(settings)('%s, %s, %s', (machine, execution, quantization) => {
  const evaluator = evaluatorOf(machine, execution, quantization);
  const all = [...staged(evaluator)];

  it('the steps and their levels add up to the layer', () => {
    for (const design of designs) {
      const cost = evaluator.layer(index, design);
      const stages = cost.steps.map((step) => stageStep(evaluator.mapper, step, evaluator.gear, 'timeloop'));
      expect(sum(stages.map(({ mapped }) => mapped.energyPj)) / cost.energyPj).toBeCloseTo(1, 9);
      expect(sum(stages.map(({ mapped }) => mapped.latencyCycles))).toBeCloseTo(cost.latencyCycles, 6);
      cost.energyByLevelPj.forEach((energy, l) => {
        const shown = stages.map(({ mapped: { cost: own } }) => own.levels[l]?.energyPj ?? own.macEnergyPj);
        expect(Math.abs(sum(shown) - energy)).toBeLessThan(1e-9 * cost.energyPj);
      });
    }
  });

  it('the table of accesses adds up to the step, its words to its energy', () => {
    for (const { step, stage } of all) {
      const { cost } = stage.mapped;
      const rows = cost.levels.flatMap((level, l) =>
        operands.flatMap((operand) => {
          const counts = level.operands[operand];
          if (counts === undefined) return [];
          const at = stage.machine.levels[l]!;
          const { reads, fills, updates, instances } = counts;
          const perWord = reads * at.readEnergyPj + (fills + updates) * at.writeEnergyPj;
          const moved = instances * wordsTaken(at, operand) * perWord;
          if (stage.machine.hopPj === undefined) expect(counts.energyPj).toBeCloseTo(moved, 3);
          else expect(counts.energyPj).toBeGreaterThan(moved * (1 - 1e-9));
          return [counts.energyPj];
        }),
      );
      expect((sum(rows) + leakageOf(cost) + cost.macEnergyPj) / step.cost.energyPj).toBeCloseTo(1, 9);
      expect(leakageOf(cost)).toBeCloseTo((stage.machine.leakagePjPerCycle ?? 0) * cost.latencyCycles, 3);
    }
  });

  it('tells reuse that fits the words: what leaves the outermost level once is read once there', () => {
    for (const { stage } of all) {
      const { levels } = stage.mapped.cost;
      for (const [l, level] of levels.entries())
        for (const operand of operands) {
          const counts = level.operands[operand];
          if (counts === undefined) continue;
          const often = reuseOf(operand, counts, 'timeloop');
          expect(often).toBeGreaterThan(0);
          if (operand !== 'O' && counts.fills > 0) expect(often! * counts.fills).toBeCloseTo(counts.reads, 6);
          // A result enters the outermost level at least once, and each time after the first it was read back before.
          if (operand === 'O' && l === 0)
            expect(counts.updates / often!).toBeCloseTo(counts.updates - counts.reads, 6);
        }
    }
  });

  it('every level holds what fits, and the nest says so', () => {
    for (const { stage } of all) {
      stage.machine.levels.forEach(({ depthWords }, l) => {
        const { words } = heldAt(stage, stage.mapped.cost, l);
        if (depthWords !== null) expect(words).toBeLessThanOrEqual(depthWords * (1 + 1e-9));
      });
      for (const { full } of nestLines(stage)) expect(full ?? 0).toBeLessThanOrEqual(1 + 1e-9);
    }
  });

  it("the editor opens on the mapper's nest at the mapper's cost", () => {
    for (const { stage } of all) {
      const contraction = gemmContraction(stage.mapped.padded);
      const draft = draftOf(stage.machine, contraction, stage.mapped.mapping);
      expect(judge(stage, contraction, draft, 'timeloop')).toEqual({ ok: true, cost: stage.mapped.cost });
    }
  });

  it('names the port that sets the latency', () => {
    for (const { stage } of all) {
      const { latencyCycles, computeCycles } = stage.mapped.cost;
      const said = boundWords(stage.machine, stage.mapped.cost);
      if (latencyCycles > computeCycles)
        expect(said).toContain(`${latencyCycles.toLocaleString('en-US')} cycles; the MACs need`);
      else expect(said).toMatch(/^The MACs bound/);
    }
  });
});

describe('ragged tiles', () => {
  it.each([
    ['simba', {}],
    ['simba', { residency: true, fusion: true }],
  ] as const)("%s, %o: the editor opens on the mapper's nest at the cost of real words", (machine, more) => {
    const evaluator = createEvaluator({
      model,
      workload,
      accelerator: presetByName(machine),
      accounting: 'timeloop',
      gear: 'fast',
      execution: { ...referenceExecution, ...more, ragged: true },
      weights: () => ({ kind: 'synthetic' }),
    });
    const awkward: Factorization = { format: 'svd', outModes: [out], inModes: [columns], ranks: [23] };
    const cost = evaluator.layer(index, awkward);
    const stages = cost.steps.map((step) => stageStep(evaluator.mapper, step, evaluator.gear, 'timeloop'));
    expect(stages.some(({ ragged }) => ragged === true)).toBe(true);
    for (const stage of stages) {
      const contraction = gemmContraction(stage.mapped.padded);
      const draft = draftOf(stage.machine, contraction, stage.mapped.mapping);
      expect(judge(stage, contraction, draft, 'timeloop')).toEqual({ ok: true, cost: stage.mapped.cost });
      expect(stage.mapped.cost.macs).toBe(stage.gemm.batch * stage.gemm.m * stage.gemm.n * stage.gemm.k);
      expect(nestLines(stage).length).toBeGreaterThan(0);
      if (stage.ragged) expect(standing(stage.mapped, 'fast')).toMatch(/best found.* ragged within \d+/);
    }
  });
});

describe('what is narrow, exchanged or whole', () => {
  it('weights of 4.125 bits take 4.125 bits of each word', () => {
    const words = [...staged(evaluatorOf('ws8t', 'reference', 'none'))][0]!.stage;
    const narrow = [...staged(evaluatorOf('ws8t', 'reference', 'int4-g128'))][0]!.stage;
    const at = (stage: StagedStep): number =>
      holdings(stage, stage.mapped.cost, 0).find(({ operand }) => operand === 'W')!.words;
    expect(at(words)).toBe(out * columns);
    expect(at(narrow) / at(words)).toBeCloseTo(4.125 / words.machine.wordBits, 9);
  });

  it('says when operands changed places, and names them by what they hold', () => {
    const swapped = [...staged(evaluatorOf('simba', 'swap', 'none'))].filter(({ stage }) => stage.swapped);
    expect(swapped.length).toBeGreaterThan(0);
    for (const { step, stage } of swapped) {
      expect([stage.gemm.m, stage.gemm.n]).toEqual([step.gemm.n, step.gemm.m]);
      expect(standing(stage.mapped, 'fast')).toContain('operands changed places');
      expect(standing(stage.mapped, 'fast')).not.toMatch(/[mnk] (\d+) padded to \1/);
      if ((step.gemm.slots ?? 'aw') === 'aw')
        expect(operandNames(stage)).toEqual({ I: 'weights', W: 'inputs', O: 'outputs' });
    }
  });

  it('tells where an intermediate stays and what that saves: for a pair exactly the unfused layer', () => {
    const fused = evaluatorOf('ws16', 'fusion', 'none');
    const plain = evaluatorOf('ws16', 'reference', 'none');
    const cost = fused.layer(index, designs[1]!);
    const other = plain.layer(index, designs[1]!);
    const [fate] = fates(fused.mapper, cost, fused.gear);
    expect(fate).toMatchObject({ madeBy: 0, usedBy: 1, words: 144 * 24, level: 'GLB' });
    expect(fate!.change!.energy).toBeCloseTo(100 * (cost.energyPj / other.energyPj - 1), 6);
    expect(fate!.change!.delay).toBeCloseTo(100 * (cost.latencyCycles / other.latencyCycles - 1), 6);
    expect(fate!.change!.energy).toBeLessThan(0);
    expect(sayFate(fate!, 'DRAM')).toMatch(
      /^From step 1 to 2: 3,456 words stay in GLB \(energy −\d+%, delay/,
    );
    const [outside] = fates(plain.mapper, other, plain.gear);
    expect(outside).toMatchObject({ level: null, change: null });
    expect(sayFate(outside!, 'DRAM')).toBe(
      'From step 1 to 2: 3,456 words go through DRAM: to keep them costs no less',
    );
  });

  it.each([
    ['ws16', 'reference', 'dearer', true],
    ['ws8t', 'fusion', 'no room', true],
    ['gemmini', 'fusion', 'no memory', false],
  ])('%s, %s: says why an intermediate does not stay: %s', (machine, execution, reason, possible) => {
    const { mapper, gear, layer } = evaluatorOf(machine, execution, 'none');
    const cost = layer(index, { ...designs[1]!, ranks: [48] });
    expect(fates(mapper, cost, gear)[0]).toMatchObject({ level: null, reason });
    expect(endsOf(mapper, cost)).toEqual({ input: null, output: null, possible });
  });

  it('tells which ends stay', () => {
    const resident = evaluatorOf('ws16', 'residency', 'none');
    const cost = resident.layer(index, designs[0]!);
    const { setting } = resident.classes.find(({ layers }) => layers.includes(index))!;
    const ends = endsOf(resident.mapper, cost);
    expect(ends.input === null).toBe(setting.ends?.input === 0);
    expect(ends.output === null).toBe(setting.ends?.output === 0);
    expect([ends.input, ends.output]).toContain('GLB');
    expect(sayEnds(ends, 'DRAM')).toMatch(/GLB/);
    const stage = stageStep(resident.mapper, cost.steps[0]!, resident.gear, 'timeloop');
    const held = holdings(stage, stage.mapped.cost, 1);
    const own = ends.input === null ? 'O' : 'I';
    expect(held.find(({ operand }) => operand === own)).toMatchObject({ whole: true });
    expect(sayEnds({ input: null, output: null, possible: true }, 'DRAM')).toBe(
      'Input and result go through DRAM',
    );
    expect(sayEnds({ input: 'GLB', output: null, possible: true }, 'DRAM')).toBe(
      'Input from GLB, result to DRAM',
    );
  });
});
