/**
 * The space of one matrix shape: every format x tensorizations x ranks. Tensorizations are the products of a few
 * splittings of each side (balanced, tensorly-torch's, their mirror images, skewed ones) and ranks run along a few
 * profiles (uniform, neck, belly, one side ahead) over one logarithmic grid, so that candidates share their GEMMs. Svd,
 * which is one number, gets every small rank, then every fourth, every eighth, and the neighbours of its break-even.
 * Left out: splittings of unequal order, and candidates with more parameters or several times more MACs than dense.
 */
import { factorizationKey } from '../cost/layer.ts';
import { findPath } from '../einsum/path.ts';
import type { Factorization, Format } from '../factor/factorization.ts';
import { forwardEinsum } from '../factor/forward.ts';
import { breakEvenRanks, parameterCount } from '../factor/parameters.ts';
import { clipRanks, denseFactorization, rankCount } from '../factor/ranks.ts';
import { balancedModes, orderedFactorizations, tltorchModes } from '../factor/tensorization.ts';

interface Matrix {
  readonly out: number;
  readonly in: number;
  /** Rows of X in one step. */
  readonly rows: number;
}

interface Modes {
  readonly outModes: readonly number[];
  readonly inModes: readonly number[];
}

/** Splittings tried per side, by order; three modes take longer to contract and to map. */
const splittings: Readonly<Record<number, number>> = { 2: 5, 3: 3 };
/** A profile ends when so many scales in a row were clipped to the same ranks: they are at their limits. */
const enough = 5;
/** Candidates with more MACs than so many times dense are left out; those with few parameters need no look. */
const mostMacs = 2.5;
const unchecked = 1 / 16;

/** The candidates of one format for one shape. */
export function layerCandidates(format: Format, shape: Matrix): readonly Factorization[] {
  return [...candidatesByPart(format, shape)].flat();
}

/** Spaces seen last, by format and shape: strategies and repeated searches of one model ask for the same again. */
const known = new Map<string, readonly (readonly Factorization[])[]>();
const mostKnown = 64;

/** The same one tensorization after the other, each from few to many parameters: a pause between two is short. */
export function* candidatesByPart(
  format: Format,
  shape: Matrix,
): Generator<readonly Factorization[], void, void> {
  const key = `${format} ${shape.out} ${shape.in} ${shape.rows}`;
  const before = known.get(key);
  if (before !== undefined) return yield* before;
  const parts: (readonly Factorization[])[] = [];
  for (const part of makeParts(format, shape)) {
    parts.push(part);
    yield part;
  }
  if (known.size >= mostKnown) known.clear();
  known.set(key, parts);
}

function* makeParts(format: Format, shape: Matrix): Generator<readonly Factorization[], void, void> {
  if (format === 'dense') yield [denseFactorization(shape.out, shape.in)];
  else if (format === 'svd') yield svdCandidates(shape);
  else for (const modes of tensorizations(shape)) yield rankCandidates(format, modes, shape);
}

function rankCandidates(format: Format, modes: Modes, shape: Matrix): readonly Factorization[] {
  const dense = shape.out * shape.in;
  const at = (ranks: readonly number[]): Factorization => clipRanks({ format, ...modes, ranks });
  const seen = new Map<string, { readonly f: Factorization; readonly parameters: number }>();
  /** False when it is hopeless: as many parameters as dense, or several times its MACs. */
  const add = (f: Factorization): boolean => {
    const parameters = parameterCount(f);
    if (parameters >= dense) return false;
    const key = factorizationKey(f);
    if (seen.has(key)) return true;
    if (parameters > dense * unchecked) {
      const { macs } = findPath(forwardEinsum(f, shape.rows));
      if (macs > mostMacs * dense * shape.rows) return false;
    }
    seen.set(key, { f, parameters });
    return true;
  };
  const grid = rankGrid(dense);
  for (const profile of rankProfiles(format, modes)) {
    let before = '';
    let same = 0;
    for (const scale of grid) {
      const f = at(profile(scale));
      const ranks = f.ranks.join();
      same = ranks === before ? same + 1 : 0;
      before = ranks;
      if (same === enough || !add(f)) break;
    }
  }
  return [...seen.values()].sort((a, b) => a.parameters - b.parameters).map(({ f }) => f);
}

function svdCandidates({ out, in: columns }: Matrix): readonly Factorization[] {
  const full = Math.min(out, columns);
  const at = (rank: number): Factorization => ({
    format: 'svd',
    outModes: [out],
    inModes: [columns],
    ranks: [rank],
  });
  const limit = breakEvenRanks(at(1))[0] ?? full;
  const ranks = new Set([...rankGrid(full), limit - 1, limit, limit + 1]);
  // 768: every rank to 16, every fourth to 64, every eighth; larger and smaller matrices in proportion.
  const unit = Math.max(1, Math.round(full / 768));
  const coarse = full <= 192 ? 1 : 8 * unit;
  for (let rank = 1; rank <= full; rank += rank < 16 ? 1 : Math.min(coarse, rank < 64 ? 4 : coarse))
    ranks.add(rank);
  return [...ranks]
    .filter((rank) => rank >= 1 && rank <= Math.min(full, limit + 1))
    .sort((a, b) => a - b)
    .map(at);
}

