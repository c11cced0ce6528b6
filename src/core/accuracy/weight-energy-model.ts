/**
 * The data-free vertical axis of a whole model: percent of the squared weights kept, every layer of equal variance.
 * Damage is counted in weights: a layer of n weights that keeps the share s loses n (1 - s). What is 100 % are the
 * layers that are factorized by default (all of them where none is); another one that is factorized on request adds
 * what it loses to theirs.
 */
import type { Factorization } from '../factor/factorization.ts';
import { factorShapes } from '../factor/forward.ts';
import { unquantized, type Quantization } from '../factor/quantization.ts';
import type { LinearLayer, TransformerModel } from '../workload/model.ts';
import type { AccuracyModel, Damage } from './model.ts';
import { quantizationNoise } from './quantization-noise.ts';
import { createWeightEnergy, type KeptShare, type WeightEnergy, type WeightSource } from './weight-energy.ts';

export interface WeightEnergyModel extends AccuracyModel {
  /** Share of the layer's squared weights that `f` keeps; not remembered. */
  kept(index: number, f: Factorization): KeptShare;
  /** What a layer that keeps so much has lost. */
  lost(index: number, kept: KeptShare): Damage;
}

/** @param weights what is known of a layer's weights; the same object (or synthetic) for two layers of one shape = one key */
export function weightEnergyModel(
  { linears }: TransformerModel,
  weights: (layer: LinearLayer) => WeightSource,
  quantization: Quantization = unquantized,
): WeightEnergyModel {
  const noise = quantizationNoise(quantization);

  const known = new Map<unknown, Map<string, WeightEnergy>>();
  const layers = linears.map((layer) => {
    const source = weights(layer);
    const key = identityOf(source);
    let ofSource = known.get(key);
    if (ofSource === undefined) known.set(key, (ofSource = new Map()));
    const shape = `${layer.out}x${layer.in}`;
    let energy = ofSource.get(shape);
    if (energy === undefined) ofSource.set(shape, (energy = createWeightEnergy(layer.out, layer.in, source)));
    const isKnown = source.kind === 'spectrum';
    const weighted = isKnown && source.weighted === true;
    return { key, energy, weights: layer.out * layer.in, known: isKnown, weighted };
  });
  const counted = linears.some((layer) => layer.factorize)
    ? layers.filter((_, index) => linears[index]?.factorize === true)
    : layers;
  const norm = counted.reduce((sum, layer) => sum + layer.weights, 0);
  const provenance =
    (layers.some((layer) => layer.weighted)
      ? fromExamples
      : layers.some((layer) => layer.known)
        ? fromSpectra
        : withoutWeights) + (noise === 0 ? '' : withNoise);

  const kept = (index: number, f: Factorization): KeptShare => {
    const share = f.format === 'dense' ? everything : (layers[index]?.energy.kept(f) ?? everything);
    if (noise === 0) return share;
    const left = 1 - Math.min(1, noise * factorShapes(f).length);
    return { value: share.value * left, low: share.low * left, high: share.high * left };
  };
  const lost = (index: number, share: KeptShare): Damage => {
    const all = layers[index]?.weights ?? 0;
    return {
      value: all * (1 - share.value),
      low: all * (1 - share.high),
      high: all * (1 - share.low),
    };
  };
  const value = (damage: number): number => (norm === 0 ? 100 : Math.max(0, 100 * (1 - damage / norm)));
  return {
    metric: 'weightEnergyKeptPercent',
    damage: (index, f) => lost(index, kept(index, f)),
    value,
    figure: (total) => ({
      metric: 'weightEnergyKeptPercent',
      tier: 'estimated',
      value: value(total.value),
      low: value(total.high),
      high: value(total.low),
      provenance,
    }),
    key: (index) => layers[index]?.key,
    kept,
    lost,
  };
}

/** All synthetic weights are one; spectra are told apart by identity. */
const identityOf = (source: WeightSource): unknown =>
  source.kind === 'synthetic' ? 'synthetic' : source.spectrum;

const everything: KeptShare = { value: 1, low: 1, high: 1 };

const fromSpectra =
  'Share of the squared weights that is kept, from the singular values of the layers (every layer of equal variance); ' +
  'exact for svd, for the other formats an estimate with the spread it had against decompositions.';
const fromExamples =
  "Share of the energy of the layers' outputs that is kept, from the singular values of the weights under what the layers " +
  'read over your examples (every layer counts by its size); exact for svd, for the other formats an estimate with the ' +
  'spread it had against decompositions.';
const withoutWeights =
  'Estimated - no weights: share of the squared weights that would be kept, between a flat random spectrum (low) and ' +
  'singular values falling as k^-0.5 (high); every layer of equal variance.';
const withNoise = ' Each stored factor loses what a Gaussian sample loses in the same quantization.';
