import { describe, expect, it } from 'vitest';
import { keyInList, nearest, offeredSequences, placeInList, valueInList, withValue } from './steps.ts';

const allowed = [1, 2, 4, 8, 16];

describe('slider over a list', () => {
  it('gives every value the same room, and finds it again', () => {
    for (const value of allowed) expect(valueInList(allowed, placeInList(allowed, value))).toBe(value);
    expect(placeInList(allowed, 4)).toBe(0.5);
    expect(valueInList(allowed, 7)).toBe(16);
    expect(valueInList(allowed, -1)).toBe(1);
  });

  it.each([
    ['ArrowRight', 4, 8],
    ['ArrowLeft', 1, 1],
    ['PageUp', 2, 16],
    ['Home', 8, 1],
    ['End', 2, 16],
    ['x', 2, null],
  ])('%s from %d goes to %s', (key, from, to) => expect(keyInList(allowed, from, key)).toBe(to));

  it('takes the nearest and keeps the present value', () => {
    expect(nearest(allowed, 11)).toBe(8);
    expect(withValue(allowed, 5)).toEqual([1, 2, 4, 5, 8, 16]);
    expect(offeredSequences(197, 577)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 197, 256, 512, 577]);
  });
});
