/**
 * A search as the page sees it: its progress, its frontier, the cloud of everything it tried, the ghost of the run
 * before and the baselines. The worker drives the generator; here its replies are folded in. The newest run wins.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { SearchReply, SearchRequest, SearchStart } from '../../workers/protocol.ts';
import type { Metric } from '../core/accuracy/figure.ts';
import { formats } from '../core/factor/factorization.ts';
import type { FrontierPoint } from '../core/search/pareto.ts';
import type { Counts, Recount, SearchBatch, SearchResult } from '../core/search/setting.ts';
import type { Config, Strategy } from './config.ts';
import type { Derived, Spectra } from './derive.ts';
import { sameData } from './same.ts';
import { situationOf } from './situation.ts';
import type { WorkerPort } from './worker-client.ts';

/** What a frontier is a frontier of; another one cannot be compared with it. */
export interface Setting extends Pick<
  Config,
  'model' | 'workload' | 'accelerator' | 'accounting' | 'execution' | 'quantization'
> {
  /** Of its values. */
  readonly metric: Metric;
  /** Which axis, where a person's own examples make one: values on another one mean something else. */
  readonly axis?: string;
}

export interface SearchRun {
  readonly status: 'idle' | 'running' | 'paused' | 'done' | 'cancelled' | 'failed';
  /** Of the newest run; null before the first. */
  readonly strategy: Strategy | null;
  readonly evaluations: number;
  readonly budget: number;
  /** Evaluations per second, smoothed; 0 unless running. */
  readonly perSecond: number;
  readonly hypervolume: readonly { readonly evaluations: number; readonly value: number }[];
  /** Triples [energyPj, latencyCycles, value]; the array is appended to in place, only `count` points are valid. */
  readonly cloud: { readonly values: Float32Array; readonly count: number };
  readonly frontier: readonly FrontierPoint[];
  /** It is counted with whole intermediates so far, though the setting shares loops. */
  readonly whole: boolean;
  /** Layer candidates counted anew with shared loops; null before that begins. */
  readonly recount: Recount | null;
  /** Frontier of the run before, of the same setting. */
  readonly previous: readonly FrontierPoint[];
  readonly baselines: Readonly<Partial<Record<Strategy, readonly FrontierPoint[]>>>;
  readonly counts: Counts;
  /** What `frontier`, `previous` and `baselines` are of; null before the first run. */
  readonly setting: Setting | null;
  /** Why it ended, for the screen; null while it runs. */
  readonly message: string | null;
}

export interface SearchRunner {
  /** Searches from the config on screen with its own strategy; a run that goes on is cancelled. */
  readonly start: () => void;
  /** Runs another strategy beside the frontier that is shown; only `baselines` and the progress change. */
  readonly startBaseline: (strategy: Strategy) => void;
  readonly pause: () => void;
  readonly resume: () => void;
  /** Acts at once: a worker that does not answer is ended. */
  readonly cancel: () => void;
  /** Shows a result that was found before (saved, or shipped). */
  readonly show: (saved: SavedRun) => void;
}

/** A finished run as plain data, to be kept beyond the page. */
export interface SavedRun extends Pick<SearchRun, 'strategy' | 'evaluations' | 'frontier' | 'counts'> {
  readonly setting: Setting;
  /** Version of the rules that gave the figures. */
  readonly costModel: number;
  /** May be missing. */
  readonly cloud?: Float32Array;
  /** As in `SearchRun`; absent = false. */
  readonly whole?: boolean;
}

export interface SearchRunnerOptions {
  readonly port: WorkerPort<SearchRequest, SearchReply>;
  /** Derived of the last undo step: a drag does not change what a search starts from. */
  readonly derived: () => Derived;
  readonly spectra?: () => Spectra;
  /** Milliseconds. */
  readonly now: () => number;
  readonly setTimeout: (run: () => void, milliseconds: number) => unknown;
}

/** A cancelled worker that has not answered after this long is ended. */
const patienceMs = 80;
const maxCloud = 400_000;
const maxHistory = 2_000;
/** Weight of the newest measurement in `perSecond`. */
const smoothing = 0.3;

const noCounts = Object.fromEntries(formats.map((format) => [format, 0])) as Counts;
const noCloud = { values: new Float32Array(), count: 0 };

const idle: SearchRun = {
  status: 'idle',
  strategy: null,
  evaluations: 0,
  budget: 0,
  perSecond: 0,
  hypervolume: [],
  cloud: noCloud,
  frontier: [],
  whole: false,
  recount: null,
  previous: [],
  baselines: {},
  counts: noCounts,
  setting: null,
  message: null,
};

