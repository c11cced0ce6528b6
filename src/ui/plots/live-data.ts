/** The current design on the plot: where it stands, where its last change began, the pins and the limit. Pure. */
import type { AccuracyFigure } from '../../core/accuracy/figure.ts';
import type { Candidate, Evaluation } from '../../core/search/evaluation.ts';
import type { Axis } from '../../state/config.ts';
import type { Derived } from '../../state/derive.ts';
import { shownFigure, type FindKnown } from '../accuracy/shown.ts';
import type { DesignPlace, LiveData, PinPlace } from './pareto.ts';
import { flagLines, reductionOf } from './words.ts';

/** Where the last change began, and what the flag calls it. */
export interface Origin {
  readonly evaluation: Evaluation;
  readonly design: Candidate;
  readonly title: string;
}

function placeOf(
  axis: Axis,
  evaluation: Evaluation,
  dense: Evaluation,
  figure: AccuracyFigure = evaluation.accuracy,
): DesignPlace {
  const { value, low, high, tier } = figure;
  return { x: reductionOf(axis, evaluation, dense), y: value, low, high, tier };
}

export function pinPlaces({ config, evaluator, dense }: Derived, find: FindKnown): readonly PinPlace[] {
  const { axis, tiers } = config.view;
  return config.pins.map(({ letter, design }) => {
    const evaluation = evaluator.evaluate(design);
    const figure = shownFigure(evaluation.accuracy, find(design), tiers);
    return { letter, ...placeOf(axis, evaluation, dense, figure) };
  });
}

export function liveData(
  { config, dense, evaluation }: Derived,
  origin: Origin | null,
  pins: readonly PinPlace[],
  find: FindKnown,
): LiveData {
  const { axis, tiers } = config.view;
  const { limit } = config.search;
  const shown = shownFigure(evaluation.accuracy, find(config.design), tiers);
  const now = placeOf(axis, evaluation, dense, shown);
  const estimate = placeOf(axis, evaluation, dense);
  const was = origin && shownFigure(origin.evaluation.accuracy, find(origin.design), tiers);
  // A difference is of two figures of one tier: where only one is measured, of the estimates.
  const alike = was === null || was.tier === shown.tier;
  return {
    now,
    echo: shown === evaluation.accuracy || !tiers.includes('estimated') ? null : estimate,
    before: origin && placeOf(axis, origin.evaluation, dense, was ?? undefined),
    pins,
    limit,
    flag: flagLines(
      axis,
      evaluation.accuracy.metric,
      origin?.title ?? 'Current design',
      alike ? now : estimate,
      origin && placeOf(axis, origin.evaluation, dense, (alike ? was : null) ?? undefined),
      limit,
    ),
  };
}
