import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reference } from '../base/reference.ts';
import { balancedModes, orderedFactorizations, product, tltorchModes } from './tensorization.ts';

describe('orderedFactorizations', () => {
  it('has 16, 84 and 224 of 768 in orders 2, 3 and 4', () => {
    expect([2, 3, 4].map((order) => orderedFactorizations(768, order).length)).toEqual([16, 84, 224]);
  });

  it('lists them once each, in order, without ones', () => {
    expect(orderedFactorizations(12, 2)).toEqual([
      [2, 6],
      [3, 4],
      [4, 3],
      [6, 2],
    ]);
    expect(orderedFactorizations(7, 2)).toEqual([]);
    expect(orderedFactorizations(7, 1)).toEqual([[7]]);
  });

  it('multiplies to n, and counts as brute force does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 2, max: 3 }), (n, order) => {
        const found = orderedFactorizations(n, order);
        for (const modes of found)
          expect([product(modes), modes.length, Math.min(...modes) > 1]).toEqual([n, order, true]);
        let count = 0;
        for (let a = 2; a <= n; a++)
          for (let b = 2; a * b <= n; b++) {
            if (order === 2) count += Number(a * b === n);
            else count += Number(n % (a * b) === 0 && a * b < n);
          }
        expect(found.length).toBe(count);
      }),
    );
  });

  it('refuses what it cannot list', () => {
    expect(() => orderedFactorizations(0, 2)).toThrow('extent: must be an integer from 1 to 2^31, got 0');
    expect(() => orderedFactorizations(12, 0)).toThrow('order');
    expect(() => orderedFactorizations(720720, 6)).toThrow('at most 200000');
  });
});

describe('balancedModes', () => {
  it('is the most equal one', () => {
    expect(balancedModes(768, 2)).toEqual([24, 32]);
    expect(balancedModes(768, 3)).toEqual([8, 8, 12]);
    expect(balancedModes(3072, 3)).toEqual([12, 16, 16]);
    expect(balancedModes(11008, 3)).toEqual([16, 16, 43]);
  });

  it('fills up with ones', () => {
    expect(balancedModes(7, 2)).toEqual([1, 7]);
    expect(balancedModes(1, 3)).toEqual([1, 1, 1]);
    expect(balancedModes(6, 4)).toEqual([1, 1, 2, 3]);
  });

  it('has the largest entropy of all orders of modes', () => {
    const entropy = (modes: readonly number[]): number => {
      const sum = modes.reduce((a, b) => a + b, 0);
      return -modes.reduce((total, mode) => total + (mode / sum) * Math.log(mode / sum), 0);
    };
    for (const n of [64, 96, 360, 768, 1000, 11008])
      for (const order of [2, 3, 4]) {
        const best = Math.max(...orderedFactorizations(n, order).map(entropy));
        expect(entropy(balancedModes(n, order))).toBeCloseTo(best, 10);
      }
  });
});

interface Table {
  readonly shapes: readonly {
    readonly in_features: number;
    readonly out_features: number;
    readonly order: number | null;
    readonly in_tensorized: readonly number[];
    readonly out_tensorized: readonly number[];
  }[];
}

describe('tltorchModes', () => {
  const table = reference<Table>('tltorch.json');

  it.skipIf(table === null)('chooses as tensorly-torch does (needs the reference figures)', () => {
    for (const row of table?.shapes ?? [])
      expect(tltorchModes(row.in_features, row.out_features, row.order)).toEqual({
        inModes: row.in_tensorized,
        outModes: row.out_tensorized,
      });
  });

  it('merges to what both sides can have', () => {
    expect(tltorchModes(768, 7, 3)).toEqual({ outModes: [7], inModes: [768] });
    expect(tltorchModes(768, 3072, 2)).toEqual({ outModes: [24, 128], inModes: [16, 48] });
  });
});
