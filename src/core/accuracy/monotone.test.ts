import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fallingFit, fallingFunction, fitFalling } from './monotone.ts';

/** Minimum of the maxima over all starts, the closed form of isotonic regression (Barlow et al. 1972). */
function byBruteForce(values: readonly number[], weights: readonly number[]): readonly number[] {
  const mean = (from: number, to: number): number => {
    let [sum, weight] = [0, 0];
    for (let k = from; k <= to; k++) {
      sum += values[k]! * weights[k]!;
      weight += weights[k]!;
    }
    return sum / weight;
  };
  return values.map((_, i) => {
    let least = Number.POSITIVE_INFINITY;
    for (let from = 0; from <= i; from++) {
      let most = Number.NEGATIVE_INFINITY;
      for (let to = i; to < values.length; to++) most = Math.max(most, mean(from, to));
      least = Math.min(least, most);
    }
    return least;
  });
}

const numbers = fc.array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 1, max: 5 })), {
  minLength: 1,
  maxLength: 12,
});

describe('isotonic regression', () => {
  it('is the closed form over all blocks', () => {
    fc.assert(
      fc.property(numbers, (pairs) => {
        const values = pairs.map(([value]) => value);
        const weights = pairs.map(([, weight]) => weight);
        const expected = byBruteForce(values, weights);
        fallingFit(values, weights).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 9));
      }),
    );
  });

  it('leaves falling values as they are', () => {
    expect(fallingFit([3, 2, 2, -1], [1, 1, 1, 1])).toEqual([3, 2, 2, -1]);
    expect(fallingFit([1, 3], [3, 1])).toEqual([1.5, 1.5]);
  });
});

describe('falling curve', () => {
  it('never rises and stays between its knots', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 8 }), (pairs, knots) => {
        const curve = fitFalling(
          pairs.map(([x]) => x),
          pairs.map(([, y]) => y),
          knots,
        );
        const at = fallingFunction(curve);
        let before = Number.POSITIVE_INFINITY;
        for (let x = -22; x <= 22; x += 0.13) {
          const value = at(x);
          expect(value).toBeLessThanOrEqual(before);
          before = value;
        }
        expect(at(-100)).toBe(curve.y[0]);
        expect(at(100)).toBe(curve.y.at(-1));
        curve.x.forEach((x, k) => expect(at(x)).toBeCloseTo(curve.y[k]!, 9));
      }),
    );
  });

  it('one knot per pair gives falling data back, and is close to a smooth truth between them', () => {
    const x = Array.from({ length: 21 }, (_, k) => k / 10);
    const truth = (at: number): number => -(at ** 3);
    const at = fallingFunction(fitFalling(x, x.map(truth), 99));
    expect(at(1)).toBeCloseTo(-1, 12);
    expect(at(1.25)).toBeCloseTo(truth(1.25), 2);
  });

  it('refuses what is no data', () => {
    expect(() => fitFalling([], [], 3)).toThrow('curve: needs pairs');
    expect(() => fitFalling([1], [Number.NaN], 3)).toThrow('finite');
  });
});
