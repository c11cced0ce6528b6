import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccuracyModel } from '../accuracy/model.ts';
import { createRoofline } from '../cost/roofline.fixture.ts';
import { referenceExecution, type Execution } from '../cost/execution.ts';
import type { Factorization } from '../factor/factorization.ts';
import { unquantized } from '../factor/quantization.ts';
import { presets } from '../hardware/presets.ts';
import { modelById } from '../workload/cards.ts';
import { createEvaluator } from './evaluate.ts';

const model = modelById('bert-base');

const blocks = model.linears.filter((layer) => layer.factorize);

const evaluator = (
  weights: Parameters<typeof createEvaluator>[0]['weights'] = () => ({ kind: 'synthetic' }),
  accuracy?: AccuracyModel,
) => {
  const mapper = createRoofline();
  return createEvaluator({
    model,
    workload: { tokens: 128, batch: 1, sequence: 128 },
    accelerator: mapper.accelerator,
    accounting: 'timeloop',
    gear: 'fast',
    weights,
    mapper,
    ...(accuracy && { accuracy }),
  });
};

const shared = evaluator();
const dense = model.linears.map((_, index) => shared.denseFactorization(index));
const svd = (index: number, rank: number): Factorization => {
  const { out = 1, in: columns = 1 } = model.linears[index] ?? {};
  return { format: 'svd', outModes: [out], inModes: [columns], ranks: [rank] };
};

describe('createEvaluator', () => {
  it('gives dense a reduction of 1 and everything kept', () => {
    const evaluation = shared.evaluate(dense);
    expect(evaluation).toEqual(shared.dense);
    expect(evaluation.edpReduction).toBe(1);
    expect(evaluation.accuracy.value).toBe(100);
    expect(evaluation.accuracy.metric).toBe('weightEnergyKeptPercent');
  });

  it('counts the attention products: heads x (q S d) each for scores and context', () => {
    // The pooler sees one row a sequence.
    const linear = blocks.reduce((sum, { out, in: columns }) => sum + 128 * out * columns, 768 * 768);
    expect(shared.dense.macs).toBe(linear + 12 * 2 * 12 * 128 * 128 * 64);
    expect(shared.fixed.energyPj).toBeGreaterThan(0);
  });

  it('counts weights and biases, one word each', () => {
    const parameters = model.linears.reduce(
      (sum, { out, in: columns, bias }) => sum + out * columns + (bias ? out : 0),
      0,
    );
    expect(shared.dense.parameters).toBe(parameters);
    expect(shared.dense.bytes).toBe(parameters); // 8-bit words
  });

  it('is the sum of its layers', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 384 }), { minLength: 73, maxLength: 73 }), (ranks) => {
        const design = model.linears.map((_, index) => svd(index, ranks[index] ?? 1));
        const evaluation = shared.evaluate(design);
        const costs = design.map((f, index) => shared.layer(index, f));
        const energy = costs.reduce((sum, cost) => sum + cost.energyPj, shared.fixed.energyPj);
        expect(evaluation.energyPj).toBeCloseTo(energy, 0);
        expect(evaluation.edpPjCycles).toBe(evaluation.energyPj * evaluation.latencyCycles);
        expect(evaluation.edpReduction).toBe(shared.dense.edpPjCycles / evaluation.edpPjCycles);
        expect(evaluation.energyByLevelPj.reduce((a, b) => a + b, 0)).toBeCloseTo(evaluation.energyPj, 0);
        const { low, value, high } = evaluation.accuracy;
        expect(low).toBeLessThanOrEqual(value);
        expect(value).toBeLessThanOrEqual(high);
      }),
      { numRuns: 10 },
    );
  });

  it('weighs what layers lose by their size', () => {
    const ffn = model.linears.findIndex(({ out }) => out === 3072);
    const change = (index: number): number =>
      100 - shared.evaluate(dense.map((f, i) => (i === index ? svd(index, 64) : f))).accuracy.value;
    const total = blocks.reduce((sum, { out, in: columns }) => sum + out * columns, 0);
    for (const index of [0, ffn]) {
      const { out = 0, in: columns = 0 } = model.linears[index] ?? {};
      const lost = 1 - shared.kept(index, svd(index, 64)).value;
      expect(change(index)).toBeCloseTo((100 * lost * out * columns) / total, 9);
    }
  });

  it('says when there are no weights, and when there are', () => {
    expect(shared.dense.accuracy.provenance).toMatch(/no weights/i);
    const spectrum = Float64Array.from({ length: 768 }, (_, i) => (i === 0 ? 1 : 0));
    const known = evaluator(() => ({ kind: 'spectrum', spectrum }));
    expect(known.dense.accuracy.provenance).not.toMatch(/no weights/i);
    // All energy in one singular value: rank 1 keeps everything.
    const thinnest = model.linears.map((_, index) => svd(index, 1));
    expect(known.evaluate(thinnest).accuracy.value).toBeCloseTo(100, 9);
    expect(shared.evaluate(thinnest).accuracy.value).toBeLessThan(50);
  });

  it('takes the vertical axis of another model: damages add up, its curve gives the figure', () => {
    const axis: AccuracyModel = {
      metric: 'accuracyChangePoints',
      damage: (index, { format, ranks }) => {
        const value = format === 'dense' ? 0 : (1 + (index % 2)) / (ranks[0] ?? 1);
        return { value, low: value / 2, high: value * 2 };
      },
      value: (damage) => -100 * (1 - Math.exp(-damage)),
      figure: ({ value, low, high }) => ({
        metric: 'accuracyChangePoints',
        tier: 'estimated',
        value: axis.value(value),
        low: axis.value(high),
        high: axis.value(low),
        provenance: 'made up',
      }),
      key: (index) => index % 2,
    };
    const other = evaluator(() => ({ kind: 'synthetic' }), axis);
    const design = model.linears.map((layer, index) =>
      layer.factorize ? svd(index, 64) : (dense[index] ?? svd(index, 1)),
    );
    const damage = blocks.reduce((sum, layer) => sum + (1 + (model.linears.indexOf(layer) % 2)) / 64, 0);
    const { accuracy } = other.evaluate(design);
    expect(accuracy.metric).toBe('accuracyChangePoints');
    expect(accuracy.value).toBeCloseTo(axis.value(damage), 9);
    expect(accuracy.low).toBeCloseTo(axis.value(2 * damage), 9);
    expect(other.dense.accuracy.value).toBeCloseTo(0, 12);
    expect(other.kept(0, svd(0, 64))).toEqual(shared.kept(0, svd(0, 64)));
    // Of four shapes only the square one stands at even and odd places.
    expect(other.classes).toHaveLength(5);
    for (const { layers } of other.classes) expect(new Set(layers.map((index) => index % 2)).size).toBe(1);
  });

  it('puts layers that no figure can tell apart in one class', () => {
    const classes = shared.classes.map(({ out, in: columns, rows, layers }) => [
      out,
      columns,
      rows,
      layers.length,
    ]);
    expect(classes).toEqual([
      [768, 768, 128, 48],
      [3072, 768, 128, 12],
      [768, 3072, 128, 12],
      [768, 768, 1, 1],
    ]);
  });

  it('refuses a design of another length', () => {
    expect(() => shared.evaluate(dense.slice(1))).toThrow(
      /design: must have one factorization per linear layer/,
    );
  });
});

