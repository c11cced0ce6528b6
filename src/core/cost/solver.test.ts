/** The exact mapper against the proven optima of the references. */
import { describe, expect, it } from 'vitest';
import { reference } from '../base/reference.ts';
import { presetByName } from '../hardware/presets.ts';
import { mappingOf } from './chain.ts';
import { evaluateMapping } from './counts.ts';
import { createSolver } from './solver.ts';
import { gemmContraction, stepGemm } from './gemm.ts';
import type { Objective } from './mapping.ts';
import { goals } from './objective.ts';
import { compileMachine } from './tables.ts';

interface Figures {
  readonly edp_pJ_cycles: number;
  readonly energy_pJ: number;
  readonly cycles: number;
}
interface Case {
  readonly machine: string;
  readonly extents: { readonly M: number; readonly N: number; readonly K: number };
  readonly objective?: Objective;
  readonly optimum?: Figures;
  readonly best_known?: Figures;
}
const cases = ['best_mappings.json', 'optimal_mappings.json'].flatMap(
  (file) => reference<{ cases: readonly Case[] }>(file)?.cases ?? [],
);

describe.skipIf(cases.length === 0)('the exact mapper reaches every proven optimum', () => {
  it.each(
    cases.map(
      (c) =>
        [`${c.machine} ${c.extents.M}x${c.extents.N}x${c.extents.K} ${c.objective ?? 'edp'}`, c] as const,
    ),
  )('%s', (_, c) => {
    const expected = c.optimum ?? c.best_known;
    const objective = c.objective ?? 'edp';
    const machine = compileMachine(presetByName(c.machine), 'timeloop');
    const { M: m, N: n, K: k } = c.extents;
    const found = createSolver(machine, goals[objective]).solve([[m, n, k, 1]]);
    if (found === null || expected === undefined) throw new Error('nothing found');
    const cost = evaluateMapping(
      machine.accelerator,
      gemmContraction({ batch: 1, m, n, k }),
      mappingOf(machine, found.choice),
    );
    expect(cost.energyPj / found.energyPj).toBeCloseTo(1, 10);
    expect(cost.latencyCycles).toBe(found.cycles);
    if (objective === 'edp') expect(cost.edpPjCycles / expected.edp_pJ_cycles).toBeCloseTo(1, 9);
    else expect(cost.energyPj / expected.energy_pJ).toBeCloseTo(1, 9);
    if (objective === 'latency') expect(cost.latencyCycles).toBe(expected.cycles);
  });
});

interface Chain {
  readonly id: string;
  readonly machine: string;
  readonly path: readonly string[];
  readonly extents: Readonly<Record<string, number>>;
  readonly unfused: { readonly edp_pJ_ns: number };
}
const chains = reference<{ cases: readonly Chain[] }>('fused_chain_optima.json')?.cases ?? [];

describe.skipIf(chains.length === 0)(
  'the best unfused chains lie within 1 % of AccelForge, which may map unevenly',
  () => {
    it.each(chains.map((c) => [c.id, c] as const))('%s', (_, c) => {
      const machine = compileMachine(presetByName(c.machine), 'accelforge');
      const solver = createSolver(machine, goals.edp);
      let energy = 0;
      let cycles = 0;
      for (const step of c.path) {
        const [left = '', output = ''] = step.split('->');
        const inputs = left.split(',').map((labels) => [...labels]);
        const einsum = { inputs, output: [...output], extents: new Map(Object.entries(c.extents)) };
        const { batch, m, n, k } = stepGemm(einsum, einsum);
        const found = solver.solve([[m, n, k, batch]]);
        energy += found?.energyPj ?? Number.NaN;
        cycles += found?.cycles ?? Number.NaN;
      }
      const ratio = (energy * cycles) / c.unfused.edp_pJ_ns;
      expect(ratio).toBeGreaterThan(1 - 1e-6);
      expect(ratio).toBeLessThan(1.01);
    });
  },
);
