import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { modelById } from './cards.ts';
import { customLimits, customModel, gemmModel, largestGemm } from './custom.ts';
import type { CustomModel } from './custom.ts';
import { resolveWorkload } from './workload.ts';

const llama: CustomModel = {
  width: 4096,
  layers: 32,
  ffn: 14_336,
  heads: 32,
  kvHeads: 8,
  gatedMlp: true,
  vocabulary: 128_256,
};

describe('a custom model', () => {
  it('with the numbers of Llama 3 8B has its shapes', () => {
    const shapes = (model: ReturnType<typeof modelById>): readonly unknown[] =>
      model.linears.map(({ role, group, block, out, in: inside }) => [role, group, block, out, inside]);
    expect(shapes(customModel(llama))).toEqual(shapes(modelById('llama-3-8b')));
    expect(customModel(llama).attention).toHaveLength(64);
    expect(customModel(llama).attention[0]).toMatchObject({ heads: 32, kvHeads: 8, headWidth: 128 });
  });

  it('without a vocabulary has no head and no word table', () => {
    const model = customModel({ ...llama, vocabulary: 0, gatedMlp: false });
    expect(model.linears).toHaveLength(32 * 6);
    expect(model.embeddings).toEqual([]);
  });

  const wrong: readonly (readonly [change: Partial<Record<keyof CustomModel, unknown>>, reason: string])[] = [
    [{ width: 0 }, 'model: width must be a whole number from 1 to 65536, got 0'],
    [{ width: 4097 }, 'model: width must be a multiple of the 32 heads, got 4097'],
    [{ layers: 201 }, 'model: layers must be a whole number from 1 to 200, got 201'],
    [{ layers: 1.5 }, 'model: layers must be a whole number'],
    [{ ffn: Number.NaN }, 'model: ffn must be a whole number from 1 to 262144, got NaN'],
    [{ ffn: 1e300 }, 'model: ffn must be a whole number'],
    [{ heads: -1 }, 'model: heads must be a whole number'],
    [{ kvHeads: 5 }, 'model: heads must be a multiple of the 5 kvHeads, got 32'],
    [{ kvHeads: 64 }, 'model: heads must be a multiple of the 64 kvHeads'],
    [{ vocabulary: -1 }, 'model: vocabulary must be a whole number from 0'],
    [{ vocabulary: '32000' }, 'model: vocabulary must be a whole number'],
    [{ gatedMlp: 1 }, 'model: gatedMlp must be true or false, got 1'],
  ];

  it.each(wrong)('%j is refused: %s', (change, reason) => {
    expect(() => customModel({ ...llama, ...change } as CustomModel)).toThrow(reason);
  });

  it('of any sound numbers has unique names, whole shapes and a workload', () => {
    const upTo = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most });
    const spec = fc
      .record({
        headWidth: upTo(64),
        kvHeads: upTo(8),
        share: upTo(8),
        layers: upTo(6),
        ffn: upTo(9999),
        gatedMlp: fc.boolean(),
        vocabulary: fc.nat(99),
      })
      .map(({ headWidth, share, ...rest }) => ({
        ...rest,
        heads: rest.kvHeads * share,
        width: headWidth * rest.kvHeads * share,
      }));
    fc.assert(
      fc.property(spec, (numbers) => {
        const model = customModel(numbers);
        expect(new Set(model.linears.map((layer) => layer.name)).size).toBe(model.linears.length);
        expect(
          model.linears.every((layer) => Number.isInteger(layer.out) && Number.isInteger(layer.in)),
        ).toBe(true);
        expect(resolveWorkload(model, {})).toEqual({ tokens: 128, batch: 1, sequence: 128 });
      }),
      { numRuns: 50 },
    );
  });

  it('of the largest numbers is made at once', () => {
    const model = customModel({ ...customLimits, gatedMlp: true });
    expect(model.linears).toHaveLength(200 * 7 + 1);
  });
});

describe('a single layer', () => {
  it('is W [n, k]', () => {
    expect(gemmModel(3072, 768).linears).toMatchObject([{ out: 3072, in: 768, factorize: true }]);
  });

  it.each([
    [0, 1, 'model: n must be a whole number from 1 to 1048576, got 0'],
    [1, largestGemm + 1, 'model: k must be a whole number from 1 to 1048576, got 1048577'],
    [1, 2.5, 'model: k must be a whole number'],
    [Number.NaN, 1, 'model: n must be a whole number'],
  ])('%d x %d is refused', (n, k, reason) => {
    expect(() => gemmModel(n, k)).toThrow(reason);
  });
});
