import { afterAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../core/base/random.ts';
import { contract } from '../../core/einsum/evaluate.ts';
import { parseEinsum } from '../../core/einsum/parse.ts';
import { findPath } from '../../core/einsum/path.ts';
import { einsumProgram, type Program } from '../../core/einsum/program.ts';
import { randomEinsum, randomValues } from '../../core/einsum/random-einsum.fixture.ts';
import { factorShapes, printForward } from '../../core/factor/forward.ts';
import { clipRanks } from '../../core/factor/ranks.ts';
import type { Format } from '../../core/factor/factorization.ts';
import { openWebGpu } from './engine.ts';
import { chainsOf, isEmptyChain } from './fusion-chain.ts';
import { fusedCall, fusedName } from './fusion-kernel.ts';
import { fusedPlans, type FusionTraits } from './fusion-plans.ts';
import { withFused } from './fusion.ts';
import { createMemory } from './memory.ts';
import { nodeGpu } from './node-gpu.fixture.ts';
import { prepareSchedule } from './runner.ts';
import { createSchedule, type Call } from './schedule.ts';
import { createTuner } from './tuner.ts';

const gpu = await nodeGpu();
const engine = gpu === null ? null : await openWebGpu({ gpu, poison: true, tuneMs: 0 });
const size = (shape: readonly number[]): number => shape.reduce((words, extent) => words * extent, 1);

const asSoftware: FusionTraits = { software: true, workgroupMemory: 16_384, mostThreads: 256 };
const asHardware: FusionTraits = { ...asSoftware, software: false };

describe.skipIf(engine === null)('two products in one kernel', () => {
  afterAll(() => engine?.dispose());

  const given = (shapes: Program['shapes'], seed: number): readonly Float64Array[] => {
    const random = createRandom(seed);
    return shapes.map((shape) => randomValues(random, size(shape)));
  };

  /** 'right', or where the result is not, with some calls in place of the steps they do. */
  async function outcome(
    program: Program,
    operands: readonly Float64Array[],
    expected: Float64Array,
    fused: readonly Call[],
  ): Promise<string> {
    const memory = createMemory(engine!.gpu, true);
    const { guess } = createTuner(engine!.gpu, memory, { tuneMs: 0 });
    const plain = createSchedule(program, { dtype: 'f32', mostMacs: Infinity, planOf: guess });
    const prepared = await prepareSchedule(engine!.gpu, memory, program, withFused(plain, fused));
    operands.forEach((values, k) => prepared.write(k, Float32Array.from(values)));
    await prepared.run();
    const result = await prepared.read();
    prepared.destroy();
    memory.dispose();
    const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const wrong = expected.findIndex((value, k) => !(Math.abs(value - (result[k] ?? NaN)) < 1e-5 * scale));
    return wrong < 0 ? 'right' : `${fused[0]?.name}: differs at ${wrong}`;
  }

  async function checkAll(equation: string, shapes: Program['shapes'], traits: FusionTraits, most: number) {
    const program = einsumProgram(equation, shapes);
    const operands = given(shapes, 3);
    const { values } = contract(findPath(parseEinsum(equation, shapes)), operands);
    let tried = 0;
    for (const chain of chainsOf(program).filter((one) => !isEmptyChain(one)))
      for (const plan of fusedPlans(chain, traits).slice(0, most)) {
        const call = fusedCall(chain, plan, 'f32');
        expect(await outcome(program, operands, values, [call]), `${equation} ${fusedName(plan)}`).toBe(
          'right',
        );
        tried++;
      }
    return tried;
  }

  const layers: readonly (readonly [Format, readonly number[], readonly number[], readonly number[]])[] = [
    ['svd', [33], [29], [5]],
    ['svd', [32], [24], [8]],
    ['kronecker', [4, 5], [3, 4], [2]],
    ['cp', [4, 5], [3, 4], [6]],
    ['tucker', [4, 8], [8, 4], [4, 3, 4, 3]],
    ['tt', [4, 5], [3, 4], [2, 4, 2]],
    ['ttm', [4, 8], [8, 4], [4]],
    ['tr', [4, 5], [3, 4], [2, 3, 4, 2]],
    ['block-term', [4, 5], [3, 4], [2, 2, 2, 2, 2]],
  ];
  for (const [format, outModes, inModes, ranks] of layers) {
    it(`any pair of steps of a ${format} layer ${outModes.join('x')} by ${inModes.join('x')}`, async () => {
      const f = clipRanks({ format, outModes, inModes, ranks });
      const shapes = [[21, ...inModes], ...factorShapes(f)];
      expect(await checkAll(printForward(f), shapes, asSoftware, 1)).toBeGreaterThan(0);
    }, 120_000);
  }

  it('is chosen by measurement, said so, remembered, and can be refused', async () => {
    const kept = new Map<string, unknown>();
    const store = {
      get: (key: string) => Promise.resolve(kept.get(key)),
      set: (key: string, value: unknown) => Promise.resolve(void kept.set(key, structuredClone(value))),
    };
    const shapes = [
      [61, 45],
      [45, 9],
      [9, 50],
    ];
    const program = einsumProgram('bi,ir,ro->bo', shapes);
    const operands = given(shapes, 4);
    const { values } = contract(findPath(parseEinsum('bi,ir,ro->bo', shapes)), operands);
    const said: unknown[] = [];
    for (let round = 0; round < 2; round++) {
      const tuned = await openWebGpu({ gpu: gpu!, poison: true, tuneMs: 100, store });
      const prepared = await tuned!.prepare(program);
      const [choice] = prepared.choices ?? [];
      expect(choice?.steps).toEqual([0, 1]);
      expect(choice?.fusedMs).toBeGreaterThan(0);
      if (choice?.fused === true) expect(choice.fusedMs).toBeLessThan(0.97 * choice.unfusedMs);
      const calls = prepared.dispatches?.filter(({ steps }) => steps.length === 2) ?? [];
      expect(calls.length).toBe(choice?.fused === true ? 1 : 0);
      said.push(choice);
      operands.forEach((numbers, k) => prepared.write(k, Float32Array.from(numbers)));
      await prepared.run();
      const result = await prepared.read();
      values.forEach((value, k) => expect(result[k]).toBeCloseTo(value, 3));
      const plain = await tuned!.prepare(program, { fusion: 'never' });
      expect(plain.dispatches?.every(({ steps }) => steps.length === 1)).toBe(true);
      tuned!.dispose();
    }
    expect(said[1]).toEqual(said[0]);
    const nonsense = { kernel: 'of another version', fusedMs: 1, unfusedMs: 2, fused: true };
    const misled = await openWebGpu({
      gpu: gpu!,
      tuneMs: 100,
      store: { ...store, get: () => Promise.resolve(nonsense) },
    });
    expect((await misled!.prepare(program)).choices?.[0]?.kernel).not.toBe(nonsense.kernel);
    misled!.dispose();
  }, 120_000);

  it('tiles in workgroup memory', async () => {
    expect(
      await checkAll(
        'bi,ir,ro->bo',
        [
          [37, 20],
          [20, 7],
          [7, 30],
        ],
        asHardware,
        3,
      ),
    ).toBeGreaterThan(1);
    expect(
      await checkAll(
        'bij,wiB,Bxj->bwx',
        [
          [19, 4, 8],
          [5, 4, 2],
          [2, 4, 8],
        ],
        asHardware,
        2,
      ),
    ).toBeGreaterThan(1);
  }, 120_000);

  it('random einsums of three operands', async () => {
    let tried = 0;
    for (let seed = 0; seed < Number(process.env['RANKSCAPE_EINSUMS'] ?? 30); seed++) {
      const { equation, shapes } = randomEinsum(createRandom(seed + 900), 4);
      tried += await checkAll(equation, shapes, asSoftware, 1);
    }
    expect(tried).toBeGreaterThan(5);
  }, 200_000);
});
