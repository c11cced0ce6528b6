/** What the plot draws, from the store: places of the search run, the current design, its last change, the pins. */
import { useDeferredValue, useMemo } from 'react';
import { useApp, useSearchRun } from '../app.ts';
import type { Evaluation } from '../../core/search/evaluation.ts';
import type { Axis, Config } from '../../state/config.ts';
import type { Derived } from '../../state/derive.ts';
import { sameData } from '../../state/same.ts';
import { isOfSetting } from '../../state/search-run.ts';
import { changeTitle } from './changes.ts';
import type { DesignPlace, LiveData, StillData } from './pareto.ts';
import { baselinePlaces, cloudPoints, foundPlaces, ownPlaces } from './run-places.ts';
import { flagLines, reductionOf } from './words.ts';

function placeOf(axis: Axis, evaluation: Evaluation, dense: Evaluation): DesignPlace {
  const { value, low, high, tier } = evaluation.accuracy;
  return { x: reductionOf(axis, evaluation, dense), y: value, low, high, tier };
}

/**
 * Places of the run on the chosen axis. A run of another machine or workload is no longer this frontier: it stays as a
 * ghost (by EDP only, for its own dense baseline is gone), so that one sees the frontier move. Of another model nothing
 * stays.
 */
export function useRunPlaces(config: Config, dense: Evaluation) {
  const run = useSearchRun((state) => state);
  const { axis } = config.view;
  const { model, workload, accelerator, accounting } = config;
  const current = useMemo(
    () => isOfSetting(run.setting, config),
    // oxlint-disable-next-line react/exhaustive-deps -- only the setting of the config is compared
    [run.setting, model, workload, accelerator, accounting],
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
      previous: ghost,
      baselines: current ? baselinePlaces(run.baselines, axis, dense) : [],
    };
  }, [current, stale, found, run.frontier, run.previous, run.baselines, axis, dense]);
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
  const { axis } = config.view;
  const before = useMemo(() => {
    if (dragging)
      return {
        evaluation: committed.evaluation,
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
    return comparable ? { evaluation: evaluator.evaluate(old.design), title: last?.label ?? null } : null;
  }, [dragging, committed, last, config, evaluator, model]);
  const pins = useMemo(
    () =>
      config.pins.map(({ letter, design }) => ({
        letter,
        ...placeOf(axis, evaluator.evaluate(design), dense),
      })),
    [config.pins, axis, evaluator, dense],
  );
  const now = placeOf(axis, evaluation, dense);
  const origin = before === null || before.title === null ? null : placeOf(axis, before.evaluation, dense);
  const limit = config.search.limit;
  return {
    now,
    before: origin,
    pins,
    limit,
    flag: flagLines(
      axis,
      evaluation.accuracy.metric,
      (origin === null ? null : before?.title) ?? 'Current design',
      now,
      origin,
      limit,
    ),
  };
}
