/** What a vertical axis is made of, as plain data: it travels to workers, which build the model again. */
import type { Quantization } from '../factor/quantization.ts';
import type { LinearLayer, TransformerModel } from '../workload/model.ts';
import type { AccuracyModel } from './model.ts';
import type { OwnTable } from './own-model.ts';
import { createSensitivityModel, type CalibrationTable } from './sensitivity.ts';
import type { WeightSource } from './weight-energy.ts';
import { weightEnergyModel } from './weight-energy-model.ts';

/** What the page makes figures of without any examples of a person's own. */
export type BuiltInSource =
  /** Spectra where there are some: the share of the weights' energy that is kept. */
  | { readonly kind: 'weights' }
  /** A shipped model's tables: estimated accuracy. */
  | { readonly kind: 'calibration'; readonly table: CalibrationTable };

export type AccuracySource =
  | BuiltInSource
  /** Of somebody's own model over their own examples; `own-model.ts` makes the axis. */
  | { readonly kind: 'own'; readonly table: OwnTable };

export const fromWeights: BuiltInSource = { kind: 'weights' };

/**
 * @param model may be a part of the calibrated one
 * @throws InputError when a calibration is of another model, or does not know the quantization
 */
export function accuracyModel(
  source: BuiltInSource,
  model: TransformerModel,
  weights: (layer: LinearLayer) => WeightSource,
  quantization: Quantization,
): AccuracyModel {
  switch (source.kind) {
    case 'weights':
      return weightEnergyModel(model, weights, quantization);
    case 'calibration':
      return createSensitivityModel(source.table, model, quantization);
    default:
      return source satisfies never;
  }
}
