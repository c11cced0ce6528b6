import { describe, expect, it } from 'vitest';
import type { Config } from './config.ts';
import { followAddress, type AddressWindow } from './address.ts';
import { initialConfig, openingConfig } from './defaults.ts';
import { setRank } from './edits.ts';
import { createAppStore } from './store.ts';
import { decodeLink, encodeLink } from './url.ts';

interface Entry {
  state: unknown;
  hash: string;
}

/** A browser's session history and clock, in small: `go` answers later, as in a browser. */
function fakeBrowser(entries: Entry[] = [{ state: null, hash: '' }]) {
  let at = entries.length - 1;
  let time = 0;
  let writes = 0;
  const timers: { readonly due: number; readonly run: () => void }[] = [];
  const listeners: (() => void)[] = [];
  const arrive = (to: number): void => {
    if (to < 0 || to >= entries.length) return;
    at = to;
    for (const listener of listeners) listener();
  };
  const setTimer = (run: () => void, milliseconds: number): void =>
    void timers.push({ due: time + milliseconds, run });
  const window: AddressWindow = {
    location: {
      get hash() {
        return entries[at]?.hash ?? '';
      },
    },
    history: {
      get state() {
        return entries[at]?.state;
      },
      pushState: (state, _, hash) => {
        writes += 1;
        entries.splice(at + 1, entries.length, { state, hash });
        at += 1;
      },
      replaceState: (state, _, hash) => {
        writes += 1;
        entries[at] = { state, hash };
      },
      go: (by) => setTimer(() => arrive(at + by), 5),
    },
    addEventListener: (_, listener) => void listeners.push(listener),
    setTimeout: setTimer,
    performance: { now: () => time },
  };
  const pass = (milliseconds: number): void => {
    const end = time + milliseconds;
    for (;;) {
      timers.sort((a, b) => a.due - b.due);
      const next = timers[0];
      if (next === undefined || next.due > end) break;
      timers.shift();
      time = Math.max(time, next.due);
      next.run();
    }
    time = end;
  };
  return {
    window,
    entries,
    pass,
    at: () => at,
    writes: () => writes,
    back: () => arrive(at - 1),
    forward: () => arrive(at + 1),
    type: (hash: string) => {
      entries.splice(at + 1, entries.length, { state: null, hash });
      arrive(at + 1);
    },
  };
}

const opening = openingConfig('bert-base', 'simba');
const to = (value: number) => (config: Config) => setRank(config, [4], 0, value);
const rank = (config: Config): number | undefined => config.design[4]?.ranks[0];

function open(entries?: Entry[], session = 'now') {
  const browser = fakeBrowser(entries);
  const { hash } = browser.window.location;
  const store = createAppStore(hash === '' ? opening : decodeLink(hash).config);
  const address = followAddress(store, browser.window, session);
  return { browser, store, address, now: () => store.getState() };
}

const ranksOf = (entries: readonly Entry[]): (number | undefined)[] =>
  entries.map(({ hash }) => rank(decodeLink(hash).config));

