import { describe, expect, it } from 'vitest';
import { jacobianOf } from './jacobian.ts';
import { splitParameters } from './shipped.ts';
import { batch, relativeError, runOnce, tinies, tinyParameters } from './tiny.fixture.ts';

describe('jacobian graph', () => {
  it.each(tinies)('$title: inputs and cotangents give the gradient that torch found', async (tiny) => {
    const { network, inputs, labels, expected } = tiny;
    const { model, layers, signs } = jacobianOf(network, splitParameters(network, tinyParameters(tiny)));
    const zeros = signs.map(({ name, choices }) => {
      const values = new Float32Array(batch * choices);
      return [name, { shape: [batch, choices], values }] as const;
    });
    const logits = await runOnce(model, { ...inputs, ...Object.fromEntries(zeros) });
    // v = dLoss / dlogits makes v . logits move as the loss does.
    const pulls = signs.map(({ name, output, choices }, i) => {
      const values = logits[output]!.values as Float32Array;
      const pull = Float32Array.from(values, (value, at) => {
        const row = values.subarray(at - (at % choices), at - (at % choices) + choices);
        const share = Math.exp(value) / row.reduce((sum, of) => sum + Math.exp(of), 0);
        const right = labels[i]![Math.floor(at / choices)] === at % choices ? 1 : 0;
        return (share - right) / batch / signs.length;
      });
      return [name, { shape: [batch, choices], values: pull }] as const;
    });
    const results = await runOnce(model, { ...inputs, ...Object.fromEntries(pulls) });
    expect(layers.length).toBeGreaterThan(12);
    for (const { layer, in: inside, out, rows, input, cotangent } of layers) {
      const x = results[input]!;
      const g = results[cotangent]!;
      expect(x.values.length).toBe(batch * rows * inside);
      expect(g.values.length).toBe(batch * rows * out);
      const sum = new Float64Array(inside * out);
      for (let t = 0; t < batch * rows; t++)
        for (let i = 0; i < inside; i++)
          for (let o = 0; o < out; o++)
            sum[i * out + o]! += Number(x.values[t * inside + i]) * Number(g.values[t * out + o]);
      expect(relativeError(sum, expected.gradients[`${layer}.weight`]!), layer).toBeLessThan(5e-6);
    }
  });
});
