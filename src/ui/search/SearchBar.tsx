/** The search as an instrument: run, pause, stop, how far it is, what it gains, and what to take from it. */
import { useCallback, useEffect, useRef } from 'react';
import { useActions, useApp, useAppObject, useCommitted, useSearchRun } from '../app.ts';
import { bestWithin, knee, type FrontierPoint } from '../../core/search/pareto.ts';
import { strategies, type SearchSettings, type Strategy } from '../../state/config.ts';
import { adoptDesign, maxBudget, setSearch } from '../../state/edits.ts';
import { axisOf, isOfSetting, type SearchRun } from '../../state/search-run.ts';
import { NumberField } from '../design/NumberField.tsx';
import { formatNumber, formatSigned } from '../format.ts';
import { metricWords } from '../metric.ts';
import { Icon } from '../icons.tsx';
import { adoptLabel } from '../plots/words.ts';
import { CandidateCounts } from './CandidateCounts.tsx';
import { LimitField } from './LimitField.tsx';
import { lastGain, sparkMarks } from './spark.ts';
import { progressText, rateText, sayCounted, strategyNames } from './words.ts';
import './search.css';

const baselines: readonly Strategy[] = [
  'uniform-svd',
  'water-filling',
  'allocated',
  'evolutionary',
  'tltorch',
  'random',
];

export function SearchBar() {
  const run = useSearchRun((state) => state);
  const committed = useCommitted();
  const { metric } = committed.evaluation.accuracy;
  const own = axisOf(committed);
  const words = metricWords(metric);
  const { runner, store } = useAppObject();
  const actions = useActions();
  const search = useApp((state) => state.config.search);
  const current = useApp((state) => isOfSetting(run.setting, state.committed, metric, own));
  const runBaselines = useBaselineQueue();
  const busy = run.status === 'running' || run.status === 'paused';
  // What was found for another model or machine says nothing of this one.
  const shown: SearchRun =
    busy || current
      ? run
      : { ...run, status: 'idle', evaluations: 0, recount: null, frontier: [], message: null };
  const counted = sayCounted(shown);
  const { left, right } = progressText(shown, search.budget);

  const set = (label: string, change: Partial<SearchSettings>): void =>
    actions.edit(label, (config) => setSearch(config, change));
  const adopt = (point: FrontierPoint | null, why: string): void => {
    if (point === null) actions.notify({ kind: 'info', text: why });
    else actions.edit(adoptLabel(metric, point), (config) => adoptDesign(config, point.design));
  };
  const bestAboveLimit = (): void => {
    const { limit } = store.getState().config.search;
    adopt(
      bestWithin(run.frontier, limit ?? words.least),
      `No design found has ${words.text(limit ?? words.least)} or better: lower the limit or search longer.`,
    );
  };
  const found = current && run.frontier.length > 0;

  return (
    <div className="search-bar">
      <div className="search-run">
        <button type="button" className="tb run" disabled={busy} onClick={runner.start}>
          <Icon name="run" />
          Run
        </button>
        {run.status === 'paused' ? (
          <button type="button" className="ib" aria-label="Resume search" onClick={runner.resume}>
            <Icon name="run" />
          </button>
        ) : (
          <button
            type="button"
            className="ib"
            aria-label="Pause search"
            disabled={run.status !== 'running'}
            onClick={runner.pause}
          >
            <Icon name="pause" />
          </button>
        )}
        <button
          type="button"
          className="ib"
          aria-label="Stop search"
          disabled={!busy}
          onClick={runner.cancel}
        >
          <Icon name="stop" />
        </button>
        <div className={`search-progress ${shown.status}`}>
          <progress
            max={Math.max(1, shown.recount?.of ?? shown.budget)}
            value={shown.recount?.done ?? shown.evaluations}
            aria-label="Search progress"
          />
          <span className="left">{left}</span>
          <span
            className={shown.status === 'failed' ? 'right bad' : 'right'}
            title={shown.message ?? undefined}
          >
            {right === '' ? (shown.message ?? '') : right}
          </span>
        </div>
        {shown.evaluations > 0 && <CandidateCounts counts={run.counts} />}
        {shown.evaluations > 0 && <Hypervolume run={run} unit={words.unit} />}
      </div>
      <div className="search-settings">
        <label className="search-field">
          search
          <select
            className="field"
            value={search.strategy}
            disabled={busy}
            onChange={(event) => {
              const strategy = strategies.find((name) => name === event.currentTarget.value);
              if (strategy !== undefined) set(`Search by ${strategyNames[strategy]}`, { strategy });
            }}
          >
            {strategies.map((strategy) => (
              <option key={strategy} value={strategy}>
                {strategyNames[strategy]}
              </option>
            ))}
          </select>
        </label>
        <span className="search-field">
          budget
          <NumberField
            label="Search budget in evaluations"
            className="field budget"
            value={search.budget}
            min={1}
            max={maxBudget}
            onEnter={(budget) => set('Search budget', { budget })}
          />
        </span>
        <span className="search-field">
          seed
          <NumberField
            label="Search seed"
            className="field seed"
            value={search.seed}
            min={0}
            max={2 ** 32 - 1}
            onEnter={(seed) => set('Search seed', { seed })}
          />
        </span>
        <button
          type="button"
          className="tb"
          disabled={busy || !found}
          title="Uniform SVD, water-filling, allocation by cost, evolution, tensorly-torch's heuristic and random search on the same plot, one after the other at the same budget"
          onClick={() => runBaselines(baselines)}
        >
          <Icon name="plus" />
          Baselines
        </button>
        <span className="grow" />
        <LimitField
          words={words.limit}
          limit={search.limit}
          onLimit={(limit) => set(limit === null ? 'No limit' : `Limit ${words.text(limit)}`, { limit })}
        />
        <button
          type="button"
          className="tb"
          disabled={!found || search.limit === null}
          title={
            search.limit === null
              ? 'Type a limit first'
              : `The design with the lowest EDP at ${words.text(search.limit)} or better`
          }
          onClick={bestAboveLimit}
        >
          Best EDP<span className="long"> above this limit</span>
        </button>
        <button
          type="button"
          className="tb"
          disabled={!found}
          title="The design farthest above the line between the frontier's two ends"
          onClick={() => adopt(knee(run.frontier), 'The frontier has no knee yet.')}
        >
          Knee
        </button>
      </div>
      {counted !== null && <p className="note search-counted">{counted}</p>}
      <p className="hidden" role="status">
        {busy ? '' : (run.message ?? '')}
      </p>
    </div>
  );
}

