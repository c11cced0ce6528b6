import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../core/base/random.ts';
import { contract } from '../../core/einsum/evaluate.ts';
import { evaluateForm } from '../../core/einsum/evaluate-form.ts';
import { extentOf } from '../../core/einsum/gemm-form.ts';
import { parseEinsum } from '../../core/einsum/parse.ts';
import { findPath } from '../../core/einsum/path.ts';
import { einsumProgram, type Program } from '../../core/einsum/program.ts';
import { randomEinsum, randomValues } from '../../core/einsum/random-einsum.fixture.ts';
import { chainForms, chainMacs, chainsOf, innerExtent, isEmptyChain, type Chain } from './fusion-chain.ts';
import { fusedCall, fusedName, tileAxis } from './fusion-kernel.ts';
import { fusedPlans } from './fusion-plans.ts';
import { withFused } from './fusion.ts';
import type { Call, Schedule } from './schedule.ts';

const size = (shape: readonly number[]): number => shape.reduce((words, extent) => words * extent, 1);

/** The whole program in float64, the chain's two steps tile by tile without its intermediate. */
function evaluateWith(
  program: Program,
  chain: Chain,
  rows: number,
  operands: readonly Float64Array[],
): Float64Array {
  const values: Float64Array[] = [...operands];
  program.steps.forEach(({ form, left, right, shape }, step) => {
    const out = new Float64Array(size(shape));
    values.push(out);
    if (step === chain.steps[0]) return;
    if (step !== chain.steps[1]) {
      evaluateForm(form, values[left]!, right === null ? null : values[right]!, out);
      return;
    }
    const along = tileAxis(chain);
    const { first, second } = chainForms(chain, along, rows);
    const others = chain.rows.filter((axis) => axis !== along);
    const tile = new Float64Array(rows * innerExtent(chain));
    for (let start = 0; start < (along?.extent ?? 1); start += rows) {
      const row = Math.min(start, (along?.extent ?? 1) - rows);
      for (let other = 0; other < extentOf(others); other++) {
        const at = (array: 'a' | 'b' | 'c' | 'out'): number => {
          let rest = other;
          const moved = others.toReversed().map((axis) => {
            const position = rest % axis.extent;
            rest = Math.floor(rest / axis.extent);
            return position * axis[array];
          });
          return moved.reduce((sum, words) => sum + words, row * (along?.[array] ?? 0));
        };
        evaluateForm(first, values[chain.a]!.subarray(at('a')), values[chain.b]!.subarray(at('b')), tile);
        evaluateForm(second, tile, values[chain.c]!.subarray(at('c')), out.subarray(at('out')));
      }
    }
  });
  return values.at(-1)!;
}

describe('two steps as one', () => {
  it('gives a factorized layer its rows, rank and columns', () => {
    const program = einsumProgram('bi,ir,ro->bo', [
      [128, 64],
      [64, 8],
      [8, 32],
    ]);
    const [chain, ...others] = chainsOf(program);
    expect(others).toEqual([]);
    expect(chain?.steps).toEqual([0, 1]);
    expect(chain?.rows.map(({ extent, out }) => [extent, out])).toEqual([[128, 32]]);
    expect(chain?.inner.map(({ extent, c }) => [extent, c])).toEqual([[8, 32]]);
    expect(chain?.k.map(({ extent }) => extent)).toEqual([64]);
    expect(chain?.columns.map(({ extent, out }) => [extent, out])).toEqual([[32, 1]]);
    expect(chain === undefined ? 0 : chainMacs(chain)).toBe(128 * 8 * (64 + 32));
  });

  it('needs two products', () => {
    expect(
      chainsOf(
        einsumProgram('ij,jk->ik', [
          [4, 5],
          [5, 6],
        ]),
      ),
    ).toEqual([]);
    // The sum over c comes first, as a step of one operand.
    expect(
      chainsOf(
        einsumProgram('abc,bd->ad', [
          [4, 5, 6],
          [5, 3],
        ]),
      ),
    ).toEqual([]);
  });

  it('computes any chain of random einsums, in tiles of any size', () => {
    let chains = 0;
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), (seed, wanted) => {
        const random = createRandom(seed);
        const { equation, shapes } = randomEinsum(random, 4);
        const program = einsumProgram(equation, shapes);
        const operands = shapes.map((shape) => randomValues(random, size(shape)));
        const expected = contract(findPath(parseEinsum(equation, shapes)), operands).values;
        for (const chain of chainsOf(program)) {
          if (isEmptyChain(chain)) continue;
          chains++;
          const rows = Math.min(wanted, tileAxis(chain)?.extent ?? 1);
          const result = evaluateWith(program, chain, rows, operands);
          expected.forEach((value, k) => expect(result[k]).toBeCloseTo(value, 9));
        }
      }),
      { numRuns: 300, seed: 3 },
    );
    expect(chains).toBeGreaterThan(50);
  });
});

describe('ways of doing a chain', () => {
  const program = einsumProgram('bi,ir,ro->bo', [
    [512, 768],
    [768, 64],
    [64, 768],
  ]);
  const [chain] = chainsOf(program);

  it('keep the intermediate within the memory there is', () => {
    const traits = { software: false, workgroupMemory: 16_384, mostThreads: 128 };
    const plans = fusedPlans(chain!, traits);
    expect(plans.length).toBeGreaterThan(1);
    expect(new Set(plans.map(fusedName)).size).toBe(plans.length);
    for (const { memory, rows, threads } of plans) {
      expect(threads).toBeLessThanOrEqual(128);
      expect(rows * 64 * 4).toBeLessThanOrEqual(memory === 'workgroup' ? 8192 : 256);
    }
    expect(plans.some(({ memory }) => memory === 'workgroup')).toBe(true);
    const onProcessor = fusedPlans(chain!, { ...traits, software: true });
    expect(onProcessor.every(({ memory }) => memory === 'thread')).toBe(true);
  });

  it('wait for each other only where memory is shared', () => {
    const traits = { software: false, workgroupMemory: 65_536, mostThreads: 256 };
    for (const plan of fusedPlans(chain!, traits)) {
      const call = fusedCall(chain!, plan, 'f32');
      expect(call.code.includes('workgroupBarrier')).toBe(plan.memory === 'workgroup');
      expect(call.steps).toEqual([0, 1]);
      expect(call.reads).toEqual([chain!.a, chain!.b, chain!.c]);
    }
  });
});

describe('a schedule with fused calls', () => {
  const call = (...steps: number[]): Call => ({
    steps,
    name: '',
    code: '',
    workgroups: [1, 1],
    pieces: 1,
    reads: [],
    writes: 0,
    macs: 0,
  });

  it('has them in the place of their second step, and the single steps no more', () => {
    const schedule: Schedule = {
      calls: [call(0), call(1), call(1), call(2), call(3)],
      values: [],
      zeros: [],
      result: 0,
    };
    const { calls } = withFused(schedule, [call(0, 2)]);
    expect(calls.map(({ steps }) => steps)).toEqual([[1], [1], [0, 2], [3]]);
  });
});
