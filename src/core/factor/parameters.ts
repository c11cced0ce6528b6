/**
 * Exact parameter counts: the words of the factors, biases left out. Never a nominal "rank = 0.1".
 */
import type { Factorization } from './factorization.ts';
import { rankLimits } from './limits.ts';

const product = (values: readonly number[]): number => values.reduce((all, value) => all * value, 1);
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/** Words of all factors; the table of einsum-and-formats in closed form. */
export function parameterCount({ format, outModes, inModes, ranks }: Factorization): number {
  const modes = [...outModes, ...inModes];
  const rank = (k: number): number => ranks[k] ?? 1;
  switch (format) {
    case 'dense':
      return product(modes);
    case 'svd':
    case 'cp':
      return rank(0) * sum(modes);
    case 'kronecker':
      return rank(0) * sum(outModes.map((mode, k) => mode * (inModes[k] ?? 1)));
    case 'tucker':
      return product(ranks) + sum(modes.map((mode, k) => mode * rank(k)));
    case 'tt':
      return sum(modes.map((mode, k) => (k === 0 ? 1 : rank(k - 1)) * mode * rank(k)));
    case 'ttm':
      return sum(outModes.map((mode, k) => (k === 0 ? 1 : rank(k - 1)) * mode * (inModes[k] ?? 1) * rank(k)));
    case 'tr':
      return sum(modes.map((mode, k) => rank(k) * mode * rank((k + 1) % modes.length)));
    case 'block-term':
      return rank(0) * (product(ranks.slice(1)) + sum(modes.map((mode, k) => mode * rank(k + 1))));
  }
  format satisfies never;
}

/**
 * Per rank, the largest value with fewer parameters than dense, the others held; null when none has.
 * Parameters grow with every rank, so bisection finds it.
 */
export function breakEvenRanks(f: Factorization): readonly (number | null)[] {
  const dense = product(f.outModes) * product(f.inModes);
  const limits = rankLimits(f);
  return f.ranks.map((_, position) => {
    const below = (value: number): boolean =>
      parameterCount({ ...f, ranks: f.ranks.with(position, value) }) < dense;
    let low = limits[position]?.min ?? 1;
    let high = limits[position]?.max ?? 1;
    if (!below(low)) return null;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (below(middle)) low = middle;
      else high = middle - 1;
    }
    return low;
  });
}