it.each([
  ['simba', 5.71],
  ['ws16', 5.43],
])(
  'on %s uniform svd of rank 188 of 768 has %d times lower EDP: energy / 2.2, delay / 2.6',
  (name, reduction) => {
    const accelerator = presets[name];
    if (accelerator === undefined) throw new Error(`no ${name}`);
    const real = createEvaluator({
      model,
      workload: { tokens: 128, batch: 1, sequence: 128 },
      accelerator,
      accounting: 'timeloop',
      gear: 'exact',
      weights: () => ({ kind: 'synthetic' }),
    });
    const evaluation = real.evaluate(
      model.linears.map((layer, index) =>
        layer.factorize ? svd(index, 188) : shared.denseFactorization(index),
      ),
    );
    expect(evaluation.edpReduction).toBeCloseTo(reduction, 2);
    expect(Math.abs(real.dense.energyPj / evaluation.energyPj - 2.2)).toBeLessThan(0.15);
    expect(Math.abs(real.dense.latencyCycles / evaluation.latencyCycles - 2.6)).toBeLessThan(0.1);
  },
);

describe('execution and quantization', () => {
  const glyph = modelById('glyph-vit');
  const machine = presets['simba'];
  if (machine === undefined) throw new Error('no simba');
  const made = (change: Partial<Parameters<typeof createEvaluator>[0]>) =>
    createEvaluator({
      model: glyph,
      workload: { tokens: 144, batch: 9, sequence: 16 },
      accelerator: machine,
      accounting: 'timeloop',
      gear: 'fast',
      weights: () => ({ kind: 'synthetic' }),
      ...change,
    });
  const plain = made({});
  const design = glyph.linears.map(({ out, in: columns, factorize }, index): Factorization =>
    factorize
      ? { format: 'svd', outModes: [out], inModes: [columns], ranks: [24] }
      : plain.denseFactorization(index),
  );

  it('measures quantized designs against the dense model as it is', () => {
    const int4 = made({ quantization: { kind: 'int', bits: 4, group: 128 } });
    expect({ ...int4.dense, accuracy: null }).toEqual({ ...plain.dense, accuracy: null });
    expect(int4.dense.accuracy.value).toBe(100);
    const whole = glyph.linears.map((_, index) => int4.denseFactorization(index));
    const stored = int4.evaluate(whole);
    expect(stored.edpReduction).toBeGreaterThan(1.02);
    expect(stored.parameters).toBe(plain.dense.parameters);
    const words = plain.evaluate(design);
    const narrow = int4.evaluate(design);
    expect(narrow.energyPj).toBeLessThan(words.energyPj);
    expect(narrow.accuracy.value).toBeLessThan(words.accuracy.value);
    // Biases at 8 bits; factors [96, 24] and [24, 96] have rows within a group of 128: 4 + 16 / row bits.
    const biases = glyph.linears.reduce((sum, layer) => sum + (layer.bias ? layer.out : 0), 0);
    let bits = biases * 8;
    for (const [index, { out, in: columns, factorize }] of glyph.linears.entries()) {
      const shapes = factorize
        ? [
            [columns, 24],
            [24, out],
          ]
        : [[out, columns]];
      expect(design[index]?.format).toBe(factorize ? 'svd' : 'dense');
      for (const [rows = 0, row = 0] of shapes) bits += rows * (4 * row + 16 * Math.ceil(row / 128));
    }
    expect(narrow.bytes).toBeCloseTo(bits / 8, 6);
  });

  it('runs dense and factorized models the same way', () => {
    const execution = { ...referenceExecution, residency: true, fusion: true, wholeModel: true };
    const settled = made({ execution });
    const whole = glyph.linears.map((_, index) => settled.denseFactorization(index));
    expect(settled.evaluate(whole)).toEqual(settled.dense);
    const evaluation = settled.evaluate(design);
    const energy = design.reduce(
      (sum, f, index) => sum + settled.layer(index, f).energyPj,
      settled.fixed.energyPj,
    );
    expect(evaluation.energyPj).toBeCloseTo(energy, 0);
    // Activations on chip: less than through the outermost level, vector work included.
    const through = made({ execution: { ...execution, residency: false, fusion: false } });
    expect(evaluation.energyPj).toBeLessThan(through.evaluate(design).energyPj);
    expect(settled.fixed.energyPj).toBeGreaterThan(0);
  });

  it.each<readonly [string, Partial<Execution>]>([
    ['hops', { hopPj: 0.5 }],
    ['leakage', { leakagePjPerCycle: 20 }],
    ['double buffers', { doubleBuffered: true }],
    ['all of them, fused and resident', { hopPj: 0.5, leakagePjPerCycle: 20, doubleBuffered: true }],
  ])('%s: both sides pay for what the references leave out', (_, beyond) => {
    const more: Partial<Execution> =
      Object.keys(beyond).length > 1 ? { fusion: true, residency: true, wholeModel: true } : {};
    const without = made({ execution: { ...referenceExecution, ...more }, gear: 'exact' });
    const counted = made({ execution: { ...referenceExecution, ...more, ...beyond }, gear: 'exact' });
    const pairs = [
      [without.dense, counted.dense],
      [without.evaluate(design), counted.evaluate(design)],
    ] as const;
    for (const [before, after] of pairs) {
      expect(after.edpPjCycles).toBeGreaterThan(before.edpPjCycles * (1 - 1e-9));
      const levels = after.energyByLevelPj.reduce((sum, energy) => sum + energy, 0);
      expect(levels / after.energyPj).toBeCloseTo(1, 9);
    }
    expect(counted.dense.edpPjCycles).toBeGreaterThan(without.dense.edpPjCycles);
    const whole = glyph.linears.map((__, index) => counted.denseFactorization(index));
    expect(counted.evaluate(whole)).toEqual(counted.dense);
  });

  it('leaks while vectors are worked on too', () => {
    const at = (leakagePjPerCycle: number) =>
      made({ execution: { ...referenceExecution, wholeModel: true, leakagePjPerCycle } }).vector;
    const [off, on] = [at(0), at(20)];
    expect(on.latencyCycles).toBe(off.latencyCycles);
    expect(on.energyPj - off.energyPj).toBeCloseTo(20 * off.latencyCycles, 3);
  });

  it('ragged tiles: never dearer than padded ones, and nothing under a fixed dataflow', () => {
    const awkward = design.map((f): Factorization => (f.format === 'svd' ? { ...f, ranks: [23] } : f));
    const at = (change: Partial<Execution>) =>
      made({ execution: { ...referenceExecution, ...change } }).evaluate(awkward);
    expect(at({ ragged: true }).edpPjCycles).toBeLessThanOrEqual(at({}).edpPjCycles * (1 + 1e-9));
    expect(at({ ragged: true, dataflow: 'fixed' })).toEqual(at({ dataflow: 'fixed' }));
  });

  it('is the reference without either', () => {
    expect(made({ execution: referenceExecution, quantization: unquantized }).evaluate(design)).toEqual(
      plain.evaluate(design),
    );
  });
});
