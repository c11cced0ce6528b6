import { afterAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../core/base/random.ts';
import { evaluateEinsum } from '../../core/einsum/evaluate.ts';
import { parseEinsum } from '../../core/einsum/parse.ts';
import { einsumProgram } from '../../core/einsum/program.ts';
import { randomEinsum, randomValues } from '../../core/einsum/random-einsum.fixture.ts';
import { openWebGpu } from './engine.ts';
import { nodeGpu } from './node-gpu.fixture.ts';

const gpu = await nodeGpu();
const engine = gpu === null ? null : await openWebGpu({ gpu, poison: true, tuneMs: 0 });
const size = (shape: readonly number[]): number => shape.reduce((words, extent) => words * extent, 1);

describe.skipIf(engine === null)('einsums on the GPU', () => {
  afterAll(() => engine?.dispose());

  /** 'right', or where it is not. */
  const outcome = async (
    equation: string,
    shapes: readonly (readonly number[])[],
    seed: number,
  ): Promise<string> => {
    const random = createRandom(seed);
    const operands = shapes.map((shape) => randomValues(random, size(shape)));
    const expected = evaluateEinsum(parseEinsum(equation, shapes), operands);
    const prepared = await engine!.prepare(einsumProgram(equation, shapes));
    operands.forEach((values, k) => prepared.write(k, Float32Array.from(values)));
    await prepared.run();
    const result = await prepared.read();
    prepared.destroy();
    expect(result.length).toBe(expected.values.length);
    const scale = expected.values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const wrong = expected.values.findIndex((value, k) => !(Math.abs(value - result[k]!) < 1e-5 * scale));
    return wrong < 0 ? 'right' : `${equation} ${JSON.stringify(shapes)} differs at ${wrong}`;
  };

  it('gives what the slow evaluator gives on random einsums', async () => {
    for (let seed = 0; seed < Number(process.env['RANKSCAPE_EINSUMS'] ?? 40); seed++) {
      const { equation, shapes } = randomEinsum(createRandom(seed), 3);
      expect(await outcome(equation, shapes, seed)).toBe('right');
    }
  }, 200_000);

  for (const [equation, ...shapes] of [
    ['ik,kj->ij', [33, 65], [65, 31]],
    ['ik,jk->ij', [32, 64], [48, 64]],
    ['ki,kj->ij', [64, 32], [64, 48]],
    ['ki,jk->ij', [7, 5], [3, 7]],
    ['ik,k->i', [64, 128], [128]],
    ['k,kj->j', [600], [600, 5]],
    ['k,k->', [2048], [2048]],
    ['bik,bkj->bij', [3, 9, 8], [3, 8, 12]],
    ['bjr,jr->br', [6, 5, 16], [5, 16]],
    ['bjr,jr->br', [6, 5, 7], [5, 7]],
    ['ij->ji', [17, 9]],
    ['ij->ji', [16, 8]],
    ['ij->', [40, 50]],
    ['ii->i', [9, 9]],
    ['ij,jii->j', [1, 4], [4, 3, 3]],
    ['ij,jk->ik', [2, 0], [0, 3]],
    ['ij,jk->ik', [0, 2], [2, 3]],
    [',->', [], []],
    ['i,j->ij', [13], [12]],
    ['abcd,cdef->abef', [3, 4, 5, 6], [5, 6, 4, 2]],
    ['bij,wiB,Bxj->bwx', [9, 8, 6], [5, 8, 4], [4, 7, 6]],
  ] as const) {
    it(`${equation} of ${JSON.stringify(shapes)}`, async () => {
      expect(await outcome(equation, shapes, 5)).toBe('right');
    }, 60_000);
  }
});
