import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Einsum } from '../../einsum/einsum.ts';
import { evaluateEinsum } from '../../einsum/evaluate.ts';
import { gaussian } from '../../tensor/tensor.fixture.ts';
import { product } from '../tensorization.ts';
import { compileNetwork } from './network.ts';

const letters = Array.from('abcdef');

/** Any einsum without repeats in one operand; hyperedges, private and missing labels included. */
const anyNetwork: fc.Arbitrary<Einsum> = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 6, maxLength: 6 }),
    fc.array(fc.subarray(letters), { minLength: 1, maxLength: 5 }),
    fc.shuffledSubarray(letters),
  )
  .map(([extents, inputs, wished]) => {
    const output = wished.filter((label) => inputs.some((term) => term.includes(label)));
    const used = letters.filter((label) => inputs.some((term) => term.includes(label)));
    return {
      inputs,
      output,
      extents: new Map(used.map((label) => [label, extents[letters.indexOf(label)]!])),
    };
  });

const absolute = (values: Float64Array): Float64Array => values.map((value) => Math.abs(value));

describe('compileNetwork', () => {
  it('gives what the slow evaluator gives', () => {
    fc.assert(
      fc.property(anyNetwork, fc.nat(1000), (einsum, seed) => {
        const operands = einsum.inputs.map((term, k) =>
          gaussian(product(term.map((label) => einsum.extents.get(label) ?? 1)), seed + k),
        );
        const expected = evaluateEinsum(einsum, operands).values;
        const found = compileNetwork(einsum).run(operands);
        expect(found.length).toBe(expected.length);
        // Terms may cancel: errors are held against the sum of their sizes.
        const sizes = evaluateEinsum(einsum, operands.map(absolute)).values;
        for (const [i, value] of expected.entries())
          expect(Math.abs((found[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(1e-13 * (sizes[i] ?? 0));
      }),
      { numRuns: 500 },
    );
  });
});
