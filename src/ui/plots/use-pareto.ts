/** What the plot draws, from the store: places of the search run, the current design, its last change, the pins. */
import { useDeferredValue, useMemo } from 'react';
import { useFindKnown } from '../accuracy/shown.ts';
import { useApp, useSearchRun } from '../app.ts';
import type { Derived } from '../../state/derive.ts';
import { sameData } from '../../state/same.ts';
import { axisOf, isOfSetting } from '../../state/search-run.ts';
import { changeTitle } from './changes.ts';
import type { Moving } from '../ink/motion.ts';
import { liveData, pinPlaces, type Origin } from './live-data.ts';
import type { LiveData, MeasuredPlace, StillData } from './pareto.ts';
import { baselinePlaces, cloudPoints, foundPlaces, ownPlaces } from './run-places.ts';

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

/** The current design at rest, and in a drag. */
export interface Live {
  readonly atRest: LiveData;
  readonly inMotion: (moving: Moving) => LiveData;
}

export function useLive(derived: Derived, committed: Derived): Live {
  const last = useApp((state) => state.past.at(-1));
  const { config, evaluator } = derived;
  const find = useFindKnown(config);
  const lastStep = useMemo((): Origin | null => {
    const old = last?.config;
    const comparable =
      old !== undefined &&
      old.model === config.model &&
      old.workload === config.workload &&
      old.accelerator === config.accelerator &&
      old.accounting === config.accounting &&
      old.design !== config.design;
    return comparable
      ? { evaluation: evaluator.evaluate(old.design), design: old.design, title: last?.label ?? '' }
      : null;
  }, [last, config, evaluator]);
  const origin = dragOrigin({ derived, committed }) ?? lastStep;
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- all that pins depend on
  const pins = useMemo(() => pinPlaces(derived, find), [config.pins, config.view, evaluator, find]);
  return {
    atRest: liveData(derived, origin, pins, find),
    inMotion: (moving) =>
      liveData(
        moving.derived,
        // Where it began it looks as at rest.
        dragOrigin(moving) ?? lastStep,
        moving.derived.evaluator === evaluator ? pins : pinPlaces(moving.derived, find),
        find,
      ),
  };
}

/** Null where the design is the same: something else is dragged. */
function dragOrigin({ derived, committed }: Pick<Moving, 'derived' | 'committed'>): Origin | null {
  const { design } = committed.config;
  const title = changeTitle(derived.model, design, derived.config.design);
  return title === null ? null : { evaluation: committed.evaluation, design, title };
}
