import { afterAll, describe, expect, it } from 'vitest';
import { einsumProgram } from '../../core/einsum/program.ts';
import { expectedOf, operandsOf, tolerance, worstError } from '../einsum-case.fixture.ts';
import { einsumTable } from '../einsum-table.fixture.ts';
import { openWebGpu } from './engine.ts';
import { nodeGpu } from './node-gpu.fixture.ts';

const gpu = await nodeGpu();
const engine = gpu === null ? null : await openWebGpu({ gpu, poison: true, tuneMs: 0 });

describe.skipIf(engine === null)('webgpu', () => {
  afterAll(() => engine?.dispose());

  // Half a minute on two idle cores that pose as a GPU.
  it('computes every einsum of the table', { timeout: 900_000 }, async () => {
    if (engine === null) return;
    const wrong: string[] = [];
    for (const row of einsumTable()) {
      const prepared = await engine.prepare(einsumProgram(row.equation, row.shapes));
      operandsOf(row).forEach((values, k) => prepared.write(k, values));
      await prepared.run();
      const error = worstError(expectedOf(row), await prepared.read());
      prepared.destroy();
      if (error > tolerance.f32) wrong.push(`${row.name} is off by ${error}`);
    }
    expect(wrong).toEqual([]);
  });
});
