import { describe, expect, it } from 'vitest';
import { checkQuantization, groupSizes, quantizationByName, quantizationName } from './check-quantization.ts';
import type { Quantization } from './quantization.ts';

const all: readonly Quantization[] = [
  { kind: 'none' },
  { kind: 'w8a8' },
  ...([16, 8, 6, 5, 4, 3] as const).flatMap((bits): Quantization[] => [
    { kind: 'int', bits, group: 'row' },
    ...groupSizes.map((group): Quantization => ({ kind: 'int', bits, group })),
  ]),
  ...groupSizes.map((group): Quantization => ({ kind: 'fp4', group })),
  ...([4, 3, 2] as const).map((bits): Quantization => ({ kind: 'palette', bits })),
];

describe('names of quantizations', () => {
  it('each name gives its quantization back, and no two share one', () => {
    for (const q of all) expect(quantizationByName(quantizationName(q))).toEqual(q);
    expect(new Set(all.map(quantizationName)).size).toBe(all.length);
  });

  it.each(['int7-row', 'int4', 'int4-g48', 'fp4-g7', 'palette9', 'INT4-row', ''])(
    'refuses %j and says what may be written',
    (name) => {
      expect(() => quantizationByName(name)).toThrow(/quantization.*must be/);
    },
  );

  it('refuses a quantization that no kind allows', () => {
    expect(() => checkQuantization({ kind: 'int', bits: 4, group: 48 })).toThrow(
      'quantization group: must be one of 16, 32, 64, 128, got 48',
    );
  });
});
