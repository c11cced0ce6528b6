/** Random einsums for laws: broadcast, diagonals, indices of one operand alone, extents of 0 and 1. */
import type { Random } from '../base/random.ts';

export interface RandomEinsum {
  readonly equation: string;
  readonly shapes: readonly (readonly number[])[];
}

/** @param most operands, at least one */
export function randomEinsum(random: Random, most = 3): RandomEinsum {
  const letters = [...'abcdef'].slice(0, 2 + random.below(5));
  const extents = new Map(letters.map((letter) => [letter, [1, 2, 3, 4, 5][random.below(5)] ?? 1]));
  if (random.below(12) === 0) extents.set(letters[0] ?? 'a', 0);
  const terms: string[] = [];
  const shapes: number[][] = [];
  for (let operand = random.below(most) + 1; operand > 0; operand--) {
    const term = Array.from({ length: random.below(5) }, () => letters[random.below(letters.length)] ?? 'a');
    // A letter of one term keeps its size there, broadcast or not.
    const own = new Map(term.map((letter) => [letter, random.below(10) === 0 ? 1 : extents.get(letter)]));
    terms.push(term.join(''));
    shapes.push(term.map((letter) => own.get(letter) ?? 1));
  }
  const used = letters.filter((letter) => terms.some((term) => term.includes(letter)));
  const output: string[] = [];
  for (const letter of used)
    if (random.below(2) === 0) output.splice(random.below(output.length + 1), 0, letter);
  return { equation: `${terms.join(',')}->${output.join('')}`, shapes };
}

/** Values in [-1, 1), none of them zero for long. */
export const randomValues = (random: Random, words: number): Float64Array =>
  Float64Array.from({ length: words }, () => random.next() * 2 - 1);
