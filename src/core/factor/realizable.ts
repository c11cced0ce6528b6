/**
 * Which ranks a factorization can really have. A rank that its neighbours cannot feed is no rank: a core of a train seen
 * as a matrix [left rank x mode, right rank] has no more rank than rows, so the surplus can be multiplied into the next
 * core without changing the tensor. The realizable ranks of every format are closed under the pointwise maximum, hence
 * below any wish lies one largest realizable choice: `lowerRanks` finds it.
 *
 * - tt, ttm: r_k <= r_(k-1) n_k and r_(k-1) <= n_k r_k with r_0 = r_end = 1, n_k the mode (ttm: o_k i_k); the limits
 *   min(product left, product right) follow.
 * - tucker: r_k <= min(n_k, product of the other ranks).
 * - svd: min(out, in).
 * - tr: as tt around the ring, and r_k <= the largest rank an unfolding of the tensor between bond k and any other bond
 *   can have (any tensor is such a ring, as a train cut open at another bond).
 * - cp, block-term's C, kronecker: product of all modes without the largest (of all pairs o_k i_k for kronecker), which
 *   any tensor can be written in; exact for kronecker of two factors. block-term's other ranks: as tucker.
 */
import type { Factorization } from './factorization.ts';
import { product } from './tensorization.ts';

export interface RankLimits {
  readonly min: number;
  readonly max: number;
}

type Modes = Pick<Factorization, 'outModes' | 'inModes'>;

/** All modes, output first. */
export const allModes = ({ outModes, inModes }: Modes): readonly number[] => [...outModes, ...inModes];

/** o_k i_k, for the formats that pair modes. */
export const pairedModes = ({ outModes, inModes }: Modes): readonly number[] =>
  outModes.map((mode, k) => mode * (inModes[k] ?? 1));

const withoutLargest = (modes: readonly number[]): number => product(modes) / Math.max(...modes);

/** Limits of every rank given the others; where those contradict each other, min = max. */
export function limitRanks(f: Factorization): readonly RankLimits[] {
  switch (f.format) {
    case 'dense':
      return [];
    case 'svd':
    case 'cp':
      return [{ min: 1, max: withoutLargest(allModes(f)) }];
    case 'kronecker':
      return [{ min: 1, max: withoutLargest(pairedModes(f)) }];
    case 'tucker':
      return boxLimits(allModes(f), f.ranks);
    case 'block-term':
      return [{ min: 1, max: withoutLargest(allModes(f)) }, ...boxLimits(allModes(f), f.ranks.slice(1))];
    case 'tt':
      return trainLimits(allModes(f), f.ranks);
    case 'ttm':
      return trainLimits(pairedModes(f), f.ranks);
    case 'tr':
      return ringLimits(allModes(f), f.ranks);
    default:
      return f.format satisfies never;
  }
}

/** The largest realizable ranks not above the given ones, which are at least 1. */
export function lowerRanks(f: Factorization): readonly number[] {
  switch (f.format) {
    case 'dense':
    case 'svd':
    case 'cp':
    case 'kronecker':
      return limitRanks(f).map(({ max }, k) => Math.min(f.ranks[k] ?? 1, max));
    case 'tucker':
      return lowerBox(allModes(f), f.ranks);
    case 'block-term':
      return [
        Math.min(f.ranks[0] ?? 1, withoutLargest(allModes(f))),
        ...lowerBox(allModes(f), f.ranks.slice(1)),
      ];
    case 'tt':
      return lowerTrain(allModes(f), f.ranks);
    case 'ttm':
      return lowerTrain(pairedModes(f), f.ranks);
    case 'tr':
      return lowerRing(allModes(f), f.ranks);
    default:
      return f.format satisfies never;
  }
}

const limits = (least: number, most: number): RankLimits => ({
  min: Math.max(1, Math.min(least, most)),
  max: most,
});

// Trains: bond k lies between modes k and k + 1.

