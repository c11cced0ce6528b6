/**
 * Tier T0 and T1 of somebody's own model over their own examples. A layer's damage is the share of its outputs' energy
 * that its factors lose (the tail of the spectrum of W C^(1/2), C = E[x x^T] of what it reads), read as the divergence that
 * a lost share was measured to bring when that layer alone was cut; damages add up, and a falling curve through designs
 * that were measured leads to the axis: negative divergence in nats, or points of accuracy where there are labels.
 */
import { check } from '../base/checks.ts';
import { factorizationKey } from '../cost/layer.ts';
import type { Factorization } from '../factor/factorization.ts';
import { factorShapes } from '../factor/forward.ts';
import { parameterCount } from '../factor/parameters.ts';
import { unquantized, type Quantization } from '../factor/quantization.ts';
import type { LinearLayer, TransformerModel } from '../workload/model.ts';
import type { AccuracyFigure, Tier } from './figure.ts';
import type { AccuracyModel, Damage } from './model.ts';
import type { Share } from './intervals.ts';
import { fallingFit, fallingFunction } from './monotone.ts';
import { quantizationNoise } from './quantization-noise.ts';
import type { Spectrum } from './spectrum.ts';
import { accuracyModel, type AccuracySource } from './source.ts';
import type { Measurement } from './tally.ts';
import { createWeightEnergy, type WeightSource } from './weight-energy.ts';

export interface OwnLayer {
  readonly name: string;
  readonly out: number;
  readonly in: number;
  /** Of W C^(1/2). */
  readonly spectrum: Spectrum;
  /** Of the layer alone: nats = sensitivity x (lost share of the outputs' energy) ^ power; 1 and 1 where not measured. */
  readonly sensitivity: number;
  readonly power: number;
}

/** Nats of a layer that has lost this share of its outputs' energy. */
export const layerDamage = (
  { sensitivity, power }: Pick<OwnLayer, 'sensitivity' | 'power'>,
  lost: number,
): number => (lost > 0 ? sensitivity * Math.min(1, lost) ** power : 0);

/** As the layer that loses most at this share. */
export const worstDamage = (layers: readonly OwnLayer[], lost: number): number =>
  layers.reduce((most, layer) => Math.max(most, layerDamage(layer, lost)), 0);

/** Two cuts of a layer alone: what was lost, and the divergence it brought. */
export interface Cut {
  readonly lost: number;
  readonly nats: number;
}

const leastNats = 1e-9;
const leastLost = 1e-6;
/** Linear errors bring their square in divergence, a saturated layer less than its share. */
const powers = [0.5, 4] as const;

/** The power law through two cuts; through one where they are alike. */
export function sensitivityOf(cuts: readonly Cut[]): Pick<OwnLayer, 'sensitivity' | 'power'> {
  const [a, b] = cuts.map(({ lost, nats }) => ({
    x: Math.log(Math.max(leastLost, lost)),
    y: Math.log(Math.max(leastNats, nats)),
  }));
  if (a === undefined) return { sensitivity: 1, power: 1 };
  const steep = b === undefined || Math.abs(b.x - a.x) < 0.1 ? 1 : (b.y - a.y) / (b.x - a.x);
  const power = Math.min(powers[1], Math.max(powers[0], steep));
  // Where it matters most: at the larger loss.
  const kept = b !== undefined && b.x > a.x ? b : a;
  return { sensitivity: Math.exp(kept.y - power * kept.x), power };
}

export type OwnMetric = Extract<AccuracyFigure['metric'], 'negativeKlNats' | 'accuracyChangePoints'>;

/** A measured design. */
export interface OwnDesign {
  readonly damage: number;
  /** On the axis. */
  readonly value: number;
}

/** Plain data: it travels between page and workers. */
export interface OwnTable {
  /** Of model and examples together; another key = another axis. */
  readonly key: string;
  readonly metric: OwnMetric;
  /** Layers that were measured alone, or none. */
  readonly probed: boolean;
  /** Those that can be calibrated; of the others nothing is known but that they err. */
  readonly layers: readonly OwnLayer[];
  readonly curve: OwnCurve;
  /** That it was measured on. */
  readonly examples: number;
}

export interface OwnCurve {
  /** ln damage, rising. */
  readonly x: readonly number[];
  /** On the axis, strictly falling, below 0. */
  readonly y: readonly number[];
  /** Relative distance from the curve through the others that nine of ten designs keep, and the least one that counts. */
  readonly spread: number;
  readonly floor: number;
}

