/**
 * Tier T0: how much each layer's factorization changes what the model says, from tables made once, without touching a
 * weight. A layer's divergence is the mean KL (nats an example) from the dense model's answers when that layer alone is
 * replaced. Its power is the layer's damage, added up over layers, and a calibrated curve leads from the sum to points of
 * accuracy. The power is below one where a confident model hides what single layers lose. Linearized damages (K-FAC, logit-Jacobian) rank designs of mixed formats worse: large errors of tensorized shapes
 * leave the region where the network is linear.
 *
 * svd: measured at many ranks, between two of them a straight line in logarithms. Other formats: what svd would lose at
 * the same share of output energy lost (`weight-energy.ts` on the spectrum of W C^(1/2), C = E[x x^T]) and at the same
 * number of parameters, weighed and shifted by what decompositions of that format showed. Estimated shares alone err
 * more, since factors fitted under C lose less than those of random matrices; sizes alone do not see ranks.
 */
import { check } from '../base/checks.ts';
import { factorizationKey } from '../cost/layer.ts';
import { quantizationName } from '../factor/check-quantization.ts';
import type { Factorization, Format } from '../factor/factorization.ts';
import { unquantized, type Quantization } from '../factor/quantization.ts';
import { parameterCount } from '../factor/parameters.ts';
import type { TransformerModel } from '../workload/model.ts';
import type { AccuracyFigure } from './figure.ts';
import type { AccuracyModel, Damage } from './model.ts';
import { disagreement, type Response } from './response.ts';
import { bandMeaning, tierAxis, type Axis, type Range, type TierCurve } from './tier-curve.ts';
import { createWeightEnergy } from './weight-energy.ts';

/**
 * Of one format, all layers: ln divergence = offset + byLoss x (ln of what svd loses at the same lost share) + bySize x
 * (the same at equal parameters).
 */
export interface FormatShift {
  readonly offset: number;
  /** Not negative, as `bySize`. */
  readonly byLoss: number;
  readonly bySize: number;
  /** Standard deviation of ln divergence around it. */
  readonly spread: number;
  /** Decompositions it was fitted to. */
  readonly samples: number;
}

export interface LayerTable {
  readonly name: string;
  readonly out: number;
  readonly in: number;
  /** Squared singular values of W C^(1/2) as shares, descending. */
  readonly spectrum: readonly number[];
  /** Divergence of svd at these ranks, rising ranks, falling nats. */
  readonly ranks: readonly number[];
  readonly divergence: readonly number[];
  /** Added to the format's offset for this layer. */
  readonly shifts: Readonly<Partial<Record<Format, number>>>;
}

export interface QuantizationTable {
  /** Divergence of each layer of `layers` alone when its matrix is quantized, nats. */
  readonly dense: readonly number[];
  /** How many times that a layer's factors add, by format. */
  readonly factors: Readonly<Partial<Record<Format, number>>>;
}

/** What public/models/ID.json holds: plain data. */
export interface CalibrationTable {
  readonly version: 1;
  readonly model: string;
  /** Of the random designs; validation refuses it. */
  readonly seed: number;
  readonly dense: { readonly score: string; readonly accuracy: number; readonly examples: number };
  /** Damage = divergence ** power. */
  readonly power: number;
  /** Examples that divergences and agreement are means over: the first of the calibration stream. */
  readonly responseExamples: number;
  /** Examples that designs were measured on, from this one of the held-out stream on. */
  readonly measured: { readonly from: number; readonly examples: number };
  readonly layers: readonly LayerTable[];
  readonly formats: Readonly<Partial<Record<Format, FormatShift>>>;
  /** By name (`int4-g128`). */
  readonly quantizations: Readonly<Record<string, QuantizationTable>>;
  readonly estimated: TierCurve;
  readonly calibrated: TierCurve;
  /** How the file was made. */
  readonly source: string;
}

const none: Damage = { value: 0, low: 0, high: 0 };
const mostKept = 4096;
/** Modes a side of the decompositions that tables were fitted to; others are guesses, told by a band. */
const fittedOrders = [2, 3];
/** Normal quantile of a two-sided 90 %. */
const z90 = 1.645;

/**
 * @param model its layers are found in the table by name; it may be a part of the calibrated model
 * @throws InputError when a layer is not in the table, or the quantization is not
 */
