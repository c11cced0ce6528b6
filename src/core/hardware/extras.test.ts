import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { leakageByLevel, withExtras } from './extras.ts';
import { presetByName } from './presets.ts';

const ws16 = presetByName('ws16');

describe('withExtras', () => {
  it('without any is the machine itself', () => {
    expect(withExtras(ws16, {})).toBe(ws16);
    expect(withExtras(ws16, { hopPj: 0, leakagePjPerCycle: 0, doubleBuffered: false })).toBe(ws16);
  });

  it('double buffering halves what tiles may take, but for registers', () => {
    const depths = (name: string): readonly (number | null)[] =>
      withExtras(presetByName(name), { doubleBuffered: true }).levels.map(({ depthWords }) => depthWords);
    expect(depths('ws16')).toEqual([null, 131_072, 32]);
    expect(depths('simba')).toEqual([null, 32_768, 4096, 16_384, 512, 1]);
  });

  it('never leaves less of a larger level, nor less than a word per operand', () => {
    const left = (depthWords: number): number => {
      const levels = ws16.levels.map((level, l) => (l === 2 ? { ...level, depthWords } : level));
      return withExtras({ ...ws16, levels }, { doubleBuffered: true }).levels[2]?.depthWords ?? 0;
    };
    expect([3, 4, 5, 6, 7, 8, 9].map(left)).toEqual([3, 3, 3, 3, 3, 4, 4]);
  });

  it('spreads leakage over the memories by their bits', () => {
    const leaking = withExtras(presetByName('ws8t'), { leakagePjPerCycle: 6 });
    // 4,096 words of buffer, 64 times 32 in the array.
    expect(leakageByLevel(leaking)).toEqual([0, 4, 2, 0]);
    expect(leakageByLevel(ws16)).toEqual([0, 0, 0, 0]);
    const bare = { ...leaking, levels: leaking.levels.slice(0, 1) };
    expect(leakageByLevel(bare)).toEqual([0, 6]);
  });

  it.each([{ hopPj: -1 }, { leakagePjPerCycle: Number.NaN }, { hopPj: Number.POSITIVE_INFINITY }])(
    'refuses %o by name',
    (extras) => {
      expect(() => withExtras(ws16, extras)).toThrow(InputError);
      expect(() => withExtras(ws16, extras)).toThrow(
        /^(energy per hop|leakage per cycle): must be a number from 0/,
      );
    },
  );
});
