import { describe, expect, it } from 'vitest';
import type { Examples } from '../../core/tasks/task.ts';
import { loadOrt } from '../ort/ort.ts';
import { batch, tinies, type Tiny } from './tiny.fixture.ts';
import { createTrainer, initialParameters, learningRate, type Recipe } from './trainer.ts';

const recipe: Recipe = {
  batch,
  steps: 40,
  learningRate: 0.02,
  warmUp: 5,
  decay: 0.01,
  optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, clip: 1 },
  plateau: { step: 40, loss: 0.9 },
};

const examplesOf = ({ network, inputs, labels }: Tiny): Examples => ({
  count: batch,
  inputs,
  labels: Object.fromEntries(network.outputs.map(({ label }, i) => [label, labels[i]!])),
});

describe('trainer', () => {
  it.each(tinies)('$title: learns three examples by heart', async (tiny) => {
    const trainer = await createTrainer(await loadOrt(), tiny.network, recipe, 1);
    const losses: number[] = [];
    for (let i = 0; i < recipe.steps; i++) losses.push(await trainer.step(examplesOf(tiny)));
    await trainer.release();
    expect(losses[0]).toBeGreaterThan(0.7);
    expect(losses.at(-1)).toBeLessThan(0.05);
  });

  it('gives the same weights for the same seed, others for another', async () => {
    const tiny = tinies[1]!;
    const run = async (seed: number): Promise<Float32Array> => {
      const trainer = await createTrainer(await loadOrt(), tiny.network, recipe, seed);
      for (let i = 0; i < 3; i++) await trainer.step(examplesOf(tiny));
      const parameters = trainer.parameters();
      await trainer.release();
      return parameters;
    };
    const [once, again, other] = [await run(1), await run(1), await run(2)];
    expect(again).toEqual(once);
    expect(other).not.toEqual(once);
  });

  it('starts norms at one, biases at zero, matrices as wide as their fan-in asks', () => {
    const { parameters } = tinies[0]!.network;
    const flat = initialParameters(parameters, 5);
    let at = 0;
    for (const { name, shape } of parameters) {
      const values = flat.subarray(at, (at += shape.reduce((a, b) => a * b, 1)));
      if (name.endsWith('.bias')) expect(new Set(values)).toEqual(new Set([0]));
      else if (name.includes('layernorm')) expect(new Set(values)).toEqual(new Set([1]));
    }
    const wide = initialParameters([{ name: 'w', shape: [100, 100], start: { deviation: 0.1 } }], 1);
    const spread = Math.sqrt(wide.reduce((sum, v) => sum + v * v, 0) / wide.length);
    expect(Math.abs(spread - 0.1)).toBeLessThan(0.003);
  });

  it('warms up linearly and cools down to nothing', () => {
    expect(learningRate(0, recipe)).toBeCloseTo(0.004, 12);
    expect(learningRate(4, recipe)).toBeCloseTo(0.02, 12);
    expect(learningRate(5, recipe)).toBeCloseTo(0.02, 12);
    // Half-way between step 5 and step 40.
    expect(learningRate(22.5, recipe)).toBeCloseTo(0.01, 12);
    expect(learningRate(40, recipe)).toBeCloseTo(0, 12);
  });
});
