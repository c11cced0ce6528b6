import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { norm, relativeDistance } from '../tensor/dense.ts';
import { gaussian } from '../tensor/tensor.fixture.ts';
import { activationBits, weightBits, type Quantization } from './quantization.ts';
import { quantizeWeights } from './quantize.ts';

const all: readonly Quantization[] = [
  { kind: 'none' },
  { kind: 'w8a8' },
  ...([16, 8, 6, 5, 4, 3] as const).flatMap((bits): readonly Quantization[] => [
    { kind: 'int', bits, group: 'row' },
    { kind: 'int', bits, group: 32 },
    { kind: 'int', bits, group: 128 },
  ]),
  { kind: 'fp4', group: 16 },
  { kind: 'fp4', group: 32 },
  { kind: 'fp4', group: 128 },
  ...([4, 3, 2] as const).map((bits): Quantization => ({ kind: 'palette', bits })),
];
const any = fc.constantFrom(...all);

const error = (values: Float64Array, shape: readonly number[], q: Quantization): number =>
  relativeDistance(values, quantizeWeights(values, shape, q).values);

describe('weightBits', () => {
  it('is b + 16/g, 4.25 and 4.5 for fp4, and null for the machine words', () => {
    const large = { row: 4096, count: 4096 ** 2 };
    expect(weightBits({ kind: 'none' })).toBeNull();
    expect(weightBits({ kind: 'int', bits: 4, group: 128 })).toBe(4.125);
    expect(weightBits({ kind: 'int', bits: 4, group: 128 }, large)).toBe(4.125);
    expect(weightBits({ kind: 'int', bits: 3, group: 'row' }, large)).toBe(3 + 16 / 4096);
    expect(weightBits({ kind: 'int', bits: 8, group: 128 }, { row: 32, count: 1024 })).toBe(8.5);
    expect(weightBits({ kind: 'fp4', group: 32 })).toBe(4.25);
    expect(weightBits({ kind: 'fp4', group: 16 })).toBe(4.5);
    expect(weightBits({ kind: 'w8a8' })).toBe(8);
    expect(weightBits({ kind: 'palette', bits: 4 }, { row: 96, count: 9216 })).toBe(4 + 256 / 9216);
    expect([{ kind: 'w8a8' } as const, ...all.slice(2)].map(activationBits)).toEqual(
      all.slice(1).map(({ kind }) => (kind === 'w8a8' ? 8 : null)),
    );
  });
});

