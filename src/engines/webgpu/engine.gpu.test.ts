import { afterAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../core/base/random.ts';
import { evaluateEinsum } from '../../core/einsum/evaluate.ts';
import { parseEinsum } from '../../core/einsum/parse.ts';
import { einsumProgram } from '../../core/einsum/program.ts';
import { randomEinsum, randomValues } from '../../core/einsum/random-einsum.fixture.ts';
import { EngineLost } from '../../core/einsum/engine.ts';
import { openWebGpu } from './engine.ts';
import type { TuningProgress, TuningStore } from './tuner.ts';
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

  it('says what does not fit before it takes anything', async () => {
    const program = einsumProgram('i,j->ij', [[40_000], [40_000]]);
    await expect(engine!.prepare(program)).rejects.toThrow(
      /^webgpu: an array must have at most \d+ bytes on this device, got 6400000000$/,
    );
  });

  it('refuses f16 where the device has none, and wrong operands', async () => {
    const program = einsumProgram('i,i->', [[5], [5]]);
    if (!engine!.gpu.half)
      await expect(engine!.prepare(program, { dtype: 'f16' })).rejects.toThrow(
        'dtype: this device has no f16',
      );
    const prepared = await engine!.prepare(program);
    expect(() => prepared.write(0, new Float32Array(4))).toThrow(
      'operand: operand 0 must have 5 values, got 4',
    );
    expect(() => prepared.write(2, new Float32Array(5))).toThrow('operand: must be below 2, got 2');
    prepared.destroy();
    await expect(prepared.run()).rejects.toThrow('webgpu: what was destroyed cannot be used');
  });

  it('measures runs on the device and stops when told', async () => {
    const prepared = await engine!.prepare(
      einsumProgram('ik,kj->ij', [
        [32, 32],
        [32, 32],
      ]),
    );
    const times = await prepared.time(3);
    expect(times).toHaveLength(3);
    for (const ms of times) expect(ms).toBeGreaterThan(0);
    await expect(prepared.time(3, { aborted: true, reason: new Error('enough') })).rejects.toThrow('enough');
    prepared.destroy();
  });

  it('tunes, tells what it tried, and remembers it', async () => {
    const kept = new Map<string, unknown>();
    const store: TuningStore = {
      get: async (key) => kept.get(key),
      set: async (key, value) => void kept.set(key, structuredClone(value)),
    };
    const program = einsumProgram('ik,kj->ij', [
      [40, 24],
      [24, 36],
    ]);
    const seen: TuningProgress[] = [];
    for (const from of ['tuned', 'store'] as const) {
      const tuning = await openWebGpu({ gpu: gpu!, tuneMs: 300, store, onTuning: (step) => seen.push(step) });
      const prepared = await tuning!.prepare(program);
      expect(tuning!.tuned?.()).toMatchObject([{ from, winner: prepared.dispatches?.[0]?.kernel }]);
      tuning!.dispose();
    }
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.at(-1)?.bestMs).toBeGreaterThan(0);
    expect([...kept.keys()]).toEqual([expect.stringContaining('f32 b1 m64 n64 k32')]);
  }, 60_000);

  it('tells a lost device, at work and afterwards', async () => {
    const losing = await openWebGpu({ gpu: gpu!, tuneMs: 0 });
    const program = einsumProgram('ik,kj->ij', [
      [16, 16],
      [16, 16],
    ]);
    const prepared = await losing!.prepare(program);
    losing!.gpu.device.destroy();
    await expect(prepared.run()).rejects.toBeInstanceOf(EngineLost);
    await expect(prepared.read()).rejects.toBeInstanceOf(EngineLost);
    await expect(losing!.prepare(program)).rejects.toBeInstanceOf(EngineLost);
  });
});
