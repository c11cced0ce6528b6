/** Designs of the frontier on screen, if it is one of this setting. */
import { useMemo } from 'react';
import type { Candidate } from '../../core/search/evaluation.ts';
import type { Derived } from '../../state/derive.ts';
import { isOfSetting } from '../../state/search-run.ts';
import { useSearchRun } from '../app.ts';

export function useFrontierDesigns({ config, evaluation }: Derived): readonly Candidate[] {
  const frontier = useSearchRun((run) => run.frontier);
  const setting = useSearchRun((run) => run.setting);
  const { metric } = evaluation.accuracy;
  return useMemo(
    () => (isOfSetting(setting, config, metric) ? frontier.map(({ design }) => design) : []),
    [setting, config, metric, frontier],
  );
}
