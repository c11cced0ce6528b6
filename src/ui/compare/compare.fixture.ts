/** Round figures for the tests of this folder. */
import type { Factorization } from '../../core/factor/factorization.ts';
import type { Evaluation } from '../../core/search/evaluation.ts';
import type { LinearLayer } from '../../core/workload/model.ts';
import type { Column } from './rows.ts';

/** Energies per level: DRAM, buffer, MACs. */
export function evaluation(
  levels: readonly [number, number, number],
  latencyCycles: number,
  value: number,
  size: number,
): Evaluation {
  const energyPj = levels[0] + levels[1] + levels[2];
  return {
    energyPj,
    latencyCycles,
    edpPjCycles: energyPj * latencyCycles,
    edpReduction: (10e9 * 10e6) / (energyPj * latencyCycles),
    parameters: size,
    macs: 128 * size,
    bytes: size,
    energyByLevelPj: levels,
    accuracy: {
      metric: 'weightEnergyKeptPercent',
      tier: 'estimated',
      value,
      low: value === 100 ? 100 : value - 8,
      high: value === 100 ? 100 : value + 4,
      provenance: 'test',
    },
  };
}

export const dense = (n: number): Factorization => ({
  format: 'dense',
  outModes: [n],
  inModes: [n],
  ranks: [],
});
export const svd = (n: number, r: number): Factorization => ({
  format: 'svd',
  outModes: [n],
  inModes: [n],
  ranks: [r],
});

export const linears: readonly LinearLayer[] = [0, 1, 2].map((block) => ({
  name: `block.${block}.query`,
  role: 'Q',
  group: 'Q',
  block,
  out: 64,
  in: 64,
  bias: false,
  factorize: true,
}));

export const columns: readonly Column[] = [
  {
    who: 'dense',
    design: [dense(64), dense(64), dense(64)],
    evaluation: evaluation([6e9, 3e9, 1e9], 10e6, 100, 84.9e6),
  },
  {
    who: 'now',
    design: [dense(64), svd(64, 8), svd(64, 8)],
    evaluation: evaluation([2e9, 1.5e9, 0.5e9], 5e6, 88, 30e6),
  },
  {
    who: 'A',
    design: [svd(64, 8), svd(64, 8), svd(64, 4)],
    evaluation: evaluation([1e9, 0.8e9, 0.2e9], 4e6, 80, 20e6),
  },
];
