import { describe, expect, it } from 'vitest';
import type { FrontierPoint } from './pareto.ts';
import { uniformGap } from './uniform-gap.ts';

const point = (edp: number, value: number): FrontierPoint => ({
  energyPj: edp,
  latencyCycles: 1,
  edpPjCycles: edp,
  edpReduction: 100 / edp,
  value,
  low: value,
  high: value,
  parameters: 1,
  macs: 1,
  bytes: 1,
  design: [],
});

describe('uniformGap', () => {
  const uniform = [point(10, 50), point(40, 90), point(100, 100)];

  it('compares EDP at equal value', () => {
    const gap = uniformGap(uniform, [point(5, 60), point(10, 95), point(100, 100)]);
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
    expect(uniformGap(uniform, [point(9.8, 50), point(38, 90), point(100, 100)]).nearOptimal).toBe(true);
  });

  it('says nothing without designs to compare', () => {
    expect(uniformGap([point(100, 100)], uniform)).toEqual({
      levels: [],
      mean: 1,
      most: 1,
      nearOptimal: false,
    });
    expect(uniformGap(uniform, [])).toMatchObject({ levels: [], nearOptimal: false });
  });
});
