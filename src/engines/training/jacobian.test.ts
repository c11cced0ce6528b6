import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../core/base/random.ts';
import { seeds } from '../../core/tasks/task.ts';
import { tasks } from '../../core/tasks/tasks.ts';
import { jacobianGraph, jacobianOf } from './jacobian.ts';
import { readShipped, splitParameters } from './shipped.ts';
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

  it('foretells what a small change of a shipped weight does to the logits', async () => {
    const file = fileURLToPath(new URL('../../../public/models/glyph-vit.onnx', import.meta.url));
    const shipped = fromBinary(ModelProtoSchema, readFileSync(file));
    const { model, layers, signs } = jacobianGraph(shipped);
    const count = 4;
    const random = createRandom(11);
    const examples = tasks['glyph-vit'].examples(seeds.calibration, 0, count);
    const [{ name = '', choices = 0 } = {}] = signs;
    const v = Float32Array.from({ length: count * choices }, () => (random.next() < 0.5 ? -1 : 1));
    const feeds = { ...examples.inputs, [name]: { shape: [count, choices], values: v } };
    const before = await runOnce(model, feeds);

    const { network, parameters } = readShipped(shipped);
    const { layer, in: inside, out, rows, input, cotangent } = layers.find(({ rows: of }) => of > 1)!;
    const weight = parameters.get(`${layer}.weight`)!;
    const change = weight.map(() => 1e-3 * random.normal());
    const moved = new Map(parameters).set(
      `${layer}.weight`,
      weight.map((w, i) => w + change[i]!),
    );
    const after = await runOnce(jacobianOf(network, moved).model, feeds);
    const x = before[input]!.values;
    const g = before[cotangent]!.values;
    for (let b = 0; b < count; b++) {
      let foretold = 0;
      for (let t = b * rows; t < (b + 1) * rows; t++)
        for (let i = 0; i < inside; i++)
          for (let o = 0; o < out; o++)
            foretold += Number(x[t * inside + i]) * change[i * out + o]! * Number(g[t * out + o]);
      let seen = 0;
      for (let c = b * choices; c < (b + 1) * choices; c++)
        seen += v[c]! * (Number(after['logits']!.values[c]) - Number(before['logits']!.values[c]));
      expect(Math.abs(seen - foretold)).toBeLessThan(0.05 * Math.abs(foretold));
    }
  });
});
