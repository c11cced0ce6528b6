/**
 * Realizable ranks only: a rank above what the unfoldings can have buys parameters and nothing else.
 * - svd r <= min(M, N).
 * - tucker r_k <= min(n_k, product of the other ranks).
 * - tt, ttm r_k <= min(product left, product right), r_k <= r_(k-1) n_k, r_(k-1) <= n_k r_k (n_k = o_k i_k for ttm).
 * - tr: the same neighbour rules around the ring; each at most the largest bond a train cut from the ring may have.
 * - cp, kronecker, blocks of block-term: at most product / largest mode, enough terms for any tensor.
 */
import type { Factorization, Format } from './factorization.ts';

export interface RankLimits {
  readonly min: number;
  readonly max: number;
}

const product = (values: readonly number[]): number => values.reduce((all, value) => all * value, 1);

/** How many ranks a format has for this many modes on the two sides. */
export function rankCount(format: Format, outOrder: number, inOrder: number): number {
  switch (format) {
    case 'dense':
      return 0;
    case 'svd':
    case 'kronecker':
    case 'cp':
      return 1;
    case 'tucker':
    case 'tr':
      return outOrder + inOrder;
    case 'tt':
      return outOrder + inOrder - 1;
    case 'ttm':
      return outOrder - 1;
    case 'block-term':
      return 1 + outOrder + inOrder;
  }
  format satisfies never;
}

/** Modes of the chain that a train's ranks join: single ones for tt and tr, paired ones for ttm and kronecker. */
export function chainModes({ format, outModes, inModes }: Factorization): readonly number[] {
  return format === 'ttm' || format === 'kronecker'
    ? outModes.map((mode, k) => mode * (inModes[k] ?? 1))
    : [...outModes, ...inModes];
}

/** The least and greatest value of each rank, the others held; its own value does not matter. */
export function rankLimits(f: Factorization): readonly RankLimits[] {
  const modes = chainModes(f);
  switch (f.format) {
    case 'dense':
      return [];
    case 'svd':
      return [{ min: 1, max: Math.min(...modes) }];
    case 'kronecker':
    case 'cp':
      return [{ min: 1, max: mostTerms(modes) }];
    case 'tucker':
      return modeLimits(modes, f.ranks);
    case 'block-term':
      return [{ min: 1, max: mostTerms(modes) }, ...modeLimits(modes, f.ranks.slice(1))];
    case 'tt':
    case 'ttm':
      return f.ranks.map((_, k) => {
        const bonds = [1, ...f.ranks, 1];
        const widest = Math.min(product(modes.slice(0, k + 1)), product(modes.slice(k + 1)));
        return bondLimits(modes, bonds, k + 1, widest);
      });
    case 'tr': {
      const widest = widestBond(modes);
      return f.ranks.map((_, k) => {
        const ring = [...f.ranks, f.ranks[0] ?? 1];
        if (k > 0) return bondLimits(modes, ring, k, widest);
        // r_0 stands between the last mode and the first: turn the ring by one.
        const turned = [f.ranks.at(-1) ?? 1, f.ranks[0] ?? 1, f.ranks[1 % f.ranks.length] ?? 1];
        return bondLimits([modes.at(-1) ?? 1, modes[0] ?? 1], turned, 1, widest);
      });
    }
  }
  f.format satisfies never;
}

/** Any tensor is a sum of this many rank-one terms: one per entry of all modes but the largest. */
function mostTerms(modes: readonly number[]): number {
  return product(modes) / Math.max(...modes);
}

/** Bond k of a train whose bonds are `bonds` (ends included): neighbours allow r <= r' n on both sides. */
function bondLimits(
  modes: readonly number[],
  bonds: readonly number[],
  k: number,
  widest: number,
): RankLimits {
  const left = bonds[k - 1] ?? 1;
  const right = bonds[k + 1] ?? 1;
  const leftMode = modes[k - 1] ?? 1;
  const rightMode = modes[k] ?? 1;
  const max = Math.min(widest, left * leftMode, right * rightMode);
  const min = Math.max(1, Math.ceil(left / leftMode), Math.ceil(right / rightMode));
  return { min: Math.min(min, max), max };
}

/** Tucker's rule: r_k <= min(n_k, product of the others); so r_k may not fall below what another one needs. */
function modeLimits(modes: readonly number[], ranks: readonly number[]): readonly RankLimits[] {
  const all = product(ranks);
  return modes.map((mode, k) => {
    const own = ranks[k] ?? 1;
    const max = Math.min(mode, all / own);
    const needs = ranks.map((rank, j) => (j === k ? 1 : Math.ceil((rank * rank * own) / all)));
    return { min: Math.min(Math.max(1, ...needs), max), max };
  });
}

/** The largest bond of any train that the ring can be cut into: max over arcs of min(arc, rest). */
function widestBond(modes: readonly number[]): number {
  const all = product(modes);
  let widest = 1;
  for (let start = 0; start < modes.length; start++) {
    let arc = 1;
    for (let length = 0; length < modes.length - 1; length++) {
      arc *= modes[(start + length) % modes.length] ?? 1;
      widest = Math.max(widest, Math.min(arc, all / arc));
    }
  }
  return widest;
}
