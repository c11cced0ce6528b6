/**
 * The product's main sentence: what a candidate costs on an accelerator and what of the weights it keeps. Linear layers
 * are mapped by `costLayer`, attention products as the dense einsums they are; the dense model goes through the same
 * mapper and gear. Layers of equal shape (and equal weights, for what is kept) share everything.
 * Left out: residency between layers, vector work (softmax, normalization, biases).
 */
import type { AccuracyFigure } from '../accuracy/figure.ts';
import { createWeightEnergy, type KeptShare, type WeightSource } from '../accuracy/weight-energy.ts';
import { check } from '../base/checks.ts';
import type { Cycles, EnergyPj, Macs } from '../base/units.ts';
import { costLayer, factorizationKey, type LayerCost } from '../cost/layer.ts';
import { createMapper, type Mapper } from '../cost/mapper.ts';
import type { Accounting, Gear, Objective } from '../cost/mapping.ts';
import { denseFactorization } from '../factor/ranks.ts';
import type { Factorization } from '../factor/factorization.ts';
import type { Accelerator } from '../hardware/accelerator.ts';
import type { LinearLayer, TransformerModel, Workload } from '../workload/model.ts';
import { attentionGemms, linearRows } from '../workload/workload.ts';
import type { Candidate, Evaluation } from './evaluation.ts';

export interface EvaluatorSetting {
  readonly model: TransformerModel;
  readonly workload: Workload;
  readonly accelerator: Accelerator;
  readonly accounting: Accounting;
  readonly gear: Gear;
  /** What is known about a layer's weights; the same object (or synthetic) for two layers of one shape = one class. */
  readonly weights: (layer: LinearLayer) => WeightSource;
  readonly objective?: Objective;
  /** A mapper to share what is known with; it must be of this accelerator and accounting. */
  readonly mapper?: Mapper;
}

/** Layers that no figure can tell apart: one shape, as many rows of X, one weight source. */
export interface LayerClass {
  readonly out: number;
  readonly in: number;
  /** Rows of X in one step. */
  readonly rows: number;
  /** Positions in `model.linears`. */
  readonly layers: readonly number[];
  /** Not remembered: `Evaluator.kept` does that. */
  readonly kept: (f: Factorization) => KeptShare;
}

/** What a model costs whatever its linear layers are: the attention products. */
interface FixedCost {
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
  readonly macs: Macs;
  readonly energyByLevelPj: readonly EnergyPj[];
}

export interface Evaluator {
  readonly model: TransformerModel;
  readonly workload: Workload;
  readonly accelerator: Accelerator;
  readonly gear: Gear;
  readonly mapper: Mapper;
  readonly classes: readonly LayerClass[];
  readonly attention: FixedCost;
  /** Every linear layer dense. */
  readonly dense: Evaluation;
  denseFactorization(index: number): Factorization;
  /** @throws InputError when the accelerator cannot hold the layer */
  layer(index: number, factorization: Factorization): LayerCost;
  kept(index: number, factorization: Factorization): KeptShare;
  evaluate(candidate: Candidate): Evaluation;
}

const mostKept = 4096;
const everything: KeptShare = { value: 1, low: 1, high: 1 };

