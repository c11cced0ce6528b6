/**
 * The product's main sentence: what a candidate costs on an accelerator and where it stands on the vertical axis. Linear
 * layers are mapped by `costLayer`, attention products as the dense einsums they are; the dense model goes through the
 * same mapper and gear. Damage adds up over layers; layers of equal shape, weights and sensitivity share everything.
 * Left out: residency between layers, vector work (softmax, normalization, biases).
 */
import type { AccuracyModel, Damage } from '../accuracy/model.ts';
import type { KeptShare, WeightSource } from '../accuracy/weight-energy.ts';
import { weightEnergyModel } from '../accuracy/weight-energy-model.ts';
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
  /** The vertical axis; absent = the share of the weights' energy that is kept. Its layers are those of `model`. */
  readonly accuracy?: AccuracyModel;
  readonly objective?: Objective;
  /** A mapper to share what is known with; it must be of this accelerator and accounting. */
  readonly mapper?: Mapper;
}

/** Layers that no figure can tell apart: one shape, as many rows of X, one weight source, one key on the axis. */
export interface LayerClass {
  readonly out: number;
  readonly in: number;
  /** Rows of X in one step. */
  readonly rows: number;
  /** Positions in `model.linears`. */
  readonly layers: readonly number[];
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
  /** Does not remember; `damage` does. */
  readonly accuracy: AccuracyModel;
  readonly classes: readonly LayerClass[];
  readonly attention: FixedCost;
  /** Every linear layer dense. */
  readonly dense: Evaluation;
  denseFactorization(index: number): Factorization;
  /** @throws InputError when the accelerator cannot hold the layer */
  layer(index: number, factorization: Factorization): LayerCost;
  /** Shares of the layer's squared weights, whatever the axis is. */
  kept(index: number, factorization: Factorization): KeptShare;
  damage(index: number, factorization: Factorization): Damage;
  evaluate(candidate: Candidate): Evaluation;
}

const mostKept = 4096;
export function createEvaluator(setting: EvaluatorSetting): Evaluator {
  const { model, workload, accelerator, accounting, gear, objective } = setting;
  const mapper =
    setting.mapper ??
    createMapper(accelerator, { accounting, ...(objective === undefined ? {} : { objective }) });
  const energy = weightEnergyModel(model, setting.weights);
  const accuracy = setting.accuracy ?? energy;
  const { classes, classOf } = classify(setting, accuracy);
  const attention = attentionCost(model, workload, mapper, gear);
  const denseOf = classes.map((group) => denseFactorization(group.out, group.in));

  const classAt = (index: number): LayerClass => {
    const group = classOf[index];
    check(group !== undefined, 'layer', `must be one of the model's ${model.linears.length}`, index);
    return group;
  };
  const layer = (index: number, factorization: Factorization): LayerCost => {
    return costLayer(mapper, factorization, classAt(index).rows, gear);
  };
  const kept = perClass(classAt, energy.kept);
  const damage =
    accuracy === energy
      ? (index: number, f: Factorization) => energy.lost(index, kept(index, f))
      : perClass(classAt, accuracy.damage);

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
    const total = { value: 0, low: 0, high: 0 };
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
      const lost = damage(index, factorization);
      total.value += lost.value;
      total.low += lost.low;
      total.high += lost.high;
    }
    return {
      energyPj,
      latencyCycles,
      edpPjCycles: energyPj * latencyCycles,
      parameters,
      macs,
      bytes: (parameters * accelerator.wordBits) / 8,
      energyByLevelPj,
      accuracy: accuracy.figure(total),
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
    accuracy,
    classes,
    attention,
    dense: { ...denseTotals, edpReduction: 1 },
    denseFactorization: (index) =>
      denseCandidate[index] ?? denseFactorization(classAt(index).out, classAt(index).in),
    layer,
    kept,
    damage,
    evaluate(candidate) {
      const figures = totals(candidate);
      return { ...figures, edpReduction: denseTotals.edpPjCycles / figures.edpPjCycles };
    },
  };
}

function classify(
  { model, workload, weights }: EvaluatorSetting,
  accuracy: AccuracyModel,
): {
  readonly classes: readonly LayerClass[];
  readonly classOf: readonly LayerClass[];
} {
  const found: { readonly key: unknown; readonly identity: unknown; readonly group: LayerClass }[] = [];
  const classOf = model.linears.map((linear, index) => {
    const source = weights(linear);
    // All synthetic weights are one; spectra are told apart by identity.
    const identity = source.kind === 'synthetic' ? 'synthetic' : source.spectrum;
    const key = accuracy.key(index);
    const { out, in: columns } = linear;
    const rows = linearRows(linear, workload);
    let known = found.find(
      ({ key: of, identity: weight, group }) =>
        of === key && weight === identity && group.out === out && group.in === columns && group.rows === rows,
    );
    if (known === undefined)
      found.push((known = { key, identity, group: { out, in: columns, rows, layers: [] } }));
    (known.group.layers as number[]).push(index);
    return known.group;
  });
  return { classes: found.map(({ group }) => group), classOf };
}

/** What is asked of a layer and a factorization, remembered once for all layers of its class. */
function perClass<T>(
  classAt: (index: number) => LayerClass,
  compute: (index: number, f: Factorization) => T,
): (index: number, f: Factorization) => T {
  const known = new Map<LayerClass, (f: Factorization) => T>();
  return (index, f) => {
    const group = classAt(index);
    let ofClass = known.get(group);
    if (ofClass === undefined) known.set(group, (ofClass = remember((of) => compute(index, of))));
    return ofClass(f);
  };
}

/** By the factorization's identity first: equal layers of a drag frame ask for the same few objects. */
function remember<T>(compute: (f: Factorization) => T): (f: Factorization) => T {
  const byObject = new WeakMap<Factorization, T>();
  const byKey = new Map<string, T>();
  return (f) => {
    let known = byObject.get(f);
    if (known !== undefined) return known;
    const key = factorizationKey(f);
    known = byKey.get(key) ?? compute(f);
    if (byKey.size >= mostKept) byKey.clear();
    byKey.set(key, known);
    byObject.set(f, known);
    return known;
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
