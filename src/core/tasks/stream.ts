/**
 * Streams of examples: the chance behind example `index` of stream `seed`, independent of every other example. Place
 * `seed * 2^32/phi + index` on the circle of 2^32 is shuffled by MurmurHash3's finalizer (a bijection), so that no stream
 * repeats itself, and those of the small seeds in use lie a billion examples apart.
 */
import { check } from '../base/checks.ts';
import { createRandom, type Random } from '../base/random.ts';

const largestWhole = 2 ** 32 - 1;

/** @throws InputError unless seed, from and count are whole and >= 0 */
export function checkStream(seed: number, from: number, count: number): void {
  const whole = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= largestWhole;
  check(whole(seed), 'seed', `must be a whole number from 0 to ${largestWhole}`, seed);
  check(whole(from), 'examples', 'must start at a whole number >= 0', from);
  check(whole(count), 'examples', 'must be a whole number >= 0', count);
}

export function randomOf(seed: number, index: number): Random {
  let h = (Math.imul(seed, 0x9e3779b9) + index) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return createRandom((h ^ (h >>> 16)) >>> 0);
}

/** Uniform in [-most, most). */
export const spread = (random: Random, most: number): number => most * (2 * random.next() - 1);
