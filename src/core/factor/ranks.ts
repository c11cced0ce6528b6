/**
 * Ranks by name and number: what they join, clipping and checking to realizable ones (limits.ts), ranks for a parameter
 * budget, and the ranks that tensorly-torch's heuristic chooses.
 */
import { check } from '../base/checks.ts';
import { formats, type Factorization, type Format } from './factorization.ts';
import { chainModes, rankCount, rankLimits } from './limits.ts';
import { parameterCount } from './parameters.ts';

export { rankCount, rankLimits } from './limits.ts';

const product = (values: readonly number[]): number => values.reduce((all, value) => all * value, 1);

/** r, R, C or r1, r2, ... (tr counts from r0, the rank that closes the ring). */
export function rankNames({ format, ranks }: Factorization): readonly string[] {
  switch (format) {
    case 'dense':
      return [];
    case 'svd':
      return ['r'];
    case 'kronecker':
    case 'cp':
      return ['R'];
    case 'tr':
      return ranks.map((_, k) => `r${k}`);
    case 'block-term':
      return ranks.map((_, k) => (k === 0 ? 'C' : `r${k}`));
    case 'tucker':
    case 'tt':
    case 'ttm':
      return ranks.map((_, k) => `r${k + 1}`);
  }
  format satisfies never;
}

/** What each rank joins, in words: `joins 48 and 64`. */
export function rankJoins(f: Factorization): readonly string[] {
  const { format, outModes, inModes, ranks } = f;
  const modes = [...outModes.map((mode) => `out ${mode}`), ...inModes.map((mode) => `in ${mode}`)];
  const paired = outModes.map((mode, k) => `${mode}\u00d7${inModes[k] ?? 1}`);
  const join = (names: readonly string[], k: number): string =>
    `joins ${names[(k + names.length) % names.length] ?? ''} and ${names[(k + 1) % names.length] ?? ''}`;
  switch (format) {
    case 'dense':
      return [];
    case 'svd':
      return ['joins out and in'];
    case 'kronecker':
      return ['terms of the sum'];
    case 'cp':
      return ['terms, shared by all modes'];
    case 'tucker':
      return ranks.map((_, k) => `of ${modes[k] ?? ''}`);
    case 'tt':
      return ranks.map((_, k) => join(modes, k));
    case 'ttm':
      return ranks.map((_, k) => join(paired, k));
    case 'tr':
      return ranks.map((_, k) => join(modes, k - 1));
    case 'block-term':
      return ranks.map((_, k) => (k === 0 ? 'blocks' : `of ${modes[k - 1] ?? ''}`));
  }
  format satisfies never;
}

/** The realizable ranks at or below the given ones: only lowered, until every rule holds. */
export function clipRanks(f: Factorization): Factorization {
  let ranks = f.ranks.map((rank) => Math.max(1, Math.floor(rank)));
  for (;;) {
    let changed = false;
    for (let k = 0; k < ranks.length; k++) {
      const max = rankLimits({ ...f, ranks })[k]?.max ?? 1;
      if ((ranks[k] ?? 1) > max) {
        ranks = ranks.with(k, max);
        changed = true;
      }
    }
    if (!changed) return ranks.every((rank, k) => rank === f.ranks[k]) ? f : { ...f, ranks };
  }
}

/** W itself. */
export function denseFactorization(out: number, inside: number): Factorization {
  return { format: 'dense', outModes: [out], inModes: [inside], ranks: [] };
}

/**
 * The factorization in its one canonical form: boundary ones of tt and ttm, and the repeated first rank of tr, dropped.
 * @throws InputError that names the mode or rank, the rule and the value
 */
export function checkFactorization(f: Factorization, out: number, inside: number): Factorization {
  const { format } = f;
  check(formats.includes(format), 'format', `must be one of ${formats.join(', ')}`, format);
  checkModes('output', f.outModes, out);
  checkModes('input', f.inModes, inside);
  const orders = [f.outModes.length, f.inModes.length] as const;
  if (format === 'dense' || format === 'svd')
    check(orders[0] === 1 && orders[1] === 1, `modes of ${format}`, 'must be one a side', orders);
  if (format === 'ttm' || format === 'kronecker')
    check(
      orders[0] === orders[1] && orders[0] >= 2,
      `modes of ${format}`,
      'must be as many on both sides, two or more',
      orders,
    );
  const ranks = innerRanks(f);
  const count = rankCount(format, ...orders);
  check(ranks.length === count, `ranks of ${format}`, `must be ${count} for these modes`, f.ranks);
  const checked: Factorization = { format, outModes: [...f.outModes], inModes: [...f.inModes], ranks };
  const names = rankNames(checked);
  ranks.forEach((rank, k) => {
    check(
      Number.isSafeInteger(rank) && rank >= 1,
      `rank ${names[k]} of ${format}`,
      'must be a positive integer',
      rank,
    );
  });
  rankLimits(checked).forEach(({ max }, k) => {
    const rank = ranks[k] ?? 1;
    check(rank <= max, `rank ${names[k]} of ${format}`, `must be at most ${max} to be realizable`, rank);
  });
  return checked;
}

