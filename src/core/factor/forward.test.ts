import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reference } from '../base/reference.ts';
import { findPath } from '../einsum/path.ts';
import { parseEinsum, printEinsum } from '../einsum/parse.ts';
import { anyFactorization } from './factor.fixture.ts';
import type { Factorization, Format } from './factorization.ts';
import { factorShapes, forwardEinsum, operandNames, printForward, weightEinsum } from './forward.ts';
import { parameterCount } from './parameters.ts';
import { clipRanks } from './ranks.ts';
import { product } from './tensorization.ts';

interface Case {
  readonly format: string;
  readonly batch: number;
  readonly eq: string;
  readonly shapes: readonly (readonly number[])[];
  readonly params: number;
  readonly exact_macs: { readonly macs: number };
}

const named: Readonly<Record<string, Format>> = { lowrank: 'svd', kronsum: 'kronecker', btd: 'block-term' };

/** The factorization whose forward einsum has these terms and shapes. */
function read({ format, eq, shapes }: Case): Factorization {
  const ours = named[format] ?? (format as Format);
  const [terms = '', output = ''] = eq.split('->');
  const labels = terms.split(',');
  const extent = (letter: string): number => {
    const k = labels.findIndex((term) => term.includes(letter));
    return shapes[k]?.[Array.from(labels[k] ?? '').indexOf(letter)] ?? 0;
  };
  const modes = (term: string): number[] => Array.from(term.replace('b', ''), extent);
  const bonds = new Set(
    labels
      .slice(1)
      .join('')
      .replace(/[^A-Zrc]/g, ''),
  );
  const ranks = [...bonds]
    .sort((a, b) => Number(b === 'c') - Number(a === 'c') || (a < b ? -1 : 1))
    .map(extent);
  return { format: ours, outModes: modes(output), inModes: modes(labels[0] ?? ''), ranks };
}

describe('forwardEinsum', () => {
  const table = reference<{ readonly cases: readonly Case[] }>('factorized_paths.json');

  it.skipIf(table === null)(
    'is the reference in equation, shapes, parameters and least MACs (needs the reference figures)',
    () => {
      const cases = (table?.cases ?? []).filter(({ format }) => format !== 'usv');
      expect(cases.length).toBeGreaterThan(80);
      for (const row of cases) {
        const f = read(row);
        expect(clipRanks(f)).toBe(f);
        expect(parameterCount(f)).toBe(row.params);
        expect(printForward(f)).toBe(row.eq);
        const einsum = forwardEinsum(f, row.batch);
        expect(einsum.inputs.map((term) => term.map((letter) => einsum.extents.get(letter)))).toEqual(
          row.shapes,
        );
        expect(findPath(einsum, 'macs').macs).toBe(row.exact_macs.macs);
      }
    },
  );

  it('has factors of as many elements as there are parameters', () => {
    fc.assert(
      fc.property(anyFactorization(), (f) => {
        expect(factorShapes(f).reduce((sum, shape) => sum + product(shape), 0)).toBe(parameterCount(f));
        expect(operandNames(f).length).toBe(factorShapes(f).length + 1);
        expect(new Set(operandNames(f)).size).toBe(operandNames(f).length);
      }),
      { numRuns: 300 },
    );
  });

  it('maps X [rows, ...inModes] to Y [rows, ...outModes] and is read back from its print', () => {
    fc.assert(
      fc.property(anyFactorization(), fc.integer({ min: 1, max: 9 }), (f, rows) => {
        const einsum = forwardEinsum(f, rows);
        const shape = (term: readonly string[] | undefined): readonly number[] =>
          (term ?? []).map((letter) => einsum.extents.get(letter) ?? 0);
        expect(shape(einsum.inputs[0])).toEqual([rows, ...f.inModes]);
        expect(shape(einsum.output)).toEqual([rows, ...f.outModes]);
        expect(einsum.inputs.slice(1).map(shape)).toEqual(factorShapes(f));
        expect(printEinsum(einsum)).toBe(printForward(f));
        const again = parseEinsum(printForward(f), einsum.inputs.map(shape));
        expect(again.inputs).toEqual(einsum.inputs);
        expect(new Map(again.extents)).toEqual(new Map(einsum.extents));
      }),
      { numRuns: 200 },
    );
  });

  it('never runs out of letters', () => {
    const twos = new Array<number>(16).fill(2);
    for (const format of ['kronecker', 'cp', 'tucker', 'tt', 'ttm', 'tr', 'block-term'] as const) {
      const count = { kronecker: 1, cp: 1, tucker: 32, tt: 31, ttm: 15, tr: 32, 'block-term': 33 }[format];
      const f = clipRanks({ format, outModes: twos, inModes: twos, ranks: new Array<number>(count).fill(2) });
      const einsum = forwardEinsum(f, 2);
      expect(
        einsum.inputs
          .flat()
          .concat(einsum.output)
          .every((letter) => /^\p{L}$/u.test(letter)),
      ).toBe(true);
      expect(einsum.extents.size).toBe(33 + count);
      expect(new Set(weightEinsum(f).output).size).toBe(32);
    }
  });

  it('refuses rows that are none', () => {
    const f: Factorization = { format: 'svd', outModes: [3], inModes: [4], ranks: [2] };
    expect(() => forwardEinsum(f, 0)).toThrow('rows: must be a positive integer, got 0');
    expect(printForward(f)).toBe('bi,ir,ro->bo');
  });
});