export function createSensitivityModel(
  table: CalibrationTable,
  model: TransformerModel,
  quantization: Quantization = unquantized,
): AccuracyModel {
  const layers = model.linears.map(({ name, out, in: width }) => {
    const index = table.layers.findIndex((each) => each.name === name);
    const layer = table.layers[index];
    check(
      layer !== undefined && layer.out === out && layer.in === width,
      'calibration',
      `of ${table.model} must have the layer ${name} [${out}, ${width}]`,
    );
    return layerDamage(table, layer, quantizedBy(table, index, quantization));
  });
  const axis = tierFigures(table, 'estimated');
  return {
    metric: 'accuracyChangePoints',
    damage: (index, f) => layers[index]?.(f) ?? none,
    value: axis.value,
    figure: axis.figure,
    key: (index) => layers[index],
  };
}

/** Tier T1: a curve of its own over the disagreement of a whole design, measured on rebuilt weights. */
export function calibratedFigure(table: CalibrationTable, response: Response): AccuracyFigure {
  const value = disagreement(response);
  return tierFigures(table, 'calibrated').figure({ value, low: value, high: value });
}

function tierFigures(table: CalibrationTable, tier: 'estimated' | 'calibrated'): Axis {
  const curve = table[tier];
  const { accuracy, examples } = table.dense;
  const range: Range = { least: -100 * accuracy, most: 100 * (1 - accuracy) };
  const how =
    tier === 'estimated'
      ? 'Estimated from tables of each layer alone, summed'
      : `Calibrated: agreement of the rebuilt model with the dense one on ${table.responseExamples} calibration examples, without labels`;
  const provenance =
    `${how}; mapped to ${table.dense.score} by ${curve.fitted} designs, random ones and ones that searches picked, measured on ` +
    `${examples.toLocaleString('en')} held-out examples (seed ${table.seed}); ${bandMeaning(curve)}.`;
  return tierAxis(curve, range, tier, provenance);
}

/** Nats that quantization adds to a layer, by format of its factorization. */
type Added = (format: Format) => number;

function quantizedBy(table: CalibrationTable, index: number, quantization: Quantization): Added {
  if (quantization.kind === 'none') return () => 0;
  const name = quantizationName(quantization);
  const known = table.quantizations[name] ?? coarser(table, quantization);
  check(
    known !== undefined,
    'calibration',
    `of ${table.model} knows ${Object.keys(table.quantizations).join(', ')}`,
    name,
  );
  const dense = known.dense[index] ?? 0;
  return (format) => dense * (format === 'dense' ? 1 : (known.factors[format] ?? 1));
}

/** The same with one scale for more weights errs more: pessimistic. */
function coarser(table: CalibrationTable, q: Quantization): QuantizationTable | undefined {
  if (q.kind !== 'int' && q.kind !== 'fp4') return undefined;
  const size = q.group === 'row' ? Number.POSITIVE_INFINITY : q.group;
  const prefix = q.kind === 'int' ? `int${q.bits}-` : 'fp4-';
  const groups = Object.entries(table.quantizations).flatMap(([name, each]) => {
    if (!name.startsWith(prefix)) return [];
    const group = name.slice(prefix.length);
    return [{ each, size: group === 'row' ? Number.POSITIVE_INFINITY : Number(group.slice(1)) }];
  });
  return groups.filter((other) => other.size >= size).sort((a, b) => a.size - b.size)[0]?.each;
}

function layerDamage(table: CalibrationTable, layer: LayerTable, added: Added): (f: Factorization) => Damage {
  const nats = layerDivergence(table, layer);
  const { power } = table;
  const compute = (f: Factorization): Damage => {
    const more = added(f.format);
    const { value, low, high } = nats(f);
    return { value: (value + more) ** power, low: (low + more) ** power, high: (high + more) ** power };
  };
  const byObject = new WeakMap<Factorization, Damage>();
  const byKey = new Map<string, Damage>();
  return (f) => {
    const known = byObject.get(f);
    if (known !== undefined) return known;
    const key = factorizationKey(f);
    const damage = byKey.get(key) ?? compute(f);
    if (byKey.size >= mostKept) byKey.clear();
    byKey.set(key, damage);
    byObject.set(f, damage);
    return damage;
  };
}

