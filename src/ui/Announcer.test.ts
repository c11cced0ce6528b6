import { describe, expect, it } from 'vitest';
import { sayChange } from './Announcer.tsx';
import { undoKey } from './use-shortcuts.ts';
import { rangesText, shapeText } from './words.ts';

const svd = { format: 'svd', outModes: [3072], inModes: [768], ranks: [188] } as const;
const tt = { format: 'tt', outModes: [48, 64], inModes: [32, 24], ranks: [8, 72, 20] } as const;

describe('what is said of a change', () => {
  it('names the rank, with its name when there are several', () => {
    expect(sayChange(svd, { ...svd, ranks: [64] })).toBe('rank 64');
    expect(sayChange(tt, { ...tt, ranks: [8, 64, 20] })).toMatch(/^rank \S+ 64$/);
  });

  it('names format and shape', () => {
    expect(sayChange(svd, tt)).toBe('TT');
    expect(sayChange(tt, { ...tt, inModes: [24, 32] })).toBe('shape 48·64 | 24·32');
    expect(sayChange(svd, svd)).toBe('design');
    expect(shapeText(svd)).toBe('3072 | 768');
  });

  it('says numbers as ranges', () => {
    expect(rangesText([3, 1, 2, 7, 9, 10])).toBe('1-3, 7, 9-10');
    expect(rangesText([])).toBe('');
  });
});

describe('undo keys', () => {
  const press = (key: string, shiftKey = false, ctrlKey = true) => ({
    key,
    shiftKey,
    ctrlKey,
    metaKey: false,
    altKey: false,
  });
  it.each([
    [press('z'), 'undo'],
    [press('Z', true), 'redo'],
    [press('y'), 'redo'],
    [press('z', false, false), null],
    [press('x'), null],
  ])('%j is %s', (event, action) => expect(undoKey(event)).toBe(action));
});
