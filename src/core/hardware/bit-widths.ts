/**
 * The same machine for operands that are narrower or wider than its word. A level's figures are per word, so an operand of
 * b bits takes b / word bits of a word everywhere: of its capacity, of its ports and of the energy of an access. Two
 * exceptions. Partial sums keep their width at levels wider than the machine's word (accumulators). A level of one word per
 * operand it keeps is a register beside the MAC: it holds one of each whatever the width.
 * MAC energy follows .2 pJ (b_w b_a / 64) + .1 pJ (accumulator bits / 32), the 8-bit multiplier and the 32-bit adder at 45 nm
 * (Horowitz, "Computing's energy problem", ISSCC 2014), as a factor on the machine's own figure.
 */
import { check } from '../base/checks.ts';
import type { Bits } from '../base/units.ts';
import { operands } from './accelerator.ts';
import type { Accelerator, MemoryLevel, Operand } from './accelerator.ts';

/** Bits of one word of each operand, scales and the like included: 4.125 is sound. */
export type OperandBits = Readonly<Record<Operand, Bits>>;

/**
 * What the MACs multiply. `wider`: both operands at the width of the wider one, as weight-only quantization does, which
 * widens its weights before the product; `own`: each at its own width.
 */
export type Multiply = 'wider' | 'own';

const mostBits = 64;
const multiplier8Pj = 0.2;
const adder32Pj = 0.1;

/** Words of this level that one word of the operand takes. */
export const wordsTaken = (level: MemoryLevel | undefined, operand: Operand): number =>
  level?.takes?.[operand] ?? 1;

/** Words of its capacity that one word of an array takes that stays here: no tile of it comes or goes, so none is doubled. */
export const wordsHeld = (level: MemoryLevel | undefined, operand: Operand): number =>
  wordsTaken(level, operand) * (level?.heldShare ?? 1);

/**
 * The machine that these operands see; the accelerator itself when they are as wide as its word.
 * @throws InputError when a width is no number from 1 to 64
 */
export function atBits(accelerator: Accelerator, bits: OperandBits, multiply: Multiply): Accelerator {
  for (const operand of operands) checkBits(`bits of operand ${operand}`, bits[operand]);
  const { wordBits, mac } = accelerator;
  if (operands.every((operand) => bits[operand] === wordBits)) return accelerator;
  return {
    ...accelerator,
    levels: accelerator.levels.map((level) => atLevel(level, wordBits, bits)),
    mac: { ...mac, energyPj: mac.energyPj * macShare(accelerator, bits, multiply) },
  };
}

export function checkBits(subject: string, bits: number): void {
  const sound = Number.isFinite(bits) && bits >= 1 && bits <= mostBits;
  check(sound, subject, `must be a number from 1 to ${mostBits}`, bits);
}

function atLevel(level: MemoryLevel, wordBits: Bits, bits: OperandBits): MemoryLevel {
  const accumulates = level.wordBits > wordBits;
  const takes = {
    I: bits.I / wordBits,
    W: bits.W / wordBits,
    O: accumulates ? 1 : bits.O / wordBits,
  };
  const isRegister = level.depthWords === level.keeps.length;
  const depthWords = isRegister
    ? level.keeps.reduce((sum, operand) => sum + takes[operand], 0)
    : level.depthWords;
  return { ...level, depthWords, takes };
}

/** MAC energy at these widths as a share of that at the machine's word. */
function macShare({ levels, wordBits }: Accelerator, bits: OperandBits, multiply: Multiply): number {
  // Fractions of a bit are scales and tables, which no multiplier sees.
  const [i, w] = [Math.floor(bits.I), Math.floor(bits.W)];
  const product = multiply === 'own' ? i * w : Math.max(i, w) ** 2;
  const accumulator = levels.reduce(
    (most, level) => (level.keeps.includes('O') ? Math.max(most, level.wordBits) : most),
    wordBits,
  );
  const energy = (factors: number): number => multiplier8Pj * (factors / 64) + adder32Pj * (accumulator / 32);
  return energy(product) / energy(wordBits ** 2);
}
