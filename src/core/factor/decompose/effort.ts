/**
 * Alternating methods: how long they try, and sweeps with extrapolation. Work is counted in multiply-accumulates, never in
 * seconds, so that the same seed gives the same factors on any machine.
 */

/** Multiply-accumulates that an alternating method may spend: a second or three. */
export const thoroughWork = 3e9;
/** The same for an answer while somebody waits. */
export const quickWork = 4e7;

const mostSweeps = 200;
const mostStarts = 4;
/** What one start is worth: below, fewer starts. */
const sweepsPerStart = 60;

export interface Effort {
  readonly starts: number;
  readonly sweeps: number;
}

/**
 * @param workPerSweep multiply-accumulates of one sweep over all factors
 * @param work what may be spent on all of them
 */
export function effort(workPerSweep: number, work: number): Effort {
  const affordable = work / workPerSweep;
  const starts = Math.max(1, Math.min(mostStarts, Math.floor(affordable / sweepsPerStart)));
  const sweeps = Math.max(fewestSweeps(work), Math.min(mostSweeps, Math.floor(affordable / starts)));
  return { starts, sweeps };
}

const fewestSweeps = (work: number): number => (work < thoroughWork ? 1 : 12);

export interface Swept<T> {
  readonly factors: readonly T[];
  /** Relative. */
  readonly error: number;
}

const firstStep = 0.5;
const largestStep = 20;

/**
 * Sweeps from `begin` until they gain less than `patience`. Each starts ahead of where the last two point (Bro 1998,
 * line search); one that does worse for it is done again from where the last one ended.
 */
export function alternate<T extends { readonly values: Float64Array }>(
  begin: readonly T[],
  sweep: (factors: readonly T[]) => Swept<T>,
  sweeps: number,
  patience: number,
): Swept<T> {
  let before = begin;
  let now = sweep(begin);
  let step = firstStep;
  for (let count = 1; count < sweeps; count++) {
    let next = sweep(ahead(before, now.factors, step));
    if (next.error < now.error) step = Math.min(largestStep, step * 1.5);
    else {
      step = Math.max(firstStep, step / 4);
      next = sweep(now.factors);
      count++;
    }
    const gain = now.error - next.error;
    before = now.factors;
    if (gain > 0) now = next;
    if (!(gain > patience)) break;
  }
  return now;
}

const ahead = <T extends { readonly values: Float64Array }>(
  before: readonly T[],
  now: readonly T[],
  step: number,
): readonly T[] =>
  now.map((factor, k) => ({
    ...factor,
    values: factor.values.map((value, i) => value + step * (value - before[k]!.values[i]!)),
  }));
