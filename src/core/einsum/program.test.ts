import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import { reference } from '../base/reference.ts';
import { evaluateForm } from './evaluate-form.ts';
import { evaluateEinsum } from './evaluate.ts';
import { extentOf, formMacs, gemmForm, transposeForm } from './gemm-form.ts';
import { parseEinsum } from './parse.ts';
import { findPath } from './path.ts';
import { einsumProgram, programMacs, type Program } from './program.ts';
import { randomEinsum, randomValues } from './random-einsum.fixture.ts';

const size = (shape: readonly number[]): number => shape.reduce((words, extent) => words * extent, 1);

/** Runs a program on outputs full of NaN, so that a word nobody writes shows. */
function run(program: Program, operands: readonly Float64Array[], transposed = false): Float64Array {
  const values = operands.slice();
  for (const { form, left, right, shape } of program.steps) {
    const out = new Float64Array(size(shape)).fill(NaN);
    const a = values[left]!;
    const b = right === null ? null : values[right]!;
    expect([form.words.a, form.words.b, form.words.out]).toEqual([a.length, b?.length ?? null, out.length]);
    if (transposed && b !== null) evaluateForm(transposeForm(form), b, a, out);
    else evaluateForm(form, a, b, out);
    values.push(out);
  }
  return values.at(-1)!;
}

const closest = (a: Float64Array, b: Float64Array): number =>
  a.reduce((worst, value, k) => Math.max(worst, Math.abs(value - (b[k] ?? NaN))), 0);

describe('programs of strided products', () => {
  it('give what the slow evaluator gives, either way round', () => {
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), (seed, transposed) => {
        const random = createRandom(seed);
        const { equation, shapes } = randomEinsum(random, 4);
        const operands = shapes.map((shape) => randomValues(random, size(shape)));
        const expected = evaluateEinsum(parseEinsum(equation, shapes), operands);
        const program = einsumProgram(equation, shapes);
        const result = run(program, operands, transposed);
        expect(program.outputShape).toEqual(expected.shape);
        expect(result.length).toBe(expected.values.length);
        expect(closest(expected.values, result)).toBeLessThan(1e-12);
      }),
      { numRuns: 2000, seed: 7 },
    );
  });

  it('do the multiply-accumulates of their path', () => {
    const table = reference<{ cases: readonly { eq: string; shapes: number[][] }[] }>(
      'factorized_paths.json',
    );
    for (const { eq, shapes } of table?.cases ?? []) {
      const program = einsumProgram(eq, shapes);
      expect(programMacs(program)).toBe(findPath(parseEinsum(eq, shapes)).macs);
    }
  });

  it('choose orders of intermediates in which axes merge', () => {
    // As the path lists it the intermediate is bjor: b and o, rows of the next step, would be apart.
    const program = einsumProgram(
      'bij,oir,rpj->bop',
      [
        [8, 4, 6],
        [5, 4, 3],
        [3, 7, 6],
      ],
      [
        [0, 1],
        [0, 1],
      ],
    );
    expect(program.steps[1]?.form).toMatchObject({
      m: [{ extent: 7 }],
      n: [{ extent: 40, out: 7 }],
      k: [{ extent: 3 }, { extent: 6 }],
    });
  });
});

describe('the form of one step', () => {
  const form = (equation: string, ...shapes: number[][]) => {
    const { inputs, output } = parseEinsum(equation, shapes);
    return gemmForm({ inputs, output, shapes });
  };

  it('tells batch, m, n and k apart and merges neighbours', () => {
    expect(form('bijk,bjkn->bin', [2, 3, 4, 5], [2, 4, 5, 6])).toEqual({
      batch: [{ extent: 2, a: 60, b: 120, out: 18 }],
      m: [{ extent: 3, a: 20, b: 0, out: 6 }],
      n: [{ extent: 6, a: 0, b: 1, out: 1 }],
      k: [{ extent: 20, a: 1, b: 6, out: 0 }],
      words: { a: 120, b: 240, out: 36 },
    });
  });

  it('takes a broadcast axis for one that the operand lacks, a diagonal for the sum of its strides', () => {
    const { batch, m, n, k } = form('ij,jii->j', [1, 4], [4, 3, 3]);
    expect({ batch, m, n, k }).toEqual({
      batch: [{ extent: 4, a: 1, b: 9, out: 1 }],
      m: [],
      n: [],
      k: [{ extent: 3, a: 0, b: 4, out: 0 }],
    });
  });

  it('keeps an axis of extent 0, with which there is nothing to do', () => {
    const empty = form('ij,jk->ik', [2, 0], [0, 3]);
    expect(extentOf(empty.k)).toBe(0);
    expect(formMacs(empty)).toBe(0);
    expect(empty.words).toEqual({ a: 0, b: 0, out: 6 });
  });

  it('refuses operands that disagree', () => {
    expect(() => gemmForm({ inputs: [['i'], ['i']], shapes: [[2], [3]], output: [] })).toThrow(
      'einsum: an index must have one extent, got "i = 2 and 3"',
    );
  });
});
