/** What counts on each vertical axis: where designs stop being of use, and the smallest step worth a point of a frontier. */
import type { Metric } from '../accuracy/figure.ts';

interface Scale {
  /** A frontier's hypervolume is taken from here up. */
  readonly floor: number;
  readonly step: number;
}

export const scales: Readonly<Record<Metric, Scale>> = {
  // Nothing kept; everything lost.
  weightEnergyKeptPercent: { floor: 0, step: 0.01 },
  accuracyChangePoints: { floor: -100, step: 0.01 },
  // At one nat the teacher's own answer has lost a factor e of its probability.
  negativeKlNats: { floor: -1, step: 1e-4 },
};
