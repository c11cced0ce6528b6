/**
 * The data-free vertical axis: the share of ||W||^2 that a factorization keeps, estimated from spectra alone.
 *
 * The matrix is W = U diag(s) V^T with random orthogonal U and V. Its spectrum s is known (a file), or taken between two:
 * flat (Marchenko-Pastur, nothing to compress: the low end) and s_k = k^-1/2 (the high end); the value is their mean.
 *
 * - svd: the tail of s, exact.
 * - kronecker of two, ttm: flat tails of the rearranged matrix (Van Loan, Pitsianis 1993), as wide as `cuts.ts` finds.
 * - tt, ttm, tucker: the cuts of TT-SVD and ST-HOSVD in sequence, kept = product of what each keeps of the matrix that
 *   the cuts before it leave, between the bounds of the full unfoldings: 1 - sum of their tails and 1 - the largest
 *   (Oseledets 2011; Vannieuwenhoven et al. 2012). tt is cut between outputs and inputs first, by s itself.
 * - cp, tr, block-term, kronecker of three and more: there are bounds on one side only, so: 1 - (1 - x)^p of the share x
 *   of degrees of freedom, p fitted to alternating least squares, not less than the tt or tucker inside (tr with one
 *   rank 1, one block), not more than any unfolding allows. Fitted on 24 x 24 to 192 x 192, flat and k^-1/2, four and six
 *   modes; larger
 *   is extrapolated. On those sizes estimated errors of cp, tr and kronecker are 1 % below to 4 % above those of alternating least squares, of block-term to 6 %
 *   above, and 15 % below where blocks fill their modes.
 */
import type { Factorization } from '../factor/factorization.ts';
import { parameterCount } from '../factor/parameters.ts';
import { product } from '../factor/tensorization.ts';
import {
  flatWidth,
  mixedPurity,
  ownSpectrum,
  projectedPurity,
  purityOf,
  shareOf,
  type OwnSpectrum,
} from './cuts.ts';
import { flatHead, flatShare, marchenkoPastur, powerLaw, type Spectrum } from './spectrum.ts';

export type WeightSource =
  | { readonly kind: 'synthetic' }
  | {
      readonly kind: 'spectrum';
      readonly spectrum: Spectrum;
      /** Of W C^(1/2), C = E[x x^T] of what the layer reads: then shares are of its outputs' energy. */
      readonly weighted?: boolean;
    };

