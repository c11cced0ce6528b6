/** Which extents are tried for an awkward one. */
import { describe, expect, it } from 'vitest';
import { presetByName } from '../hardware/presets.ts';
import { isAwkward, nextSmooth, paddedExtents } from './padding.ts';
import { compileMachine } from './tables.ts';

describe('padding', () => {
  it('calls awkward what has a prime factor above 5', () => {
    expect([1, 2, 30, 768, 50_000, 7, 188, 197, 50_257].map(isAwkward)).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
  });

  it('finds the next extent without large primes, as a scan does', () => {
    for (let x = 1; x <= 3000; x += 1) {
      let scan = x;
      while (isAwkward(scan)) scan += 1;
      expect(nextSmooth(x)).toBe(scan);
    }
    expect(nextSmooth(50_257)).toBe(50_625);
  });

  it('tries the extent itself, the next multiples of the mesh sides and the next smooth ones', () => {
    const machine = compileMachine(presetByName('simba'), 'timeloop');
    const tried = paddedExtents(machine, { batch: 3, m: 128, n: 769, k: 64 });
    expect(tried.every(([m, , k, batch]) => m === 128 && k === 64 && batch === 3)).toBe(true);
    expect(tried.map(([, n]) => n)).toEqual(
      [769, 800, 784, 776, 810].filter((n) => tried.some((t) => t[1] === n)),
    );
    expect(tried.map(([, n]) => n)).toEqual(expect.arrayContaining([769, 776, 784, 800]));
  });

  it('leaves well-divisible extents alone and never doubles one', () => {
    const machine = compileMachine(presetByName('ws16'), 'timeloop');
    expect(paddedExtents(machine, { batch: 7, m: 128, n: 768, k: 96 })).toEqual([[128, 768, 96, 7]]);
    for (const n of [7, 11, 13, 37, 197]) {
      for (const [, padded] of paddedExtents(machine, { batch: 1, m: 1, n, k: 1 })) {
        expect(padded).toBeGreaterThanOrEqual(n);
        expect(padded).toBeLessThan(2 * n);
      }
    }
  });
});
