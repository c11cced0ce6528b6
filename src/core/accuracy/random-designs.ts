/**
 * Random designs of a wished size, seeded: what tiers are calibrated and validated on. Each layer has a pool of random
 * factorizations (all formats, two or three modes a side, sizes from 4 to 90 % of dense); a design draws formats in one
 * of five manners and takes from each layer's pool what brings the whole to the wished share of parameters.
 */
import { invariant } from '../base/checks.ts';
import type { Random } from '../base/random.ts';
import { formats, type Factorization, type Format } from '../factor/factorization.ts';
import { parameterCount } from '../factor/parameters.ts';
import { clipRanks, denseFactorization, rankCount } from '../factor/ranks.ts';
import { orderedFactorizations } from '../factor/tensorization.ts';

interface Sides {
  readonly out: number;
  readonly in: number;
}

const [smallest, largest] = [0.04, 0.9];
/** Largest over smallest mode of a side. */
const mostSkewed = 8;
/** Ranks beyond which alternating least squares takes seconds: terms, and bonds of a ring. */
const [mostTerms, widestRing] = [96, 20];

const logUniform = (random: Random, from: number, to: number): number => from * (to / from) ** random.next();

/** A random factorization of that format with about that share of the dense parameters; null when there is none. */
export function randomFactorization(
  random: Random,
  format: Format,
  { out, in: width }: Sides,
  share: number,
): Factorization | null {
  if (format === 'dense') return denseFactorization(out, width);
  const target = share * out * width;
  if (format === 'svd') {
    const rank = Math.min(out, width, Math.max(1, Math.round(target / (out + width))));
    return { format, outModes: [out], inModes: [width], ranks: [rank] };
  }
  const modes = randomModes(random, { out, in: width });
  if (modes === null) return null;
  const { outModes, inModes } = modes;
  const count = rankCount(format, outModes.length, inModes.length);
  const profile = Array.from({ length: count }, () => logUniform(random, 0.6, 1.6));
  const blocks = [1, 2, 4][random.below(3)] ?? 1;
  const at = (scale: number): Factorization =>
    clipRanks({
      format,
      outModes,
      inModes,
      ranks: profile.map((weight, k) =>
        format === 'block-term' && k === 0 ? blocks : Math.max(1, Math.round(scale * weight)),
      ),
    });
  if (parameterCount(at(1e-3)) > 1.3 * target) return null;
  let [low, high] = [1e-3, 4 * Math.max(out, width)];
  for (let step = 0; step < 40; step++) {
    const middle = Math.sqrt(low * high);
    if (parameterCount(at(middle)) <= target) low = middle;
    else high = middle;
  }
  const f = at(low);
  const tooLarge =
    (format === 'cp' && (f.ranks[0] ?? 0) > mostTerms) ||
    (format === 'tr' && Math.max(...f.ranks) > widestRing);
  return tooLarge || parameterCount(f) < 0.5 * target ? null : f;
}

function randomModes(
  random: Random,
  { out, in: width }: Sides,
): Pick<Factorization, 'outModes' | 'inModes'> | null {
  const order = 2 + random.below(2);
  const pick = (n: number): readonly number[] | undefined => {
    const all = orderedFactorizations(n, order).filter(
      (modes) => Math.min(...modes) > 1 && Math.max(...modes) <= mostSkewed * Math.min(...modes),
    );
    return all[random.below(Math.max(1, all.length))];
  };
  const [outModes, inModes] = [pick(out), pick(width)];
  return outModes === undefined || inModes === undefined ? null : { outModes, inModes };
}

export interface PoolMember {
  readonly f: Factorization;
  /** Parameters relative to dense. */
  readonly share: number;
}

const poolFormats = formats.filter((format) => format !== 'dense');

/** One truncation gives svd's every size, and sizes that are far apart would make lopsided designs. */
const svdSizes = 4;

/**
 * `perFormat` random factorizations of each format, of svd more, sizes spread evenly in logarithm; fewer where a format
 * has none.
 */
