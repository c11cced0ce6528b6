/** Designs of the frontier on screen, if it is one of this setting. */
import { useMemo } from 'react';
import type { Candidate } from '../../core/search/evaluation.ts';
import type { Derived } from '../../state/derive.ts';
import { axisOf, isOfSetting } from '../../state/search-run.ts';
import { useSearchRun } from '../app.ts';

export function useFrontierDesigns(derived: Derived): readonly Candidate[] {
  const frontier = useSearchRun((run) => run.frontier);
  const setting = useSearchRun((run) => run.setting);
  const { config, evaluation } = derived;
  const { metric } = evaluation.accuracy;
  const own = axisOf(derived);
  return useMemo(
    () => (isOfSetting(setting, config, metric, own) ? frontier.map(({ design }) => design) : []),
    [setting, config, metric, own, frontier],
  );
}