/** Nats, and points: nothing smaller is told apart. */
const leastFall: Readonly<Record<OwnMetric, number>> = { negativeKlNats: 1e-6, accuracyChangePoints: 1e-3 };
const floors: Readonly<Record<OwnMetric, number>> = { negativeKlNats: 1e-5, accuracyChangePoints: 0.25 };
const mostSpread = 4;
/** Of the largest loss that was tried: what is less is not told apart by so few examples. */
const leastShare = 1e-4;
/** Share of the designs that the band holds. */
const bandShare = 0.9;
const leastPoints = -100;

/** @param designs at least 3, of different damage */
export function fitOwnCurve(designs: readonly OwnDesign[], metric: OwnMetric): OwnCurve {
  check(
    designs.every(({ damage, value }) => damage > 0 && Number.isFinite(damage) && Number.isFinite(value)),
    'calibration',
    'needs designs of positive finite damage and finite values',
  );
  const largest = designs.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0);
  const floor = Math.max(floors[metric], leastShare * largest);
  const sorted = designs.toSorted((a, b) => a.damage - b.damage);
  const curve = through(sorted, metric);
  const apart = sorted.map((design, k) => {
    // The ends are left out of no curve: beyond the others it only guesses.
    if (k === 0 || k === sorted.length - 1) return 0;
    const at = valueAt(
      { ...through(sorted.toSpliced(k, 1), metric), spread: 0, floor },
      metric,
    )(design.damage);
    return Math.max(0, Math.abs(design.value - at) - floor) / Math.max(floor, Math.abs(at));
  });
  const wide = apart.toSorted((a, b) => a - b)[Math.ceil(bandShare * apart.length) - 1] ?? 0;
  return { ...curve, spread: Math.min(mostSpread, wide), floor };
}

function through(
  sorted: readonly OwnDesign[],
  metric: OwnMetric,
): { readonly x: number[]; readonly y: number[] } {
  const [x, values]: [number[], number[]] = [[], []];
  for (const { damage, value } of sorted) {
    const log = Math.log(damage);
    if (x.length > 0 && log - x.at(-1)! < 1e-9) continue;
    x.push(log);
    values.push(Math.min(0, value));
  }
  check(x.length >= 2, 'calibration', 'needs designs of different damage', sorted.length);
  const fitted = fallingFit(
    values,
    values.map(() => 1),
  );
  const y: number[] = [];
  for (const value of fitted) y.push(Math.min(value, (y.at(-1) ?? 0) - leastFall[metric]));
  return { x, y };
}

/** Below the first design in proportion to the damage, beyond the last one ever less steeply; no damage is no change. */
function valueAt({ x, y }: OwnCurve, metric: OwnMetric): (damage: number) => number {
  const [first, last] = [x[0]!, x.at(-1)!];
  const [top, end] = [y[0]!, y.at(-1)!];
  const inside = fallingFunction({ x, y });
  // Towards the least that is possible; of divergence there is none.
  const floor = metric === 'accuracyChangePoints' ? Math.min(leastPoints, end - leastFall[metric]) : 2 * end;
  return (damage) => {
    if (!(damage > 0)) return 0;
    const log = Math.log(damage);
    if (log < first) return top * Math.exp(log - first);
    return log <= last ? inside(log) : floor + (end - floor) * Math.exp(last - log);
  };
}

/** A figure of this tier from the sum of damages. */
export function ownFigure(
  table: OwnTable,
  tier: Extract<Tier, 'estimated' | 'calibrated'>,
): (total: Damage) => AccuracyFigure {
  const { curve, metric, examples, layers, probed } = table;
  const at = valueAt(curve, metric);
  const { spread, floor } = curve;
  const least = metric === 'accuracyChangePoints' ? leastPoints : Number.NEGATIVE_INFINITY;
  const how =
    tier === 'estimated'
      ? 'Estimated from the spectra of the layers weighted by what they read over your examples'
      : 'Calibrated: errors of the rebuilt weights, weighted by what the layers read over your examples';
  const weight = probed ? `, each of ${layers.length} layers cut alone` : '';
  const what = metric === 'negativeKlNats' ? 'divergence from the dense model' : 'accuracy';
  const provenance =
    `${how}${weight}, mapped to ${what} by ${curve.x.length} designs measured on ${examples.toLocaleString('en')} of them; ` +
    'the band holds nine of ten of these designs around the curve through the others.';
  return (total) => {
    const value = Math.max(least, at(total.value));
    const [low, high] = [at(total.high), at(total.low)];
    const change = total.value > 0;
    return {
      metric,
      tier,
      value,
      low: change ? Math.max(least, Math.min(value, low * (1 + spread) - floor)) : 0,
      high: change ? Math.min(0, Math.max(value, high / (1 + spread) + floor)) : 0,
      provenance,
    };
  };
}

