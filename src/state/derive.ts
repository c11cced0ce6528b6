/**
 * Config -> everything the screen shows. Pure and memoized by the identity of what it depends on, so that a drag pays
 * only for the layer that changed. Nothing here is state: it may be thrown away at any time.
 */
import { InputError } from '../core/base/checks.ts';
import type { AccuracyModel } from '../core/accuracy/model.ts';
import type { CalibrationTable } from '../core/accuracy/sensitivity.ts';
import { accuracyModel, fromWeights, type AccuracySource } from '../core/accuracy/source.ts';
import type { Factorization } from '../core/factor/factorization.ts';
import { parameterCount } from '../core/factor/parameters.ts';
import { sharesLoops } from '../core/cost/execution.ts';
import type { LayerCost } from '../core/cost/layer.ts';
import type { KeptShare, WeightSource } from '../core/accuracy/weight-energy.ts';
import { createEvaluator, type Evaluator } from '../core/search/evaluate.ts';
import type { Candidate, Evaluation } from '../core/search/evaluation.ts';
import type { LinearLayer, TransformerModel } from '../core/workload/model.ts';
import type { Config, ModelChoice } from './config.ts';
import { modelOf } from './defaults.ts';

/** One linear layer as the screen sees it. */
export interface LinearView {
  readonly index: number;
  readonly layer: LinearLayer;
  readonly factorization: Factorization;
  readonly cost: LayerCost;
  readonly denseCost: LayerCost;
  /** Shares of ||W||^2 kept, 0 to 1. */
  readonly kept: KeptShare;
  /** Where `kept` comes from. */
  readonly weights: WeightSource;
  readonly parameters: number;
  readonly denseParameters: number;
}

export interface Derived {
  readonly config: Config;
  readonly model: TransformerModel;
  readonly evaluator: Evaluator;
  /** What the evaluator's vertical axis is made of. */
  readonly accuracy: AccuracySource;
  readonly linears: readonly LinearView[];
  readonly evaluation: Evaluation;
  readonly dense: Evaluation;
  readonly energyUnit: string;
}

/** Singular-value spectra of a dropped file, by layer name; shape cards have none. */
export type Spectra = ReadonlyMap<string, WeightSource>;

/** Made where it is needed only. */
export interface OwnAxis {
  readonly source: Extract<AccuracySource, { readonly kind: 'own' }>;
  readonly model: (transformer: TransformerModel, quantization: Config['quantization']) => AccuracyModel;
}

/** The same object as long as it stays the same axis. */
export type OwnAxes = (model: ModelChoice) => OwnAxis | null;

const noSpectra: Spectra = new Map();

/**
 * A `derive` with its own memo: one for the page, one per test.
 * What it gives takes `moving`: a drag counts whole intermediates only, where the settled design also shares loops.
 * @param calibration tables of a shipped model; without them the axis is the share of weight energy
 * @param own the axis of a person's own model over their examples, where it is known
 */
export function createDerive(
  spectra: () => Spectra = () => noSpectra,
  calibration: (model: ModelChoice) => CalibrationTable | null = () => null,
  own: OwnAxes = () => null,
): (config: Config, moving?: boolean) => Derived {
  const model = memoizeLast((choice: ModelChoice) => modelOf(choice));
  const evaluator = memoizeLast(
    (
      transformer: TransformerModel,
      workload: Config['workload'],
      accelerator: Config['accelerator'],
      accounting: Config['accounting'],
      execution: Config['execution'],
      quantization: Config['quantization'],
      known: Spectra,
      table: CalibrationTable | null,
      ownAxis: OwnAxis | null,
    ) => {
      const weights = weightsOf(known);
      const axis =
        ownAxis === null
          ? axisOf(transformer, weights, quantization, table)
          : { source: ownAxis.source, model: ownAxis.model(transformer, quantization) };
      const setting = {
        model: transformer,
        workload,
        accelerator,
        accounting,
        execution,
        quantization,
        gear: 'exact',
        weights,
        accuracy: axis.model,
      } as const;
      const settled = createEvaluator(setting);
      const inMotion = sharesLoops(execution)
        ? createEvaluator({
            ...setting,
            execution: { ...execution, sharedLoops: false },
            mapper: settled.mapper,
          })
        : settled;
      return { settled, inMotion, accuracy: axis.source };
    },
  );
  const recall = memoizeLast((config: Config, moving: boolean): Derived => {
    const transformer = model(config.model);
    const { settled, inMotion, accuracy } = evaluator(
      transformer,
      config.workload,
      config.accelerator,
      config.accounting,
      config.execution,
      config.quantization,
      spectra(),
      calibration(config.model),
      own(config.model),
    );
    const evaluate = moving ? inMotion : settled;
    return {
      config,
      model: transformer,
      evaluator: evaluate,
      accuracy,
      linears: linearViews(transformer, evaluate, config.design, weightsOf(spectra())),
      evaluation: evaluate.evaluate(config.design),
      dense: evaluate.dense,
      energyUnit: config.accelerator.energyUnit,
    };
  });
  return (config, moving = false) => recall(config, moving && sharesLoops(config.execution));
}

/** Calibrated where the tables know the quantization, or the page would go without figures. */
function axisOf(
  model: TransformerModel,
  weights: (layer: LinearLayer) => WeightSource,
  quantization: Config['quantization'],
  table: CalibrationTable | null,
): { readonly source: AccuracySource; readonly model: AccuracyModel } {
  if (table !== null)
    try {
      const source: AccuracySource = { kind: 'calibration', table };
      return { source, model: accuracyModel(source, model, weights, quantization) };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  return { source: fromWeights, model: accuracyModel(fromWeights, model, weights, quantization) };
}

const weightsOf =
  (spectra: Spectra) =>
  (layer: LinearLayer): WeightSource =>
    spectra.get(layer.name) ?? { kind: 'synthetic' };

function linearViews(
  model: TransformerModel,
  evaluator: Evaluator,
  design: Candidate,
  weights: (layer: LinearLayer) => WeightSource,
): readonly LinearView[] {
  return model.linears.map((layer, index) => {
    const factorization = design[index] ?? evaluator.denseFactorization(index);
    return {
      index,
      layer,
      factorization,
      cost: evaluator.layer(index, factorization),
      denseCost: evaluator.layer(index, evaluator.denseFactorization(index)),
      kept: evaluator.kept(index, factorization),
      weights: weights(layer),
      parameters: parameterCount(factorization),
      denseParameters: layer.out * layer.in,
    };
  });
}

/** Remembers the last call only: the screen asks for the same config many times in a row. */
function memoizeLast<Args extends readonly unknown[], Result>(
  compute: (...args: Args) => Result,
): (...args: Args) => Result {
  let last: { readonly args: Args; readonly result: Result } | null = null;
  return (...args) => {
    if (
      last !== null &&
      last.args.length === args.length &&
      args.every((arg, i) => Object.is(arg, last?.args[i]))
    )
      return last.result;
    const result = compute(...args);
    last = { args, result };
    return result;
  };
}
