import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import { checkFactorization } from '../factor/ranks.ts';
import { parameterCount } from '../factor/parameters.ts';
import { bins, randomDesign, randomPool, type PooledLayer } from './random-designs.ts';

const layers = (seed: number): readonly PooledLayer[] => {
  const random = createRandom(seed);
  return [96, 96, 96, 96, 384, 96].map((out, k) => {
    const sides = { out, in: k === 5 ? 384 : 96 };
    return { ...sides, group: `${k}`, pool: randomPool(random, sides, 5) };
  });
};

describe('random designs', () => {
  it('pools hold sound factorizations of every format, small and large', () => {
    const [layer] = layers(1);
    const found = new Set(layer!.pool.map(({ f }) => f.format));
    expect([...found].sort()).toEqual(
      ['block-term', 'cp', 'kronecker', 'svd', 'tr', 'tt', 'ttm', 'tucker'].sort(),
    );
    for (const { f, share } of layer!.pool) {
      checkFactorization(f, layer!.out, layer!.in);
      expect(share).toBe(parameterCount(f) / (layer!.out * layer!.in));
      expect(share).toBeLessThan(1.2);
    }
    expect(Math.min(...layer!.pool.map(({ share }) => share))).toBeLessThan(0.12);
    expect(Math.max(...layer!.pool.map(({ share }) => share))).toBeGreaterThan(0.5);
  });

  it('have the parameters they are asked for, within 2 %', () => {
    const pooled = layers(2);
    const whole = pooled.reduce((sum, layer) => sum + layer.out * layer.in, 0);
    const random = createRandom(5);
    for (const bin of bins)
      for (let k = 0; k < 20; k++) {
        const { choice, share } = randomDesign(random, pooled, bin);
        expect(Math.abs(share / bin - 1)).toBeLessThanOrEqual(0.02);
        const parameters = pooled.reduce((sum, { out, in: width, pool }, i) => {
          const member = pool[choice[i]!];
          return sum + (member === undefined ? out * width : parameterCount(member.f));
        }, 0);
        expect(parameters / whole).toBeCloseTo(share, 12);
      }
  });

  it('the same seed draws the same designs, another one others', () => {
    const draw = (seed: number) => randomDesign(createRandom(seed), layers(1), 0.4).choice;
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('mix formats, keep some layers dense and some designs svd alone', () => {
    const pooled = layers(3);
    const random = createRandom(8);
    const kinds = Array.from({ length: 60 }, () =>
      randomDesign(random, pooled, 0.4).choice.map((k, i) => pooled[i]!.pool[k]?.f.format ?? 'dense'),
    );
    expect(kinds.some((kind) => kind.includes('dense'))).toBe(true);
    expect(kinds.some((kind) => kind.every((format) => format === 'svd'))).toBe(true);
    expect(kinds.some((kind) => new Set(kind).size >= 4)).toBe(true);
  });
});
