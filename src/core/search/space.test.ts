import { describe, expect, it } from 'vitest';
import { factorizationKey } from '../cost/layer.ts';
import { formats } from '../factor/factorization.ts';
import { parameterCount } from '../factor/parameters.ts';
import { checkFactorization, clipRanks } from '../factor/ranks.ts';
import { layerCandidates } from './space.ts';

const shapes = [
  { out: 768, in: 768, rows: 128 },
  { out: 3072, in: 768, rows: 128 },
  { out: 768, in: 3072, rows: 128 },
];
const space = shapes.map((shape) => ({
  shape,
  lists: formats.map((format) => ({ format, list: layerCandidates(format, shape) })),
}));

describe('layerCandidates', () => {
  it('has at least 20,000 over the three shapes of BERT-base, every format among them', () => {
    const all = space.flatMap(({ lists }) => lists);
    expect(all.reduce((sum, { list }) => sum + list.length, 0)).toBeGreaterThanOrEqual(20_000);
    for (const { format, list } of all) expect(list.length).toBeGreaterThan(format === 'dense' ? 0 : 50);
  });

  it('has realizable ranks only, no candidate twice, and none larger than dense but svd beside its break-even', () => {
    for (const { shape, lists } of space)
      for (const { format, list } of lists) {
        expect(new Set(list.map(factorizationKey)).size).toBe(list.length);
        for (const f of list.filter((_, i) => i % 7 === 0)) {
          expect(f.format).toBe(format);
          expect(checkFactorization(f, shape.out, shape.in)).toEqual(f);
          expect(clipRanks(f)).toEqual(f);
          if (format === 'svd' || format === 'dense') continue;
          expect(parameterCount(f)).toBeLessThan(shape.out * shape.in);
        }
      }
  });

  it('tries eight tensorizations or more, of equal order on both sides', () => {
    for (const { lists } of space)
      for (const { format, list } of lists) {
        if (format === 'dense' || format === 'svd') continue;
        const modes = new Set(list.map((f) => `${f.outModes.join('x')} ${f.inModes.join('x')}`));
        expect(modes.size).toBeGreaterThanOrEqual(8);
        for (const f of list) expect(f.outModes.length).toBe(f.inModes.length);
      }
  });

  it('leaves out what a prime side cannot be split into', () => {
    const prime = { out: 97, in: 96, rows: 128 };
    expect(layerCandidates('tt', prime)).toEqual([]);
    expect(layerCandidates('svd', prime).length).toBeGreaterThan(20);
  });

  it('serves tiny layers', () => {
    for (const format of formats) {
      const list = layerCandidates(format, { out: 4, in: 4, rows: 8 });
      for (const f of list) expect(checkFactorization(f, 4, 4)).toEqual(f);
    }
  });
});
