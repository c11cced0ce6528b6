import { describe, expect, it } from 'vitest';
import { promotionOrder } from './promotion.ts';

const point = (name: string, low: number, high: number) => ({ name, value: (low + high) / 2, low, high });
const names = (points: readonly { readonly name: string }[]): string =>
  points.map(({ name }) => name).join('');

describe('what to measure first', () => {
  const points = [point('a', -9, -8), point('b', -3, 0), point('c', -2, -1), point('d', -0.5, 0)];

  it('the bands that hold the limit, the widest before, then the nearest', () => {
    expect(names(promotionOrder(points, [-1.5]))).toBe('bcda');
  });

  it('knee and limit both count', () => {
    expect(names(promotionOrder(points, [-8.5, -0.2]))).toBe('badc');
  });

  it('without marks the widest bands; equal ones stay in their order', () => {
    expect(names(promotionOrder(points, []))).toBe('bacd');
    expect(promotionOrder([], [1])).toEqual([]);
  });
});
