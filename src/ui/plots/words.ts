/** What the plot says: flag, spoken positions, the sentence that stands for the whole picture. */
import type { FrontierPoint } from '../../core/search/pareto.ts';
import type { Axis } from '../../state/config.ts';
import { formatChange, formatExact, formatPercent, formatRatio, formatSigned } from '../format.ts';
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
  title: string,
  now: DesignPlace,
  before: Place | null,
  limit: number | null,
): readonly FlagLine[] {
  const half = Math.max(now.high - now.y, now.y - now.low);
  const band = half > 0.05 ? `${formatPercent(now.low)} to ${formatPercent(now.high)}` : '';
  const change =
    before === null
      ? `${axisName[axis]} ${formatRatio(now.x)} lower, ${formatPercent(now.y)} kept`
      : `${axisName[axis]} ${formatChange(100 * (before.x / now.x - 1))}, kept ${formatSigned(now.y - before.y, 2)} points`;
  const lines: FlagLine[] = [
    { text: title, tone: 'strong' },
    { text: now.x < 1 && before === null ? worse(axis, now) : change, tone: 'plain' },
  ];
  if (limit !== null && now.y < limit)
    lines.push({ text: `${formatNumberOf(limit - now.y)} points past the limit`, tone: 'warn' });
  else if (band !== '') lines.push({ text: `estimated, ${band}`, tone: 'plain' });
  return lines;
}

const worse = (axis: Axis, now: Place): string =>
  `${axisName[axis]} ${formatRatio(1 / now.x)} higher than dense, ${formatPercent(now.y)} kept`;
const formatNumberOf = (points: number): string => formatSigned(points, 2).replace('+', '');

/** `EDP 6.29 times lower, estimated 88.2 percent of weight energy kept`. */
export function sayPlace(axis: Axis, place: Place): string {
  const far = place.x >= 1 ? `${trim(place.x)} times lower` : `${trim(1 / place.x)} times higher`;
  return `${axisName[axis]} ${far}, estimated ${trim(place.y, 1)} percent of weight energy kept`;
}

const trim = (value: number, digits = 2): string => String(Number(value.toFixed(digits)));

/** The plot in one sentence, for who cannot see it. */
export function sayPlot(
  axis: Axis,
  now: Place,
  frontier: readonly Place[],
  evaluated: number,
  limit: number | null,
): string {
  const first = frontier[0];
  const last = frontier.at(-1);
  const ends =
    first === undefined || last === undefined
      ? 'No frontier yet.'
      : `The frontier of ${formatExact(evaluated)} evaluated designs has ${formatExact(frontier.length)} points, from ${sayPlace(axis, first)} to ${sayPlace(axis, last)}.`;
  const bound = limit === null ? '' : ` Your limit is ${formatPercent(limit)} kept.`;
  return `Pareto plot of ${axisWord[axis]} reduction against weight energy kept. ${ends} The current design: ${sayPlace(axis, now)}.${bound} Arrow keys walk along the frontier, Enter adopts a design.`;
}

/** What each baseline reaches while it keeps at least as much as the current design; empty without baselines. */
export function sayBaselines(axis: Axis, now: Place, baselines: readonly Baseline[]): string {
  const parts = baselines.map(({ label, places }) => {
    const best = places.reduce((most, place) => (place.y >= now.y ? Math.max(most, place.x) : most), 0);
    return best === 0 ? `${label} keeps less` : `${label} ${formatRatio(best)}`;
  });
  return parts.length === 0
    ? ''
    : `Best ${axisWord[axis]} reduction that keeps ${formatPercent(now.y)}: here ${formatRatio(now.x)}, ${parts.join(', ')}.`;
}

/** Label of the undo step that adopts a design. */
export function adoptLabel(point: FrontierPoint): string {
  return `Adopt ${formatRatio(point.edpReduction)}, ${formatPercent(point.value)} kept`;
}