function checkModes(side: string, modes: readonly number[], extent: number): void {
  const rule = `must be positive integers that multiply to ${extent}`;
  check(
    modes.length > 0 && modes.every((mode) => Number.isSafeInteger(mode) && mode >= 1),
    `${side} modes`,
    rule,
    modes,
  );
  check(product(modes) === extent, `${side} modes`, rule, `${modes.join(' x ')} = ${product(modes)}`);
}

function innerRanks({ format, outModes, inModes, ranks }: Factorization): readonly number[] {
  const count = rankCount(format, outModes.length, inModes.length);
  const ends = ranks[0] === 1 && ranks.at(-1) === 1;
  if ((format === 'tt' || format === 'ttm') && ranks.length === count + 2 && ends) return ranks.slice(1, -1);
  if (format === 'tr' && ranks.length === count + 1 && ranks[0] === ranks.at(-1)) return ranks.slice(0, -1);
  return [...ranks];
}

/** Blocks that block-term opens with; more blocks of smaller cores is what sets it apart from tucker. */
const openingBlocks = 4;

/**
 * Even ranks (of tucker: even shares of each mode) with the most parameters that are not above the target; null when
 * rank 1 everywhere is above it already.
 */
export function ranksForBudget(
  format: Format,
  outModes: readonly number[],
  inModes: readonly number[],
  targetParameters: number,
): readonly number[] | null {
  const count = rankCount(format, outModes.length, inModes.length);
  const shape: Factorization = { format, outModes, inModes, ranks: new Array<number>(count).fill(1) };
  const modes = [...outModes, ...inModes];
  const shares = format === 'tucker' || format === 'block-term';
  const top = shares
    ? Math.max(...modes)
    : Math.max(1, ...rankLimits(unlimited(shape)).map(({ max }) => max));
  const at = (size: number, blocks: number): Factorization =>
    clipRanks({
      ...shape,
      ranks: shape.ranks.map((_, k) => {
        if (!shares) return size;
        if (format === 'block-term' && k === 0) return blocks;
        const mode = modes[format === 'block-term' ? k - 1 : k] ?? 1;
        return Math.max(1, Math.round((size / top) * mode));
      }),
    });
  const fits = (f: Factorization): boolean => parameterCount(f) <= targetParameters;
  const blocks = format === 'block-term' && fits(at(1, openingBlocks)) ? openingBlocks : 1;
  if (!fits(at(1, blocks))) return null;
  let low = 1;
  let high = top;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(at(middle, blocks))) low = middle;
    else high = middle - 1;
  }
  return at(low, blocks).ranks;
}

/** The factorization with ranks so large that only global limits bind. */
function unlimited(f: Factorization): Factorization {
  return { ...f, ranks: f.ranks.map(() => product(f.outModes) * product(f.inModes)) };
}

/**
 * The ranks that tensorly 0.9 resolves a float rank (share of the dense parameters) to, for the formats tensorly-torch
 * has and for tt and tr on the flat modes: `validate_{cp,tucker,tt,tr}_rank`. They may be unrealizable: clip them.
 */
export function tltorchRanks(
  format: 'cp' | 'tucker' | 'ttm' | 'tt' | 'tr',
  outModes: readonly number[],
  inModes: readonly number[],
  share: number,
): readonly number[] {
  const modes = chainModes({ format, outModes, inModes, ranks: [] });
  const target = product(modes) * share;
  const total = modes.reduce((sum, mode) => sum + mode, 0);
  switch (format) {
    case 'cp':
      return [Math.max(1, roundHalfEven(target / total))];
    case 'tr':
      return modes.map(() => Math.max(1, roundHalfEven(Math.sqrt(target / total))));
    case 'tucker': {
      const scale = tuckerScale(modes, target, share);
      return modes.map((mode) => Math.max(1, roundHalfEven(mode * scale)));
    }
    case 'tt':
    case 'ttm':
      return trainRanks(modes, target);
  }
  format satisfies never;
}

/** numpy's rounding, which these heuristics use. */
function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** The fraction x of every mode with prod(n) x^d + sum(n^2) x = target, by bisection. */
function tuckerScale(modes: readonly number[], target: number, share: number): number {
  const squares = modes.reduce((sum, mode) => sum + mode * mode, 0);
  const parameters = (x: number): number => product(modes) * x ** modes.length + squares * x;
  let low = 0;
  let high = Math.max(share, 1);
  for (let step = 0; step < 200; step++) {
    const middle = (low + high) / 2;
    if (parameters(middle) < target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Ranks in proportion to the mean of the two modes they join; the proportion solves a quadratic. */
function trainRanks(modes: readonly number[], target: number): readonly number[] {
  const joined = modes.slice(1).map((mode, k) => (mode + (modes[k] ?? 1)) / 2);
  const first = joined[0] ?? 1;
  const last = joined.at(-1) ?? 1;
  let a = joined.slice(1).reduce((sum, mean, k) => sum + (joined[k] ?? 1) * (modes[k + 1] ?? 1) * mean, 0);
  if (joined.length === 1) a = first * first * (modes[0] ?? 1);
  const b = (modes[0] ?? 1) * first + (modes.at(-1) ?? 1) * last;
  const fraction = (Math.sqrt(b * b + 4 * a * target) - b) / (2 * a);
  return joined.map((mean) => Math.max(1, roundHalfEven(mean * fraction)));
}
