/** What the search says about itself. */
import { sharesLoops } from '../../core/cost/execution.ts';
import type { SearchRun } from '../../state/search-run.ts';
import type { Strategy } from '../../state/config.ts';
import { formatCount, formatExact } from '../format.ts';

export const strategyNames: Readonly<Record<Strategy, string>> = {
  sweep: 'Sweep',
  'uniform-svd': 'Uniform SVD',
  tltorch: "tensorly-torch's heuristic",
  random: 'Random',
  'water-filling': 'Water-filling SVD',
  allocated: 'Allocated by cost',
  evolutionary: 'Evolutionary',
};

/** `2 s`, `3 min`; empty when nobody can know. */
export function timeLeft(
  run: Pick<SearchRun, 'evaluations' | 'budget' | 'perSecond'> & Partial<Pick<SearchRun, 'recount'>>,
): string {
  const left = run.recount ? run.recount.of - run.recount.done : run.budget - run.evaluations;
  const seconds = left / run.perSecond;
  // The first rates are those of a cold mapper: no promise from them.
  if (!(run.perSecond > 0) || run.evaluations < 50 || !(seconds >= 0) || seconds > 36_000) return '';
  if (seconds < 1) return 'under 1 s left';
  return seconds < 100 ? `${Math.round(seconds)} s left` : `${Math.round(seconds / 60)} min left`;
}

/** `3.1k/s`. */
export function rateText(perSecond: number): string {
  if (!(perSecond >= 0.5)) return '';
  if (perSecond < 1000) return `${Math.round(perSecond)}/s`;
  return perSecond < 999_500
    ? `${Number((perSecond / 1000).toPrecision(2))}k/s`
    : `${formatCount(perSecond)}/s`;
}

/** The line under the progress bar. */
export function progressText(
  run: SearchRun,
  budget: number,
): { readonly left: string; readonly right: string } {
  const done =
    run.recount === null
      ? `${formatExact(run.evaluations)} / ${formatExact(run.budget)} evaluated`
      : `${formatExact(run.recount.done)} / ${formatExact(run.recount.of)} counted with shared loops`;
  switch (run.status) {
    case 'idle':
      return { left: `Ready: ${formatExact(budget)} evaluations`, right: '' };
    case 'running':
      return {
        left: done,
        right: [rateText(run.perSecond), timeLeft(run)].filter((t) => t !== '').join(', '),
      };
    case 'paused':
      return { left: done, right: 'paused' };
    case 'done':
    case 'cancelled':
    case 'failed':
      return { left: done, right: '' };
  }
  return run.status satisfies never;
}

/** How cloud, frontier and baselines were counted; null where everything is as the design on screen. */
export function sayCounted({ setting, whole, frontier }: SearchRun): string | null {
  if (setting === null || !sharesLoops(setting.execution) || frontier.length === 0) return null;
  return whole
    ? 'Cloud and frontier keep whole intermediates so far: the design on screen shares loops, so it may stand above.'
    : 'The frontier shares loops, as the design on screen does; the cloud was searched with whole intermediates.';
}
