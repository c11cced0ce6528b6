import { describe, expect, it } from 'vitest';
import { createGraph } from './graph.ts';
import { lossAndGradient, parameterCount, targetName } from './step.ts';
import { splitParameters } from './shipped.ts';
import { batch, relativeError, runOnce, tinies, tinyParameters } from './tiny.fixture.ts';
import { oneHot } from './trainer.ts';

const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs));

describe('gradients of whole networks', () => {
  it.each(tinies)('$title: those of torch in float64', async (tiny) => {
    const { network, inputs, labels, expected } = tiny;
    const graph = createGraph();
    const count = parameterCount(network.parameters);
    const { loss, gradient } = lossAndGradient(network, batch, graph.input('parameters', 'float32', [count]));
    graph.output('loss', loss);
    graph.output('gradient', gradient);
    const targets = network.outputs.map(({ label, choices }, i) => {
      const values = oneHot(labels[i]!, choices);
      return [targetName(label), { shape: [batch, choices], values }] as const;
    });
    const results = await runOnce(graph.model('test'), {
      ...inputs,
      ...Object.fromEntries(targets),
      parameters: { shape: [count], values: tinyParameters(tiny) },
    });
    expect(Math.abs(Number(results['loss']!.values[0]) - expected.loss)).toBeLessThan(1e-6);
    const parts = splitParameters(network, results['gradient']!.values as Float32Array);
    expect([...parts.keys()]).toEqual(Object.keys(expected.gradients));
    const flat = Object.values(expected.gradients).flat();
    expect(relativeError(results['gradient']!.values as Float32Array, flat)).toBeLessThan(5e-6);
    for (const [name, values] of Object.entries(expected.gradients)) {
      const got = [...parts.get(name)!];
      // What shifts all scores of a softmax alike has a gradient of zero: there only rounding is left.
      if (largest(values) < 1e-12) expect(largest(got), name).toBeLessThan(1e-6);
      else expect(relativeError(got, values), name).toBeLessThan(5e-6);
    }
  });
});
