import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { createRandom } from '../base/random.ts';
import { reference } from '../base/reference.ts';
import type { Einsum } from './einsum.ts';
import { contract, evaluateEinsum } from './evaluate.ts';
import { parseEinsum } from './parse.ts';
import { findPath, followPath, type ContractionPath, type PathObjective } from './path.ts';

interface PathRow {
  readonly equation: string;
  readonly shapes: readonly (readonly number[])[];
  readonly exact: { readonly macs: number; readonly size: number; readonly write: number } | null;
  readonly left_to_right_macs: number;
}
interface FactorizedRow {
  readonly format: string;
  readonly eq: string;
  readonly shapes: readonly (readonly number[])[];
  readonly exact_macs: { readonly macs: number; readonly write: number };
  readonly exact_write: number;
  readonly exact_size: number;
}

const paths = reference<{ cases: readonly PathRow[] }>('einsum_paths.json');
const factorized = reference<{ cases: readonly FactorizedRow[] }>('factorized_paths.json');
const objectives: readonly PathObjective[] = ['macs', 'write', 'size'];
const positions = (path: ContractionPath): readonly (readonly number[])[] =>
  path.steps.map((step) => step.operands);

describe.skipIf(paths === null)('minimum over all trees (reference table)', () => {
  it('has every row', () => expect(paths?.cases.length).toBe(100));
  for (const row of paths?.cases ?? []) {
    it(`${row.equation} of ${JSON.stringify(row.shapes)}`, () => {
      const einsum = parseEinsum(row.equation, row.shapes);
      if (row.exact === null) {
        expect(findPath(einsum)).toMatchObject({ macs: row.left_to_right_macs });
        expect(positions(findPath(einsum))).toEqual([[0]]);
        return;
      }
      expect(findPath(einsum, 'macs').macs).toBe(row.exact.macs);
      expect(findPath(einsum, 'write').write).toBe(row.exact.write);
      expect(findPath(einsum, 'size').largestIntermediate).toBe(row.exact.size);
    });
  }
});

describe.skipIf(factorized === null)('minimum of factorized layers (reference table)', () => {
  for (const row of factorized?.cases ?? []) {
    it(`${row.format} ${row.eq} of ${JSON.stringify(row.shapes)}`, () => {
      const einsum = parseEinsum(row.eq, row.shapes);
      const cheapest = findPath(einsum, 'macs');
      expect(cheapest.macs).toBe(row.exact_macs.macs);
      expect(cheapest.write).toBeLessThanOrEqual(row.exact_macs.write);
      expect(findPath(einsum, 'write').write).toBe(row.exact_write);
      expect(findPath(einsum, 'size').largestIntermediate).toBe(row.exact_size);
    });
  }
});

/** Small einsums of 1 to 6 operands, hyperedges, diagonals, scalars and private indices included. */
const einsums: fc.Arbitrary<Einsum> = fc
  .record({
    terms: fc.array(fc.array(fc.constantFrom(...'abcdef'), { maxLength: 3 }), { minLength: 1, maxLength: 6 }),
    extents: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 6, maxLength: 6 }),
    keep: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
  })
  .map(({ terms, extents, keep }) => {
    const known = [...new Set(terms.flat())];
    return {
      inputs: terms,
      output: known.filter((_, k) => keep[k]),
      extents: new Map(known.map((label) => [label, extents['abcdef'.indexOf(label)] ?? 1])),
    };
  });

/** Every path there is, sums first as the page asks, in lexicographic order. */
function* allPaths(einsum: Einsum): Generator<(readonly number[])[]> {
  const inOthers = (label: string, k: number): boolean =>
    einsum.output.includes(label) || einsum.inputs.some((term, other) => other !== k && term.includes(label));
  const sums: number[][] = [];
  einsum.inputs.forEach((term, k) => {
    if (term.some((label) => !inOthers(label, k))) sums.push([k - sums.length]);
  });
  function* rest(left: number): Generator<(readonly number[])[]> {
    if (left === 1) yield [];
    for (let i = 0; i < left; i++) {
      for (let j = i + 1; j < left; j++) for (const path of rest(left - 1)) yield [[i, j], ...path];
    }
  }
  for (const path of rest(einsum.inputs.length)) yield [...sums, ...path];
}

const figures = (path: ContractionPath, objective: PathObjective): number[] => {
  const { macs, write, largestIntermediate } = path;
  if (objective === 'macs') return [macs, write, largestIntermediate];
  return objective === 'write' ? [write, macs, largestIntermediate] : [largestIntermediate, macs, write];
};
const less = (a: readonly number[], b: readonly number[]): boolean => {
  const k = a.findIndex((value, index) => value !== b[index]);
  return k >= 0 && (a[k] ?? 0) < (b[k] ?? 0);
};

