/**
 * Our own engine: the path of fewest multiply-accumulates, kernels tuned on this device while preparing. It enters
 * twice, the second time without fusion, to show what fusion gives.
 */
import type { DeviceRoof } from '../../../src/core/cost/device-roof.ts';
import { einsumProgram } from '../../../src/core/einsum/program.ts';
import { measureRoof } from '../../../src/engines/timing/roof.ts';
import { openWebGpu } from '../../../src/engines/webgpu/engine.ts';
import type { Contestant } from '../contestant.ts';

export interface Rankscape {
  readonly contestants: readonly Contestant[];
  /** The most that the engine itself reaches on this device. */
  readonly roof: () => Promise<DeviceRoof>;
}

/** No run for the roof should take longer. */
const longestMs = 300;

export async function openRankscape(): Promise<Rankscape> {
  const engine = await openWebGpu();
  if (engine === null) throw new Error('no adapter');
  const contestant = (name: string, fusion: 'measured' | 'never'): Contestant => ({
    name,
    device: engine.gpu.device,
    ways: ({ equation, shapes }, operands) => {
      const program = einsumProgram(equation, shapes);
      if (fusion === 'never' && program.steps.length === 1) return [];
      const way = async () => {
        const prepared = await engine.prepare(program, { fusion });
        operands.forEach((values, k) => prepared.write(k, values));
        const calls = (prepared.dispatches ?? []).map(({ steps, kernel }) => `${steps.join('+')}: ${kernel}`);
        const { run, read, destroy: dispose, choices } = prepared;
        return { name: calls.join('; '), run, read, dispose, ...(choices === undefined ? {} : { choices }) };
      };
      return [way];
    },
  });
  return {
    contestants: [contestant('rankscape', 'measured'), contestant('rankscape, unfused', 'never')],
    roof: () => measureRoof(engine, { longestMs, date: Date.now, onStage: () => {} }),
  };
}
