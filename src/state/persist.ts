/**
 * What survives a closed tab: the last work and the last search, in IndexedDB. A page opened with a link shows the link
 * and nothing else. A page opened plainly shows the opening design, so that everyone sees the same first screen, and
 * offers the last work in a notice. Nothing is saved before the first edit, so that looking in does not replace it.
 */
import type { DBSchema, IDBPDatabase } from 'idb';
import type { StoreApi } from 'zustand/vanilla';
import type { Metric } from '../core/accuracy/figure.ts';
import { costModel } from '../core/cost/version.ts';
import { decodeLink, encodeLink } from './url.ts';
import type { SavedRun, SearchRun, SearchRunner } from './search-run.ts';
import { isOfSetting } from './search-run.ts';
import { tellProblems } from './address.ts';
import type { AppState } from './store.ts';

export interface Archive {
  /** The link of the last work, or null. */
  readonly work: () => Promise<string | null>;
  readonly run: () => Promise<SavedRun | null>;
  readonly saveWork: (link: string) => Promise<void>;
  readonly saveRun: (run: SavedRun) => Promise<void>;
}

interface Schema extends DBSchema {
  last: { key: 'work' | 'run'; value: string | SavedRun };
}

/** Null where the browser has no storage for us (private windows of some browsers). */
export async function openArchive(): Promise<Archive | null> {
  try {
    const { openDB } = await import('idb');
    const database: IDBPDatabase<Schema> = await openDB<Schema>('rankscape', 1, {
      upgrade: (fresh) => void fresh.createObjectStore('last'),
    });
    return {
      work: async () => {
        const value = await database.get('last', 'work');
        return typeof value === 'string' ? value : null;
      },
      run: async () => {
        const value = await database.get('last', 'run');
        return typeof value === 'object' ? value : null;
      },
      saveWork: async (link) => void (await database.put('last', link, 'work')),
      saveRun: async (run) => void (await database.put('last', run, 'run')),
    };
  } catch {
    return null;
  }
}

export interface PersistOptions {
  readonly store: StoreApi<AppState>;
  readonly run: StoreApi<SearchRun>;
  readonly runner: SearchRunner;
  readonly archive: Archive;
  /** Of the vertical axis on screen. */
  readonly metric: () => Metric;
  /** Whether the page was opened with a link in its address. */
  readonly openedWithLink: boolean;
  readonly setTimeout: (run: () => void, milliseconds: number) => unknown;
}

const settleMs = 500;
/** While a search goes on, what it has found is saved this often. */
const runSaveMs = 5000;

/** Offers or shows what was saved, then saves on. Resolves when the offer has been made. */
export async function persist(options: PersistOptions): Promise<void> {
  const { store, run, runner, archive } = options;
  const [link, savedRun] = await Promise.all([
    archive.work().catch(() => null),
    archive.run().catch(() => null),
  ]);
  const showRun = (): void => {
    const { status } = run.getState();
    if (savedRun === null || status === 'running' || status === 'paused') return;
    if (
      savedRun.costModel === costModel &&
      isOfSetting(savedRun.setting, store.getState().committed, options.metric())
    )
      runner.show(savedRun);
  };
  showRun();
  if (link !== null && !options.openedWithLink && link !== encodeLink(store.getState().committed))
    store.getState().notify({
      kind: 'info',
      text: 'Your last work is kept in this browser.',
      action: {
        label: 'Restore last work',
        run: () => {
          const { config, problems } = decodeLink(link);
          store.getState().replace(config, 'Restore last work');
          tellProblems(store, problems);
          showRun();
        },
      },
    });
  saveOn(options);
}

function saveOn({ store, run, archive, ...options }: PersistOptions): void {
  let told = false;
  const failed = (error: unknown): void => {
    if (told) return;
    told = true;
    const full = error instanceof Error && error.name === 'QuotaExceededError';
    store.getState().notify({
      kind: 'warn',
      text: full
        ? "Autosave: the browser's storage is full, so your work is kept only in the link. Free some space or save a project."
        : 'Autosave: the browser refused to store, so your work is kept only in the link.',
    });
  };
  /** At most one save per interval, of the state at its end. */
  const every = (milliseconds: number, save: () => Promise<void>): (() => void) => {
    let waiting = false;
    return () => {
      if (waiting) return;
      waiting = true;
      options.setTimeout(() => {
        waiting = false;
        save().catch(failed);
      }, milliseconds);
    };
  };
  const saveWork = every(settleMs, () => archive.saveWork(encodeLink(store.getState().committed)));
  const saveRun = every(runSaveMs, () => {
    const saved = toSave(run.getState());
    return saved === null ? Promise.resolve() : archive.saveRun(saved);
  });
  store.subscribe((state, before) => {
    if (state.committed !== before.committed && state.past.length + state.future.length > 0) saveWork();
  });
  run.subscribe((state, before) => {
    if (state.frontier !== before.frontier || state.status !== before.status) saveRun();
  });
}

/** A run as it can be kept, or null when it has found nothing. */
export function toSave({
  setting,
  strategy,
  evaluations,
  frontier,
  whole,
  counts,
  cloud,
}: SearchRun): SavedRun | null {
  if (setting === null || frontier.length === 0) return null;
  return {
    setting,
    strategy,
    evaluations,
    frontier,
    counts,
    costModel,
    ...(whole && { whole }),
    cloud: cloud.values.slice(0, 3 * cloud.count),
  };
}