export function randomPool(random: Random, sides: Sides, perFormat: number): readonly PoolMember[] {
  const dense = sides.out * sides.in;
  return poolFormats.flatMap((format) => {
    const count = format === 'svd' ? svdSizes * perFormat : perFormat;
    return Array.from({ length: count }, (_, k) => {
      const at = (k + random.next()) / count;
      for (let attempt = 0; attempt < 8; attempt++) {
        const f = randomFactorization(random, format, sides, smallest * (largest / smallest) ** at);
        if (f !== null) return [{ f, share: parameterCount(f) / dense }];
      }
      return [];
    }).flat();
  });
}

/** Position in the layer's pool, or -1 for dense. */
export type Choice = readonly number[];

export interface PooledLayer extends Sides {
  /** Layers of one kind share a format in some designs. */
  readonly group: string;
  readonly pool: readonly PoolMember[];
}

export interface RandomDesign {
  readonly choice: Choice;
  /** Of the dense parameters of these layers. */
  readonly share: number;
}

/** Shares of the dense parameters that designs are compared at, and how close they come. */
export const bins = [0.2, 0.35, 0.5, 0.7] as const;
const nearness = 0.02;

/** A random design whose parameters are within 2 % of `share` of dense. */
export function randomDesign(random: Random, layers: readonly PooledLayer[], share: number): RandomDesign {
  for (let attempt = 0; attempt < 2000; attempt++) {
    const design = attemptDesign(random, layers, share);
    if (Math.abs(design.share / share - 1) <= nearness) return design;
  }
  invariant(false, `no design at ${share} of the parameters`);
}

function attemptDesign(random: Random, layers: readonly PooledLayer[], share: number): RandomDesign {
  const picked = pickFormats(random, layers);
  const keepsDense = random.next() < 0.5;
  const dense = layers.map(() => keepsDense && random.next() < 0.25);
  const spread = [0, 0.3, 0.6][random.below(3)] ?? 0;
  const wish = layers.map(() => Math.exp(spread * random.normal()));
  const whole = layers.reduce((sum, layer) => sum + layer.out * layer.in, 0);
  const at = (scale: number): RandomDesign => {
    let parameters = 0;
    const choice = layers.map((layer, i) => {
      const member = dense[i]! ? -1 : nearest(layer.pool, picked[i]!, scale * wish[i]!);
      parameters += layer.out * layer.in * (layer.pool[member]?.share ?? 1);
      return member;
    });
    return { choice, share: parameters / whole };
  };
  let [low, high] = [0.01, 2];
  let best = at(share);
  for (let step = 0; step < 12; step++) {
    const middle = Math.sqrt(low * high);
    const design = at(middle);
    if (Math.abs(design.share - share) < Math.abs(best.share - share)) best = design;
    if (design.share <= share) low = middle;
    else high = middle;
  }
  return best;
}

/** Any format anywhere; one per kind of layer; svd alone; svd with exceptions; one format for all. */
function pickFormats(random: Random, layers: readonly PooledLayer[]): readonly Format[] {
  const any = (): Format => poolFormats[random.below(poolFormats.length)] ?? 'svd';
  switch (random.below(5)) {
    case 0:
      return layers.map(any);
    case 1: {
      const ofGroup = new Map<string, Format>();
      return layers.map(({ group }) => {
        const format = ofGroup.get(group) ?? any();
        ofGroup.set(group, format);
        return format;
      });
    }
    case 2:
      return layers.map(() => 'svd');
    case 3:
      return layers.map(() => (random.next() < 0.2 ? any() : 'svd'));
    default: {
      const format = any();
      return layers.map(() => format);
    }
  }
}

/** The member of that format nearest in size; of any format when the pool has none. */
function nearest(pool: readonly PoolMember[], format: Format, share: number): number {
  let [best, least] = [-1, Number.POSITIVE_INFINITY];
  const some = pool.some((member) => member.f.format === format);
  for (const [k, member] of pool.entries()) {
    if (some && member.f.format !== format) continue;
    const apart = Math.abs(Math.log(member.share / share));
    if (apart < least) [best, least] = [k, apart];
  }
  return best;
}