/** Runs strategies one after the other, each when the one before has ended by itself. */
function useBaselineQueue(): (queue: readonly Strategy[]) => void {
  const { search, runner } = useAppObject();
  const waiting = useRef<readonly Strategy[]>([]);
  const next = useCallback((): void => {
    const [first, ...rest] = waiting.current;
    waiting.current = rest;
    if (first !== undefined) runner.startBaseline(first);
  }, [runner]);
  useEffect(
    () =>
      search.subscribe(({ status }, before) => {
        if (status === before.status) return;
        if (status === 'done') next();
        else if (status === 'failed' || status === 'cancelled') waiting.current = [];
      }),
    [search, next],
  );
  return useCallback(
    (queue) => {
      waiting.current = queue;
      next();
    },
    [next],
  );
}

const sparkWidth = 72;
const sparkHeight = 28;

function Hypervolume({ run, unit }: { readonly run: SearchRun; readonly unit: string }) {
  const marks = sparkMarks(run.hypervolume, run.budget, sparkWidth, sparkHeight);
  const last = run.hypervolume.at(-1);
  const gain = lastGain(run.hypervolume);
  if (marks === null || last === undefined) return null;
  const gained =
    gain === null ? '' : `${formatSigned(gain.gain, 1)} in ${rateText(gain.over).replace('/s', '')}`;
  return (
    <div
      className="search-volume"
      title={`Area that the frontier dominates: decades of EDP reduction times ${unit}`}
    >
      <svg
        width={sparkWidth}
        height={sparkHeight}
        role="img"
        aria-label={`Hypervolume ${formatNumber(last.value, 1)}${gained === '' ? '' : `, ${gained}`}`}
      >
        <path d={`M1 ${marks.baseY}H${sparkWidth - 1}`} stroke="var(--rs-line-strong)" />
        {marks.ahead !== '' && <path d={marks.ahead} stroke="var(--rs-line-strong)" strokeDasharray="2 2" />}
        <path d={marks.path} fill="none" stroke="var(--rs-ink)" strokeWidth={1.5} strokeLinejoin="round" />
        <circle cx={marks.endX} cy={marks.endY} r={2.2} fill="var(--rs-accent)" />
      </svg>
      <span aria-hidden="true">
        Hypervolume
        <br />
        <b>{formatNumber(last.value, 1)}</b> {gained}
      </span>
    </div>
  );
}
