import { describe, expect, it } from 'vitest';
import { mergeModes, productProblem, splitModes, stepModes } from './modes.ts';

describe('modes', () => {
  it.each([
    [
      [48, 64],
      [48, 8, 8],
    ],
    [[768], [24, 32]],
    [[7, 5], null],
  ])('splits %j into %j', (modes, split) => expect(splitModes(modes)).toEqual(split));

  it.each([
    [
      [48, 8, 8],
      [48, 64],
    ],
    [
      [2, 3, 128],
      [6, 128],
    ],
    [[48, 64], null],
  ])('merges %j into %j', (modes, merged) => expect(mergeModes(modes)).toEqual(merged));

  it('steps around the ends', () => {
    const all = [
      [2, 6],
      [3, 4],
      [4, 3],
      [6, 2],
    ];
    expect(stepModes(all, 3, 1)).toEqual([2, 6]);
    expect(stepModes(all, 0, -1)).toEqual([6, 2]);
    expect(stepModes(all, -1, 1)).toEqual([2, 6]);
    expect(stepModes([], -1, 1)).toBeNull();
  });

  it('names both products', () => {
    expect(productProblem([49, 64], 3072)).toBe('49 × 64 = 3136, need 3072');
    expect(productProblem([48, 64], 3072)).toBeNull();
    expect(productProblem([null, 64], 3072)).toBe('whole numbers, 1 to 3072');
  });
});
