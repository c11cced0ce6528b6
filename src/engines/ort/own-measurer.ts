/**
 * Somebody's own ONNX model with their own examples, as the page explores it: what layers read over one half of the
 * examples, the spectra that follow, an axis made of a few designs that are measured on the other half, then any design
 * on that half. Work comes in steps, so that a caller may stop between two.
 */
import {
  fitOwnCurve,
  layerDamage,
  ownFigure,
  sensitivityOf,
  worstDamage,
  type Cut,
  type OwnDesign,
  type OwnLayer,
  type OwnTable,
} from '../../core/accuracy/own-model.ts';
import type { AccuracyFigure } from '../../core/accuracy/figure.ts';
import { rebuiltWeight } from '../../core/accuracy/rebuild.ts';
import { spectrumOf, type Spectrum } from '../../core/accuracy/spectrum.ts';
import { check } from '../../core/base/checks.ts';
import { factorizationKey } from '../../core/cost/layer.ts';
import { halves } from '../../core/examples/split.ts';
import { momentsOf, weightedDistance, type Moments } from '../../core/factor/decompose/covariance.ts';
import { quantizationName } from '../../core/factor/check-quantization.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import type { DenseWeight } from '../../core/onnx/edit-dense.ts';
import type { OnnxFileModel, OnnxLayer, OnnxModel } from '../../core/onnx/model.ts';
import type { UserInputs } from '../../core/onnx/user-inputs.ts';
import { readOnnxWeight } from '../../core/onnx/weights.ts';
import type { Matrix } from '../../core/tensor/dense.ts';
import { matmul } from '../../core/tensor/matmul.ts';
import { singularValues } from '../../core/tensor/svd.ts';
import type { CandidateModel } from './measurer.ts';
import type { Ort } from './ort.ts';
import { openComparison, type UserMeasurement } from './user-measure.ts';
import { layerCovariances } from './user-statistics.ts';

export interface OwnStep {
  readonly stage: 'calibrating' | 'spectra' | 'probing' | 'rebuilding';
  readonly done: number;
  readonly of: number;
}

export type OwnMeasureStep =
  | ({ readonly kind: 'step' } & OwnStep)
  /** Tier T1, once the weights are rebuilt. */
  | { readonly kind: 'calibrated'; readonly figure: AccuracyFigure }
  /** Of all examples so far. */
  | { readonly kind: 'measured'; readonly measurement: UserMeasurement };

type Found = (layer: string, spectrum: Spectrum) => void;

export interface OwnMeasurer {
  /** Examples of each half. */
  readonly calibration: number;
  readonly heldOut: number;
  readonly isLabelled: boolean;
  /** Shares of the outputs' energy by layer name, told one by one; layers too wide are left out. */
  readonly spectra: (found?: Found) => AsyncGenerator<OwnStep, ReadonlyMap<string, Spectrum>>;
  /** The axis, spectra first. @param key that its figures go by */
  readonly prepare: (key: string, found?: Found) => AsyncGenerator<OwnStep, OwnTable>;
  /** @param table tells the calibrated figure too; @throws InputError when the design does not fit the model */
  readonly measure: (
    candidate: CandidateModel,
    options: { readonly examples: number; readonly table: OwnTable | null },
  ) => AsyncGenerator<OwnMeasureStep, void>;
  readonly release: () => Promise<void>;
}

/** As of shipped models: 512 resolve what inputs use, and more tell differences near a point. */
export const mostOfHalf = { calibration: 512, heldOut: 2048 };
/** Singular values of more take minutes. */
const largestSide = 2048;
/** Designs that make the axis are measured on so many. */
const mostTried = 128;
/** A layer alone is cut on so many. */
const mostProbed = 32;
/** Weights of all layers beyond which each run takes seconds: then no layer is tried alone, and fewer designs are. */
const largeModel = 20e6;
/** Rebuilt matrices that are kept: 256 MB. */
const mostKept = 2 ** 25;