/** 1, 2, 3, 4, 6, 8, 12, ...: near-uniform in logarithm, kind to array widths, and never in need of padding. */
function rankGrid(most: number): readonly number[] {
  const grid = [1];
  for (let power = 2; power <= most; power *= 2) grid.push(power, 1.5 * power);
  return grid.filter((rank) => rank <= most);
}

const smoothRanks = rankGrid(2 ** 16);

/** The largest of the grid that is not above. */
function smoothed(rank: number): number {
  return smoothRanks.findLast((smooth) => smooth <= rank) ?? 1;
}

/** How ranks follow one scale: each profile maps the scale to wished ranks, clipped later to realizable ones. */
function rankProfiles(
  format: Format,
  { outModes, inModes }: Modes,
): readonly ((scale: number) => readonly number[])[] {
  const count = rankCount(format, outModes.length, inModes.length);
  const shaped =
    (weights: (position: number) => number) =>
    (scale: number): readonly number[] =>
      Array.from({ length: count }, (_, position) => Math.max(1, Math.round(scale * weights(position))));
  const uniform = shaped(() => 1);
  if (count === 1) return [uniform];
  const middle = (count - 1) / 2;
  const most = 2 ** 20;
  switch (format) {
    case 'tt':
    case 'ttm':
      return [
        uniform,
        // Everything outside the neck between outputs and inputs at its limit: svd in other clothes.
        (scale) => Array.from({ length: count }, (_, position) => (position === middle ? scale : most)),
        shaped((position) => 2 ** (middle - Math.abs(position - middle))),
        shaped((position) => (position < middle ? 2 : 1)),
      ];
    case 'tr':
      return [
        uniform,
        ...[2, 4].map(
          (closing) => (scale: number) =>
            Array.from({ length: count }, (_, position) => (position === 0 ? closing : scale)),
        ),
      ];
    case 'tucker':
      return [
        uniform,
        shaped((position) => (position < outModes.length ? 2 : 1)),
        shaped((position) => (position < outModes.length ? 1 : 2)),
        // In proportion to the modes.
        (scale) =>
          [...outModes, ...inModes].map((mode) =>
            smoothed((scale * mode) / Math.max(...outModes, ...inModes)),
          ),
      ];
    case 'block-term':
      return [2, 4, 8].map(
        (terms) => (scale: number) =>
          Array.from({ length: count }, (_, position) => (position === 0 ? terms : scale)),
      );
    default:
      return [uniform];
  }
}

/** Orders two and three; a side that cannot be split so (a prime) leaves the order out. */
export function tensorizations({ out, in: columns }: Matrix): readonly Modes[] {
  return Object.entries(splittings).flatMap(([order, count]) => {
    const heuristic = tltorchOrNull(columns, out, Number(order));
    const outs = splits(out, Number(order), count, heuristic?.outModes ?? null);
    const ins = splits(columns, Number(order), count, heuristic?.inModes ?? null);
    return outs.flatMap((outModes) => ins.map((inModes) => ({ outModes, inModes })));
  });
}

function tltorchOrNull(columns: number, out: number, order: number): Modes | null {
  if (orderedFactorizations(columns, order).length === 0 || orderedFactorizations(out, order).length === 0)
    return null;
  return tltorchModes(columns, out, order);
}

/** Up to `count` ordered factorizations of `n`: balanced, tensorly-torch's, then ever more skewed ones, both ways. */
function splits(
  n: number,
  order: number,
  count: number,
  heuristic: readonly number[] | null,
): readonly (readonly number[])[] {
  const all = orderedFactorizations(n, order);
  if (all.length === 0) return [];
  const found = new Map<string, readonly number[]>();
  const add = (modes: readonly number[]): void => {
    if (modes.length === order && modes.every((mode) => mode > 1)) found.set(modes.join('x'), modes);
  };
  const balanced = balancedModes(n, order);
  add(balanced);
  if (heuristic !== null) add(heuristic);
  add([...balanced].reverse());
  const skew = (modes: readonly number[]): number => Math.max(...modes) / Math.min(...modes);
  const bySkew = [...all].sort((a, b) => skew(a) - skew(b));
  for (const modes of evenly(bySkew, 2 * count)) {
    if (found.size >= count) break;
    add(modes);
  }
  return [...found.values()].slice(0, count);
}

/** At most `count` items, evenly picked, both ends among them. */
export function evenly<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  return Array.from(
    { length: count },
    (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))] as T,
  );
}
