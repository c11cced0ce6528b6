import { describe, expect, it } from 'vitest';
import { unquantized } from '../../core/factor/quantization.ts';
import { denseFactorization } from '../../core/factor/ranks.ts';
import { seeds } from '../../core/tasks/task.ts';
import { tasks } from '../../core/tasks/tasks.ts';
import { modelById } from '../../core/workload/cards.ts';
import { openMeasurer } from './measurer.ts';
import { loadOrt } from './ort.ts';
import { divergenceExamples, openProbe } from './probe.ts';
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

describe('one layer alone', () => {
  it('diverges as the whole model does when nothing else changes, and not at all with its own weights', async () => {
    const measurer = await openMeasurer(await loadOrt(), randomModel('glyph-vit'), linears, task);
    const design = linears.map(({ out, in: width }) => denseFactorization(out, width));
    const candidate = { design: design.with(3, svd(3, 4)), quantization: unquantized };
    const { seen, result } = await last(measurer.diverge(candidate));
    expect(seen.at(-1)).toEqual({ kind: 'probed', layers: 20, of: 20 });
    const measured = await last(
      measurer.measure(candidate, { seed: seeds.calibration, examples: divergenceExamples }),
    );
    const step = measured.seen.at(-1);
    expect(step?.kind === 'measured' && step.measurement.kl).toBe(result[3]);
    expect(result[3]).toBeGreaterThan(0);
    expect(result.filter((nats) => nats !== 0)).toHaveLength(1);
    const more = { design: candidate.design.with(5, svd(5, 95)), quantization: unquantized };
    const both = (await last(measurer.diverge(more))).result;
    expect(both[3]).toBe(result[3]);
    expect(both[5]).toBeLessThan(result[3]!);
    await measurer.release();
  }, 60_000);

  it('the probe of the calibration says the same', async () => {
    const probe = await openProbe(await loadOrt(), randomModel('glyph-vit'), linears, task);
    const { weight, covariance } = probe.layers[2]!;
    expect(await probe.divergence(2, weight)).toBe(0);
    expect(covariance.rows).toBe(linears[2]!.in);
    const nothing = { ...weight, values: new Float64Array(weight.values.length) };
    const nats = await probe.divergence(2, nothing);
    expect(nats).toBeGreaterThan(0);
    const { n, kl } = await probe.measure(new Map([[2, nothing]]), 64, 40);
    expect(n).toBe(40);
    expect(kl).toBeGreaterThan(nats / 4);
    expect(kl).toBeLessThan(nats * 4);
    await probe.release();
  }, 60_000);
});
