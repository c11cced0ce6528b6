/**
 * The product's main sentence: what a candidate costs on an accelerator and where it stands on the vertical axis. Linear
 * layers are mapped by `costLayer`, what surrounds them is fixed; the dense model runs the same way, at the machine's own
 * words. Damage adds up over layers; layers of equal shape, surroundings, weights and sensitivity share everything.
 * What is counted beside the layers, and what never is: `docs/cost.md`.
 */
import type { AccuracyModel, Damage } from '../accuracy/model.ts';
import type { KeptShare, WeightSource } from '../accuracy/weight-energy.ts';
import { weightEnergyModel } from '../accuracy/weight-energy-model.ts';
import { check } from '../base/checks.ts';
import type { Bits } from '../base/units.ts';
import { referenceExecution, type Execution } from '../cost/execution.ts';
import { costLayer, factorizationKey, type LayerCost, type LayerSetting } from '../cost/layer.ts';
import { createMapper, type Mapper } from '../cost/mapper.ts';
import type { Accounting, Gear, Objective } from '../cost/mapping.ts';
import { surroundings, type FixedCost, type Surroundings } from '../cost/surroundings.ts';
import type { Factorization } from '../factor/factorization.ts';
import { factorShapes } from '../factor/forward.ts';
import { activationBits, unquantized, weightBits, type Quantization } from '../factor/quantization.ts';
import { denseFactorization } from '../factor/ranks.ts';
import { product } from '../factor/tensorization.ts';
import type { Accelerator } from '../hardware/accelerator.ts';
import type { LinearLayer, TransformerModel, Workload } from '../workload/model.ts';
import { withOuterBandwidth } from '../hardware/bandwidth.ts';
import { withExtras } from '../hardware/extras.ts';
import { linearRows } from '../workload/workload.ts';
import type { Candidate, Evaluation } from './evaluation.ts';

/** What decides how a GEMM is mapped. */
export interface MachineSetting {
  readonly accelerator: Accelerator;
  readonly accounting: Accounting;
  readonly objective?: Objective;
  /** Absent = as the references count. */
  readonly execution?: Execution;
  /** How every linear layer's weights are stored; absent = as the machine's words. */
  readonly quantization?: Quantization;
}

export interface EvaluatorSetting extends MachineSetting {
  readonly model: TransformerModel;
  readonly workload: Workload;
  readonly gear: Gear;
  /** What is known about a layer's weights; the same object (or synthetic) for two layers of one shape = one class. */
  readonly weights: (layer: LinearLayer) => WeightSource;
  /** The vertical axis; absent = the share of the weights' energy that is kept. Of this model and quantization. */
  readonly accuracy?: AccuracyModel;
  /** A mapper to share what is known with; it must be `mapperOf` the same setting. */
  readonly mapper?: Mapper;
}

/** Layers that no figure can tell apart: shape, rows of X, surroundings, weight source and key on the axis are one. */
export interface LayerClass {
  readonly out: number;
  readonly in: number;
  /** Rows of X in one step. */
  readonly rows: number;
  readonly setting: LayerSetting;
  /** Positions in `model.linears`. */
  readonly layers: readonly number[];
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
  /** Whatever the linear layers are: attention products and, where it counts, vector work. */
  readonly fixed: FixedCost;
  /** The two parts of `fixed`. */
  readonly attention: FixedCost;
  readonly vector: FixedCost;
  /** Every linear layer dense, weights as the machine's words. */
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
  const { model, workload, accelerator, gear } = setting;
  const { execution = referenceExecution, quantization = unquantized } = setting;
  const mapper = setting.mapper ?? mapperOf(setting);
  const around = surroundingsOf(mapper, setting, execution);
  const energy = weightEnergyModel(model, setting.weights, quantization);
  const accuracy = setting.accuracy ?? energy;
  const { classes, classOf } = classify(setting, accuracy, around);
  const denseOf = classes.map((group) => denseFactorization(group.out, group.in));

  const classAt = (index: number): LayerClass => {
    const group = classOf[index];
    check(group !== undefined, 'layer', `must be one of the model's ${model.linears.length}`, index);
    return group;
  };
  const layer = (index: number, factorization: Factorization): LayerCost => {
    const { rows, setting: ends } = classAt(index);
    return costLayer(mapper, factorization, rows, gear, ends);
  };
  const kept = perClass(classAt, energy.kept);
  const damage =
    accuracy === energy
      ? (index: number, f: Factorization) => energy.lost(index, kept(index, f))
      : perClass(classAt, accuracy.damage);

