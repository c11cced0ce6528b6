import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { denseFactorization } from '../factor/ranks.ts';
import { modelById } from '../workload/cards.ts';
import {
  createOwnModel,
  fitOwnCurve,
  layerDamage,
  ownFigure,
  sensitivityOf,
  type OwnMetric,
  type OwnTable,
} from './own-model.ts';
import { powerLaw } from './spectrum.ts';

const model = modelById('glyph-vit');
const design = fc.record({
  damage: fc.double({ min: 1e-6, max: 100, noNaN: true }),
  value: fc.double({ min: -50, max: 2, noNaN: true }),
});
const designs = fc.uniqueArray(design, {
  minLength: 3,
  maxLength: 20,
  selector: ({ damage }) => Math.round(Math.log(damage) * 1e3),
});
const metrics = fc.constantFrom<OwnMetric>('negativeKlNats', 'accuracyChangePoints');

const tableOf = (curve: OwnTable['curve'], metric: OwnMetric): OwnTable => ({
  key: 'k',
  metric,
  probed: true,
  layers: model.linears.map(({ name, out, in: width }, k) => ({
    name,
    out,
    in: width,
    spectrum: powerLaw(Math.min(out, width), 0.5),
    sensitivity: 1 + k,
    power: 1,
  })),
  curve,
  examples: 64,
});

describe('an axis of one’s own', () => {
  it('falls strictly with damage, from nothing, and its bands hold their values', () => {
    fc.assert(
      fc.property(
        designs,
        metrics,
        fc.double({ min: 1e-9, max: 1e4, noNaN: true }),
        (tried, metric, damage) => {
          const table = tableOf(fitOwnCurve(tried, metric), metric);
          const { value } = createOwnModel(table, model);
          expect(value(0)).toBe(0);
          expect(value(damage)).toBeLessThan(0);
          expect(value(damage * 1.5)).toBeLessThanOrEqual(value(damage));
          if (metric === 'accuracyChangePoints') expect(value(1e9)).toBeGreaterThan(-101);
          const {
            low,
            high,
            value: middle,
          } = ownFigure(table, 'estimated')({ value: damage, low: damage / 2, high: 2 * damage });
          expect(low).toBeLessThanOrEqual(middle);
          expect(high).toBeGreaterThanOrEqual(middle);
          if (metric === 'accuracyChangePoints') expect(low).toBeGreaterThanOrEqual(-100);
          expect([low, middle, high].every(Number.isFinite)).toBe(true);
        },
      ),
    );
  });

  it('goes through designs that fall', () => {
    const tried = [0.01, 0.1, 1, 10].map((damage) => ({ damage, value: -(damage ** 0.8) }));
    const { value, figure } = createOwnModel(
      tableOf(fitOwnCurve(tried, 'negativeKlNats'), 'negativeKlNats'),
      model,
    );
    for (const { damage, value: wanted } of tried) expect(value(damage)).toBeCloseTo(wanted, 9);
    const { provenance } = figure({ value: 0.1, low: 0.1, high: 0.1 });
    expect(provenance).toMatch(/weighted by what they read .* 4 designs measured on 64 of them/);
  });

  it('has a band that holds nine of ten designs, whatever the tenth', () => {
    const tried = Array.from({ length: 21 }, (_, k) => {
      const damage = 0.01 * 1.5 ** k;
      return { damage, value: -damage * (k === 10 ? 9 : k % 2 === 0 ? 1.1 : 0.9) };
    });
    const { spread, floor } = fitOwnCurve(tried, 'negativeKlNats');
    expect(spread).toBeGreaterThan(0.02);
    expect(spread).toBeLessThan(1);
    expect(floor).toBeCloseTo(1e-4 * Math.max(...tried.map(({ value }) => -value)), 12);
  });

  it('weighs layers by their sensitivity; quantized dense ones err too', () => {
    const tried = [0.1, 1, 10].map((damage) => ({ damage, value: -damage }));
    const table = tableOf(fitOwnCurve(tried, 'negativeKlNats'), 'negativeKlNats');
    const axis = createOwnModel(table, model);
    const { out, in: width } = model.linears[2]!;
    const half = {
      format: 'svd',
      outModes: [out],
      inModes: [width],
      ranks: [Math.min(out, width) / 2],
    } as const;
    const { spectrum } = table.layers[2]!;
    const lost = spectrum.subarray(spectrum.length / 2).reduce((sum, share) => sum + share, 0);
    expect(axis.damage(2, half).value).toBeCloseTo(3 * lost, 12);
    const dense = denseFactorization(out, width);
    expect(axis.damage(2, dense).value).toBe(0);
    const four = createOwnModel(table, model, { kind: 'int', bits: 4, group: 32 });
    expect(four.damage(2, dense).value).toBeGreaterThan(0);
    expect(four.damage(2, half).value).toBeGreaterThan(axis.damage(2, half).value);
  });

  it.each([
    [[{ damage: 0, value: -1 }], 'needs designs of positive finite damage'],
    [[{ damage: 1, value: NaN }], 'needs designs of positive finite damage'],
    [
      [
        { damage: 1, value: -1 },
        { damage: 1, value: -2 },
      ],
      'needs designs of different damage',
    ],
  ])('%j is too little', (tried, message) => {
    expect(() => fitOwnCurve(tried, 'negativeKlNats')).toThrow(`calibration: ${message}`);
  });
});

describe('a layer cut alone', () => {
  it('goes through both cuts, and is steady between', () => {
    const cuts = [
      { lost: 0.05, nats: 0.001 },
      { lost: 0.5, nats: 0.2 },
    ];
    const layer = sensitivityOf(cuts);
    for (const { lost, nats } of cuts) expect(layerDamage(layer, lost)).toBeCloseTo(nats, 12);
    expect(layerDamage(layer, 0)).toBe(0);
    expect(layerDamage(layer, 0.2)).toBeGreaterThan(0.001);
    expect(layerDamage(layer, 0.2)).toBeLessThan(0.2);
  });

  it('stays sound where cuts say nothing', () => {
    expect(sensitivityOf([])).toEqual({ sensitivity: 1, power: 1 });
    expect(sensitivityOf([{ lost: 0.5, nats: 0.1 }])).toEqual({
      sensitivity: expect.closeTo(0.2, 12),
      power: 1,
    });
    const cut = fc.record({
      lost: fc.double({ min: 0, max: 1, noNaN: true }),
      nats: fc.double({ min: 0, max: 30, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(cut, { maxLength: 2 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (cuts, lost) => {
          const layer = sensitivityOf(cuts);
          const [less, more] = [layerDamage(layer, lost / 2), layerDamage(layer, lost)];
          expect(Number.isFinite(more)).toBe(true);
          expect(less).toBeLessThanOrEqual(more);
        },
      ),
    );
  });
});
