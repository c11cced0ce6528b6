/**
 * Which figure of a design is on screen: the measured one where there is one and measured figures are shown, else the
 * estimate. Only figures of the axis's own metric stand on it.
 */
import { useCallback } from 'react';
import type { AccuracyFigure } from '../../core/accuracy/figure.ts';
import type { Candidate } from '../../core/search/evaluation.ts';
import { measurementKey, type AccuracyRun, type Measured } from '../../state/accuracy-run.ts';
import type { Config, View } from '../../state/config.ts';
import { useAccuracyRun } from '../app.ts';

export function shownFigure(
  estimate: AccuracyFigure,
  measured: Measured | undefined,
  tiers: View['tiers'],
): AccuracyFigure {
  const figure = measured?.figure;
  return figure !== undefined && figure.metric === estimate.metric && tiers.includes(figure.tier)
    ? figure
    : estimate;
}

/** What was measured of a design under the model and quantization of a config. */
export type FindMeasured = (design: Candidate) => Measured | undefined;

export function findMeasured(
  measurements: AccuracyRun['measurements'],
  { model, quantization }: Pick<Config, 'model' | 'quantization'>,
  design: Candidate,
): Measured | undefined {
  if (model.kind !== 'card' || measurements.size === 0) return undefined;
  return measurements.get(measurementKey(model.id, design, quantization));
}

export function useFindMeasured({ model, quantization }: Config): FindMeasured {
  const measurements = useAccuracyRun((run) => run.measurements);
  return useCallback(
    (design) => findMeasured(measurements, { model, quantization }, design),
    [measurements, model, quantization],
  );
}