export function createEvaluator(setting: EvaluatorSetting): Evaluator {
  const { model, workload, accelerator, accounting, gear, objective } = setting;
  const mapper =
    setting.mapper ??
    createMapper(accelerator, { accounting, ...(objective === undefined ? {} : { objective }) });
  const { classes, classOf } = classify(setting);
  const hasWeights = model.linears.some((layer) => setting.weights(layer).kind === 'spectrum');
  const attention = attentionCost(model, workload, mapper, gear);
  const denseOf = classes.map((group) => denseFactorization(group.out, group.in));

  const keptOf = new Map(classes.map((group) => [group, remember(group.kept)]));
  const classAt = (index: number): LayerClass => {
    const group = classOf[index];
    check(group !== undefined, 'layer', `must be one of the model's ${model.linears.length}`, index);
    return group;
  };
  const layer = (index: number, factorization: Factorization): LayerCost => {
    return costLayer(mapper, factorization, classAt(index).rows, gear);
  };
  const kept = (index: number, factorization: Factorization): KeptShare =>
    factorization.format === 'dense'
      ? everything
      : (keptOf.get(classAt(index)) ?? classAt(index).kept)(factorization);

  const totals = (candidate: Candidate) => {
    check(
      candidate.length === model.linears.length,
      'design',
      `must have one factorization per linear layer (${model.linears.length})`,
      candidate.length,
    );
    let { energyPj, latencyCycles, macs } = attention;
    const energyByLevelPj = [...attention.energyByLevelPj];
    let parameters = 0;
    let norm = 0;
    const lost = { value: 0, low: 0, high: 0 };
    for (const [index, factorization] of candidate.entries()) {
      const linear = model.linears[index];
      if (linear === undefined) continue;
      const cost = layer(index, factorization);
      energyPj += cost.energyPj;
      latencyCycles += cost.latencyCycles;
      macs += cost.macs;
      parameters += cost.parameters + (linear.bias ? linear.out : 0);
      for (let level = 0; level < energyByLevelPj.length; level++)
        energyByLevelPj[level] = (energyByLevelPj[level] ?? 0) + (cost.energyByLevelPj[level] ?? 0);
      if (!linear.factorize && factorization.format === 'dense') continue;
      const weight = linear.out * linear.in;
      const share = kept(index, factorization);
      norm += weight;
      lost.value += weight * (1 - share.value);
      lost.low += weight * (1 - share.low);
      lost.high += weight * (1 - share.high);
    }
    const percent = (loss: number): number => (norm === 0 ? 100 : 100 * (1 - loss / norm));
    const accuracy: AccuracyFigure = {
      metric: 'weightEnergyKeptPercent',
      tier: 'estimated',
      value: percent(lost.value),
      low: percent(lost.low),
      high: percent(lost.high),
      provenance: hasWeights ? fromSpectra : withoutWeights,
    };
    return {
      energyPj,
      latencyCycles,
      edpPjCycles: energyPj * latencyCycles,
      parameters,
      macs,
      bytes: (parameters * accelerator.wordBits) / 8,
      energyByLevelPj,
      accuracy,
    };
  };

  const denseCandidate = classOf.map(
    (group) => denseOf[classes.indexOf(group)] ?? denseFactorization(group.out, group.in),
  );
  const denseTotals = totals(denseCandidate);
  return {
    model,
    workload,
    accelerator,
    gear,
    mapper,
    classes,
    attention,
    dense: { ...denseTotals, edpReduction: 1 },
    denseFactorization: (index) =>
      denseCandidate[index] ?? denseFactorization(classAt(index).out, classAt(index).in),
    layer,
    kept,
    evaluate(candidate) {
      const figures = totals(candidate);
      return { ...figures, edpReduction: denseTotals.edpPjCycles / figures.edpPjCycles };
    },
  };
}

const fromSpectra =
  'Share of the squared weights that is kept, from the singular values of the layers (every layer of equal variance); ' +
  'exact for svd, for the other formats an estimate with the spread it had against decompositions.';
const withoutWeights =
  'Estimated - no weights: share of the squared weights that would be kept, between a flat random spectrum (low) and ' +
  'singular values falling as k^-0.5 (high); every layer of equal variance.';

function classify({ model, workload, weights }: EvaluatorSetting): {
  readonly classes: readonly LayerClass[];
  readonly classOf: readonly LayerClass[];
} {
  const found = new Map<unknown, Map<string, LayerClass & { readonly layers: number[] }>>();
  const classes: LayerClass[] = [];
  const classOf = model.linears.map((linear, index) => {
    const source = weights(linear);
    // All synthetic weights are one; spectra are told apart by identity.
    const identity = source.kind === 'synthetic' ? 'synthetic' : source.spectrum;
    let ofSource = found.get(identity);
    if (ofSource === undefined) found.set(identity, (ofSource = new Map()));
    const rows = linearRows(linear, workload);
    const key = `${linear.out}x${linear.in} ${rows}`;
    let group = ofSource.get(key);
    if (group === undefined) {
      group = {
        out: linear.out,
        in: linear.in,
        rows,
        layers: [],
        kept: createWeightEnergy(linear.out, linear.in, source).kept,
      };
      ofSource.set(key, group);
      classes.push(group);
    }
    group.layers.push(index);
    return group;
  });
  return { classes, classOf };
}

/** By the factorization's identity first: equal layers of a drag frame ask for the same few objects. */
function remember(kept: (f: Factorization) => KeptShare): (f: Factorization) => KeptShare {
  const byObject = new WeakMap<Factorization, KeptShare>();
  const byKey = new Map<string, KeptShare>();
  return (f) => {
    let share = byObject.get(f);
    if (share !== undefined) return share;
    const key = factorizationKey(f);
    share = byKey.get(key) ?? kept(f);
    if (byKey.size >= mostKept) byKey.clear();
    byKey.set(key, share);
    byObject.set(f, share);
    return share;
  };
}

function attentionCost(model: TransformerModel, workload: Workload, mapper: Mapper, gear: Gear): FixedCost {
  const energyByLevelPj = new Array<number>(mapper.accelerator.levels.length + 1).fill(0);
  let energyPj = 0;
  let latencyCycles = 0;
  let macs = 0;
  for (const product of model.attention) {
    const gemm = attentionGemms(product, workload);
    const cost = mapper.cost(gemm, gear);
    energyPj += cost.energyPj;
    latencyCycles += cost.latencyCycles;
    macs += gemm.batch * gemm.m * gemm.n * gemm.k;
    cost.energyByLevelPj.forEach((energy, i) => (energyByLevelPj[i] = (energyByLevelPj[i] ?? 0) + energy));
  }
  return { energyPj, latencyCycles, macs, energyByLevelPj };
}
