import { describe, expect, it } from 'vitest';
import type { SearchReply, SearchRequest, SearchStart } from '../../workers/protocol.ts';
import { pointOf } from '../core/search/frontier-point.fixture.ts';
import type { FrontierPoint } from '../core/search/pareto.ts';
import type { SearchBatch } from '../core/search/setting.ts';
import { formats } from '../core/factor/factorization.ts';
import { clockByHand, workerByHand } from './by-hand.fixture.ts';
import type { Config } from './config.ts';
import { openingConfig } from './defaults.ts';
import { createDerive } from './derive.ts';
import { setLock, setSearch, setWorkload } from './edits.ts';
import { persist, toSave, type Archive } from './persist.ts';
import { createSearchRunner, isOfSetting, type SavedRun } from './search-run.ts';
import { createAppStore } from './store.ts';
import { encodeLink } from './url.ts';

const derive = createDerive();
const counts = Object.fromEntries(formats.map((format) => [format, 1])) as SearchBatch['counts'];

const point = (value: number): FrontierPoint => pointOf(50, value);

const batch = (evaluations: number, frontier: readonly FrontierPoint[] | null = null): SearchBatch => ({
  evaluations,
  cloud: Float32Array.from([evaluations, 1, 50]),
  frontier,
  counts,
  hypervolume: evaluations / 100,
});

/** A worker and a clock by hand. */
function open(initial: Config = openingConfig('bert-base', 'simba')) {
  let config = initial;
  const { port, posted, reply, crash, restarts } = workerByHand<SearchRequest, SearchReply>();
  const { now, setTimeout, pass } = clockByHand();
  const { run, runner } = createSearchRunner({ port, derived: () => derive(config), now, setTimeout });
  return {
    run,
    runner,
    posted,
    now: () => run.getState(),
    reply,
    crash,
    restarts,
    pass,
    set: (next: Config) => (config = next),
    last: () =>
      posted.findLast((request): request is SearchStart => request.kind === 'start-search')?.run ?? -1,
  };
}

const progress = (run: number, of: SearchBatch): SearchReply => ({ kind: 'search-progress', run, batch: of });

