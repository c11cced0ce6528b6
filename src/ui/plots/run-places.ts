/** A search run as the plot needs it: places on the chosen axis, frontier and cloud alike. Pure. */
import type { FrontierPoint } from '../../core/search/pareto.ts';
import type { Axis, Strategy } from '../../state/config.ts';
import type { CloudPoints } from './cloud.ts';
import type { Place } from './frame.ts';
import { nonDominated } from './frontier.ts';
import type { Baseline } from './pareto.ts';
import { reductionOf } from './words.ts';

interface Dense {
  readonly energyPj: number;
  readonly latencyCycles: number;
}

/** A place that remembers its design. */
export interface FoundPlace extends Place {
  readonly low: number;
  readonly high: number;
  readonly point: FrontierPoint;
}

/** Non-dominated on this axis, left to right. A frontier is of EDP; on another axis some of its points fall behind. */
export function foundPlaces(
  points: readonly FrontierPoint[],
  axis: Axis,
  dense: Dense,
): readonly FoundPlace[] {
  return nonDominated(
    points.map((point) => ({
      x: reductionOf(axis, point, dense),
      y: point.value,
      low: point.low,
      high: point.high,
      point,
    })),
  );
}

/** Places by the points' own reduction, for a run whose dense baseline is not the current one. */
export function ownPlaces(points: readonly FrontierPoint[]): readonly Place[] {
  return nonDominated(points.map((point) => ({ x: point.edpReduction, y: point.value })));
}

const baselineNames: Readonly<Record<Strategy, string>> = {
  'uniform-svd': 'uniform SVD',
  random: 'random',
  tltorch: "tensorly-torch's heuristic",
  sweep: 'sweep',
  'water-filling': 'water-filling SVD',
  allocated: 'allocated by cost',
  evolutionary: 'evolutionary',
};

export function baselinePlaces(
  baselines: Readonly<Partial<Record<Strategy, readonly FrontierPoint[]>>>,
  axis: Axis,
  dense: Dense,
): readonly Baseline[] {
  return (Object.entries(baselines) as [Strategy, readonly FrontierPoint[]][]).flatMap(([strategy, points]) =>
    points.length < 2
      ? []
      : [{ strategy, label: baselineNames[strategy], places: foundPlaces(points, axis, dense) }],
  );
}

/** @param triples energy (pJ), latency (cycles), value of the run's metric per point */
export function cloudPoints(triples: Float32Array, count: number, axis: Axis, dense: Dense): CloudPoints {
  const logX = new Float32Array(count);
  const y = new Float32Array(count);
  const [useEnergy, useLatency] = [axis !== 'latency', axis !== 'energy'];
  const logDense = Math.log((useEnergy ? dense.energyPj : 1) * (useLatency ? dense.latencyCycles : 1));
  for (let i = 0; i < count; i++) {
    const energy = triples[3 * i] as number;
    const latency = triples[3 * i + 1] as number;
    logX[i] = logDense - Math.log((useEnergy ? energy : 1) * (useLatency ? latency : 1));
    y[i] = triples[3 * i + 2] as number;
  }
  return { logX, y, count };
}
