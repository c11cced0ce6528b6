import { describe, expect, it } from 'vitest';
import { pointOf } from './frontier-point.fixture.ts';
import { uniformGap } from './uniform-gap.ts';

describe('uniformGap', () => {
  const uniform = [pointOf(10, 50), pointOf(40, 90), pointOf(100, 100)];

  it('compares EDP at equal value', () => {
    const gap = uniformGap(uniform, [pointOf(5, 60), pointOf(10, 95), pointOf(100, 100)]);
    expect(gap.levels).toEqual([
      { value: 50, ratio: 2 },
      { value: 90, ratio: 4 },
    ]);
    expect(gap.mean).toBeCloseTo(Math.sqrt(8), 12);
    expect(gap.most).toBeCloseTo(4, 12);
    expect(gap.nearOptimal).toBe(false);
  });

  it('says where uniform is near-optimal', () => {
    expect(uniformGap(uniform, uniform)).toMatchObject({ mean: 1, most: 1, nearOptimal: true });
    expect(uniformGap(uniform, [pointOf(9.8, 50), pointOf(38, 90), pointOf(100, 100)]).nearOptimal).toBe(
      true,
    );
  });

  it('says nothing without designs to compare', () => {
    expect(uniformGap([pointOf(100, 100)], uniform)).toEqual({
      levels: [],
      mean: 1,
      most: 1,
      nearOptimal: false,
    });
    expect(uniformGap(uniform, [])).toMatchObject({ levels: [], nearOptimal: false });
  });
});
