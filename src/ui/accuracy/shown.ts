/**
 * Which figure of a design is on screen: of the tiers shown the surest one there is, else the estimate. Only figures of
 * the axis's own metric stand on it.
 */
import { useCallback } from 'react';
import type { AccuracyFigure } from '../../core/accuracy/figure.ts';
import type { Candidate } from '../../core/search/evaluation.ts';
import { measurementKey, type Measured } from '../../state/measurements.ts';
import type { Config, View } from '../../state/config.ts';
import { useAccuracyRun } from '../app.ts';

/** What is known of a design beyond the estimate. */
export interface Known {
  readonly measured: Measured | undefined;
  readonly calibrated: AccuracyFigure | undefined;
}

const nothing: Known = { measured: undefined, calibrated: undefined };

export function shownFigure(
  estimate: AccuracyFigure,
  { measured, calibrated }: Known,
  tiers: View['tiers'],
): AccuracyFigure {
  const sound = [measured?.figure, calibrated].find(
    (figure) => figure?.metric === estimate.metric && tiers.includes(figure.tier),
  );
  return sound ?? estimate;
}

export type FindKnown = (design: Candidate) => Known;

/** Under the model and quantization of a config. */
export function useFindKnown({ model, quantization }: Config): FindKnown {
  const measurements = useAccuracyRun((run) => run.measurements);
  const subject = useAccuracyRun((run) => run.subject);
  const calibrated = useAccuracyRun((run) => run.calibrated);
  return useCallback(
    (design) => {
      const id = model.kind === 'card' ? model.id : model.kind === 'file' ? subject : null;
      if (id === null || measurements.size + calibrated.size === 0) return nothing;
      const key = measurementKey(id, design, quantization);
      return { measured: measurements.get(key), calibrated: calibrated.get(key) };
    },
    [measurements, calibrated, model, subject, quantization],
  );
}