export function settingOf(
  { model, workload, accelerator, accounting, execution, quantization }: Config,
  metric: Metric,
  axis?: string,
): Setting {
  const setting = { model, workload, accelerator, accounting, execution, quantization, metric };
  return axis === undefined ? setting : { ...setting, axis };
}

/** What tells the axis of these figures from another one of its metric. */
export const axisOf = ({ accuracy }: Pick<Derived, 'accuracy'>): string | undefined =>
  accuracy.kind === 'own' ? accuracy.table.key : undefined;

/** Whether something found for `setting` is of this config's model, machine and vertical axis. */
export function isOfSetting(setting: Setting | null, config: Config, metric: Metric, axis?: string): boolean {
  return setting !== null && sameData(setting, settingOf(config, metric, axis));
}

export function createSearchRunner(options: SearchRunnerOptions): {
  readonly run: StoreApi<SearchRun>;
  readonly runner: SearchRunner;
} {
  const { port, derived, now } = options;
  const store = createStore<SearchRun>()(() => idle);
  let newest = 0;
  let baseline = false;
  /** When and where the last progress came, for the rate. */
  let measured = { at: 0, evaluations: 0 };
  let answered = true;
  let asked: SearchStart | null = null;

  const begin = (strategy: Strategy, beside: boolean): void => {
    cancel();
    newest += 1;
    baseline = beside;
    const page = derived();
    const { config, model, evaluator } = page;
    const { budget, seed } = config.search;
    measured = { at: now(), evaluations: 0 };
    store.setState((run) =>
      begun(run, settingOf(config, evaluator.accuracy.metric, axisOf(page)), strategy, budget, beside),
    );
    asked = {
      kind: 'start-search',
      run: newest,
      strategy,
      model,
      ...situationOf(page),
      weights: options.spectra?.() ?? new Map(),
      design: config.design,
      locked: config.design.map((_, layer) => config.locks.some((lock) => lock.layer === layer)),
      budget,
      seed,
      entries: evaluator.mapper.entries(),
    };
    port.post(asked);
  };

  const cancel = (): void => {
    const { status } = store.getState();
    if (status !== 'running' && status !== 'paused') return;
    store.setState({ status: 'cancelled', perSecond: 0, message: 'Stopped; what was found is kept.' });
    const run = newest;
    newest += 1; // replies of the cancelled run are old from now on
    answered = false;
    port.post({ kind: 'cancel-search', run });
    options.setTimeout(() => {
      if (answered) return;
      answered = true;
      port.restart();
      // A newer run may have been waiting behind the one that did not answer.
      if (asked?.run === newest) port.post(asked);
    }, patienceMs);
  };

  const receive = (reply: SearchReply): void => {
    if (reply.kind === 'search-cancelled') {
      answered = true;
      return;
    }
    if (reply.run !== newest) return;
    switch (reply.kind) {
      case 'search-progress': {
        // What is counted anew goes slower by far: no promise from the rate before.
        if (reply.batch.recount !== undefined && store.getState().recount === null) {
          measured = { at: now(), evaluations: steps(reply.batch) };
          return store.setState((run) => ({ ...advanced(run, reply.batch, baseline), perSecond: 0 }));
        }
        const perSecond = rate(steps(reply.batch));
        return store.setState((run) => ({ ...advanced(run, reply.batch, baseline), perSecond }));
      }
      case 'search-done':
        return store.setState((run) => finished(run, reply.result, baseline));
      case 'search-failed':
        return store.setState({ status: 'failed', perSecond: 0, message: reply.message });
    }
    reply satisfies never;
  };

  const crashed = (reason: string): void => {
    const { status } = store.getState();
    if (status !== 'running' && status !== 'paused') return;
    store.setState({ status: 'failed', perSecond: 0, message: reason });
  };
  port.listen(receive, crashed);

  const rate = (evaluations: number): number => {
    const { status, perSecond } = store.getState();
    const at = now();
    const seconds = (at - measured.at) / 1000;
    if (status !== 'running' || seconds <= 0) return status === 'running' ? perSecond : 0;
    const newRate = (evaluations - measured.evaluations) / seconds;
    measured = { at, evaluations };
    return perSecond === 0 ? newRate : perSecond + smoothing * (newRate - perSecond);
  };

  return {
    run: store,
    runner: {
      start: () => begin(derived().config.search.strategy, false),
      startBaseline: (strategy) => begin(strategy, true),
      pause: () => {
        if (store.getState().status !== 'running') return;
        store.setState({ status: 'paused', perSecond: 0 });
        port.post({ kind: 'pause-search', run: newest });
      },
      resume: () => {
        if (store.getState().status !== 'paused') return;
        measured = { at: now(), evaluations: steps(store.getState()) };
        store.setState({ status: 'running' });
        port.post({ kind: 'resume-search', run: newest });
      },
      cancel,
      show: (saved) => {
        cancel();
        store.setState(shown(saved));
      },
    },
  };
}