/** Divergence of the layer alone, nats; a full rank has none. */
function layerDivergence({ formats }: CalibrationTable, layer: LayerTable): (f: Factorization) => Damage {
  const { kept } = createWeightEnergy(layer.out, layer.in, {
    kind: 'spectrum',
    spectrum: Float64Array.from(layer.spectrum),
  });
  const likeness = svdLikeness(layer, (f) => 1 - kept(f).value);
  return (f) => {
    if (f.format === 'dense') return none;
    if (f.format === 'svd') return exactly(svdDivergence(layer, f.ranks[0] ?? 1));
    const like = likeness(f);
    if (like === null) return none;
    const shift = formats[f.format];
    const { offset, byLoss, bySize } = shift ?? unknownShift;
    const own = layer.shifts[f.format] ?? 0;
    const value = Math.exp(offset + own + byLoss * like.loss + bySize * like.size);
    const usual =
      shift !== undefined &&
      fittedOrders.includes(f.outModes.length) &&
      fittedOrders.includes(f.inModes.length);
    if (usual) return exactly(value);
    const factor = Math.exp(z90 * (shift?.spread ?? unknownShift.spread));
    return { value, low: value / factor, high: value * factor };
  };
}

/** Of a format that was never tried: as svd, give or take a factor of e. */
const unknownShift = { offset: 0, byLoss: 0.5, bySize: 0.5, spread: 1 };

/** What svd would do to the layer in place of a factorization, ln nats. */
export interface SvdLikeness {
  /** At the same share of output energy lost. */
  readonly loss: number;
  /** At the same number of parameters. */
  readonly size: number;
}

/** @param lostBy share of output energy that a factorization loses; @returns null where nothing is lost */
export function svdLikeness(
  layer: LayerTable,
  lostBy: (f: Factorization) => number,
): (f: Factorization) => SvdLikeness | null {
  const curve = svdCurve(layer);
  return (f) => {
    const lost = lostBy(f);
    if (!(lost > noLoss)) return null;
    const rank = parameterCount(f) / (layer.out + layer.in);
    return {
      loss: along(curve, Math.log(lost)),
      size: Math.log(Math.max(leastNats, svdDivergence(layer, rank))),
    };
  };
}

/** Nats below it are rounding. */
const leastNats = 1e-7;

const exactly = (value: number): Damage => ({ value, low: value, high: value });

/** Shares below it are rounding of a full rank. */
const noLoss = 1e-9;

/** Rising in both. */
interface Curve {
  /** ln of the share of output energy lost. */
  readonly lost: readonly number[];
  /** ln divergence. */
  readonly nats: readonly number[];
}

/** The layer's svd curve over ln lost, from full ranks (little) to the lowest (much). */
function svdCurve({ spectrum, ranks, divergence }: LayerTable): Curve {
  const tail = [...spectrum, 0];
  for (let k = tail.length - 2; k >= 0; k--) tail[k] = tail[k]! + tail[k + 1]!;
  const lost: number[] = [];
  const nats: number[] = [];
  for (let k = ranks.length - 1; k >= 0; k--) {
    const [share, value] = [tail[ranks[k]!] ?? 0, divergence[k]!];
    if (!(share > noLoss && value > 0)) continue;
    const [x, y] = [Math.log(share), Math.log(value)];
    if (x <= (lost.at(-1) ?? Number.NEGATIVE_INFINITY)) continue;
    lost.push(x);
    nats.push(Math.max(y, nats.at(-1) ?? y));
  }
  return { lost, nats };
}

/** Straight between knots; below the first in proportion to the loss, above the last as it ended. */
function along({ lost, nats }: Curve, at: number): number {
  const last = lost.length - 1;
  if (last < 0) return at;
  if (at <= lost[0]!) return nats[0]! + at - lost[0]!;
  if (at >= lost[last]!) return nats[last]! + (at - lost[last]!) * beyond;
  let [low, high] = [0, last];
  while (high - low > 1) {
    const half = (low + high) >> 1;
    if (lost[half]! <= at) low = half;
    else high = half;
  }
  const t = (at - lost[low]!) / (lost[high]! - lost[low]!);
  return nats[low]! + t * (nats[high]! - nats[low]!);
}

/** Nearly everything is lost there: a little more, so that order remains. */
const beyond = 0.25;

/** Between measured ranks a straight line of ln nats in ln rank, beyond the last one to nothing at full rank. */
function svdDivergence({ ranks, divergence, out, in: width }: LayerTable, rank: number): number {
  const full = Math.min(out, width);
  if (rank >= full) return 0;
  const k = ranks.findIndex((each) => each >= rank);
  if (k < 0) return ((divergence.at(-1) ?? 0) * (full - rank)) / (full - (ranks.at(-1) ?? 0));
  const [above, right] = [ranks[k]!, divergence[k]!];
  if (above === rank || k === 0) return right;
  const [below, left] = [ranks[k - 1]!, divergence[k - 1]!];
  const t = Math.log(rank / below) / Math.log(above / below);
  return right > 0 && left > 0 ? left * (right / left) ** t : left + t * (right - left);
}