describe('a search run', () => {
  it('sends the worker all it needs, locks included', () => {
    const config = setSearch(setLock(openingConfig('bert-base', 'simba'), [3], null, true), {
      budget: 777,
      seed: 5,
    });
    const { runner, posted, now } = open(config);
    runner.start();
    expect(posted[0]).toMatchObject({ kind: 'start-search', strategy: 'sweep', budget: 777, seed: 5 });
    const { locked, design } = posted[0] as SearchStart;
    expect(locked.flatMap((is, i) => (is ? [i] : []))).toEqual([3]);
    expect(design).toBe(config.design);
    expect(structuredClone(posted[0])).toEqual(posted[0]);
    expect(now()).toMatchObject({ status: 'running', budget: 777, evaluations: 0 });
  });

  it('folds progress in: cloud, frontier, rate, hypervolume', () => {
    const { runner, now, reply, last, pass } = open();
    runner.start();
    pass(1000);
    reply(progress(last(), batch(500, [point(90)])));
    expect(now().perSecond).toBe(500);
    pass(1000);
    reply(progress(last(), batch(1500)));
    expect(now()).toMatchObject({ evaluations: 1500, frontier: [point(90)] });
    expect(now().perSecond).toBeGreaterThan(500);
    expect([...now().cloud.values.subarray(0, 3 * now().cloud.count)]).toEqual([500, 1, 50, 1500, 1, 50]);
    expect(now().hypervolume).toEqual([
      { evaluations: 500, value: 5 },
      { evaluations: 1500, value: 15 },
    ]);
    const result = { frontier: [point(91)], evaluations: 1600, counts, hypervolume: 16 };
    reply({ kind: 'search-done', run: last(), result });
    expect(now()).toMatchObject({
      status: 'done',
      perSecond: 0,
      frontier: [point(91)],
      message: expect.stringMatching(/./),
    });
  });

  it('keeps the run before as a ghost, until the setting changes', () => {
    const { runner, now, reply, last, set } = open();
    runner.start();
    reply(progress(last(), batch(10, [point(90)])));
    runner.cancel();
    runner.start();
    expect(now()).toMatchObject({ previous: [point(90)], frontier: [] });
    reply(progress(last(), batch(10, [point(95)])));
    const other = setWorkload(openingConfig('bert-base', 'simba'), { tokens: 8 });
    expect(isOfSetting(now().setting, other, 'weightEnergyKeptPercent')).toBe(false);
    expect(isOfSetting(now().setting, openingConfig('bert-base', 'simba'), 'weightEnergyKeptPercent')).toBe(
      true,
    );
    expect(
      isOfSetting(now().setting, openingConfig('bert-base', 'simba'), 'weightEnergyKeptPercent', 'own'),
    ).toBe(false);
    expect(isOfSetting(now().setting, openingConfig('bert-base', 'simba'), 'accuracyChangePoints')).toBe(
      false,
    );
    set(other);
    runner.start();
    expect(now()).toMatchObject({ previous: [], frontier: [], baselines: {} });
  });

  it('drops replies of older runs: the newest wins', () => {
    const { runner, now, reply, last } = open();
    runner.start();
    const old = last();
    runner.start();
    reply(progress(old, batch(999, [point(1)])));
    expect(now()).toMatchObject({ evaluations: 0, frontier: [] });
    reply(progress(last(), batch(5)));
    expect(now().evaluations).toBe(5);
  });

  it('pauses and resumes, and counts no time in between', () => {
    const { runner, now, reply, last, pass, posted } = open();
    runner.start();
    pass(100);
    reply(progress(last(), batch(100)));
    runner.pause();
    expect(now()).toMatchObject({ status: 'paused', perSecond: 0 });
    pass(60_000);
    runner.resume();
    pass(100);
    reply(progress(last(), batch(200)));
    expect(now().perSecond).toBeCloseTo(1000);
    expect(posted.map((request) => request.kind)).toEqual(['start-search', 'pause-search', 'resume-search']);
    runner.resume();
    expect(posted).toHaveLength(3);
  });

  it('stops within 100 ms even when the worker does not answer', () => {
    const { runner, now, restarts, pass } = open();
    runner.start();
    runner.cancel();
    expect(now()).toMatchObject({ status: 'cancelled', message: expect.stringMatching(/kept/) });
    expect(restarts()).toBe(0);
    pass(99);
    expect(restarts()).toBe(1);
  });

  it('keeps the worker when it answers, and loses no run that waits behind a stuck one', () => {
    const { runner, reply, restarts, pass, posted, last } = open();
    runner.start();
    const first = last();
    runner.cancel();
    reply({ kind: 'search-cancelled', run: first });
    pass(200);
    expect(restarts()).toBe(0);
    runner.start();
    runner.start();
    pass(200);
    expect(restarts()).toBe(1);
    expect(posted.at(-1)).toMatchObject({ kind: 'start-search', run: last() });
  });

  it('says why it failed, and can be started again', () => {
    const { runner, now, reply, last, crash } = open();
    runner.start();
    reply({ kind: 'search-failed', run: last(), message: 'accelerator: nothing fits' });
    expect(now()).toMatchObject({ status: 'failed', message: 'accelerator: nothing fits' });
    runner.start();
    crash('internal: worker: out of memory');
    expect(now()).toMatchObject({ status: 'failed', message: expect.stringMatching(/out of memory/) });
    runner.start();
    expect(now().status).toBe('running');
  });

  it('runs a baseline beside the frontier', () => {
    const { runner, now, reply, last } = open();
    runner.start();
    reply(progress(last(), batch(10, [point(90)])));
    reply({
      kind: 'search-done',
      run: last(),
      result: { frontier: [point(90)], evaluations: 10, counts, hypervolume: 1 },
    });
    runner.startBaseline('random');
    reply(progress(last(), batch(20, [point(70)])));
    expect(now()).toMatchObject({
      frontier: [point(90)],
      baselines: { random: [point(70)] },
      strategy: 'random',
    });
    expect(now().cloud.count).toBe(1);
  });
});

describe('a run under shared loops', () => {
  const recounting = (done: number, frontier: readonly FrontierPoint[] | null = null): SearchBatch => ({
    ...batch(500, frontier),
    cloud: new Float32Array(),
    recount: { done, of: 40 },
  });

  it('tells a frontier with whole intermediates from one that was counted anew, and how far that is', () => {
    const { runner, now, reply, last, pass } = open();
    runner.start();
    pass(1000);
    reply(progress(last(), { ...batch(500, [point(90)]), whole: true }));
    expect(now()).toMatchObject({ whole: true, recount: null, frontier: [point(90)] });
    pass(1000);
    reply(progress(last(), recounting(20)));
    expect(now()).toMatchObject({ whole: true, recount: { done: 20, of: 40 }, frontier: [point(90)] });
    // The rate follows what is counted anew.
    for (let i = 0; i < 40; i++) {
      pass(1000);
      reply(progress(last(), recounting(20 + i)));
    }
    expect(now().perSecond).toBeCloseTo(1, 1);
    reply(progress(last(), recounting(40, [point(91)])));
    expect(now()).toMatchObject({ whole: false, frontier: [point(91)] });
    const result = { frontier: [point(92)], evaluations: 500, counts, hypervolume: 16 };
    reply({ kind: 'search-done', run: last(), result });
    expect(now()).toMatchObject({ status: 'done', whole: false, recount: null, frontier: [point(92)] });
  });

  it('stopped before, is kept as what it is: never a ghost, and labelled when it comes back', () => {
    const { runner, now, reply, last } = open();
    runner.start();
    reply(progress(last(), { ...batch(500, [point(90)]), whole: true }));
    runner.cancel();
    expect(now()).toMatchObject({ status: 'cancelled', whole: true });
    const saved = toSave(now());
    expect(saved).toMatchObject({ whole: true });
    runner.start();
    expect(now()).toMatchObject({ previous: [], whole: false });
    if (saved !== null) runner.show(saved);
    expect(now()).toMatchObject({ whole: true, frontier: [point(90)] });
  });

  it('shows no baseline before it was counted anew, and leaves the frontier beside it', () => {
    const { runner, now, reply, last } = open();
    runner.start();
    const result = { frontier: [point(90)], evaluations: 10, counts, hypervolume: 1 };
    reply({ kind: 'search-done', run: last(), result });
    runner.startBaseline('random');
    reply(progress(last(), { ...batch(20, [point(70)]), whole: true }));
    expect(now()).toMatchObject({ frontier: [point(90)], whole: false, baselines: {} });
    reply(progress(last(), recounting(40, [point(71)])));
    expect(now()).toMatchObject({ frontier: [point(90)], whole: false, baselines: { random: [point(71)] } });
  });
});

