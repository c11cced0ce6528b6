/** What the plot draws, from the store: places of the search run, the current design, its last change, the pins. */
import { useDeferredValue, useMemo } from 'react';
import { shownFigure, useFindKnown } from '../accuracy/shown.ts';
import { useApp, useSearchRun } from '../app.ts';
import type { AccuracyFigure } from '../../core/accuracy/figure.ts';
import type { Candidate, Evaluation } from '../../core/search/evaluation.ts';
import type { Axis } from '../../state/config.ts';
import type { Derived } from '../../state/derive.ts';
import { sameData } from '../../state/same.ts';
import { axisOf, isOfSetting } from '../../state/search-run.ts';
import { changeTitle } from './changes.ts';
import type { DesignPlace, LiveData, MeasuredPlace, StillData } from './pareto.ts';
import { baselinePlaces, cloudPoints, foundPlaces, ownPlaces } from './run-places.ts';
import { flagLines, reductionOf } from './words.ts';

function placeOf(
  axis: Axis,
  evaluation: Evaluation,
  dense: Evaluation,
  figure: AccuracyFigure = evaluation.accuracy,
): DesignPlace {
  const { value, low, high, tier } = figure;
  return { x: reductionOf(axis, evaluation, dense), y: value, low, high, tier };
}

/**
 * Places of the run on the chosen axis. A run of another machine or workload is no longer this frontier: it stays as a
 * ghost (by EDP only, for its own dense baseline is gone), so that one sees the frontier move. Of another model nothing
 * stays.
 */
export function useRunPlaces(derived: Derived) {
  const { config, dense } = derived;
  const own = axisOf(derived);
  const run = useSearchRun((state) => state);
  const { axis, tiers } = config.view;
  const find = useFindKnown(config);
  const { metric } = dense.accuracy;
  const { model, workload, accelerator, accounting, execution, quantization } = config;
  const current = useMemo(
    () => isOfSetting(run.setting, config, metric, own),
    // oxlint-disable-next-line react/exhaustive-deps -- only the setting of the config is compared
    [run.setting, model, workload, accelerator, accounting, execution, quantization, metric, own],
  );
  const sameModel = useMemo(
    () => run.setting !== null && sameData(run.setting.model, model),
    [run.setting, model],
  );
  const stale = !current && sameModel && axis === 'edp';
  const found = useMemo(
    () => (current ? foundPlaces(run.frontier, axis, dense) : []),
    [current, run.frontier, axis, dense],
  );
  const still = useMemo((): StillData => {
    const ghost = current ? foundPlaces(run.previous, axis, dense) : stale ? ownPlaces(run.frontier) : [];
    return {
      frontier: found,
      measured: !tiers.includes('measured')
        ? []
        : found.flatMap(({ x, y, point }): readonly MeasuredPlace[] => {
            const figure = find(point.design).measured?.figure;
            if (figure === undefined || figure.metric !== metric) return [];
            return [{ x, y: figure.value, low: figure.low, high: figure.high, estimate: y }];
          }),
      previous: ghost,
      baselines: current ? baselinePlaces(run.baselines, axis, dense) : [],
    };
  }, [current, stale, found, run.frontier, run.previous, run.baselines, axis, dense, tiers, find, metric]);
  // The cloud may lag a frame behind: a drag must not wait for it.
  const points = useDeferredValue(run.cloud);
  const cloud = useMemo(
    () => (current ? cloudPoints(points.values, points.count, axis, dense) : null),
    [current, points, axis, dense],
  );
  return { found, still, cloud, evaluations: run.evaluations, stale };
}

/** The current design, where its last change began, the pins and the limit. */
export function useLive(derived: Derived, committed: Derived, dragging: boolean): LiveData {
  const last = useApp((state) => state.past.at(-1));
  const { config, evaluator, dense, evaluation, model } = derived;
  const { axis, tiers } = config.view;
  const find = useFindKnown(config);
  const before = useMemo(() => {
    if (dragging)
      return {
        evaluation: committed.evaluation,
        design: committed.config.design,
        title: changeTitle(model, committed.config.design, config.design),
      };
    const old = last?.config;
    const comparable =
      old !== undefined &&
      old.model === config.model &&
      old.workload === config.workload &&
      old.accelerator === config.accelerator &&
      old.accounting === config.accounting &&
      old.design !== config.design;
    return comparable
      ? { evaluation: evaluator.evaluate(old.design), design: old.design, title: last?.label ?? null }
      : null;
  }, [dragging, committed, last, config, evaluator, model]);
  const pins = useMemo(() => {
    const pinned = (evaluated: Evaluation, design: Candidate): DesignPlace =>
      placeOf(axis, evaluated, dense, shownFigure(evaluated.accuracy, find(design), tiers));
    return config.pins.map(({ letter, design }) => ({
      letter,
      ...pinned(evaluator.evaluate(design), design),
    }));
  }, [config.pins, axis, evaluator, dense, find, tiers]);
  const shown = shownFigure(evaluation.accuracy, find(config.design), tiers);
  const now = placeOf(axis, evaluation, dense, shown);
  const estimate = placeOf(axis, evaluation, dense);
  const origin = before === null || before.title === null ? null : before;
  const was = origin && shownFigure(origin.evaluation.accuracy, find(origin.design), tiers);
  // A difference is of two figures of one tier: where only one is measured, of the estimates.
  const alike = was === null || was.tier === shown.tier;
  const limit = config.search.limit;
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
