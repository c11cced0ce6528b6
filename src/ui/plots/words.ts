/** What the plot says: flag, spoken positions, the sentence that stands for the whole picture. */
import type { FrontierPoint } from '../../core/search/pareto.ts';
import type { Axis } from '../../state/config.ts';
import type { Metric, Tier } from '../../core/accuracy/figure.ts';
import { formatChange, formatExact, formatRatio } from '../format.ts';
import { bandText, metricWords } from '../metric.ts';
import type { Place } from './frame.ts';
import type { Baseline, DesignPlace, FlagLine } from './pareto.ts';

export const axisName: Readonly<Record<Axis, string>> = { edp: 'EDP', energy: 'Energy', latency: 'Delay' };
const axisWord: Readonly<Record<Axis, string>> = { edp: 'EDP', energy: 'energy', latency: 'delay' };

/** Reduction on an axis of figures and of the dense model they are compared with. */
export function reductionOf(
  axis: Axis,
  figures: { readonly energyPj: number; readonly latencyCycles: number },
  dense: { readonly energyPj: number; readonly latencyCycles: number },
): number {
  const energy = dense.energyPj / figures.energyPj;
  const latency = dense.latencyCycles / figures.latencyCycles;
  switch (axis) {
    case 'edp':
      return energy * latency;
    case 'energy':
      return energy;
    case 'latency':
      return latency;
  }
  return axis satisfies never;
}

/**
 * The flag of the current design. In a drag: what changed since it began; at rest: where the design stands.
 * @param title of the change or of the design
 */
export function flagLines(
  axis: Axis,
  metric: Metric,
  title: string,
  now: DesignPlace,
  before: Place | null,
  limit: number | null,
): readonly FlagLine[] {
  const { text, difference, noun } = metricWords(metric);
  const band = bandText(metric, now);
  const change =
    before === null
      ? `${axisName[axis]} ${formatRatio(now.x)} lower, ${text(now.y)}`
      : `${axisName[axis]} ${formatChange(100 * (before.x / now.x - 1))}, ${noun} ${difference(now.y - before.y)}`;
  const lines: FlagLine[] = [
    { text: title, tone: 'strong' },
    { text: now.x < 1 && before === null ? worse(axis, metric, now) : change, tone: 'plain' },
  ];
  if (limit !== null && now.y < limit)
    lines.push({ text: `${difference(limit - now.y).replace('+', '')} past the limit`, tone: 'warn' });
  else lines.push({ text: band === null ? `${now.tier}, exact` : `${now.tier}, ${band}`, tone: 'plain' });
  return lines;
}

const worse = (axis: Axis, metric: Metric, now: Place): string =>
  `${axisName[axis]} ${formatRatio(1 / now.x)} higher than dense, ${metricWords(metric).text(now.y)}`;

/** `EDP 6.29 times lower, estimated 88.2 percent of weight energy kept`. */
export function sayPlace(axis: Axis, metric: Metric, place: Place & { readonly tier?: Tier }): string {
  const far = place.x >= 1 ? `${trim(place.x)} times lower` : `${trim(1 / place.x)} times higher`;
  return `${axisName[axis]} ${far}, ${metricWords(metric).spoken(place.y, place.tier ?? 'estimated')}`;
}

const trim = (value: number): string => String(Number(value.toFixed(2)));

/** The plot in one sentence, for who cannot see it. */
export function sayPlot(
  axis: Axis,
  metric: Metric,
  now: Place & { readonly tier?: Tier },
  frontier: readonly Place[],
  evaluated: number,
  limit: number | null,
): string {
  const words = metricWords(metric);
  const first = frontier[0];
  const last = frontier.at(-1);
  const ends =
    first === undefined || last === undefined
      ? 'No frontier yet.'
      : `The frontier of ${formatExact(evaluated)} evaluated designs has ${formatExact(frontier.length)} points, from ${sayPlace(axis, metric, first)} to ${sayPlace(axis, metric, last)}.`;
  const bound = limit === null ? '' : ` Your limit is ${words.text(limit)}.`;
  return `Pareto plot of ${axisWord[axis]} reduction against ${words.axis}. ${ends} The current design: ${sayPlace(axis, metric, now)}.${bound} Arrow keys walk along the frontier, Enter adopts a design.`;
}

/** What each baseline reaches at the current design's value or better; empty without baselines. */
export function sayBaselines(axis: Axis, metric: Metric, now: Place, baselines: readonly Baseline[]): string {
  const parts = baselines.map(({ label, places }) => {
    const best = places.reduce((most, place) => (place.y >= now.y ? Math.max(most, place.x) : most), 0);
    return best === 0 ? `${label} reaches none` : `${label} ${formatRatio(best)}`;
  });
  return parts.length === 0
    ? ''
    : `Best ${axisWord[axis]} reduction at ${metricWords(metric).text(now.y)} or better: here ${formatRatio(now.x)}, ${parts.join(', ')}.`;
}

/** Label of the undo step that adopts a design. */
export function adoptLabel(metric: Metric, point: FrontierPoint): string {
  return `Adopt ${formatRatio(point.edpReduction)}, ${metricWords(metric).text(point.value)}`;
}
