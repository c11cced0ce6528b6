/**
 * How alike two orders are, from -1 to 1, with ties: Spearman's rho is Pearson's correlation of average ranks, Kendall's
 * tau-b counts concordant less discordant pairs, ties taken out of either side (Kendall 1945). A side that is all one
 * value orders nothing: 0.
 */
import { check } from '../base/checks.ts';

/** Ranks from 1; equal values share the mean of theirs. */
export function averageRanks(values: readonly number[]): readonly number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let k = from; k < to; k++) ranks[order[k]!] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

export function spearman(a: readonly number[], b: readonly number[]): number {
  checkPairs(a, b);
  return pearson(averageRanks(a), averageRanks(b));
}

export function kendall(a: readonly number[], b: readonly number[]): number {
  checkPairs(a, b);
  let [balance, tiedA, tiedB, pairs] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j < i; j++) {
      const left = Math.sign(a[i]! - a[j]!);
      const right = Math.sign(b[i]! - b[j]!);
      pairs++;
      balance += left * right;
      if (left === 0) tiedA++;
      if (right === 0) tiedB++;
    }
  const scale = Math.sqrt((pairs - tiedA) * (pairs - tiedB));
  return scale === 0 ? 0 : balance / scale;
}

function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, first, second] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB];
    both += x * y;
    first += x * x;
    second += y * y;
  }
  return first === 0 || second === 0 ? 0 : both / Math.sqrt(first * second);
}

function checkPairs(a: readonly number[], b: readonly number[]): void {
  check(a.length === b.length, 'rank correlation', 'needs as many values on both sides', [
    a.length,
    b.length,
  ]);
  check([...a, ...b].every(Number.isFinite), 'rank correlation', 'needs finite numbers');
}
