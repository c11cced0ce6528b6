import { describe, expect, it } from 'vitest';
import type { Factorization } from '../factor/factorization.ts';
import { presetByName } from '../hardware/presets.ts';
import { latticeOf } from './lattice.ts';
import { costLayer, type LayerCost, type LayerStep } from './layer.ts';
import { createMapper } from './mapper.ts';
import { sharableLabels, stepsUnder, underLoops } from './under-loops.ts';

const mapper = createMapper(presetByName('ws8t'), { accounting: 'timeloop' });
const pair: Factorization = { format: 'svd', outModes: [96], inModes: [96], ranks: [48] };
const cost = costLayer(mapper, pair, 144, 'exact', { fusion: 'loops' });
const shared = cost.steps[0]!.tiled!.shared;

/** Energy x cycles of the layer with some of its steps taken another way. */
function edpWith({ steps }: LayerCost, from: number, others: readonly LayerStep[]): number {
  const all = steps.map((step, s) => others[s - from] ?? step);
  const sum = (pick: 'energyPj' | 'latencyCycles'): number =>
    all.reduce((left, each) => left + each.cost[pick], 0);
  return sum('energyPj') * sum('latencyCycles');
}

describe('underLoops', () => {
  it("finds the mapper's own figures under the mapper's own loops", () => {
    expect(shared.length).toBeGreaterThan(0);
    expect(stepsUnder(cost, 0)).toEqual([0, 1]);
    const own = underLoops(mapper, cost, 0, shared)!;
    expect(edpWith(cost, 0, own) / (cost.energyPj * cost.latencyCycles)).toBeCloseTo(1, 6);
    own.forEach(({ cost: { energyPj, energyByLevelPj }, tiled, macs }, s) => {
      expect(tiled?.shared).toEqual(shared);
      expect(macs).toBe(cost.steps[s]?.macs);
      expect(energyByLevelPj.reduce((sum, each) => sum + each, 0) / energyPj).toBeCloseTo(1, 12);
    });
  });

  it('is never better than what the mapper chose, whichever divisors', () => {
    const labels = sharableLabels(cost, 0);
    // What the first product sums over cannot be shared.
    expect([...labels.keys()]).toEqual(['b', 'o', 'r']);
    let fits = 0;
    for (const rows of latticeOf(144).divisors)
      for (const outs of [1, 2, 96]) {
        const other = underLoops(mapper, cost, 1, [
          ['b', rows],
          ['o', outs],
        ]);
        if (other === null) continue;
        fits += 1;
        expect(edpWith(cost, 0, other)).toBeGreaterThanOrEqual(
          cost.energyPj * cost.latencyCycles * (1 - 1e-9),
        );
        // A loop over outputs makes the first product run again.
        expect(other[0]?.tiled?.tile.times).toBe(rows * outs);
      }
    expect(fits).toBeGreaterThan(20);
  });

  it('names loops that cannot be, and knows when nothing fits', () => {
    expect(() => underLoops(mapper, cost, 0, [['i', 2]])).toThrow(/^shared loops: i cannot be shared/);
    expect(() => underLoops(mapper, cost, 0, [['b', 5]])).toThrow(
      /^shared loops: the factor of b must divide 144/,
    );
    expect(underLoops(mapper, cost, 0, [])).toBeNull();
  });
});