/**
 * @param model its layers are found in the table by name; it may be a part of the calibrated model. A layer that is not
 * there has no damage when it is dense, and that of an unknown one otherwise: as much as the most sensitive layer.
 */
export function createOwnModel(
  table: OwnTable,
  model: TransformerModel,
  quantization: Quantization = unquantized,
): AccuracyModel {
  const noise = quantizationNoise(quantization);
  const layers = model.linears.map(({ name, out, in: width }) => {
    const known = table.layers.find((each) => each.name === name && each.out === out && each.in === width);
    const { kept } = createWeightEnergy(
      out,
      width,
      known === undefined ? { kind: 'synthetic' } : { kind: 'spectrum', spectrum: known.spectrum },
    );
    const atSize = known === undefined ? null : svdLoss(known);
    const remembered = new Map<string, Damage>();
    const damage = (f: Factorization): Damage => {
      const share = f.format === 'dense' ? { value: 1, low: 1, high: 1 } : kept(f);
      const left = noise === 0 ? 1 : 1 - Math.min(1, noise * factorShapes(f).length);
      // Factors fitted to what is read lose less than random matrices tell, but sizes alone do not see ranks.
      const size = f.format === 'dense' || f.format === 'svd' || atSize === null ? null : atSize(f);
      const lost = (of: number): number => {
        const own = 1 - of * left;
        if (known === undefined) return worstDamage(table.layers, own);
        return layerDamage(
          known,
          size === null || own <= 0 ? own : Math.sqrt(own * Math.max(leastLost, size)),
        );
      };
      return { value: lost(share.value), low: lost(share.high), high: lost(share.low) };
    };
    return (f: Factorization): Damage => {
      const key = factorizationKey(f);
      const found = remembered.get(key) ?? damage(f);
      if (remembered.size >= mostRemembered) remembered.clear();
      remembered.set(key, found);
      return found;
    };
  });
  const at = valueAt(table.curve, table.metric);
  return {
    metric: table.metric,
    damage: (index, f) => layers[index]?.(f) ?? { value: 0, low: 0, high: 0 },
    value: at,
    figure: ownFigure(table, 'estimated'),
    key: (index) => layers[index],
  };
}

/** What svd with as many parameters would lose, between ranks in a straight line. */
function svdLoss({ spectrum, out, in: width }: OwnLayer): (f: Factorization) => number {
  const tail = new Float64Array(spectrum.length + 1);
  for (let k = spectrum.length - 1; k >= 0; k--) tail[k] = tail[k + 1]! + spectrum[k]!;
  return (f) => {
    const rank = Math.min(spectrum.length, parameterCount(f) / (out + width));
    const below = Math.floor(rank);
    const [high, low] = [tail[below]!, tail[below + 1] ?? 0];
    return high + (rank - below) * (low - high);
  };
}

const mostRemembered = 4096;

/** What a measurement of somebody's own model holds of what its figure is made of. */
interface OwnMeasurement {
  readonly examples: number;
  readonly labelled: Measurement | null;
  readonly kl: Share;
}

/** Tier T2: points of accuracy where the axis has them, else negative divergence. */
export function ownMeasured({ examples, labelled, kl }: OwnMeasurement, metric: OwnMetric): AccuracyFigure {
  const where = `Measured in this run with onnxruntime on ${examples.toLocaleString('en')} of your examples`;
  const held = 'held out from what the factors were fitted to';
  if (metric === 'accuracyChangePoints' && labelled !== null) {
    const { difference, low, high } = labelled.paired;
    return {
      metric,
      tier: 'measured',
      value: 100 * difference,
      low: 100 * low,
      high: 100 * high,
      provenance: `${where}: accuracy of ${labelled.n.toLocaleString('en')} labelled answers, ${held}, paired with the dense model; 95 % interval (Bonett, Price 2012).`,
    };
  }
  return {
    metric: 'negativeKlNats',
    tier: 'measured',
    value: -kl.value,
    low: -kl.high,
    high: -kl.low,
    provenance: `${where}: divergence (KL) of an answer from the dense model's, no labels needed, ${held}; 95 % interval over examples.`,
  };
}

/** The axis of any source, in a worker; the page has no need of all of them at first. */
export const accuracyModelOf = (
  source: AccuracySource,
  model: TransformerModel,
  weights: (layer: LinearLayer) => WeightSource,
  quantization: Quantization,
): AccuracyModel =>
  source.kind === 'own'
    ? createOwnModel(source.table, model, quantization)
    : accuracyModel(source, model, weights, quantization);