/** An archive in memory, as structured clones. */
function memory(work: string | null = null, run: SavedRun | null = null, quota = false) {
  const saved = { work, run };
  const refuse = (): Promise<never> =>
    Promise.reject(Object.assign(new Error('full'), { name: 'QuotaExceededError' }));
  const archive: Archive = {
    work: () => Promise.resolve(saved.work),
    run: () => Promise.resolve(saved.run),
    saveWork: (link) => (quota ? refuse() : Promise.resolve(void (saved.work = link))),
    saveRun: (found) => (quota ? refuse() : Promise.resolve(void (saved.run = structuredClone(found)))),
  };
  return { saved, archive };
}

const changed = setWorkload(openingConfig('bert-base', 'simba'), { tokens: 8 });
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe('what survives a closed tab', () => {
  const start = async (archive: Archive, openedWithLink: boolean) => {
    const store = createAppStore(openingConfig('bert-base', 'simba'));
    const search = open();
    const timers: (() => void)[] = [];
    await persist({
      store,
      run: search.run,
      runner: search.runner,
      archive,
      metric: () => 'weightEnergyKeptPercent',
      openedWithLink,
      setTimeout: (later) => timers.push(later),
    });
    const settle = async (): Promise<void> => {
      for (const timer of timers.splice(0)) timer();
      await tick();
    };
    return { store, search, settle };
  };

  it('is offered on a plain page and not beside a link', async () => {
    const { archive } = memory(encodeLink(changed));
    const linked = await start(archive, true);
    expect(linked.store.getState().notices).toEqual([]);
    const { store } = await start(archive, false);
    const [notice] = store.getState().notices;
    expect(notice?.action?.label).toBe('Restore last work');
    expect(store.getState().config).toEqual(openingConfig('bert-base', 'simba'));
    notice?.action?.run();
    expect(store.getState().config).toEqual(changed);
    store.getState().undo();
    expect(store.getState().config).toEqual(openingConfig('bert-base', 'simba'));
  });

  it('is not replaced by a page that was only looked at', async () => {
    const { archive, saved } = memory(encodeLink(changed));
    const { store, settle } = await start(archive, false);
    store.getState().look((view) => ({ ...view, panel: 'inside' }));
    await settle();
    expect(saved.work).toBe(encodeLink(changed));
    store.getState().edit('tokens', (config) => setWorkload(config, { tokens: 16 }));
    await settle();
    expect(saved.work).toBe(encodeLink(store.getState().committed));
  });

  it('brings back what a search had found, for the same setting only', async () => {
    const { archive, saved } = memory();
    const { search, settle } = await start(archive, false);
    search.runner.start();
    search.reply(progress(search.last(), batch(42, [point(90)])));
    await settle();
    expect(saved.run).toEqual(toSave(search.now()));
    const later = await start(archive, false);
    expect(later.search.now()).toMatchObject({ status: 'done', evaluations: 42, frontier: [point(90)] });
    expect(later.search.now().cloud.count).toBe(1);
    const other =
      saved.run === null
        ? null
        : { ...saved.run, setting: { ...saved.run.setting, workload: changed.workload } };
    const none = await start(memory(null, other).archive, false);
    expect(none.search.now().status).toBe('idle');
  });

  it('says once that the storage is full', async () => {
    const { archive } = memory(null, null, true);
    const { store, settle } = await start(archive, false);
    for (const tokens of [8, 16, 32]) {
      store.getState().edit('tokens', (config) => setWorkload(config, { tokens }));
      await settle();
    }
    expect(store.getState().notices.map((notice) => notice.text)).toEqual([
      expect.stringMatching(/^Autosave: the browser's storage is full/),
    ]);
  });
});
