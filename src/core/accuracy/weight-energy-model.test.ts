import { describe, expect, it } from 'vitest';
import { balanceFactors } from '../factor/balance.ts';
import { decompose } from '../factor/decompose/decompose.ts';
import { reconstruct } from '../factor/decompose/reconstruct.ts';
import type { Factorization } from '../factor/factorization.ts';
import type { Quantization } from '../factor/quantization.ts';
import { quantizeWeights } from '../factor/quantize.ts';
import { denseFactorization } from '../factor/ranks.ts';
import { relativeDistance, tensor } from '../tensor/dense.ts';
import { singularValues } from '../tensor/svd.ts';
import { gaussianMatrix } from '../tensor/tensor.fixture.ts';
import { modelById } from '../workload/cards.ts';
import type { TransformerModel } from '../workload/model.ts';
import { quantizationNoise } from './quantization-noise.ts';
import { powerLaw, spectrumOf } from './spectrum.ts';
import { createWeightEnergy, type WeightSource } from './weight-energy.ts';
import { weightEnergyModel } from './weight-energy-model.ts';

const model = modelById('glyph-vit');
const synthetic: WeightSource = { kind: 'synthetic' };
const svd = (index: number, rank: number): Factorization => {
  const { out = 1, in: columns = 1 } = model.linears[index] ?? {};
  return { format: 'svd', outModes: [out], inModes: [columns], ranks: [rank] };
};
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const head = model.linears.length - 1;

describe('weightEnergyModel', () => {
  const energy = weightEnergyModel(model, () => synthetic);

  it('is 100 (1 - sum |E|^2 / sum |W|^2) with weights of equal variance', () => {
    let [lost, all] = [0, 0];
    for (const [index, { factorize, out, in: columns }] of model.linears.entries())
      if (factorize) {
        const { kept } = createWeightEnergy(out, columns, synthetic);
        lost += out * columns * (1 - kept(svd(index, 20)).value);
        all += out * columns;
      }
    const damage = model.linears.map((layer, index) =>
      energy.damage(index, layer.factorize ? svd(index, 20) : denseFactorization(layer.out, layer.in)),
    );
    const total = {
      value: sum(damage.map((d) => d.value)),
      low: sum(damage.map((d) => d.low)),
      high: sum(damage.map((d) => d.high)),
    };
    const { metric, tier, value, low, high } = energy.figure(total);
    expect({ metric, tier }).toEqual({ metric: 'weightEnergyKeptPercent', tier: 'estimated' });
    expect(value).toBe(100 * (1 - lost / all));
    expect(energy.value(total.value)).toBe(value);
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
  });

  it('has no damage where layers are dense, and 100 %', () => {
    expect(energy.damage(0, denseFactorization(96, 36))).toEqual({ value: 0, low: 0, high: 0 });
    expect(energy.value(0)).toBe(100);
  });

  it('adds what a head loses, and never falls below nothing', () => {
    const { value } = energy.damage(head, svd(head, 1));
    expect(value).toBeGreaterThan(0);
    expect(energy.value(value)).toBeLessThan(100);
    expect(energy.value(1e9)).toBe(0);
  });

  it('tells layers apart by their weights, not by their place', () => {
    const spectrum = powerLaw(96, 1);
    const known = weightEnergyModel(model, ({ name }) =>
      name.includes('query') ? { kind: 'spectrum', spectrum } : synthetic,
    );
    const queries = [...model.linears.keys()].filter((i) => model.linears[i]?.name.includes('query'));
    expect(new Set(queries.map((i) => known.key(i))).size).toBe(1);
    expect(known.key(0)).not.toBe(known.key(queries[0] ?? 0));
    expect(known.key(0)).toBe(known.key(head));
    expect(known.figure({ value: 0, low: 0, high: 0 }).provenance).toMatch(/singular values of the layers/);
  });

  it('counts all layers where none is factorized by default', () => {
    const alone = { ...model, linears: model.linears.slice(head) };
    const all = 32 * 96;
    expect(weightEnergyModel(alone, () => synthetic).value(all / 4)).toBe(75);
  });

  it('adds what storing each factor in few bits loses: as decomposing and quantizing a Gaussian matrix does', () => {
    const w = gaussianMatrix(96, 96, 3);
    const q: Quantization = { kind: 'int', bits: 4, group: 128 };
    const f: Factorization = { format: 'svd', outModes: [96], inModes: [96], ranks: [48] };
    const { factors } = decompose(w, f);
    const stored = balanceFactors(f, factors).map(({ shape, values }) =>
      tensor(shape, quantizeWeights(values, shape, q).values),
    );
    const lost = relativeDistance(w.values, reconstruct(f, stored).values) ** 2;
    const alone: TransformerModel = { ...model, linears: model.linears.slice(1, 2) };
    const of = weightEnergyModel(
      alone,
      () => ({ kind: 'spectrum', spectrum: spectrumOf(singularValues(w)) }),
      q,
    );
    expect(1 - of.kept(0, f).value).toBeCloseTo(lost, 2);
    expect(of.figure({ value: 0, low: 0, high: 0 }).provenance).toMatch(/quantization/);
    // Dense weights lose once.
    expect(of.damage(0, denseFactorization(96, 96)).value / (96 * 96)).toBeCloseTo(quantizationNoise(q), 12);
  });
});
