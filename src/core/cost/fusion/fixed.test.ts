/** Given mappings of a low-rank pair, fused over tiles of rows and not, against AccelForge's counts (fused_chain.json). */
import { describe, expect, it } from 'vitest';
import { InputError } from '../../base/checks.ts';
import { reference } from '../../base/reference.ts';
import type { Operand } from '../../hardware/accelerator.ts';
import { presetByName } from '../../hardware/presets.ts';
import type { Contraction, Loop, Mapping } from '../mapping.ts';
import type { ReferenceTables } from '../validation.ts';
import { evaluateFixedStep } from './fixed.ts';
import type { FixedStep } from './fixed.ts';

const file = reference<ReferenceTables['accelforge']>('fused_chain.json');
const machine = presetByName('ws16');
type Fixed = ReferenceTables['accelforge']['fixed'][number];

function stepsOf({
  kind,
  M,
  K,
  N,
  R,
  MT,
}: Fixed): readonly (FixedStep & { readonly tensors: Record<Operand, string> })[] {
  const home = kind === 'fused' ? 1 : 0;
  const tile = kind === 'fused' ? MT * R : 0;
  const nest = (inner: Loop, spatial: readonly Loop[]): Mapping => [
    { level: 'DRAM', temporal: [['m', M / MT]], spatial: [] },
    { level: 'GLB', temporal: [['m', MT / 16], inner, ['r', R / 16], ['m', 16]], spatial },
    { level: 'RF', temporal: [], spatial: [] },
  ];
  const first: Contraction = {
    dims: { I: ['m', 'k'], W: ['k', 'r'], O: ['m', 'r'] },
    extents: { m: M, k: K, r: R },
  };
  const second: Contraction = {
    dims: { I: ['m', 'r'], W: ['r', 'n'], O: ['m', 'n'] },
    extents: { m: M, r: R, n: N },
  };
  return [
    {
      contraction: first,
      mapping: nest(
        ['k', K / 16],
        [
          ['r', 16],
          ['k', 16],
        ],
      ),
      homes: { I: 0, W: 0, O: home },
      held: [0, tile, 0],
      tensors: { I: 'X', W: 'A', O: 'T' },
    },
    {
      contraction: second,
      mapping: nest(
        ['n', N / 16],
        [
          ['r', 16],
          ['n', 16],
        ],
      ),
      homes: { I: home, W: 0, O: 0 },
      held: [0, tile, 0],
      tensors: { I: 'T', W: 'B', O: 'Y' },
    },
  ];
}

describe.skipIf(file === null)('fused_chain.json, fixed mappings', () => {
  const cases = (file?.fixed ?? []).map((each) => [each.kind, each.R, each.MT, each] as const);
  it.each(cases)('%s, rank %i, %i rows at a time', (_, __, ___, each) => {
    const steps = stepsOf(each);
    const costs = steps.map((step) => evaluateFixedStep(machine, step, 'accelforge'));
    const energy = costs.reduce((sum, { energyPj }) => sum + energyPj, 0);
    const cycles = costs.reduce((sum, { latencyCycles }) => sum + latencyCycles, 0);
    expect(Math.abs(energy / each.energy_pJ - 1)).toBeLessThan(1e-6);
    expect(Math.abs(cycles / each.latency_ns - 1)).toBeLessThan(1e-6);
    costs.forEach((cost, s) => {
      const name = s === 0 ? 'First' : 'Second';
      for (const level of cost.levels) {
        for (const [operand, tensor] of Object.entries(steps[s]?.tensors ?? {})) {
          const words = level.operands[operand as Operand];
          const key = `${name}|${level.name}|${tensor}`;
          const [reads, writes] = words === undefined ? [0, 0] : [words.reads, words.fills + words.updates];
          const read = each.actions[`${key}|read`] ?? 0;
          const written = each.actions[`${key}|write`] ?? 0;
          expect([key, reads * (words?.instances ?? 0), writes * (words?.instances ?? 0)]).toEqual([
            key,
            read,
            written,
          ]);
        }
      }
    });
  });

  it('refuses what does not fit beside the intermediate, naming the level', () => {
    const [step] = stepsOf({ ...(file?.fixed[0] as Fixed) });
    const crowded = { ...(step as FixedStep), held: [0, 262_144 - 100, 0] };
    expect(() => evaluateFixedStep(machine, crowded, 'accelforge')).toThrow(InputError);
    expect(() => evaluateFixedStep(machine, crowded, 'accelforge')).toThrow(/level GLB/);
  });
});
