import { describe, expect, it } from 'vitest';
import { disagreement } from '../../core/accuracy/response.ts';
import { unquantized } from '../../core/factor/quantization.ts';
import { denseFactorization } from '../../core/factor/ranks.ts';
import { seeds } from '../../core/tasks/task.ts';
import { tasks } from '../../core/tasks/tasks.ts';
import { modelById } from '../../core/workload/cards.ts';
import { openMeasurer } from './measurer.ts';
import { loadOrt } from './ort.ts';
import { openProbe, responseExamples } from './probe.ts';
import { randomModel } from './random-model.fixture.ts';

const task = tasks['glyph-vit'];
const { linears } = modelById('glyph-vit');
const svd = (layer: number, rank: number) => ({
  format: 'svd' as const,
  outModes: [linears[layer]!.out],
  inModes: [linears[layer]!.in],
  ranks: [rank],
});

async function last<T, R>(steps: AsyncGenerator<T, R>): Promise<{ readonly seen: T[]; readonly result: R }> {
  const seen: T[] = [];
  for (;;) {
    const step = await steps.next();
    if (step.done === true) return { seen, result: step.value };
    seen.push(step.value);
  }
}

const near = (value: number | undefined, other: number): void => expect(value).toBeCloseTo(other, 6);

describe('answers beside the dense model', () => {
  it('are those of a measurement on the same examples, and the dense model agrees with itself', async () => {
    const measurer = await openMeasurer(await loadOrt(), randomModel('glyph-vit'), linears, task);
    const design = linears.map(({ out, in: width }) => denseFactorization(out, width));
    const candidate = { design: design.with(3, svd(3, 4)).with(8, svd(8, 9)), quantization: unquantized };
    const { seen, result } = await last(measurer.respond(candidate));
    expect(seen.at(-1)).toEqual({ kind: 'compared', examples: responseExamples, of: responseExamples });
    const measured = await last(
      measurer.measure(candidate, { seed: seeds.calibration, examples: responseExamples }),
    );
    const step = measured.seen.at(-1);
    expect(step?.kind).toBe('measured');
    if (step?.kind !== 'measured') return;
    near(result.kl, step.measurement.kl);
    near(result.hard, 1 - step.measurement.flips);
    expect(disagreement(result)).toBeGreaterThan(disagreement({ kl: 0, soft: 1, hard: 1 }));
    const { result: itself } = await last(measurer.respond({ design, quantization: unquantized }));
    expect(itself.hard).toBe(1);
    expect(itself.kl).toBe(0);
    expect(itself.soft).toBe(1);
    await measurer.release();
  }, 60_000);

  it('the probe of the calibration says the same', async () => {
    const probe = await openProbe(await loadOrt(), randomModel('glyph-vit'), linears, task);
    const { weight, covariance } = probe.layers[2]!;
    expect(await probe.response(new Map([[2, weight]]))).toEqual({ kl: 0, soft: 1, hard: 1 });
    expect(covariance.rows).toBe(linears[2]!.in);
    const nothing = new Map([[2, { ...weight, values: new Float64Array(weight.values.length) }]]);
    const { kl, soft, hard } = await probe.response(nothing);
    expect(kl).toBeGreaterThan(0);
    expect(soft).not.toBe(1);
    expect(hard).toBeLessThanOrEqual(1);
    const { n, kl: elsewhere } = await probe.measure(nothing, 64, 40);
    expect(n).toBe(40);
    expect(elsewhere).toBeGreaterThan(kl / 4);
    expect(elsewhere).toBeLessThan(kl * 4);
    await probe.release();
  }, 60_000);
});