describe('address', () => {
  it('holds the link from the start, and an entry per undo step within half a second', () => {
    const { browser, now } = open();
    expect(browser.entries[0]?.hash).toBe(encodeLink(opening));
    now().edit('a', to(50));
    browser.pass(499);
    now().edit('b', to(60));
    browser.pass(499);
    expect(ranksOf(browser.entries)).toEqual([192, 50, 60]);
  });

  it('is not written while dragging', () => {
    const { browser, now } = open();
    const before = browser.writes();
    for (let i = 1; i < 300; i++) {
      now().preview(to(i));
      browser.pass(16);
    }
    expect(browser.writes()).toBe(before);
    now().commit('drag');
    browser.pass(500);
    expect(browser.writes()).toBe(before + 1);
    expect(ranksOf(browser.entries)).toEqual([192, 299]);
  });

  it('is rewritten in place when only the view changed', () => {
    const { browser, now } = open();
    now().look((view) => ({ ...view, panel: 'compare' }));
    browser.pass(500);
    expect(browser.entries).toHaveLength(1);
    expect(decodeLink(browser.entries[0]?.hash ?? '').config.view.panel).toBe('compare');
  });

  it('makes Back undo and Forward redo', () => {
    const { browser, now } = open();
    for (const value of [50, 60, 70]) {
      now().edit('e', to(value));
      browser.pass(500);
    }
    browser.back();
    browser.back();
    expect(rank(now().config)).toBe(50);
    expect(now().future).toHaveLength(2);
    browser.pass(500);
    browser.forward();
    expect(rank(now().config)).toBe(60);
    browser.pass(2000);
    expect(ranksOf(browser.entries)).toEqual([192, 50, 60, 70]);
    expect(now().past).toHaveLength(2);
  });

  it('goes back when the app undoes, and forgets the way forward after a new edit', () => {
    const { browser, now } = open();
    for (const value of [50, 60, 70]) {
      now().edit('e', to(value));
      browser.pass(500);
    }
    now().undo();
    browser.pass(500);
    expect([browser.at(), rank(now().config)]).toEqual([2, 60]);
    now().undo();
    now().edit('new', to(99));
    browser.pass(1500);
    expect(ranksOf(browser.entries)).toEqual([192, 50, 99]);
    browser.back();
    expect(rank(now().config)).toBe(50);
    expect(now().future).toHaveLength(1);
  });

  it('gives the steps of one burst an entry each', () => {
    const { browser, now } = open();
    for (const value of [50, 60, 70]) now().edit('e', to(value));
    browser.pass(500);
    expect(ranksOf(browser.entries)).toEqual([192, 50, 60, 70]);
    browser.back();
    expect(rank(now().config)).toBe(60);
  });

  it('never writes more often than browsers allow, and catches up', () => {
    const { browser, now } = open();
    let most = 0;
    const history: number[] = [];
    for (let i = 0; i < 400; i++) {
      now().edit('e', to(1 + (i % 190)));
      browser.pass(60);
      history.push(browser.writes());
      most = Math.max(most, browser.writes() - (history[i - 166] ?? 0));
    }
    expect(most).toBeLessThanOrEqual(62);
    browser.pass(20_000);
    expect(rank(decodeLink(browser.entries[browser.at()]?.hash ?? '').config)).toBe(rank(now().config));
  });

  it('loads a link that is typed into it, as an undo step', () => {
    const { browser, now } = open();
    now().edit('e', to(50));
    browser.pass(500);
    browser.type(encodeLink(to(33)(opening)));
    expect(rank(now().config)).toBe(33);
    expect(now().past.at(-1)?.label).toBe('Open link');
    browser.pass(500);
    browser.back();
    expect(rank(now().config)).toBe(50);
  });

  it('loads what can be read of a bad link, and says what was wrong', () => {
    const { browser, now } = open();
    browser.type('#v1.AAAA');
    expect(now().notices[0]?.text).toMatch(/^link: /);
    expect(now().config).toEqual(initialConfig());
    browser.pass(1000);
    expect(browser.entries.at(-1)?.hash).toBe('#v1.AAAA');
    now().edit('e', to(50));
    browser.pass(1000);
    expect(browser.entries.map(({ hash }) => hash === '#v1.AAAA')).toEqual([false, true, false]);
    browser.back();
    expect(now().config).toEqual(initialConfig());
  });

  it('keeps a bad link that the page was opened with until something changes', () => {
    const { browser, now } = open([{ state: null, hash: '#v2.AAAA' }]);
    browser.pass(1000);
    expect(browser.entries[0]?.hash).toBe('#v2.AAAA');
    now().look((view) => ({ ...view, panel: 'inside' }));
    browser.pass(1000);
    expect(browser.entries[0]?.hash).toBe(encodeLink(now().committed));
  });

  it('still knows the way back after a reload', () => {
    const first = open();
    for (const value of [50, 60]) {
      first.now().edit('e', to(value));
      first.browser.pass(500);
    }
    const second = open(first.browser.entries, 'later');
    expect(rank(second.now().config)).toBe(60);
    second.browser.back();
    expect(rank(second.now().config)).toBe(50);
    second.browser.pass(500);
    second.browser.forward();
    expect(rank(second.now().config)).toBe(60);
    second.browser.pass(500);
    second.now().edit('new', to(77));
    second.browser.pass(2000);
    expect(ranksOf(second.browser.entries)).toEqual([192, 50, 60, 77]);
  });

  it('is written at once when the page is about to be hidden', () => {
    const { browser, now, address } = open();
    now().edit('e', to(50));
    address.flush();
    expect(ranksOf(browser.entries)).toEqual([192, 50]);
    browser.pass(1000);
    expect(browser.entries).toHaveLength(2);
  });
});