/** What the rate is of: evaluations, then candidates counted anew. */
const steps = ({
  evaluations,
  recount,
}: Pick<SearchRun, 'evaluations'> & { readonly recount?: Recount | null }): number =>
  evaluations + (recount?.done ?? 0);

function begun(
  run: SearchRun,
  setting: Setting,
  strategy: Strategy,
  budget: number,
  beside: boolean,
): SearchRun {
  const same = run.setting !== null && sameData(run.setting, setting);
  const baselines = same ? run.baselines : {};
  const kept =
    beside && same
      ? { cloud: run.cloud, frontier: run.frontier, whole: run.whole, previous: run.previous }
      : {};
  return {
    ...idle,
    status: 'running',
    strategy,
    budget,
    baselines,
    setting,
    // What was not counted anew cannot be held beside what is.
    previous: same ? (run.frontier.length > 0 && !run.whole ? run.frontier : run.previous) : [],
    ...kept,
  };
}

function advanced(run: SearchRun, batch: SearchBatch, beside: boolean): SearchRun {
  const { evaluations, counts, hypervolume } = batch;
  const progress = {
    ...run,
    evaluations,
    counts,
    hypervolume: appended(run.hypervolume, { evaluations, value: hypervolume }),
    recount: batch.recount ?? null,
  };
  const { strategy } = run;
  if (beside && strategy !== null)
    return batch.frontier === null || batch.whole
      ? progress
      : { ...progress, baselines: { ...run.baselines, [strategy]: batch.frontier } };
  const cloud = grown(run.cloud, batch.cloud);
  const { frontier } = batch;
  return frontier === null
    ? { ...progress, cloud }
    : { ...progress, cloud, frontier, whole: batch.whole ?? false };
}

function finished(run: SearchRun, result: SearchResult, beside: boolean): SearchRun {
  const { frontier, evaluations, counts, hypervolume } = result;
  const { strategy } = run;
  const asBaseline = strategy !== null && (beside || strategy !== 'sweep');
  return {
    ...run,
    status: 'done',
    perSecond: 0,
    evaluations,
    counts,
    hypervolume: appended(run.hypervolume, { evaluations, value: hypervolume }),
    frontier: beside ? run.frontier : frontier,
    whole: beside && run.whole,
    recount: null,
    baselines: asBaseline ? { ...run.baselines, [strategy]: frontier } : run.baselines,
    message: `Finished: ${evaluations < run.budget ? 'nothing better was left to find' : 'the budget is used'}.${sayUniform(result)}`,
  };
}

/** Where choosing per layer brings little, the search says so. */
function sayUniform({ uniform }: SearchResult): string {
  if (uniform === undefined || uniform.levels.length === 0) return '';
  const times = (ratio: number): string => `${ratio.toFixed(2)}x`;
  return uniform.nearOptimal
    ? ` One SVD rank everywhere is near-optimal here: ${times(uniform.mean)} the EDP at equal value.`
    : ` One SVD rank everywhere needs ${times(uniform.mean)} the EDP at equal value, ${times(uniform.most)} at most.`;
}

function shown({ strategy, evaluations, frontier, counts, setting, cloud, whole }: SavedRun): SearchRun {
  const values = cloud ?? noCloud.values;
  return {
    ...idle,
    status: 'done',
    strategy,
    evaluations,
    budget: evaluations,
    frontier,
    whole: whole ?? false,
    counts,
    setting,
    cloud: { values, count: Math.floor(values.length / 3) },
  };
}

/** Every second one goes when there are too many to draw. */
function appended<T>(list: readonly T[], item: T): readonly T[] {
  const kept = list.length < maxHistory ? list : list.filter((_, i) => i % 2 === 0);
  return [...kept, item];
}

function grown(cloud: SearchRun['cloud'], added: Float32Array): SearchRun['cloud'] {
  const count = Math.min(maxCloud, cloud.count + Math.floor(added.length / 3));
  if (count === cloud.count) return cloud;
  let { values } = cloud;
  if (values.length < 3 * count) {
    values = new Float32Array(3 * Math.min(maxCloud, Math.max(4096, 2 * count)));
    values.set(cloud.values.subarray(0, 3 * cloud.count));
  }
  values.set(added.subarray(0, 3 * (count - cloud.count)), 3 * cloud.count);
  return { values, count };
}
