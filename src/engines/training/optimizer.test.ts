import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../core/base/random.ts';
import { loadOrt } from '../ort/ort.ts';
import { createGraph } from './graph.ts';
import { adamW, type AdamW } from './optimizer.ts';

const rules: AdamW = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, clip: 1 };
const rate = 0.01;
const decay = 0.1;
const size = 6;

/** The update of the paper, in float64; gradients are clipped first. Decays the first half. */
function exact(gradients: readonly (readonly number[])[], start: readonly number[]): readonly number[] {
  const first = start.map(() => 0);
  const second = start.map(() => 0);
  let values = [...start];
  gradients.forEach((gradient, t) => {
    const shrink = Math.min(1, rules.clip / Math.hypot(...gradient));
    values = values.map((value, i) => {
      const g = gradient[i]! * shrink;
      first[i] = rules.beta1 * first[i]! + (1 - rules.beta1) * g;
      second[i] = rules.beta2 * second[i]! + (1 - rules.beta2) * g ** 2;
      const mean = first[i] / (1 - rules.beta1 ** (t + 1));
      const spread = Math.sqrt(second[i] / (1 - rules.beta2 ** (t + 1))) + rules.epsilon;
      return value - rate * (mean / spread + (i < size / 2 ? decay * value : 0));
    });
  });
  return values;
}

describe('AdamW in the graph', () => {
  it('follows the paper over several steps, with and without clipping', async () => {
    const graph = createGraph();
    const vector = (name: string) => graph.input(name, 'float32', [size]);
    const scalar = (name: string) => graph.input(name, 'float32', []);
    const next = adamW(
      { parameters: vector('p'), first: vector('m'), second: vector('v') },
      vector('g'),
      graph.floats([1, 1, 1, 0, 0, 0], [size]),
      {
        learningRate: scalar('rate'),
        decay: scalar('decay'),
        correction1: scalar('c1'),
        correction2: scalar('c2'),
      },
      rules,
    );
    graph.output('p2', next.parameters);
    graph.output('m2', next.first);
    graph.output('v2', next.second);
    const session = await (await loadOrt()).createSession(toBinary(ModelProtoSchema, graph.model('adamw')));

    const random = createRandom(3);
    const start = Array.from({ length: size }, () => Math.fround(random.normal()));
    // Norms around .25 and around 25: below and above the clip.
    const gradients = [0.1, 10, 0.1, 10].map((scale) =>
      Array.from({ length: size }, () => Math.fround(scale * random.normal())),
    );
    const column = (values: readonly number[]) => ({ shape: [size], values: Float32Array.from(values) });
    const number = (value: number) => ({ shape: [], values: Float32Array.of(value) });
    let state = [column(start), column(start.map(() => 0)), column(start.map(() => 0))];
    for (const [t, gradient] of gradients.entries()) {
      const results = await session.run({
        p: state[0]!,
        m: state[1]!,
        v: state[2]!,
        g: column(gradient),
        rate: number(rate),
        decay: number(decay),
        c1: number(1 / (1 - rules.beta1 ** (t + 1))),
        c2: number(1 / (1 - rules.beta2 ** (t + 1))),
      });
      state = ['p2', 'm2', 'v2'].map((name) => column([...(results[name]!.values as Float32Array)]));
    }
    await session.release();
    const expected = exact(gradients, start);
    [...state[0]!.values].forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-6));
  });
});
