/**
 * Exact parameter counts, factors only (no bias). CP's weights are absorbed into its first factor, boundary ranks of one
 * are not stored.
 */
import type { Factorization } from './factorization.ts';
import { allModes, limitRanks, pairedModes } from './realizable.ts';
import { product } from './tensorization.ts';

export function parameterCount(f: Factorization): number {
  switch (f.format) {
    case 'dense':
      return product(f.outModes) * product(f.inModes);
    case 'svd':
    case 'cp':
      return (f.ranks[0] ?? 0) * sum(allModes(f));
    case 'kronecker':
      return (f.ranks[0] ?? 0) * sum(pairedModes(f));
    case 'tucker':
      return box(allModes(f), f.ranks, 0);
    case 'block-term':
      return (f.ranks[0] ?? 0) * box(allModes(f), f.ranks, 1);
    case 'tt':
      return train(allModes(f), f.ranks);
    case 'ttm':
      return train(pairedModes(f), f.ranks);
    case 'tr': {
      const { ranks } = f;
      return sum(allModes(f).map((mode, k) => (ranks[k] ?? 1) * mode * (ranks[(k + 1) % ranks.length] ?? 1)));
    }
    default:
      return f.format satisfies never;
  }
}

/**
 * Per rank position: the largest value it can have given the others with fewer parameters than dense; null when there is
 * none. svd: the last below out in / (out + in).
 */
export function breakEvenRanks(f: Factorization): readonly (number | null)[] {
  const dense = product(f.outModes) * product(f.inModes);
  return limitRanks(f).map(({ max }, k) => {
    // The count is affine in each rank.
    const at = (rank: number): number => parameterCount({ ...f, ranks: f.ranks.with(k, rank) });
    const constant = at(0);
    const slope = at(1) - constant;
    const largest = Math.min(max, Math.ceil((dense - constant) / slope) - 1);
    return largest >= 1 ? largest : null;
  });
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** A core and one matrix per mode; the ranks start at `first`. */
function box(modes: readonly number[], ranks: readonly number[], first: number): number {
  let core = 1;
  let total = 0;
  modes.forEach((mode, k) => {
    const rank = ranks[first + k] ?? 0;
    core *= rank;
    total += rank * mode;
  });
  return core + total;
}

function train(modes: readonly number[], ranks: readonly number[]): number {
  return sum(modes.map((mode, k) => (ranks[k - 1] ?? 1) * mode * (ranks[k] ?? 1)));
}
