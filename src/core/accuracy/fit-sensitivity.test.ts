import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import { smallModel, smallTable } from './calibration.fixture.ts';
import { fitFormats, type TriedLayer } from './fit-sensitivity.ts';
import { randomPool } from './random-designs.ts';
import { createSensitivityModel, type CalibrationTable } from './sensitivity.ts';

/** What the fixture's tables say of random factorizations, with noise, as if measured. */
function tried(noise: number): readonly TriedLayer[] {
  const random = createRandom(3);
  const truth = createSensitivityModel(smallTable, smallModel);
  return smallModel.linears.flatMap((linear, layer) =>
    randomPool(random, linear, 12).map(({ f }) => ({
      layer,
      f,
      divergence: truth.damage(layer, f).value * Math.exp(noise * random.normal()),
    })),
  );
}

const refit = (noise: number): CalibrationTable => {
  const { formats, shifts } = fitFormats(smallTable.layers, tried(noise));
  return {
    ...smallTable,
    formats,
    layers: smallTable.layers.map((layer, k) => ({ ...layer, shifts: shifts[k] ?? {} })),
  };
};

describe('fitted formats', () => {
  it('give back the tables that the samples came from', () => {
    const { tt, kronecker } = refit(0).formats;
    // Loss and size say nearly the same, so that only their sum is known well.
    expect(tt!.byLoss + tt!.bySize).toBeCloseTo(1.1, 1);
    expect(kronecker!.byLoss + kronecker!.bySize).toBeCloseTo(0.9, 1);
    expect(tt!.byLoss).toBeGreaterThan(kronecker!.byLoss);
    expect(tt?.spread).toBeLessThan(0.1);
    expect(tt?.samples).toBeGreaterThan(10);
  });

  it('predict fresh factorizations to within the noise', () => {
    const fitted = createSensitivityModel(refit(0.3), smallModel);
    const truth = createSensitivityModel(smallTable, smallModel);
    const errors = randomPool(createRandom(99), smallModel.linears[0]!, 10).flatMap(({ f }) => {
      const exact = truth.damage(0, f).value;
      return exact > 1e-6 ? [Math.abs(Math.log(fitted.damage(0, f).value / exact))] : [];
    });
    expect(errors.length).toBeGreaterThan(40);
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(0.3);
  });

  it('a layer with little to say for itself stays near the others', () => {
    const few = tried(0).filter(({ layer, f }) => layer === 0 || f.format !== 'tt');
    expect(fitFormats(smallTable.layers, few).shifts[1]?.tt).toBeUndefined();
  });
});
