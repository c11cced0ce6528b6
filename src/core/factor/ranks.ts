/**
 * Ranks: how many a format has, their names, which values they can have (see `realizable.ts`), and two ways to choose
 * them from a size. Order of ranks as in `factorization.ts`.
 */
import { check, InputError } from '../base/checks.ts';
import { formats, type Factorization, type Format } from './factorization.ts';
import { parameterCount } from './parameters.ts';
import { allModes, limitRanks, lowerRanks, type RankLimits } from './realizable.ts';
import { mostModes, product } from './tensorization.ts';

export { tltorchRanks } from './tltorch.ts';

/**
 * How many ranks `format` has with so many modes a side.
 * @throws InputError for ttm and kronecker, which pair modes, when the two orders differ
 */
export function rankCount(format: Format, outOrder: number, inOrder: number): number {
  switch (format) {
    case 'dense':
      return 0;
    case 'svd':
    case 'cp':
      return 1;
    case 'kronecker':
    case 'ttm':
      check(outOrder === inOrder, format, 'needs as many output as input modes', [outOrder, inOrder]);
      return format === 'ttm' ? outOrder - 1 : 1;
    case 'tucker':
    case 'tr':
      return outOrder + inOrder;
    case 'tt':
      return outOrder + inOrder - 1;
    case 'block-term':
      return outOrder + inOrder + 1;
    default:
      return format satisfies never;
  }
}

/** Short names: r; R; r1, r2, ...; tr from r0; block-term C, r1, ... */
export function rankNames(f: Factorization): readonly string[] {
  const numbered = (count: number, first: number): readonly string[] =>
    Array.from({ length: count }, (_, k) => `r${first + k}`);
  const count = rankCount(f.format, f.outModes.length, f.inModes.length);
  switch (f.format) {
    case 'dense':
      return [];
    case 'svd':
      return ['r'];
    case 'kronecker':
    case 'cp':
      return ['R'];
    case 'tucker':
    case 'tt':
    case 'ttm':
      return numbered(count, 1);
    case 'tr':
      return numbered(count, 0);
    case 'block-term':
      return ['C', ...numbered(count - 1, 1)];
    default:
      return f.format satisfies never;
  }
}

/** What each rank joins, in words: `joins 48 and 64`. */
export function rankJoins(f: Factorization): readonly string[] {
  const modes = allModes(f);
  const pairs = f.outModes.map((mode, k) => `${mode}×${f.inModes[k] ?? 1}`);
  const list = (names: readonly (number | string)[]): string =>
    names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  const bonds = (names: readonly (number | string)[]): readonly string[] =>
    names.slice(1).map((name, k) => `joins ${names[k]} and ${name}`);
  switch (f.format) {
    case 'dense':
      return [];
    case 'svd':
    case 'cp':
      return [`joins ${list(modes)}`];
    case 'kronecker':
      return [`joins ${list(pairs)}`];
    case 'tucker':
      return modes.map((mode) => `joins ${mode} and the core`);
    case 'tt':
      return bonds(modes);
    case 'ttm':
      return bonds(pairs);
    case 'tr':
      return [`joins ${modes.at(-1)} and ${modes[0]}`, ...bonds(modes)];
    case 'block-term':
      return ['adds up blocks', ...modes.map((mode) => `joins ${mode} and the core`)];
    default:
      return f.format satisfies never;
  }
}

/** Smallest and largest value of each rank given the others, whatever its own; sound for a realizable factorization. */
export function rankLimits(f: Factorization): readonly RankLimits[] {
  checkModes(f);
  checkCount(f);
  return limitRanks(f);
}

/**
 * The nearest realizable ranks: rounded, at least 1, then lowered to what the neighbours can feed. Realizable ones stay.
 * @throws InputError when format, modes or the number of ranks are unsound, or a rank is not finite
 */
export function clipRanks(f: Factorization): Factorization {
  checkModes(f);
  const { ranks } = withoutBoundary(f);
  checkCount({ ...f, ranks });
  ranks.forEach((rank) => check(!Number.isNaN(rank), 'ranks', 'must be numbers', rank));
  const rounded = ranks.map((rank) => Math.min(Math.max(1, Math.round(rank)), Number.MAX_SAFE_INTEGER));
  const lowered = lowerRanks({ ...f, ranks: rounded });
  return same(lowered, f.ranks) ? f : { ...f, ranks: lowered };
}

/**
 * The factorization in canonical form (boundary ones of tt and ttm dropped, tr's repeated one too), the very same object where it is that.
 * @throws InputError naming what is unsound: format, modes, their products, the number of ranks or a rank
 */
