/** The shipped frontier as a run that was saved before, so that it is shown like any other. */
import { readFirstFrontier, type FirstFrontier } from '../core/search/first-frontier.ts';
import { initialConfig } from './defaults.ts';
import type { KnownMeasurement } from './measurements.ts';
import { settingOf, type SavedRun } from './search-run.ts';

/** The file's setting is that of `initialConfig`; its test holds the two together. */
export function savedFirstFrontier(file: FirstFrontier): SavedRun {
  const { frontier, evaluations, counts, cloud } = readFirstFrontier(file);
  return {
    setting: settingOf(initialConfig(), file.metric),
    strategy: 'sweep',
    evaluations,
    frontier,
    counts,
    costModel: file.costModel,
    cloud,
  };
}

/** What was measured of the opening design and of points of that frontier. */
export function firstMeasurements(file: FirstFrontier): readonly KnownMeasurement[] {
  const { frontier } = readFirstFrontier(file);
  return file.measured.flatMap(([point, measurement]) => {
    const design = point < 0 ? initialConfig().design : frontier[point]?.design;
    return design === undefined ? [] : [{ design, measurement }];
  });
}