export async function openOwnMeasurer(
  ort: Ort,
  { onnx, model }: { readonly onnx: OnnxModel; readonly model: OnnxFileModel },
  inputs: UserInputs,
): Promise<OwnMeasurer> {
  const { calibration, heldOut } = halves(inputs, mostOfHalf);
  const comparison = await openComparison(ort, onnx, heldOut);
  const covariances = new Map<string, Matrix>();
  const moments = new Map<string, Moments | null>();
  const spectra = new Map<string, Spectrum>();
  const usual = model.linears.filter(
    ({ factorize, out, in: width }) => factorize && Math.min(out, width) <= largestSide,
  );

  async function* calibrate(layers: readonly OnnxLayer[]): AsyncGenerator<OwnStep, void> {
    const missing = layers.filter(({ name }) => !covariances.has(name));
    if (missing.length === 0) return;
    const steps = layerCovariances(ort, onnx, missing, calibration);
    for (;;) {
      const next = await steps.next();
      if (next.done === true) {
        for (const [name, covariance] of next.value) covariances.set(name, covariance);
        return;
      }
      yield { stage: 'calibrating', ...next.value };
    }
  }

  const momentsFor = ({ name, in: width }: OnnxLayer): Moments | null => {
    const known = moments.get(name);
    if (known !== undefined) return known;
    const covariance = covariances.get(name);
    const made = covariance === undefined ? null : momentsOf(covariance, width);
    moments.set(name, made);
    return made;
  };

  const rebuild = createBoundedRebuilder();
  const rebuilt = async (
    layer: OnnxLayer,
    f: Factorization,
    { quantization }: Pick<CandidateModel, 'quantization'>,
  ) => {
    const weight = await readOnnxWeight(onnx, layer);
    const covariance = covariances.get(layer.name);
    const key = [layer.name, factorizationKey(f), quantizationName(quantization)].join(' ');
    return {
      weight,
      rebuilt: rebuild(key, () =>
        rebuiltWeight(weight, f, { quantization, ...(covariance !== undefined && { covariance }) }),
      ),
    };
  };

  /** Nothing is stored in fewer bits while the axis is made. */
  const plain = { quantization: { kind: 'none' } } as const;

  /** The last figures of these weights on the first so many examples. */
  const measured = async (weights: readonly DenseWeight[], examples: number): Promise<UserMeasurement> => {
    let last: UserMeasurement | null = null;
    for await (const step of comparison.compare(weights, upTo(heldOut, examples))) last = step;
    if (last === null) throw new Error('internal: nothing was measured');
    return last;
  };

  async function* findSpectra(
    found: Found = () => {},
  ): AsyncGenerator<OwnStep, ReadonlyMap<string, Spectrum>> {
    yield* calibrate(usual);
    for (const [k, layer] of usual.entries()) {
      if (!spectra.has(layer.name)) {
        const root = momentsFor(layer)?.root;
        const weight = await readOnnxWeight(onnx, layer);
        // Where nothing is read everything is lost and nothing matters: as the weights themselves.
        const spectrum = spectrumOf(singularValues(root === undefined ? weight : matmul(weight, root)));
        spectra.set(layer.name, spectrum);
        found(layer.name, spectrum);
      }
      yield { stage: 'spectra', done: k + 1, of: usual.length };
    }
    return spectra;
  }

  return {
    calibration: calibration.count,
    heldOut: heldOut.count,
    isLabelled: comparison.isLabelled,
    spectra: findSpectra,
    prepare: async function* prepare(key, found) {
      yield* findSpectra(found);
      check(usual.length > 0, 'model', 'must have a layer that can be factorized');
      const isLarge = usual.reduce((sum, layer) => sum + layer.out * layer.in, 0) > largeModel;
      const shares = levels.filter((_, k) => !isLarge || k % 2 === 0);
      const of = (isLarge ? 0 : usual.length * probedLosses.length) + 2 * shares.length;
      let done = 0;
      const layers: OwnLayer[] = [];
      for (const layer of usual) {
        const { name, out, in: width } = layer;
        const spectrum = spectra.get(name)!;
        const cuts: Cut[] = [];
        for (const wanted of isLarge ? [] : probedLosses) {
          const rank = rankLosing(spectrum, wanted);
          const { rebuilt: weight } = await rebuilt(layer, svd(layer, rank), plain);
          const { kl } = await measured([{ layer, weight }], mostProbed);
          cuts.push({ lost: lostAt(spectrum, rank), nats: kl.value });
          yield { stage: 'probing', done: ++done, of };
        }
        layers.push({ name, out, in: width, spectrum, ...sensitivityOf(cuts) });
      }
      const tried: OwnDesign[] = [];
      const { isLabelled } = comparison;
      // One rank everywhere, and ranks as a search would spread them at the same size.
      for (const ranks of shares.flatMap((share) => [
        uniformRanks(layers, share),
        thriftyRanks(layers, share),
      ])) {
        let damage = 0;
        const weights: DenseWeight[] = [];
        for (const [k, layer] of usual.entries()) {
          const rank = ranks[k]!;
          damage += layerDamage(layers[k]!, lostAt(layers[k]!.spectrum, rank));
          weights.push({ layer, weight: (await rebuilt(layer, svd(layer, rank), plain)).rebuilt });
        }
        const { kl, labelled } = await measured(weights, mostTried);
        const value = isLabelled && labelled !== null ? 100 * labelled.paired.difference : -kl.value;
        if (damage > 0) tried.push({ damage, value });
        yield { stage: 'probing', done: ++done, of };
      }
      const metric = isLabelled ? 'accuracyChangePoints' : 'negativeKlNats';
      const examples = upTo(heldOut, mostTried);
      return { key, metric, probed: !isLarge, layers, curve: fitOwnCurve(tried, metric), examples };
    },
    measure: async function* measure({ design, quantization }, { examples, table }) {
      const { linears } = model;
      check(design.length === linears.length, 'design', `must have ${linears.length} layers`, design.length);
      check(
        quantization.kind !== 'w8a8',
        'quantization',
        'of a model of yours may be of weights, not of activations, to be measured',
        quantizationName(quantization),
      );
      const changed = linears.flatMap((layer, k) => {
        const f = design[k];
        return f === undefined || (f.format === 'dense' && quantization.kind === 'none')
          ? []
          : [{ layer, f }];
      });
      const layers = changed.map(({ layer }) => layer);
      for await (const step of calibrate(layers)) yield { kind: 'step', ...step };
      const weights: DenseWeight[] = [];
      let damage = 0;
      for (const { layer, f } of changed) {
        const { weight, rebuilt: made } = await rebuilt(layer, f, { quantization });
        weights.push({ layer, weight: made });
        const known = momentsFor(layer);
        if (known !== null && table !== null) {
          const lost = weightedDistance(weight, made, known) ** 2;
          const own = table.layers.find(({ name }) => name === layer.name);
          // As the estimate has it: what was not tried alone counts as the most sensitive layer.
          damage += own === undefined ? worstDamage(table.layers, lost) : layerDamage(own, lost);
        }
        yield { kind: 'step', stage: 'rebuilding', done: weights.length, of: changed.length };
      }
      if (table !== null)
        yield {
          kind: 'calibrated',
          figure: ownFigure(table, 'calibrated')({ value: damage, low: damage, high: damage }),
        };
      for await (const measurement of comparison.compare(weights, upTo(heldOut, examples)))
        yield { kind: 'measured', measurement };
    },
    release: comparison.release,
  };
}