function trainLimits(modes: readonly number[], ranks: readonly number[]): readonly RankLimits[] {
  const all = product(modes);
  let left = 1;
  return ranks.map((_, k) => {
    const [before, after] = [modes[k] ?? 1, modes[k + 1] ?? 1];
    left *= before;
    const [last, next] = [ranks[k - 1] ?? 1, ranks[k + 1] ?? 1];
    return limits(
      Math.max(Math.ceil(last / before), Math.ceil(next / after)),
      Math.min(last * before, next * after, left, all / left),
    );
  });
}

function lowerTrain(modes: readonly number[], ranks: readonly number[]): readonly number[] {
  const lowered = [...ranks];
  let known = 1;
  for (let k = 0; k < lowered.length; k++)
    lowered[k] = known = Math.min(lowered[k] ?? 1, known * (modes[k] ?? 1));
  known = 1;
  for (let k = lowered.length - 1; k >= 0; k--)
    lowered[k] = known = Math.min(lowered[k] ?? 1, known * (modes[k + 1] ?? 1));
  return lowered;
}

// Rings: rank k lies before mode k, rank 0 closes the ring.

function ringLimits(modes: readonly number[], ranks: readonly number[]): readonly RankLimits[] {
  const caps = ringCaps(modes);
  const count = ranks.length;
  return ranks.map((_, k) => {
    const [before, after] = [modes.at(k - 1) ?? 1, modes[k] ?? 1];
    const [last, next] = [ranks.at(k - 1) ?? 1, ranks[(k + 1) % count] ?? 1];
    return limits(
      Math.max(Math.ceil(last / before), Math.ceil(next / after)),
      Math.min(last * before, next * after, caps[k] ?? 1),
    );
  });
}

/** Per bond: the largest min(arc, rest) over the arcs of modes that start there. */
function ringCaps(modes: readonly number[]): readonly number[] {
  const all = product(modes);
  return modes.map((_, k) => {
    let arc = 1;
    let cap = 1;
    for (let length = 1; length < modes.length; length++) {
      arc *= modes[(k + length - 1) % modes.length] ?? 1;
      cap = Math.max(cap, Math.min(arc, all / arc));
    }
    return cap;
  });
}

function lowerRing(modes: readonly number[], ranks: readonly number[]): readonly number[] {
  const caps = ringCaps(modes);
  const lowered = ranks.map((rank, k) => Math.min(rank, caps[k] ?? 1));
  const count = lowered.length;
  // Twice around each way: the second round carries what the first one lowered past the start.
  for (let step = 1; step <= 2 * count; step++) {
    const k = step % count;
    lowered[k] = Math.min(lowered[k] ?? 1, (lowered.at(k - 1) ?? 1) * (modes.at(k - 1) ?? 1));
  }
  for (let step = 2 * count; step >= 1; step--) {
    const k = step % count;
    lowered[k] = Math.min(lowered[k] ?? 1, (lowered[(k + 1) % count] ?? 1) * (modes[k] ?? 1));
  }
  return lowered;
}

// Boxes: a core with one rank per mode.

function boxLimits(modes: readonly number[], ranks: readonly number[]): readonly RankLimits[] {
  return ranks.map((_, k) => {
    const others = ranks.filter((_rank, j) => j !== k);
    const all = product(others);
    const least = Math.max(1, ...others.map((rank) => Math.ceil(rank / (all / rank))));
    return limits(least, Math.min(modes[k] ?? 1, all));
  });
}

function lowerBox(modes: readonly number[], ranks: readonly number[]): readonly number[] {
  const lowered = ranks.map((rank, k) => Math.min(rank, modes[k] ?? 1));
  // Only the largest can be more than the product of the others.
  const largest = lowered.indexOf(Math.max(...lowered));
  const others = product(lowered.filter((_, k) => k !== largest));
  lowered[largest] = Math.min(lowered[largest] ?? 1, others);
  return lowered;
}
