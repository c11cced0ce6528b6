/**
 * The forward einsum of a factorized layer: X [rows, ...inModes] times the factors gives Y [rows, ...outModes].
 * Letters: b rows; w x y z output modes; i j k l input modes; r (cp, svd, kronecker) or capitals the ranks; c blocks.
 */
import type { Einsum } from '../einsum/einsum.ts';
import type { Factorization } from './factorization.ts';

/** The n-th label of a pool; past its letters come characters of a block of their own. */
const label = (letters: string, beyond: number, n: number): string =>
  letters[n] ?? String.fromCodePoint(beyond + n - letters.length);

const outLabel = (n: number): string => label('wxyz', 0x3b1, n);
const inLabel = (n: number): string => label('ijklmn', 0x430, n);
const rankLabel = (n: number): string => label('ABCDEFGHIJKLMNOPQRSTUVWXYZ', 0x4e00, n);

interface Forward {
  readonly names: readonly string[];
  /** Labels of the factors, X left out. */
  readonly factors: readonly (readonly string[])[];
  readonly out: readonly string[];
  readonly in: readonly string[];
  /** Label of each rank, in the order of `ranks`. */
  readonly ranks: readonly string[];
}

function forwardOf({ format, outModes, inModes, ranks }: Factorization): Forward {
  const out = format === 'svd' || format === 'dense' ? ['o'] : outModes.map((_, k) => outLabel(k));
  const inside = inModes.map((_, k) => inLabel(k));
  const modes = [...out, ...inside];
  const letters = ranks.map((_, k) => rankLabel(k));
  const at = (k: number): string => letters[k] ?? '';
  const numbered = (name: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, k) => `${name}${k + 1}`);
  const sides = [...numbered('U', out.length), ...numbered('V', inside.length)];
  const base = { out, in: inside };
  switch (format) {
    case 'dense':
      return { ...base, names: ['W'], factors: [modes], ranks: [] };
    case 'svd':
      return {
        ...base,
        names: ['V', 'U'],
        factors: [
          [...inside, 'r'],
          ['r', ...out],
        ],
        ranks: ['r'],
      };
    case 'kronecker':
      return {
        ...base,
        names: numbered('K', out.length),
        factors: out.map((o, k) => ['r', o, inside[k] ?? '']),
        ranks: ['r'],
      };
    case 'cp':
      return { ...base, names: sides, factors: modes.map((mode) => [mode, 'r']), ranks: ['r'] };
    case 'tucker':
      return {
        ...base,
        names: ['C', ...sides],
        factors: [letters, ...modes.map((mode, k) => [mode, at(k)])],
        ranks: letters,
      };
    case 'tt':
      return {
        ...base,
        names: numbered('G', modes.length),
        factors: modes.map((mode, k) => [
          ...letters.slice(k - 1 < 0 ? 0 : k - 1, k),
          mode,
          ...letters.slice(k, k + 1),
        ]),
        ranks: letters,
      };
    case 'ttm':
      return {
        ...base,
        names: numbered('G', out.length),
        factors: out.map((o, k) => [
          ...letters.slice(k - 1 < 0 ? 0 : k - 1, k),
          o,
          inside[k] ?? '',
          ...letters.slice(k, k + 1),
        ]),
        ranks: letters,
      };
    case 'tr':
      return {
        ...base,
        names: numbered('G', modes.length),
        factors: modes.map((mode, k) => [at(k), mode, at((k + 1) % modes.length)]),
        ranks: letters,
      };
    case 'block-term': {
      const blocks = ['c', ...letters.slice(1)];
      return {
        ...base,
        names: ['C', ...sides],
        factors: [blocks, ...modes.map((mode, k) => ['c', mode, at(k + 1)])],
        ranks: blocks,
      };
    }
  }
  format satisfies never;
}

/** Operands: X [rows, ...inModes], then the factors; output [rows, ...outModes]. */
export function forwardEinsum(f: Factorization, rows: number): Einsum {
  const { factors, out, in: inside, ranks } = forwardOf(f);
  const extents = new Map<string, number>([['b', rows]]);
  out.forEach((letter, k) => extents.set(letter, f.outModes[k] ?? 1));
  inside.forEach((letter, k) => extents.set(letter, f.inModes[k] ?? 1));
  ranks.forEach((letter, k) => extents.set(letter, f.ranks[k] ?? 1));
  return { inputs: [['b', ...inside], ...factors], output: ['b', ...out], extents };
}

/** Names of the operands, X first. */
export function operandNames(f: Factorization): readonly string[] {
  return ['X', ...forwardOf(f).names];
}