describe('laws', () => {
  it('finds the first of the best of all paths, ties as documented', () => {
    fc.assert(
      fc.property(
        einsums.filter((einsum) => einsum.inputs.length >= 2 && einsum.inputs.length <= 5),
        fc.constantFrom(...objectives),
        (einsum, objective) => {
          let best: ContractionPath | null = null;
          for (const path of allPaths(einsum)) {
            const costed = followPath(einsum, path);
            if (best === null || less(figures(costed, objective), figures(best, objective))) best = costed;
          }
          expect(findPath(einsum, objective)).toEqual(best);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('every path gives the same tensor', () => {
    const path = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(einsums, path, fc.integer(), (einsum, chances, seed) => {
        const random = createRandom(seed);
        const elements = (term: readonly string[]): number =>
          term.reduce((product, label) => product * (einsum.extents.get(label) ?? 1), 1);
        const operands = einsum.inputs.map((term) =>
          Float64Array.from({ length: elements(term) }, () => random.normal()),
        );
        const chosen: number[][] = einsum.inputs.length === 1 ? [[0]] : [];
        for (let left = einsum.inputs.length; left > 1; left--) {
          const [a = 0, b = 0] = chances[left - 1] ?? [];
          const i = a % left;
          chosen.push([i, (i + 1 + (b % (left - 1))) % left]);
        }
        const direct = evaluateEinsum(einsum, operands);
        const ways = [
          followPath(einsum, chosen),
          ...objectives.map((objective) => findPath(einsum, objective)),
        ];
        for (const way of ways) {
          const result = contract(way, operands);
          expect(result.shape).toEqual(direct.shape);
          result.values.forEach((value, k) => expect(value).toBeCloseTo(direct.values[k] ?? NaN, 8));
        }
      }),
    );
  });

  it('costs a found path as it costs the same path given', () => {
    fc.assert(
      fc.property(einsums, fc.constantFrom(...objectives), (einsum, objective) => {
        const found = findPath(einsum, objective);
        expect(followPath(einsum, positions(found))).toEqual(found);
      }),
    );
  });
});

const square = (equation: string, extent: number): Einsum =>
  parseEinsum(
    equation,
    (equation.split('->')[0] ?? '').split(',').map((term) => Array.from(term, () => extent)),
  );
const alphabet = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZαβγδεζηθικλμνξοπρστυφχψω'];
const chain = (operands: number): string => {
  const terms = Array.from({ length: operands }, (_, k) => `${alphabet[k]}${alphabet[k + 1]}`);
  return `${terms.join(',')}->${alphabet[0]}${alphabet[operands]}`;
};

describe('sizes', () => {
  it('orders steps as opt_einsum numbers them, sums first', () => {
    const path = findPath(parseEinsum('i,jk,j->', [[3], [4, 5], [4]]));
    expect(positions(path)).toEqual([[0], [0], [0, 2], [0, 1]]);
    expect(path.steps[0]).toEqual({ operands: [0], inputs: [['i']], output: [], macs: 0, size: 1 });
    expect(path.macs).toBe(5);
  });

  it('does not depend on the number of labels: a label is worth as much as eight that make it up', () => {
    fc.assert(
      fc.property(einsums, fc.constantFrom(...objectives), (few, objective) => {
        const eight = (label: string): string[] => Array.from({ length: 8 }, (_, k) => `${label}${k}`);
        const many: Einsum = {
          inputs: few.inputs.map((term) => term.flatMap(eight)),
          output: few.output.flatMap(eight),
          extents: new Map([...few.extents].flatMap(([label, n]) => eight(label).map((one) => [one, n]))),
        };
        const extents = new Map([...few.extents].map(([label, n]) => [label, n ** 8]));
        const { steps, einsum: _, ...costs } = findPath({ ...few, extents }, objective);
        expect(findPath(many, objective)).toMatchObject(costs);
        expect(positions(findPath(many, objective))).toEqual(steps.map((step) => step.operands));
      }),
    );
  });

  it('joins connected subsets above ten operands', () => {
    const einsum = square(chain(12), 3);
    expect(findPath(einsum).macs).toBe(11 * 27);
    const [left = ''] = chain(6).split('->');
    const apart = parseEinsum(
      `${left},${left.toUpperCase()}->`,
      Array.from({ length: 12 }, () => [3, 3]),
    );
    expect(findPath(apart).steps.length).toBe(12 + 3);
  });

  it('does not hang on many operands', () => {
    expect(findPath(square(chain(40), 3)).macs).toBe(39 * 27);
    const scalars = parseEinsum(
      ','.repeat(14),
      Array.from({ length: 15 }, () => []),
    );
    expect(findPath(scalars).macs).toBe(14);
    const many = parseEinsum(
      ','.repeat(500),
      Array.from({ length: 501 }, () => []),
    );
    expect(() => findPath(many)).toThrow('einsum: a path needs at most 200 operands, got 501');
  });

  it('refuses sizes beyond float64 and paths that are none', () => {
    const beyond: Einsum = {
      inputs: [alphabet.slice(0, 40)],
      output: [],
      extents: new Map(alphabet.map((label) => [label, 1e9])),
    };
    expect(() => findPath(beyond)).toThrow(InputError);
    const einsum = square('ab,bc,cd->ad', 2);
    const wrong = [
      [],
      [[0, 1]],
      [
        [0, 3],
        [0, 1],
      ],
      [
        [0, 0],
        [0, 1],
      ],
      [[0, 1, 2]],
      [
        [0.5, 1],
        [0, 1],
      ],
      [[]],
    ];
    for (const path of wrong) expect(() => followPath(einsum, path)).toThrow(InputError);
  });
});
