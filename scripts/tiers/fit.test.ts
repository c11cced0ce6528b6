import { beforeAll, describe, expect, it } from 'vitest';
import { randomPool } from '../../src/core/accuracy/random-designs.ts';
import type { Response } from '../../src/core/accuracy/response.ts';
import { createSensitivityModel } from '../../src/core/accuracy/sensitivity.ts';
import { createRandom, type Random } from '../../src/core/base/random.ts';
import type { Factorization } from '../../src/core/factor/factorization.ts';
import { denseFactorization } from '../../src/core/factor/ranks.ts';
import { modelById } from '../../src/core/workload/cards.ts';
import type { CalibrationData, KnownDesign, RankedLayer, Sizes } from './data.ts';
import { fitCalibration, judge } from './fit.ts';

// A network that does not exist: divergences and accuracies follow closed forms with noise.
const model = modelById('glyph-vit');
const ranks = [1, 2, 4, 8, 16, 32, 64];
const sizes: Sizes = { seed: 7, designs: 160, perFormat: 1, examples: 512 };

/** A response of such a divergence, which loses as large a share of the answers. */
const losing = (kl: number): Response => {
  const kept = 1 - Math.min(1, kl);
  return { kl, soft: kept, hard: kept };
};

const layers = model.linears.map(({ name, out, in: width }, k): RankedLayer => {
  const full = Math.min(out, width);
  const energy = Array.from({ length: full }, (_, i) => (i + 1) ** -1.2);
  const whole = energy.reduce((sum, each) => sum + each, 0);
  const spectrum = energy.map((each) => each / whole);
  const some = ranks.filter((rank) => rank < full);
  const tail = (rank: number): number => spectrum.slice(rank).reduce((sum, each) => sum + each, 0);
  const responses = some.map((rank) => losing((0.06 + 0.04 * (k % 5)) * tail(rank) ** 2));
  return { name, out, in: width, spectrum, ranks: some, responses };
});

const curve = { x: [0], y: [-1], spread: [1], width: 1, fitted: 0, held: 0 };
const truth = createSensitivityModel(
  {
    version: 1,
    model: 'glyph-vit',
    seed: 7,
    dense: { score: 'accuracy', accuracy: 0.99, examples: 512 },
    power: 1,
    responseExamples: 64,
    measured: { from: 0, examples: 512 },
    layers: layers.map(({ responses, ...layer }) => ({
      ...layer,
      divergence: responses.map(({ kl }) => kl),
      shifts: {},
    })),
    formats: { tt: { offset: 0.6, byLoss: 0.7, bySize: 0.4, spread: 0.2, samples: 9 } },
    quantizations: {},
    estimated: curve,
    calibrated: curve,
    source: 'a test',
  },
  model,
);

const pool = (random: Random): readonly (readonly Factorization[])[] =>
  model.linears.map((linear) => randomPool(random, linear, 1).map(({ f }) => f));

const divergenceOf = (random: Random, layer: number, f: Factorization): number =>
  truth.damage(layer, f).value * Math.exp(0.2 * random.normal());

function design(random: Random, pools: readonly (readonly Factorization[])[]): KnownDesign {
  const few = random.next();
  const factorizations = model.linears.map((linear, k) =>
    linear.factorize && (k === 1 || random.next() < few)
      ? pools[k]![random.below(pools[k]!.length)]!
      : denseFactorization(linear.out, linear.in),
  );
  const divergences = factorizations.map((f, k) => (f.format === 'dense' ? 0 : divergenceOf(random, k, f)));
  const total = divergences.reduce((sum, each) => sum + each, 1e-6);
  const share = total / (total + 1);
  const response = losing(share);
  const points = Math.max(-99, -96 * share + 8 * share * (1 - share) * random.normal());
  return { bin: 0.5, share: 0.5, quantization: 'none', factorizations, response, points };
}

describe('calibration of a made-up network', () => {
  let data: CalibrationData;
  let pools: readonly (readonly (readonly Factorization[])[])[];
  beforeAll(() => {
    const random = createRandom(1);
    pools = [pool(random), pool(random)];
    data = {
      model: 'glyph-vit',
      sizes,
      from: 0,
      dense: { score: 'accuracy', accuracy: 0.99 },
      layers,
      quantizations: {},
      tried: pools[0]!.flatMap((of, layer) =>
        of.map((f) => ({ layer, f, response: losing(divergenceOf(random, layer, f)) })),
      ),
      stored: [],
      designs: Array.from({ length: 160 }, () => design(random, pools[0]!)),
      picked: [],
    };
  });

  it('orders fresh designs and covers them, the calibrated tier better than the estimated', () => {
    const table = fitCalibration(data);
    const random = createRandom(2);
    const fresh = Array.from({ length: 200 }, () => design(random, pools[1]!));
    const judged = judge(table, { model: 'glyph-vit', sizes: { ...sizes, seed: 8 }, designs: fresh });
    const [estimated, calibrated] = judged.pairs;
    expect(judged.n).toBe(200);
    expect(estimated!.spearmanEqualParameters).toBeGreaterThan(0.9);
    expect(calibrated!.spearmanEqualParameters).toBeGreaterThan(estimated!.spearmanEqualParameters);
    expect(judged.coverage90).toBeGreaterThan(0.86);
    expect(calibrated!.meanError).toBeLessThan(3);
    expect(calibrated!.meanError).toBeLessThan(estimated!.meanError);
    expect(JSON.stringify(table).length).toBeLessThan(150_000);
  });

  it('refuses the seed it was calibrated with', () => {
    expect(() => judge(fitCalibration(data), { model: 'glyph-vit', sizes, designs: [] })).toThrow(
      'seed: must differ from the one of the calibration, got 7',
    );
  });
});
