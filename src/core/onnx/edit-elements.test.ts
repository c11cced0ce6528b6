import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floatBytes, halfBits, halfValue, nibbleBytes, roundedTo } from './edit-elements.ts';

describe('elements', () => {
  it('writes every half as itself', () => {
    const finite = Array.from({ length: 0x7c00 }, (_, bits) => bits);
    const all = [...finite, ...finite.slice(1).map((bits) => bits | 0x8000)];
    expect(all.filter((bits) => halfBits(halfValue(bits)) !== bits)).toEqual([]);
  });

  it('rounds to the nearest half, ties to even', () => {
    fc.assert(
      fc.property(fc.double({ min: -65_504, max: 65_504, noNaN: true }), (value) => {
        const bits = halfBits(value);
        const error = Math.abs(halfValue(bits) - value);
        for (const near of [bits - 1, bits + 1])
          if ((near & 0x7fff) < 0x7c00 && near >= 0)
            expect(error).toBeLessThanOrEqual(Math.abs(halfValue(near) - value));
      }),
      { numRuns: 2000 },
    );
    expect(halfValue(halfBits(1 + 2 ** -11))).toBe(1);
    expect(halfValue(halfBits(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9);
    expect(() => halfBits(65_520)).toThrow(/fp16: numbers must be at most 65504/);
    expect(() => halfBits(Number.NaN)).toThrow(/fp16/);
  });

  it('rounds bfloat16 and float32, and keeps float64', () => {
    const values = Float64Array.of(1 + 2 ** -9, 1 + 3 * 2 ** -8, -0.1, 3e38);
    expect([...roundedTo(values, 'BF16')].slice(0, 2)).toEqual([1, 1 + 2 ** -6]);
    expect([...roundedTo(values, 'F32')]).toEqual([...values].map(Math.fround));
    expect(roundedTo(values, 'F64')).toBe(values);
    expect(floatBytes(values, 'F64').length).toBe(32);
    expect(floatBytes(values, 'BF16').length).toBe(8);
  });

  it('packs nibbles, the first low', () => {
    expect([...nibbleBytes(Int8Array.of(1, -1, 7))]).toEqual([0xf1, 7]);
  });
});