/** At most so many, in the batches that a graph may fix. */
function upTo({ count, batch }: UserInputs, examples: number): number {
  const block = batch ?? 1;
  return Math.min(count, Math.max(block, Math.floor(examples / block) * block));
}

const svd = ({ out, in: width }: OnnxLayer, rank: number): Factorization => ({
  format: 'svd',
  outModes: [out],
  inModes: [width],
  ranks: [rank],
});

/** Share of the energy beyond a rank. */
const lostAt = (spectrum: Spectrum, rank: number): number =>
  spectrum.subarray(rank).reduce((sum, share) => sum + share, 0);

/** Shares of a layer's outputs that are cut off it alone: a little, seen in the answers, and most. */
const probedLosses = [0.08, 0.5];

/** The lowest rank that loses at most this share, so that something is lost. */
function rankLosing(spectrum: Spectrum, most: number): number {
  let rank = spectrum.length;
  let lost = 0;
  while (rank > 1 && lost + spectrum[rank - 1]! <= most) lost += spectrum[--rank]!;
  return Math.max(1, Math.min(rank, spectrum.length - 1));
}

/** Shares of the full ranks, from nearly everything to nearly nothing kept. */
const levels = [0.85, 0.7, 0.55, 0.42, 0.32, 0.24, 0.16, 0.1, 0.05];

const uniformRanks = (layers: readonly OwnLayer[], share: number): readonly number[] =>
  layers.map(({ spectrum }) => Math.max(1, Math.round(share * spectrum.length)));

const parametersOf = (layers: readonly OwnLayer[], ranks: readonly number[]): number =>
  layers.reduce((sum, layer, k) => sum + ranks[k]! * (layer.out + layer.in), 0);

/** Least damage at no more parameters than one share of the ranks everywhere has: each layer pays one price a parameter. */
function thriftyRanks(layers: readonly OwnLayer[], share: number): readonly number[] {
  const most = parametersOf(layers, uniformRanks(layers, share));
  const at = (price: number): readonly number[] => layers.map((layer) => bestRank(layer, price));
  let [low, high] = [-40, 20];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (parametersOf(layers, at(Math.exp(middle))) > most) low = middle;
    else high = middle;
  }
  return at(Math.exp(high));
}

function bestRank(layer: OwnLayer, price: number): number {
  const { spectrum, out, in: width } = layer;
  let [best, least, lost] = [spectrum.length, Infinity, 0];
  for (let rank = spectrum.length; rank >= 1; rank--) {
    const cost = layerDamage(layer, lost) + price * rank * (out + width);
    if (cost < least) [best, least] = [rank, cost];
    lost += spectrum[rank - 1]!;
  }
  return best;
}

/** Matrices by key; the oldest go first. */
function createBoundedRebuilder(): (key: string, make: () => Matrix) => Matrix {
  const known = new Map<string, Matrix>();
  let size = 0;
  return (key, make) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make();
    known.set(key, made);
    size += made.values.length;
    for (const [old, { values }] of known) {
      if (size <= mostKept || old === key) break;
      known.delete(old);
      size -= values.length;
    }
    return made;
  };
}
