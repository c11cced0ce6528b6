/** Somebody's own model over their own examples: the axis, its figures, and what they must hold to. */
import { describe, expect, it } from 'vitest';
import { createOwnModel, layerDamage, type OwnTable } from '../../core/accuracy/own-model.ts';
import { createWeightEnergy } from '../../core/accuracy/weight-energy.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { denseFactorization } from '../../core/factor/ranks.ts';
import { readInputs } from '../../core/onnx/user-inputs.ts';
import { npy } from '../../core/workload/npy.fixture.ts';
import { loadOrt } from './ort.ts';
import { openOwnMeasurer, type OwnMeasureStep } from './own-measurer.ts';
import { examplesFor, openCorpus } from './user-inputs.fixture.ts';

const file = await openCorpus('optimum-bert');
const { onnx, model } = file;
const size = { batch: 48, length: 6, seed: 7 };
const labels = npy(
  '<i4',
  '48,',
  Int32Array.from({ length: 48 }, (_, k) => k % 3),
);

async function all<Step, End>(
  steps: AsyncGenerator<Step, End>,
): Promise<{ readonly steps: readonly Step[]; readonly end: End }> {
  const seen: Step[] = [];
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return { steps: seen, end: next.value };
    seen.push(next.value);
  }
}

const opened = async (more = {}) =>
  openOwnMeasurer(await loadOrt(), file, readInputs(onnx, examplesFor(onnx, size, more)));
const design = (share: number): readonly Factorization[] =>
  model.linears.map(({ out, in: width, factorize }) =>
    factorize
      ? {
          format: 'svd',
          outModes: [out],
          inModes: [width],
          ranks: [Math.max(1, Math.round(share * Math.min(out, width)))],
        }
      : denseFactorization(out, width),
  );
const none = { kind: 'none' } as const;

const measurer = await opened();
const { steps, end: table } = await all(measurer.prepare('k'));

describe('without labels', () => {
  it('parts the examples and makes an axis of divergences', () => {
    expect(measurer).toMatchObject({ calibration: 24, heldOut: 24, isLabelled: false });
    expect(table).toMatchObject({ key: 'k', metric: 'negativeKlNats', probed: true, examples: 24 });
    expect(new Set(steps.map(({ stage }) => stage))).toEqual(new Set(['calibrating', 'spectra', 'probing']));
    expect(steps.at(-1)).toEqual({ stage: 'probing', done: steps.at(-1)!.of, of: steps.at(-1)!.of });
    expect(table.layers.map(({ name }) => name)).toEqual(
      model.linears.filter(({ factorize }) => factorize).map(({ name }) => name),
    );
    expect(table.layers.every(({ sensitivity }) => sensitivity > 0)).toBe(true);
  });

  it('weighs spectra by what layers read', async () => {
    const { end: spectra } = await all(measurer.spectra(() => {}));
    for (const { name, spectrum } of table.layers) expect(spectra.get(name)).toEqual(spectrum);
  });

  it('measures what it calibrated and estimated, in this order, worse with fewer ranks', async () => {
    const values: number[] = [];
    for (const share of [0.8, 0.4, 0.1]) {
      const given = { examples: 24, table };
      const { steps: told } = await all(
        measurer.measure({ design: design(share), quantization: none }, given),
      );
      const kinds = told.map(({ kind }) => kind);
      expect(kinds.indexOf('calibrated')).toBeLessThan(kinds.indexOf('measured'));
      expect(kinds.lastIndexOf('step')).toBeLessThan(kinds.indexOf('calibrated'));
      const last = told.at(-1) as Extract<OwnMeasureStep, { kind: 'measured' }>;
      const { figure } = told.find(({ kind }) => kind === 'calibrated') as Extract<
        OwnMeasureStep,
        { kind: 'calibrated' }
      >;
      const { kl, examples, labelled, all: every } = last.measurement;
      expect([examples, labelled]).toEqual([24, null]);
      expect(kl.value).toBeCloseTo(every.kl, 12);
      expect(kl.low).toBeLessThan(kl.value);
      expect(figure).toMatchObject({ metric: 'negativeKlNats', tier: 'calibrated' });
      // Of svd the estimate knows the errors of the rebuilt weights, but for rounding.
      const axis = createOwnModel(table, model);
      const total = design(share).reduce((sum, f, k) => sum + axis.damage(k, f).value, 0);
      expect(axis.value(total)).toBeCloseTo(figure.value, 4);
      expect(-kl.value).toBeGreaterThan(2 * figure.low - 0.01);
      values.push(-kl.value);
    }
    expect(values).toEqual(values.toSorted((a, b) => b - a));
  });

  it('loses nothing when nothing changes, and refuses what it cannot run', async () => {
    const dense = model.linears.map(({ out, in: width }) => denseFactorization(out, width));
    const { steps: told } = await all(
      measurer.measure({ design: dense, quantization: none }, { examples: 24, table }),
    );
    expect(told.at(-1)).toMatchObject({ measurement: { kl: { value: 0, low: 0, high: 0 } } });
    const eight = { design: dense, quantization: { kind: 'w8a8' } } as const;
    await expect(all(measurer.measure(eight, { examples: 8, table: null }))).rejects.toThrow(
      'quantization: of a model of yours',
    );
    const short = { design: dense.slice(1), quantization: none };
    await expect(all(measurer.measure(short, { examples: 8, table: null }))).rejects.toThrow(
      'design: must have',
    );
  });
});

describe('with labels', () => {
  it('the axis is accuracy', async () => {
    const labelled = await opened({ labels });
    const { end } = await all(labelled.prepare('k'));
    expect([labelled.isLabelled, end.metric]).toEqual([true, 'accuracyChangePoints']);
    const { steps: told } = await all(
      labelled.measure({ design: design(0.3), quantization: none }, { examples: 24, table: end }),
    );
    const last = told.at(-1) as Extract<OwnMeasureStep, { kind: 'measured' }>;
    expect(last.measurement.labelled?.n).toBe(24);
    await labelled.release();
  });
});

it('what is not read by anything counts as what is most sensitive', () => {
  const [first] = table.layers;
  const few: OwnTable = { ...table, layers: [first!] };
  const axis = createOwnModel(few, model);
  const unknown = model.linears.findIndex(({ name, factorize }) => factorize && name !== first!.name);
  const f = design(0.5)[unknown]!;
  const { out, in: width } = model.linears[unknown]!;
  const { value } = createWeightEnergy(out, width, { kind: 'synthetic' }).kept(f);
  expect(axis.damage(unknown, f).value).toBeCloseTo(layerDamage(first!, 1 - value), 12);
  expect(axis.damage(unknown, denseFactorization(out, width)).value).toBe(0);
});
