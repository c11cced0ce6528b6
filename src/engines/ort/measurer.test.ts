import { beforeAll, describe, expect, it } from 'vitest';
import type { Factorization } from '../../core/factor/factorization.ts';
import { unquantized, type Quantization } from '../../core/factor/quantization.ts';
import { seeds } from '../../core/tasks/task.ts';
import { tasks } from '../../core/tasks/tasks.ts';
import { modelById } from '../../core/workload/cards.ts';
import { openMeasurer, type Measurer, type MeasureStep } from './measurer.ts';
import { loadOrt } from './ort.ts';
import { randomModel } from './random-model.fixture.ts';

const { linears } = modelById('lexical-qa');
const task = tasks['lexical-qa'];
const bytes = randomModel('lexical-qa');

let measurer: Measurer;
beforeAll(async () => {
  measurer = await openMeasurer(await loadOrt(), bytes, linears, task, 128);
});

/** Layers that may be factorized at this rank; 0 leaves them dense. */
const design = (rank: number): readonly Factorization[] =>
  linears.map(({ in: width, out, factorize }) => {
    const svd = factorize && rank > 0;
    return { format: svd ? 'svd' : 'dense', outModes: [out], inModes: [width], ranks: svd ? [rank] : [] };
  });

async function steps(
  rank: number,
  examples: number,
  quantization: Quantization = unquantized,
  seed: number = seeds.heldOut,
): Promise<readonly MeasureStep[]> {
  const all: MeasureStep[] = [];
  for await (const step of measurer.measure({ design: design(rank), quantization }, { examples, seed }))
    all.push(step);
  return all;
}

const measured = (of: readonly MeasureStep[]) =>
  of.flatMap((step) => (step.kind === 'measured' ? [step] : []));
const last = async (...args: Parameters<typeof steps>) => measured(await steps(...args)).at(-1)!.measurement;

describe('measuring', () => {
  it('the dense design needs no preparation and is the dense model, example by example', async () => {
    const all = await steps(0, 80);
    expect(all.map(({ kind }) => kind)).toEqual(['measured', 'measured', 'measured']);
    expect(measured(all).map(({ measurement }) => measurement.n)).toEqual([32, 64, 80]);
    expect(measured(all).map(({ answers }) => [answers.from, answers.dense.length])).toEqual([
      [0, 32],
      [32, 32],
      [64, 16],
    ]);
    for (const { answers, measurement } of measured(all)) {
      expect(answers.candidate).toEqual(answers.dense);
      expect(measurement).toMatchObject({ kl: 0, flips: 0, gained: 0, lost: 0 });
    }
    expect(measured(all)[0]?.answers.truth).toEqual(task.truth(task.examples(seeds.heldOut, 0, 32)));
  });

  it('calibrates once, where it was left off, and rebuilds what is factorized', async () => {
    // Left after two steps, as when a newer design comes.
    let count = 0;
    for await (const { kind } of measurer.measure(
      { design: design(40), quantization: unquantized },
      { examples: 32 },
    )) {
      expect(kind).toBe('calibrated');
      if (++count === 2) break;
    }
    const first = await steps(40, 32);
    const calibrated = first.flatMap((step) => (step.kind === 'calibrated' ? [step.examples] : []));
    expect(calibrated).toEqual([96, 128]);
    expect(first.filter(({ kind }) => kind === 'rebuilt')).toHaveLength(18);
    const again = await steps(40, 32);
    expect(again.some(({ kind }) => kind === 'calibrated')).toBe(false);
    expect(measured(again)).toEqual(measured(first));
    expect(measured(first)[0]?.measurement.kl).toBeGreaterThan(0);
  });

  it('fewer ranks and fewer bits answer less and less alike', async () => {
    const ranks = [];
    for (const rank of [40, 4]) ranks.push((await last(rank, 64)).kl);
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    expect(ranks[1]).toBeGreaterThan(0.05);
    const bits = [];
    for (const each of [8, 3] as const)
      bits.push((await last(0, 64, { kind: 'int', bits: each, group: 'row' })).kl);
    expect(bits).toEqual(bits.toSorted((a, b) => a - b));
    expect(bits[0]).toBeGreaterThan(0);
    const weightsOnly = await last(0, 64, { kind: 'int', bits: 8, group: 'row' });
    const both = await last(0, 64, { kind: 'w8a8' });
    expect(both.kl).toBeGreaterThan(weightsOnly.kl);
    expect(both.kl).toBeLessThan(0.01);
  });

  it('another seed is other examples, the same seed the same', async () => {
    const [a, b, c] = [
      await steps(40, 64, unquantized, 11),
      await steps(40, 64, unquantized, 12),
      await steps(40, 64, unquantized, 11),
    ];
    expect(measured(a)).toEqual(measured(c));
    expect(measured(a)[0]?.answers.truth).not.toEqual(measured(b)[0]?.answers.truth);
  });

  it('refuses designs of other models by name', async () => {
    const short = { design: design(4).slice(1), quantization: unquantized };
    await expect(measurer.measure(short, { examples: 32 }).next()).rejects.toThrow(
      'design: must have 19 layers, got 18',
    );
    const wrong = design(4).with(0, { format: 'svd', outModes: [96], inModes: [96], ranks: [500] });
    const generator = measurer.measure({ design: wrong, quantization: unquantized }, { examples: 32 });
    await expect(generator.next()).rejects.toThrow(/rank/);
    await expect(openMeasurer(await loadOrt(), randomModel('glyph-vit'), linears, task)).rejects.toThrow(
      /must be an initializer/,
    );
  });

  it('frees its sessions', async () => {
    const other = await openMeasurer(await loadOrt(), bytes, linears, task);
    await other.calibrate().next();
    await other.release();
    await expect(
      other.measure({ design: design(0), quantization: unquantized }, { examples: 32 }).next(),
    ).rejects.toThrow(/^onnxruntime: /);
  });
});
