import { describe, expect, it } from 'vitest';
import { nextChoice } from './Choice.tsx';
import { readNumber } from './design/NumberField.tsx';
import { edpHeight, edpRange, readScent } from './design/ScentStrip.tsx';
import { attempt } from './dialogs/attempt.ts';
import { InputError } from '../core/base/checks.ts';

describe('radio groups', () => {
  it.each([
    ['ArrowRight', 'c', 'a'],
    ['ArrowLeft', 'a', 'c'],
    ['ArrowDown', 'a', 'b'],
    ['Enter', 'a', null],
  ])('%s from %s goes to %s', (key, from, to) => expect(nextChoice(['a', 'b', 'c'], from, key)).toBe(to));
});

describe('typed numbers', () => {
  it.each([
    ['64', 64],
    [' 1,024 ', 1024],
    ['0', null],
    ['4097', null],
    ['6.5', null],
    ['-3', null],
    ['1e3', null],
    ['', null],
  ])('reads %j as %s', (text, value) => expect(readNumber(text, 1, 4096)).toBe(value));
});

describe('scent strips', () => {
  const scent = {
    rank: 0,
    min: 1,
    max: 100,
    values: [1, 10, 100],
    edp: [0.01, 0.1, 2],
    kept: [0.1, 0.5, 1],
    damage: [0.9, 0.5, 0],
    breakEven: 80,
    efficient: [1, 10, 100],
    phases: [],
  };

  it('read a rank between samples', () => {
    expect(readScent(scent, 10)).toEqual({ reduction: 10, kept: 0.5 });
    expect(readScent(scent, 55).kept).toBeCloseTo(0.75);
  });

  it('stand higher where EDP is lower, always inside the strip', () => {
    const range = edpRange([scent, null]);
    expect(range).toEqual({ least: 0.01, most: 2 });
    const heights = scent.edp.map((edp) => edpHeight(range, edp));
    expect(heights).toEqual(heights.toSorted((a, b) => b - a));
    expect(Math.max(...heights)).toBeLessThan(1);
    expect(Math.min(...heights)).toBeGreaterThan(0);
  });

  it('a flat line stands in the middle', () => {
    expect(edpHeight({ least: 0.5, most: 0.5 }, 0.5)).toBeCloseTo(0.5);
    expect(edpHeight(edpRange([]), 1)).toBeCloseTo(0.5);
  });
});

describe('forms', () => {
  it('tell the user what is wrong, and let our own faults through', () => {
    const bad = attempt(() => {
      throw new InputError('model', 'must be sound', 3);
    });
    expect(bad).toEqual({ ok: false, problem: 'model: must be sound, got 3' });
    expect(() =>
      attempt(() => {
        throw new Error('internal: x');
      }),
    ).toThrow('internal');
  });
});