/** Shares of ||W||^2 kept, 0 to 1; low and high are the ends of the band. */
export interface KeptShare {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface WeightEnergy {
  readonly kept: (f: Factorization) => KeptShare;
}

/** Singular values of trained weights fall about so, or less steeply. */
const steepest = 0.5;
/** How far estimated errors stand from decompositions of random matrices, see the test. */
const errorSpread = 0.06;

/** @param out, columns sides of W; the spectrum, where known, is W's */
export function createWeightEnergy(out: number, columns: number, source: WeightSource): WeightEnergy {
  if (source.kind === 'spectrum') {
    const own = ownSpectrum(source.spectrum);
    return { kept: (f) => around(share(f, own), f.format === 'svd') };
  }
  const flat = ownSpectrum(marchenkoPastur(out, columns));
  const steep = ownSpectrum(powerLaw(Math.min(out, columns), steepest));
  return {
    kept: (f) => {
      const a = share(f, flat);
      const b = share(f, steep);
      return { value: (a + b) / 2, low: Math.min(a, b), high: Math.max(a, b) };
    },
  };
}

function around(value: number, exact: boolean): KeptShare {
  if (exact) return { value, low: value, high: value };
  const lost = 1 - value;
  return {
    value,
    low: Math.max(0, 1 - lost * (1 + errorSpread) ** 2),
    high: 1 - lost * (1 - errorSpread) ** 2,
  };
}

function share(f: Factorization, own: OwnSpectrum): number {
  const { format, outModes, inModes, ranks } = f;
  switch (format) {
    case 'dense':
      return 1;
    case 'svd':
      return shareOf(own, ranks[0] ?? 0);
    case 'kronecker':
      return outModes.length === 2 ? paired(f, own) : kroneckerSum(f);
    case 'ttm':
      return paired(f, own);
    case 'tt':
      return train(outModes, inModes, ranks, own);
    case 'tucker':
      return box(outModes, inModes, ranks, own);
    case 'cp':
    case 'tr':
    case 'block-term':
      return byFreedom(f, own);
    default:
      return format satisfies never;
  }
}

/** Cuts in sequence; what each keeps of what is left, held between the bounds of the full unfoldings. */
interface Sequence {
  kept: number;
  least: number;
  lost: number;
}

const uncut = (): Sequence => ({ kept: 1, least: 1, lost: 0 });

function cut(sequence: Sequence, kept: number, full: number): void {
  sequence.kept *= kept;
  sequence.least = Math.min(sequence.least, full);
  sequence.lost += 1 - full;
}

const held = ({ kept, least, lost }: Sequence): number => Math.min(least, Math.max(kept, 1 - lost));

/** ttm, and kronecker of two modes a side: the tensor of paired modes (o_k i_k), cut from left to right. */
function paired({ outModes, inModes, ranks }: Factorization, own: OwnSpectrum): number {
  const purity = purityOf(own, Number.POSITIVE_INFINITY);
  const sequence = uncut();
  let [a, c] = [1, 1];
  let [b, d] = [product(outModes), product(inModes)];
  let [rows, directions] = [1, 1];
  for (let k = 0; k < outModes.length - 1; k++) {
    const [o, i] = [outModes[k] ?? 1, inModes[k] ?? 1];
    const rank = ranks[k] ?? 1;
    a *= o;
    b /= o;
    c *= i;
    d /= i;
    const whole = rank >= Math.min(rows * o * i, b * d);
    const width = flatWidth(a * c, mixedPurity(a, b, c, d, purity));
    const head = flatHead(directions * o * i, width, rank);
    cut(sequence, whole ? 1 : head.share, rank >= Math.min(a * c, b * d) ? 1 : flatShare(a * c, width, rank));
    rows = rank;
    directions = whole ? Math.min(rank, directions * o * i) : head.directions;
  }
  return held(sequence);
}

/**
 * tt: between outputs and inputs by W's own spectrum, then from the two ends towards that bond. A wider bond may ask more
 * of the outer ones than it brings; as a train may leave part of its bond unused, the best width up to it counts.
 */
function train(
  outModes: readonly number[],
  inModes: readonly number[],
  ranks: readonly number[],
  own: OwnSpectrum,
): number {
  const middle = outModes.length - 1;
  const outer = ranks.slice(0, middle);
  const inner = ranks.slice(middle + 1).reverse();
  const backward = inModes.toReversed();
  const at = (bond: number): number => {
    const sequence = uncut();
    const between = shareOf(own, bond);
    cut(sequence, between, between);
    sideCuts(sequence, outModes, outer, bond, own);
    sideCuts(sequence, backward, inner, bond, own);
    return held(sequence);
  };
  const bond = ranks[middle] ?? 1;
  const whole = at(bond);
  if (bond === 1 || at(bond - 1) <= whole) return whole;
  const peaks = peaksOf(own);
  const key = `${outModes.join()}:${inModes.join()}:${outer.join()}:${inner.join()}`;
  let peak = peaks.get(key);
  if (peak === undefined) {
    const most = Math.min(
      (outer.at(-1) ?? 1) * (outModes.at(-1) ?? 1),
      (inner.at(-1) ?? 1) * (inModes[0] ?? 1),
    );
    peak = peakOf(at, Math.min(own.shares.length - 1, most));
    if (peaks.size >= mostPeaks) peaks.clear();
    peaks.set(key, peak);
  }
  return Math.max(whole, at(Math.min(bond, peak)));
}

const mostPeaks = 4096;
const peaksBySpectrum = new WeakMap<OwnSpectrum, Map<string, number>>();

function peaksOf(own: OwnSpectrum): Map<string, number> {
  let peaks = peaksBySpectrum.get(own);
  if (peaks === undefined) peaksBySpectrum.set(own, (peaks = new Map()));
  return peaks;
}

/** Where a function of one peak stops rising, 1 to `most`. */
function peakOf(at: (x: number) => number, most: number): number {
  let low = 1;
  let high = most;
  while (low < high) {
    const half = (low + high) >> 1;
    if (at(half) < at(half + 1)) low = half + 1;
    else high = half;
  }
  return low;
}

/** The bonds of one side, outermost first: singular vectors [modes] x `bond`, weighted by the singular values. */
function sideCuts(
  sequence: Sequence,
  modes: readonly number[],
  ranks: readonly number[],
  bond: number,
  own: OwnSpectrum,
): void {
  const purity = purityOf(own, bond);
  let a = 1;
  let b = product(modes);
  let [rows, directions] = [1, 1];
  for (const [k, rank] of ranks.entries()) {
    const mode = modes[k] ?? 1;
    a *= mode;
    b /= mode;
    const whole = rank >= Math.min(rows * mode, b * bond);
    const width = flatWidth(a, mixedPurity(a, b, 1, 1, purity));
    const head = flatHead(directions * mode, width, rank);
    const full = rank >= Math.min(a, b * bond) ? 1 : flatShare(a, width, rank);
    // Rank r of a mode leaves W a rank of r times the rest.
    cut(sequence, whole ? 1 : head.share, Math.min(full, shareOf(own, rank * b)));
    rows = rank;
    directions = whole ? Math.min(rank, directions * mode) : head.directions;
  }
}

/** tucker: the output modes, then the input modes of what is left. */
function box(
  outModes: readonly number[],
  inModes: readonly number[],
  ranks: readonly number[],
  own: OwnSpectrum,
): number {
  const outs = outModes.length;
  const purity = purityOf(own, Number.POSITIVE_INFINITY);
  const sequence = uncut();
  const outDirections = modeCuts(sequence, outModes, ranks.slice(0, outs), product(inModes), purity, own);
  const outRank = product(ranks.slice(0, outs));
  const left = projectedPurity(product(outModes), outDirections, purity);
  modeCuts(sequence, inModes, ranks.slice(outs), outRank, left, own);
  const both = shareOf(own, Math.min(outRank, product(ranks.slice(outs))));
  sequence.least = Math.min(sequence.least, both);
  return held(sequence);
}

/** The modes of one side, one after the other; returns how many directions of the side are left. */
function modeCuts(
  sequence: Sequence,
  modes: readonly number[],
  ranks: readonly number[],
  others: number,
  purity: number,
  own: OwnSpectrum,
): number {
  const all = product(modes);
  let size = all;
  let directions = all;
  for (const [k, mode] of modes.entries()) {
    const rank = ranks[k] ?? 1;
    const width = flatWidth(mode, mixedPurity(mode, all / mode, 1, 1, purity));
    const head = flatHead(mode, (width * directions) / all, rank);
    const whole = rank >= Math.min(mode, (size / mode) * others);
    const full = whole ? 1 : flatShare(mode, width, rank);
    cut(sequence, whole ? 1 : head.share, Math.min(full, shareOf(own, (rank * all) / mode)));
    size = (size / mode) * rank;
    directions = (directions / mode) * (whole ? rank : head.directions);
  }
  return directions;
}

/** Free numbers of a rank-one term: its vectors but for the scales they share. */
const freedomOfTerm = (modes: readonly number[]): number => modes.reduce((sum, mode) => sum + mode - 1, 1);

/** Exponents by number of modes: 2 for a matrix (its flat spectrum's slope), 2.6 from four modes on. */
const exponent = (modes: number): number => Math.min(2.6, 2 + 0.3 * (modes - 2));
/** How W's own spectrum adds to the exponent while few degrees of freedom are used. */
const steepGain = 0.45;
const steepFade = 5;
/** Beyond it more freedom would seem to keep less. */
const mostSteepness = 10;

/**
 * What alternating least squares keeps with `freedom` of `all` degrees of freedom: 1 - (1 - share)^p, fitted.
 * @param steepness purity of W relative to a flat matrix, less one; 0 where the spectrum does not show
 */
function freeShare(freedom: number, all: number, modes: number, steepness: number): number {
  const used = Math.min(1, freedom / all);
  const gain = Math.min(mostSteepness, steepGain * steepness) * Math.exp(-steepFade * used);
  return 1 - (1 - used) ** (exponent(modes) * (1 + gain));
}

function kroneckerSum({ outModes, inModes, ranks }: Factorization): number {
  const modes = outModes.map((mode, k) => mode * (inModes[k] ?? 1));
  const all = product(modes);
  const rank = ranks[0] ?? 1;
  const bounds = modes.map((mode) => flatShare(mode, all / mode, rank));
  return Math.min(freeShare(rank * freedomOfTerm(modes), all, modes.length, 0), ...bounds);
}

function byFreedom(f: Factorization, own: OwnSpectrum): number {
  const { format, outModes, inModes, ranks } = f;
  const modes = [...outModes, ...inModes];
  const all = product(modes);
  const outs = outModes.length;
  const [first = 1] = ranks;
  const [out, columns] = [product(outModes), product(inModes)];
  const flat = (out + columns) / (out * columns + 1);
  const steepness = Math.max(0, purityOf(own, Number.POSITIVE_INFINITY) / flat - 1);
  const free = (freedom: number): number => freeShare(freedom, all, modes.length, steepness);
  /** What rank `rankOf(k)` of mode k's unfolding leaves at most. */
  const modeBound = (rankOf: (k: number) => number): number =>
    Math.min(...modes.map((mode, k) => flatShare(mode, all / mode, rankOf(k))));
  switch (format) {
    case 'cp':
      return Math.min(
        free(first * freedomOfTerm(modes)),
        shareOf(own, first),
        modeBound(() => first),
      );
    case 'tr': {
      const gauge = ranks.reduce((sum, rank) => sum + rank * rank, 0);
      const open = train(outModes, inModes, ranks.slice(1), own);
      return Math.min(
        Math.max(free(parameterCount(f) - gauge + 1), open),
        shareOf(own, first * (ranks[outs] ?? 1)),
        modeBound((k) => (ranks[k] ?? 1) * (ranks[(k + 1) % ranks.length] ?? 1)),
      );
    }
    case 'block-term': {
      const inner = ranks.slice(1);
      const sides = modes.reduce((sum, mode, k) => sum + (inner[k] ?? 1) * (mode - (inner[k] ?? 1)), 0);
      const [outRank, inRank] = [product(inner.slice(0, outs)), product(inner.slice(outs))];
      // Blocks whose cores fill their modes overlap: one more takes at most the share of
      // the rest that one alone takes, which lies between what its freedom and what its cuts say.
      const one = (free(product(inner) + sides) + box(outModes, inModes, inner, own)) / 2;
      return Math.min(
        Math.max(one, Math.min(free(first * (product(inner) + sides)), 1 - (1 - one) ** first)),
        shareOf(own, first * Math.min(outRank, inRank)),
        modeBound((k) => first * (inner[k] ?? 1)),
      );
    }
    default:
      return 1;
  }
}