  const { wordBits } = accelerator;
  const quantizedBits = perClass(classAt, (_, f) => storedBits(f, quantization, wordBits));
  const totals = (candidate: Candidate): Omit<Evaluation, 'edpReduction'> => {
    check(
      candidate.length === model.linears.length,
      'design',
      `must have one factorization per linear layer (${model.linears.length})`,
      candidate.length,
    );
    let { energyPj, latencyCycles, macs } = around.fixed;
    const energyByLevelPj = [...around.fixed.energyByLevelPj];
    let parameters = 0;
    let stored = 0;
    const total = { value: 0, low: 0, high: 0 };
    for (const [index, factorization] of candidate.entries()) {
      const linear = model.linears[index];
      if (linear === undefined) continue;
      const cost = layer(index, factorization);
      const biases = linear.bias ? linear.out : 0;
      energyPj += cost.energyPj;
      latencyCycles += cost.latencyCycles;
      macs += cost.macs;
      parameters += cost.parameters + biases;
      stored += biases * wordBits;
      stored +=
        quantization.kind === 'none' ? cost.parameters * wordBits : quantizedBits(index, factorization);
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
      bytes: stored / 8,
      energyByLevelPj,
      accuracy: accuracy.figure(total),
    };
  };

  const denseCandidate = classOf.map(
    (group) => denseOf[classes.indexOf(group)] ?? denseFactorization(group.out, group.in),
  );
  const dense = quantization.kind === 'none' ? totals(denseCandidate) : denseWords(setting, accuracy);
  return {
    model,
    workload,
    accelerator,
    gear,
    mapper,
    accuracy,
    classes,
    fixed: around.fixed,
    attention: around.attention,
    vector: around.vector,
    dense: { ...dense, edpReduction: 1 },
    denseFactorization: (index) =>
      denseCandidate[index] ?? denseFactorization(classAt(index).out, classAt(index).in),
    layer,
    kept,
    damage,
    evaluate(candidate) {
      const figures = totals(candidate);
      return { ...figures, edpReduction: dense.edpPjCycles / figures.edpPjCycles };
    },
  };
}

/** The dense model as the machine's words: what quantized designs are measured against, without damage. */
function denseWords(
  { mapper: _, accuracy: __, ...setting }: EvaluatorSetting,
  accuracy: AccuracyModel,
): Evaluation {
  const words = createEvaluator({ ...setting, quantization: unquantized });
  return { ...words.dense, accuracy: accuracy.figure({ value: 0, low: 0, high: 0 }) };
}

/** A mapper for evaluators of this setting. @throws InputError when the accelerator is unsound */
export function mapperOf(setting: MachineSetting): Mapper {
  const { accelerator, accounting, objective } = setting;
  const { execution = referenceExecution, quantization = unquantized } = setting;
  const weights = weightBits(quantization);
  const activations = activationBits(quantization);
  const behind = withOuterBandwidth(accelerator, execution.outerWordsPerCycle);
  return createMapper(withExtras(behind, execution), {
    accounting,
    ...(execution.ragged && execution.dataflow === 'flexible' && { factors: 'ragged' }),
    dataflow: execution.dataflow,
    swap: execution.swap,
    ...(objective !== undefined && { objective }),
    ...(weights !== null && { bits: { weights, ...(activations !== null && { activations }) } }),
  });
}

function surroundingsOf(
  mapper: Mapper,
  { model, workload, gear }: EvaluatorSetting,
  { wholeModel, residency, fusion, sharedLoops }: Execution,
): Surroundings {
  return surroundings(mapper, model, workload, gear, {
    wholeModel,
    residency,
    fusion: !fusion ? 'none' : sharedLoops && gear === 'exact' ? 'loops' : 'auto',
  });
}

/** Of a layer's factors, scales and palettes included, without bias. */
function storedBits(f: Factorization, quantization: Quantization, wordBits: Bits): Bits {
  return factorShapes(f).reduce((sum, shape) => {
    const count = product(shape);
    return sum + count * (weightBits(quantization, { row: shape.at(-1) ?? 1, count }) ?? wordBits);
  }, 0);
}

function classify(
  { model, workload, weights }: EvaluatorSetting,
  accuracy: AccuracyModel,
  around: Surroundings,
): {
  readonly classes: readonly LayerClass[];
  readonly classOf: readonly LayerClass[];
} {
  const found: {
    readonly key: unknown;
    readonly identity: unknown;
    readonly place: string;
    readonly group: LayerClass;
  }[] = [];
  const classOf = model.linears.map((linear, index) => {
    const source = weights(linear);
    // All synthetic weights are one; spectra are told apart by identity.
    const identity = source.kind === 'synthetic' ? 'synthetic' : source.spectrum;
    const key = accuracy.key(index);
    const setting = around.layer(index);
    const place = JSON.stringify(setting);
    const { out, in: columns } = linear;
    const rows = linearRows(linear, workload);
    let known = found.find(
      ({ key: of, identity: weight, place: ends, group }) =>
        of === key &&
        weight === identity &&
        ends === place &&
        group.out === out &&
        group.in === columns &&
        group.rows === rows,
    );
    if (known === undefined)
      found.push((known = { key, identity, place, group: { out, in: columns, rows, setting, layers: [] } }));
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
