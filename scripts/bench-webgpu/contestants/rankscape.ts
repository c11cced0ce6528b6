/** Our own engine: the path of fewest multiply-accumulates, kernels tuned on this device while preparing. */
import { einsumProgram } from '../../../src/core/einsum/program.ts';
import { openWebGpu } from '../../../src/engines/webgpu/engine.ts';
import type { Contestant } from '../contestant.ts';

export async function openRankscape(): Promise<Contestant> {
  const engine = await openWebGpu();
  if (engine === null) throw new Error('no adapter');
  return {
    name: 'rankscape',
    device: engine.gpu.device,
    ways: ({ equation, shapes }, operands) => [
      async () => {
        const prepared = await engine.prepare(einsumProgram(equation, shapes));
        operands.forEach((values, k) => prepared.write(k, values));
        return {
          name: (prepared.dispatches ?? [])
            .map(({ steps, kernel }) => `${steps.join('+')}: ${kernel}`)
            .join('; '),
          run: prepared.run,
          read: prepared.read,
          dispose: prepared.destroy,
        };
      },
    ],
  };
}