export function checkFactorization(f: Factorization, out: number, columns: number): Factorization {
  checkModes(f);
  checkProduct('output modes', f.outModes, out);
  checkProduct('input modes', f.inModes, columns);
  const sound = withoutBoundary(f);
  checkCount(sound);
  const names = rankNames(sound);
  sound.ranks.forEach((rank, k) =>
    check(
      Number.isSafeInteger(rank) && rank >= 1,
      `rank ${names[k]} of ${f.format}`,
      'must be a positive integer',
      rank,
    ),
  );
  limitRanks(sound).forEach(({ max }, k) => {
    const rank = sound.ranks[k] ?? 1;
    check(rank <= max, `rank ${names[k]} of ${f.format}`, `must be at most ${max} to be realizable`, rank);
  });
  return sound;
}

export function denseFactorization(out: number, columns: number): Factorization {
  return { format: 'dense', outModes: [out], inModes: [columns], ranks: [] };
}

/** Blocks that a block-term layer starts with, where they fit. */
const firstBlocks = [4, 2, 1];

/**
 * Equal ranks (as far as realizable) with the most parameters not above `targetParameters`, then single ranks raised by
 * one while that fits; null when even ranks of one have more. block-term: 4 blocks, or 2, or 1.
 * @throws InputError for unsound modes
 */
export function ranksForBudget(
  format: Format,
  outModes: readonly number[],
  inModes: readonly number[],
  targetParameters: number,
): readonly number[] | null {
  const count = rankCount(format, outModes.length, inModes.length);
  const at = (ranks: readonly number[]): Factorization => clipRanks({ format, outModes, inModes, ranks });
  const fits = (f: Factorization): boolean => parameterCount(f) <= targetParameters;
  const equal = (blocks: number, rank: number): Factorization =>
    at(Array.from({ length: count }, (_, k) => (format === 'block-term' && k === 0 ? blocks : rank)));
  const blocks = firstBlocks.find((some) => fits(equal(some, 1)));
  if (blocks === undefined) return null;
  let low = 1;
  let high = 2 * product(outModes) * product(inModes);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(equal(blocks, middle))) low = middle;
    else high = middle;
  }
  let best = equal(blocks, low);
  for (let k = format === 'block-term' ? 1 : 0; k < count; k++) {
    const raised = at(best.ranks.with(k, (best.ranks[k] ?? 1) + 1));
    if (fits(raised)) best = raised;
  }
  return best.ranks;
}

// Soundness

function checkModes({ format, outModes, inModes }: Factorization): void {
  check(formats.includes(format), 'format', `must be one of ${formats.join(' ')}`, format);
  for (const [side, modes] of [
    ['output modes', outModes],
    ['input modes', inModes],
  ] as const) {
    const most = format === 'dense' || format === 'svd' ? 1 : mostModes;
    check(modes.length >= 1 && modes.length <= most, side, `of ${format} must be 1 to ${most}`, modes);
    check(
      modes.every((mode) => Number.isSafeInteger(mode) && mode >= 1),
      side,
      'must be positive integers',
      modes,
    );
  }
}

function checkProduct(side: string, modes: readonly number[], extent: number): void {
  const whole = product(modes);
  check(whole === extent, side, `must multiply to ${extent}; ${modes.join(' x ')} is ${whole}`);
}

function checkCount(f: Factorization): void {
  const count = rankCount(f.format, f.outModes.length, f.inModes.length);
  if (f.ranks.length === count) return;
  const modes =
    f.format === 'dense' || f.format === 'svd'
      ? ''
      : ` of ${f.outModes.length} and ${f.inModes.length} modes`;
  throw new InputError('ranks', `${f.format}${modes} has ${count}`, f.ranks);
}

/** Boundary ones of tt and ttm, and tr's closing rank repeated at the end, are accepted and dropped. */
function withoutBoundary(f: Factorization): Factorization {
  const { format, outModes, inModes, ranks } = f;
  if (format !== 'tt' && format !== 'ttm' && format !== 'tr') return f;
  const count = rankCount(format, outModes.length, inModes.length);
  if (format === 'tr')
    return ranks.length === count + 1 && ranks[0] === ranks.at(-1) ? { ...f, ranks: ranks.slice(0, -1) } : f;
  const bounded = ranks.length === count + 2 && ranks[0] === 1 && ranks.at(-1) === 1;
  return bounded ? { ...f, ranks: ranks.slice(1, -1) } : f;
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, k) => value === b[k]);
