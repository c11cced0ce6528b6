import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Factorization } from '../factor/factorization.ts';
import { forwardEinsum } from '../factor/forward.ts';
import { clipRanks, denseFactorization } from '../factor/ranks.ts';
import { findPath } from '../einsum/path.ts';
import { costLayer, factorizationKey } from './layer.ts';
import { createRoofline } from './roofline.fixture.ts';

const svd: Factorization = { format: 'svd', outModes: [96], inModes: [64], ranks: [8] };
const ttm: Factorization = { format: 'ttm', outModes: [8, 12], inModes: [8, 8], ranks: [6] };
const tucker: Factorization = { format: 'tucker', outModes: [8, 12], inModes: [8, 8], ranks: [4, 6, 4, 4] };
const blockTerm: Factorization = {
  format: 'block-term',
  outModes: [8, 12],
  inModes: [8, 8],
  ranks: [2, 3, 4, 3, 3],
};

describe('costLayer', () => {
  it('maps dense as one GEMM with the activations in the input slot', () => {
    const mapper = createRoofline();
    const cost = costLayer(mapper, denseFactorization(96, 64), 10, 'fast');
    expect(mapper.asked).toEqual([{ batch: 1, m: 10, n: 96, k: 64 }]);
    expect(cost.energyPj).toBe(10 * 96 * 64 + 10 * (10 * 64 + 64 * 96 + 10 * 96));
    expect(cost.macs).toBe(10 * 96 * 64);
    expect(cost.parameters).toBe(96 * 64);
  });

  it('maps a low-rank pair as two GEMMs, one after the other', () => {
    const cost = costLayer(createRoofline(), svd, 10, 'fast');
    expect(cost.steps.map((step) => step.gemm)).toEqual([
      { batch: 1, m: 10, n: 8, k: 64 },
      { batch: 1, m: 10, n: 96, k: 8 },
    ]);
    expect(cost.energyPj).toBe(cost.steps.reduce((sum, step) => sum + step.cost.energyPj, 0));
    expect(cost.latencyCycles).toBe(cost.steps.reduce((sum, step) => sum + step.cost.latencyCycles, 0));
  });

  it('takes the path that is cheapest once mapped', () => {
    for (const f of [ttm, tucker, blockTerm])
      for (const rows of [1, 16, 512]) {
        const chosen = costLayer(createRoofline(), f, rows, 'fast');
        const edp = chosen.energyPj * chosen.latencyCycles;
        for (const objective of ['macs', 'write', 'size'] as const) {
          const path = findPath(forwardEinsum(f, rows), objective);
          // The same figures through the path's own steps, slots aside: the roofline does not tell them apart.
          let energy = 0;
          let latency = 0;
          for (const step of path.steps) {
            const elements = (labels: readonly string[]): number =>
              labels.reduce((product, label) => product * (path.einsum.extents.get(label) ?? 1), 1);
            const words = step.inputs.reduce((sum, labels) => sum + elements(labels), elements(step.output));
            energy += step.macs + 10 * words;
            latency += Math.max(step.macs / 256, words / 8);
          }
          expect(edp).toBeLessThanOrEqual(energy * latency * (1 + 1e-12));
        }
      }
  });

  it('remembers by factorization, rows and gear', () => {
    const mapper = createRoofline();
    const first = costLayer(mapper, ttm, 16, 'fast');
    const asked = mapper.asked.length;
    expect(costLayer(mapper, { ...ttm, ranks: [...ttm.ranks] }, 16, 'fast')).toBe(first);
    expect(mapper.asked.length).toBe(asked);
    expect(costLayer(mapper, ttm, 17, 'fast').macs).not.toBe(first.macs);
    expect(costLayer(mapper, ttm, 16, 'exact')).not.toBe(first);
  });

  it('levels sum to the energy and macs to the path, whatever the ranks', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(ttm, tucker, blockTerm, svd),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 5, maxLength: 5 }),
        fc.integer({ min: 1, max: 64 }),
        (f, wished, rows) => {
          const g = clipRanks({ ...f, ranks: f.ranks.map((_, i) => wished[i] ?? 1) });
          const cost = costLayer(createRoofline(), g, rows, 'fast');
          expect(cost.energyByLevelPj.reduce((a, b) => a + b, 0)).toBeCloseTo(cost.energyPj, 3);
          expect(cost.steps.reduce((sum, step) => sum + step.macs, 0)).toBe(cost.path.macs);
        },
      ),
      { numRuns: 60 },
    );
  });
});

it('factorizationKey tells factorizations apart', () => {
  const keys = [svd, ttm, tucker, blockTerm, { ...svd, ranks: [9] }, { ...ttm, outModes: [12, 8] }].map(
    factorizationKey,
  );
  expect(new Set(keys).size).toBe(keys.length);
  expect(factorizationKey({ ...svd, ranks: [8] })).toBe(factorizationKey(svd));
});
