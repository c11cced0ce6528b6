import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import type { Format } from '../factor/factorization.ts';
import { fitQuantization, type QuantizedLayer } from './fit-quantization.ts';

const formats = { svd: 4, tt: 16 } as const;
const quantizations = { 'int4-row': 1, palette3: 2 } as const;

function layers(noise: number): readonly QuantizedLayer[] {
  const random = createRandom(1);
  return Object.entries(formats).flatMap(([format, a]) =>
    Object.entries(quantizations).flatMap(([quantization, b]) =>
      Array.from({ length: 20 }, () => {
        const [exact, dense] = [10 ** (-4 * random.next()), 10 ** (-4 - random.next())];
        const quantized = (exact + a * b * dense) * Math.exp(noise * random.normal());
        return { format: format as Format, quantization, exact, quantized, dense };
      }),
    ),
  );
}

describe('quantized factors', () => {
  it('multiples of format and quantization are found again, up to what they share', () => {
    for (const [noise, digits] of [
      [0, 1],
      [0.05, 0],
    ] as const) {
      const found = fitQuantization(layers(noise));
      const of = (format: Format, name: string): number =>
        (found.formats.get(format) ?? 0) * (found.quantizations.get(name) ?? 0);
      expect(Math.log2(of('svd', 'int4-row'))).toBeCloseTo(2, digits);
      expect(Math.log2(of('tt', 'int4-row'))).toBeCloseTo(4, digits);
      expect(Math.log2(of('tt', 'palette3'))).toBeCloseTo(5, digits);
    }
  });

  it('nothing known adds as much as a dense layer', () => {
    const { formats: none } = fitQuantization([
      { format: 'cp', quantization: 'int8-row', exact: 0.1, quantized: 0, dense: 0 },
    ]);
    expect(none.get('cp')).toBe(1);
  });
});