describe('quantizeWeights', () => {
  it('int: the codes times the fp16 scale, exactly', () => {
    const values = Float64Array.of(7, -7, 3.4, 0.6, -0.4, 0, 1, 2);
    const found = quantizeWeights(values, [8], { kind: 'int', bits: 4, group: 'row' });
    expect([...found.values]).toEqual([7, -7, 3, 1, -0, 0, 1, 2]);
    expect(found.bits).toBe(8 * 4 + 16);
    // One group each: [100, 1] and [-2, 1].
    const grouped = quantizeWeights(Float64Array.of(127, 1, -2, 1), [4], { kind: 'int', bits: 8, group: 2 });
    expect(grouped.bits).toBe(4 * 8 + 2 * 16);
    expect(grouped.values[1]).toBe(1);
    expect(Math.abs((grouped.values[3] ?? 0) - 1)).toBeLessThan(0.01);
  });

  it('int: clips where that is nearer', () => {
    // One outlier: without a clip every other weight falls to zero.
    const values = Float64Array.from({ length: 64 }, (_, i) => (i === 0 ? 5.5 : i % 2 === 0 ? 1 : -1));
    const found = quantizeWeights(values, [64], { kind: 'int', bits: 3, group: 'row' });
    const unclipped = values.map((value) => (Math.round(value / (5.5 / 3)) * 5.5) / 3);
    expect(norm(values.map((value, i) => value - found.values[i]!))).toBeLessThan(
      0.9 * norm(values.map((value, i) => value - unclipped[i]!)),
    );
  });

  it('fp4: the grid of E2M1, ties to even, and power-of-two scales', () => {
    const grid = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
    const values = Float64Array.from(
      { length: 32 },
      (_, i) => (i < 16 ? grid[i % 8]! : -grid[i % 8]!) * 2 ** -20,
    );
    const kept = quantizeWeights(values, [32], { kind: 'fp4', group: 32 });
    expect(kept.values.map(Math.abs)).toEqual(values.map(Math.abs));
    expect(kept.bits).toBe(32 * 4.25);
    const ties = [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5, 6];
    const rounded = quantizeWeights(Float64Array.from(ties), [8], { kind: 'fp4', group: 32 });
    expect([...rounded.values]).toEqual([0, 1, 1, 2, 2, 4, 4, 6]);
    const small = quantizeWeights(
      Float64Array.from(grid, (value) => value * 0.3),
      [8],
      { kind: 'fp4', group: 16 },
    );
    expect(small.bits).toBe(8 * 4 + 8 + 32);
    expect(
      relativeDistance(
        Float64Array.from(grid, (value) => value * 0.3),
        small.values,
      ),
    ).toBeLessThan(0.04);
  });

  it('palette: what has few values is kept, the rest is nearest to one of them', () => {
    const few = Float64Array.from({ length: 100 }, (_, i) => [-2, 0.5, 1, 8][(i * i) % 4]!);
    const kept = quantizeWeights(few, [100], { kind: 'palette', bits: 2 });
    expect([...kept.values]).toEqual([...few]);
    expect(kept.bits).toBe(2 * 100 + 4 * 16);
    const values = gaussian(20_000, 4);
    // Lloyd-Max quantizers of a Gaussian: mean squared errors .1175, .03454, .009497 (Max 1960, table I).
    for (const [bits, least] of [
      [2, 0.1175],
      [3, 0.03454],
      [4, 0.009497],
    ] as const) {
      const found = quantizeWeights(values, [20_000], { kind: 'palette', bits });
      expect(new Set(found.values).size).toBe(2 ** bits);
      expect(relativeDistance(values, found.values) ** 2 / least).toBeCloseTo(1, 1);
    }
  });

  it('keeps zeros, signs, scale by powers of two, and is the same again', () => {
    fc.assert(
      fc.property(any, fc.integer({ min: 1, max: 70 }), fc.nat(1000), (q, row, seed) => {
        // Large enough that the scales of 16 bits are normal numbers of fp16: smaller ones have coarser steps.
        const values = gaussian(3 * row, seed).map((value, i) =>
          i % 5 === 0 ? 0 : value + 4 * Math.sign(value),
        );
        const found = quantizeWeights(values, [3, row], q);
        expect(found.values.length).toBe(values.length);
        expect(quantizeWeights(values, [3, row], q)).toEqual(found);
        const twice = quantizeWeights(
          values.map((value) => value * 2),
          [3, row],
          q,
        );
        expect(
          relativeDistance(
            found.values.map((value) => value * 2),
            twice.values,
          ),
        ).toBeLessThan(1e-3);
        if (q.kind === 'palette') return;
        for (const [i, value] of values.entries()) {
          if (value === 0) expect(Math.abs(found.values[i]!)).toBe(0);
          else expect(found.values[i]! * value).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('more bits and smaller groups are nearer', () => {
    const values = gaussian(96 * 384, 7).map((value, i) => value * (1 + (i % 7)));
    const shape = [96, 384];
    for (const group of ['row', 32, 128] as const) {
      const errors = ([3, 4, 5, 6, 8, 16] as const).map((bits) =>
        error(values, shape, { kind: 'int', bits, group }),
      );
      expect(errors.toSorted((a, b) => b - a)).toEqual(errors);
      expect(errors[0]).toBeLessThan(0.35);
      expect(errors.at(-1)).toBeLessThan(1e-3);
    }
    for (const kind of ['int', 'fp4'] as const) {
      const errors = [128, 64, 32, 16].map((group) =>
        error(values, shape, kind === 'int' ? { kind, bits: 4, group } : { kind, group }),
      );
      expect(errors.toSorted((a, b) => b - a)).toEqual(errors);
    }
    const palettes = ([2, 3, 4] as const).map((bits) => error(values, shape, { kind: 'palette', bits }));
    expect(palettes.toSorted((a, b) => b - a)).toEqual(palettes);
  });

  it('stands zero and no weights, and refuses what scales cannot hold', () => {
    for (const q of all) {
      expect(norm(quantizeWeights(new Float64Array(12), [3, 4], q).values)).toBe(0);
      expect(() => quantizeWeights(Float64Array.of(1, Number.NaN), [2], q)).toThrow(
        'weights: must be finite numbers',
      );
      if (q.kind !== 'none')
        expect(() => quantizeWeights(Float64Array.of(1e60, 1), [2], q)).toThrow(/^weights: must be/);
    }
  });
});
