/**
 * A vertical axis of accuracy points for tests: every layer has a spectrum and a sensitivity of its own, drawn by seed,
 * and accuracy falls from 0 to -95 points as damage adds up, first slowly and then fast, as measured models do.
 */
import { createRandom } from '../base/random.ts';
import type { AccuracyModel } from '../accuracy/model.ts';
import { powerLaw } from '../accuracy/spectrum.ts';
import { createWeightEnergy } from '../accuracy/weight-energy.ts';
import type { TransformerModel } from '../workload/model.ts';

const most = 95;

export function madeUpAxis({ linears }: TransformerModel, seed = 1): AccuracyModel {
  const random = createRandom(seed);
  const layers = linears.map(({ out, in: columns }) => {
    const spectrum = powerLaw(Math.min(out, columns), 0.4 + 0.8 * random.next());
    const { kept } = createWeightEnergy(out, columns, { kind: 'spectrum', spectrum });
    return { kept, sensitivity: 10 ** (random.next() - 0.5) };
  });
  const value = (damage: number): number => -most * (1 - Math.exp(-(damage ** 2)));
  return {
    metric: 'accuracyChangePoints',
    damage(index, f) {
      const { kept, sensitivity } = layers[index] ?? { kept: () => ({ value: 1 }), sensitivity: 0 };
      const lost = f.format === 'dense' ? 0 : sensitivity * (1 - kept(f).value);
      return { value: lost, low: lost / 1.5, high: lost * 1.5 };
    },
    value,
    figure: (total) => ({
      metric: 'accuracyChangePoints',
      tier: 'estimated',
      value: value(total.value),
      low: value(total.high),
      high: value(total.low),
      provenance: 'made up for a test',
    }),
    key: (index) => layers[index],
  };
}
