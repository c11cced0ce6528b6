/** Test-only: a mapper that only knows a roofline, so that tests of what stands on it see round figures. */
import type { Accelerator } from '../hardware/accelerator.ts';
import type { GemmCost, Mapper } from './mapper.ts';
import type { Gemm } from './mapping.ts';

const accelerator: Accelerator = {
  name: 'roofline',
  clockHz: 1e9,
  wordBits: 8,
  energyUnit: 'pJ',
  levels: [
    {
      name: 'DRAM',
      meshX: 1,
      meshY: 1,
      depthWords: null,
      wordBits: 8,
      readWordsPerCycle: null,
      writeWordsPerCycle: null,
      readEnergyPj: 10,
      writeEnergyPj: 10,
      keeps: ['I', 'W', 'O'],
    },
  ],
  mac: { meshX: 16, meshY: 16, energyPj: 1 },
};

/** Every word moves once, at 10 pJ and 8 words a cycle; a MAC costs 1 pJ and 256 run a cycle. Counts its questions. */
export function createRoofline(): Mapper & { readonly asked: Gemm[] } {
  const asked: Gemm[] = [];
  const cost = (gemm: Gemm): GemmCost => {
    asked.push(gemm);
    const { batch, m, n, k } = gemm;
    const macs = batch * m * n * k;
    const words = batch * (m * k + k * n + m * n);
    return {
      energyPj: macs + 10 * words,
      latencyCycles: Math.max(macs / 256, words / 8),
      energyByLevelPj: [10 * words, macs],
      padded: gemm,
      bound: { kind: 'best-found', gap: null },
    };
  };
  return {
    accelerator,
    objective: 'edp',
    machineOf: () => accelerator,
    asked,
    cost,
    costAt: cost,
    bound: (gemm) => cost(gemm).bound,
    mapping: () => {
      throw new Error('internal: the roofline has no mappings');
    },
    parts: () => {
      throw new Error('internal: the roofline has no parts');
    },
    known: () => true,
    entries: () => [],
    remember: () => undefined,
  };
}
