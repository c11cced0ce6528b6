import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UserInputs } from '../onnx/user-inputs.ts';
import { halves } from './split.ts';

const examples = (count: number, batch: number | null): UserInputs => ({
  count,
  batch,
  mask: { shape: [count, 2], values: Float64Array.from({ length: 2 * count }, (_, k) => k % 3) },
  inputs: [
    {
      name: 'x',
      dtype: 'F32',
      shape: [count, 2],
      values: Float64Array.from({ length: 2 * count }, (_, k) => k),
      isShared: false,
    },
    { name: 'whole', dtype: 'F32', shape: [1], values: Float64Array.of(5), isShared: true },
  ],
  labels: new Map([
    ['labels', { shape: [count], values: Float64Array.from({ length: count }, (_, k) => k) }],
  ]),
});
const rows = ({ inputs }: UserInputs): readonly number[] =>
  [...inputs[0]!.values].filter((_, k) => k % 2 === 0).map((x) => x / 2);

describe('two halves of examples', () => {
  it('share none, keep every part of an example together, and hold to their limits', () => {
    const sizes = fc.tuple(
      fc.integer({ min: 2, max: 40 }),
      fc.constantFrom(null, 1, 2, 3),
      fc.integer({ min: 1, max: 12 }),
    );
    fc.assert(
      fc.property(sizes, ([blocks, batch, limit]) => {
        const count = blocks * (batch ?? 1);
        const { calibration, heldOut } = halves(examples(count, batch), {
          calibration: limit,
          heldOut: 1000,
        });
        expect(rows(calibration).filter((row) => rows(heldOut).includes(row))).toEqual([]);
        expect(calibration.count).toBeLessThanOrEqual(Math.max(limit, batch ?? 1));
        expect(calibration.count).toBeGreaterThan(0);
        expect(heldOut.count).toBe(Math.floor(blocks / 2) * (batch ?? 1));
        for (const half of [calibration, heldOut]) {
          expect(half.count % (batch ?? 1)).toBe(0);
          expect([...half.labels.get('labels')!.values]).toEqual(rows(half));
          expect([...half.mask!.values]).toEqual(
            rows(half).flatMap((row) => [(2 * row) % 3, (2 * row + 1) % 3]),
          );
          expect(half.inputs[1]!.shape).toEqual([1]);
        }
      }),
    );
  });

  it('need two', () => {
    expect(() => halves(examples(1, null), { calibration: 9, heldOut: 9 })).toThrow(
      'examples: must be 2 at least',
    );
    expect(() => halves(examples(3, 3), { calibration: 9, heldOut: 9 })).toThrow(
      'examples: must be 6 at least',
    );
  });
});
