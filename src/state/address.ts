/**
 * The link in the address bar. One history entry per undo step, so that Back undoes and Forward redoes; the entry on
 * screen is rewritten when only the view changed. Nothing is written while dragging, and never more often than
 * browsers allow (Safari throws above 100 writes in 10 s).
 */
import type { StoreApi } from 'zustand/vanilla';
import type { Config } from './config.ts';
import type { AppState } from './store.ts';
import { decodeLink, encodeLink } from './url.ts';

/** What is needed of a window, so that tests may stand in for it. */
export interface AddressWindow {
  readonly location: { readonly hash: string };
  readonly history: {
    readonly state: unknown;
    readonly pushState: (state: unknown, unused: string, url: string) => void;
    readonly replaceState: (state: unknown, unused: string, url: string) => void;
    readonly go: (by: number) => void;
  };
  readonly addEventListener: (type: 'popstate', listener: () => void) => void;
  readonly setTimeout: (run: () => void, milliseconds: number) => unknown;
  readonly performance: { readonly now: () => number };
}

/** Key idle and pointer up come in bursts; the last change is in the address after this long. */
const settleMs = 150;
const patienceMs = 1000;
const windowMs = 10_000;
const maxWrites = 60;

/** Our mark on a history entry: which page load wrote it, and its place in the order of entries. */
interface Mark {
  readonly session: string;
  readonly entry: number;
}

function isMark(value: unknown): value is Mark {
  return (
    typeof value === 'object' &&
    value !== null &&
    'session' in value &&
    typeof value.session === 'string' &&
    'entry' in value &&
    typeof value.entry === 'number'
  );
}

export interface Address {
  /** Writes at once what is still waiting (when the page is hidden). */
  readonly flush: () => void;
}

/** `session` tells this page load from an earlier one of the same tab. */
export function followAddress(store: StoreApi<AppState>, browser: AddressWindow, session: string): Address {
  const { history } = browser;
  /** The revision that each of our entries shows. */
  const shown = new Map<number, number>();
  let entry = 0;
  let written: Config | null = null;
  let waiting = false;
  /** The entry that `history.go` was asked for and that has not come yet. */
  let asked: number | null = null;
  let writes: readonly number[] = [];

  const write = (
    how: 'push' | 'replace',
    config: Config,
    revision: number,
    link: string = encodeLink(config),
  ): void => {
    if (how === 'push') {
      entry += 1;
      for (const other of shown.keys()) if (other >= entry) shown.delete(other);
    }
    shown.set(entry, revision);
    written = config;
    writes = [...writes, browser.performance.now()];
    const mark: Mark = { session, entry };
    if (how === 'push') history.pushState(mark, '', link);
    else history.replaceState(mark, '', link);
  };

  /** Milliseconds until `count` more writes are allowed. */
  const pauseFor = (count: number): number => {
    const now = browser.performance.now();
    writes = writes.filter((time) => now - time < windowMs);
    return writes.length + count <= maxWrites ? 0 : Math.max(1, windowMs - (now - (writes[0] ?? now)));
  };

  const later = (milliseconds: number): void => {
    if (waiting) return;
    waiting = true;
    browser.setTimeout(() => {
      waiting = false;
      flush();
    }, milliseconds);
  };

  const goTo = (target: number): void => {
    asked = target;
    history.go(target - entry);
    // Should the entry be gone, the step gets one of its own.
    browser.setTimeout(() => {
      if (asked !== target) return;
      asked = null;
      shown.delete(target);
      flush();
    }, patienceMs);
  };

  const flush = (): void => {
    const { committed, revision, past } = store.getState();
    const here = shown.get(entry);
    if (asked !== null || (committed === written && revision === here)) return;
    const pause = pauseFor(1);
    if (pause > 0) return later(pause);
    if (revision === here) return write('replace', committed, revision);
    const entries = [...shown].toSorted(([a], [b]) => b - a);
    const same = entries.find(([, shows]) => shows === revision);
    if (same !== undefined) return goTo(same[0]);
    // A new step after an undo that the address has not followed yet: first to the entry it starts from.
    const ancestry = new Map(past.map((step, index) => [step.revision, index]));
    const base = entries.find(([, shows]) => ancestry.has(shows));
    if (base !== undefined && base[0] !== entry) return goTo(base[0]);
    // Steps of one burst get an entry each, as far as the allowance goes.
    const missed = past.slice((ancestry.get(here ?? -1) ?? past.length) + 1);
    if (pauseFor(missed.length + 1) === 0)
      for (const step of missed) write('push', step.config, step.revision);
    write('push', committed, revision);
  };

  /** Back, Forward, our own `go`, or a link typed into the address. */
  const arrive = (): void => {
    const { state } = history;
    const ours = isMark(state) && state.session === session;
    entry = ours ? state.entry : entry + 1;
    const own = asked === entry;
    asked = null;
    if (own) {
      written = null;
      later(0);
      return;
    }
    const revision = ours ? shown.get(entry) : undefined;
    const now = store.getState();
    now.cancel();
    const steps = stepsTo(now, revision);
    const { hash } = browser.location;
    let sound = true;
    if (steps === null) {
      const { config, problems } = decodeLink(hash);
      now.replace(config, 'Open link');
      tellProblems(store, problems);
      sound = problems.length === 0;
    }
    for (let i = 0; i < Math.abs(steps ?? 0); i++) {
      if ((steps ?? 0) < 0) now.undo();
      else now.redo();
    }
    const { committed, revision: reached } = store.getState();
    write('replace', committed, reached, sound ? undefined : hash);
  };

  store.subscribe((state, before) => {
    if (state.committed !== before.committed) later(settleMs);
  });
  browser.addEventListener('popstate', arrive);
  const { committed, revision } = store.getState();
  // A link that could not be read as it is stays in the address until something changes: it may be needed elsewhere.
  const { hash } = browser.location;
  const sound = decodeLink(hash).problems.length === 0;
  write('replace', committed, revision, sound ? undefined : hash);
  return { flush };
}

/** Undo steps (negative) or redo steps to a revision; null when it is in neither. */
function stepsTo(state: AppState, revision: number | undefined): number | null {
  if (revision === undefined) return null;
  if (revision === state.revision) return 0;
  const back = state.past.findIndex((step) => step.revision === revision);
  if (back >= 0) return back - state.past.length;
  const forth = state.future.findIndex((step) => step.revision === revision);
  return forth >= 0 ? forth + 1 : null;
}

/** Says what was wrong with a link or project that was loaded all the same. */
export function tellProblems(store: StoreApi<AppState>, problems: readonly string[]): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  const text = others.length === 0 ? first : `${first} (and ${others.length} more)`;
  store.getState().notify({
    kind: 'warn',
    text,
    ...(others.length > 0 && { detail: problems.join('\n') }),
  });
}
