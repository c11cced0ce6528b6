/**
 * The store: one config, its undo steps and the notices. Only plain data changes here; the rules of an edit live in
 * `edits.ts`. A drag previews from the last undo step and ends as exactly one step (or none, when cancelled).
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { InputError } from '../core/base/checks.ts';
import type { Config, View } from './config.ts';
import { sameData } from './same.ts';

/** `config` is what was committed before the change named by `label`. */
export interface Step {
  readonly label: string;
  readonly config: Config;
  readonly revision: number;
}

export interface Notice {
  readonly id: number;
  readonly kind: 'info' | 'warn' | 'error';
  readonly text: string;
  readonly detail?: string;
  /** What the notice offers to do about it. */
  readonly action?: { readonly label: string; readonly run: () => void };
}

export interface AppState {
  /** What the screen shows: the draft while dragging. */
  readonly config: Config;
  /** The last undo step; the same object as `config` when nothing is being dragged. */
  readonly committed: Config;
  /** Oldest first. */
  readonly past: readonly Step[];
  /** Next to redo first; a step's config is the one that redo restores. */
  readonly future: readonly Step[];
  /** Which undo step `committed` is: undo and redo bring a number back, a new step has a new one. */
  readonly revision: number;
  readonly notices: readonly Notice[];
  /** One undo step. An `InputError` of `change` becomes a notice and changes nothing. */
  readonly edit: (label: string, change: (config: Config) => Config) => void;
  /** One frame of a drag, always from the last undo step. `label` names the step if another edit ends the drag. */
  readonly preview: (change: (config: Config) => Config, label?: string) => void;
  /** Ends the drag as one undo step; nothing when the draft equals the last step. */
  readonly commit: (label: string) => void;
  /** Ends the drag and restores the last undo step. */
  readonly cancel: () => void;
  readonly undo: () => void;
  readonly redo: () => void;
  /** Changes the view: no undo step, still in the link. */
  readonly look: (change: (view: View) => View) => void;
  /** Derives everything anew from the same config: what it depends on beside it (weights) has arrived. */
  readonly refresh: () => void;
  /** Another whole config (a link, a project) as one undo step, its view included. */
  readonly replace: (config: Config, label: string) => void;
  readonly notify: (notice: Omit<Notice, 'id'>) => void;
  readonly dismiss: (id: number) => void;
}

const maxSteps = 200;
const maxNotices = 5;

type Data = Pick<AppState, 'config' | 'committed' | 'past' | 'future' | 'revision' | 'notices'>;

export function createAppStore(initial: Config): StoreApi<AppState> {
  let draftLabel = 'Change';
  let lastNotice = 0;
  let lastRevision = 0;
  return createStore<AppState>()((set, get) => {
    /** Runs a user's change; what it refuses is told, not thrown. */
    const attempt = (change: (config: Config) => Config, config: Config): Config | null => {
      try {
        return change(config);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        get().notify({ kind: 'error', text: error.message });
        return null;
      }
    };
    const land = (next: Config, label: string): void => {
      lastRevision += 1;
      set((state) => landed(state, next, label, lastRevision));
    };

    return {
      config: initial,
      committed: initial,
      past: [],
      future: [],
      revision: 0,
      notices: [],
      edit: (label, change) => {
        get().commit(draftLabel);
        const next = attempt(change, get().committed);
        if (next !== null) land(next, label);
      },
      preview: (change, label = 'Change') => {
        const next = attempt(change, get().committed);
        draftLabel = label;
        if (next !== null && next !== get().config) set({ config: next });
      },
      commit: (label) => land(get().config, label),
      cancel: () => {
        if (get().config !== get().committed) set({ config: get().committed });
      },
      undo: () => set(undone),
      redo: () => set(redone),
      look: (change) =>
        set((state) => {
          const committed = withView(state.committed, change(state.committed.view));
          if (state.config === state.committed) return { config: committed, committed };
          return { config: withView(state.config, change(state.config.view)), committed };
        }),
      refresh: () =>
        set((state) => {
          const committed = { ...state.committed };
          return { committed, config: state.config === state.committed ? committed : { ...state.config } };
        }),
      replace: (config, label) => {
        get().commit(draftLabel);
        land(config, label);
      },
      notify: (notice) =>
        set((state) => {
          lastNotice += 1;
          const others = state.notices.filter((n) => n.text !== notice.text || n.detail !== notice.detail);
          return { notices: [...others, { ...notice, id: lastNotice }].slice(-maxNotices) };
        }),
      dismiss: (id) => set((state) => ({ notices: state.notices.filter((notice) => notice.id !== id) })),
    };
  });
}

function landed(state: Data, next: Config, label: string, revision: number): Partial<Data> {
  if (next === state.committed || sameData(next, state.committed)) {
    return state.config === state.committed ? {} : { config: state.committed };
  }
  return {
    config: next,
    committed: next,
    past: [...state.past, { label, config: state.committed, revision: state.revision }].slice(-maxSteps),
    future: [],
    revision,
  };
}

/** While dragging, undo takes back the drag. */
function undone(state: Data): Partial<Data> {
  if (state.config !== state.committed) return { config: state.committed };
  const step = state.past.at(-1);
  if (step === undefined) return {};
  const config = restored(step.config, state.committed);
  return {
    config,
    committed: config,
    past: state.past.slice(0, -1),
    future: [{ label: step.label, config: state.committed, revision: state.revision }, ...state.future],
    revision: step.revision,
  };
}

function redone(state: Data): Partial<Data> {
  const step = state.future[0];
  if (step === undefined || state.config !== state.committed) return {};
  const config = restored(step.config, state.committed);
  return {
    config,
    committed: config,
    past: [...state.past, { label: step.label, config: state.committed, revision: state.revision }],
    future: state.future.slice(1),
    revision: step.revision,
  };
}

/** The config of a step, its selection too (that is where the change is seen), in the panel that is open now. */
function restored(config: Config, now: Config): Config {
  const { selection, focus } = config.view;
  const { reference } = now.view;
  const known =
    reference === 'dense' || reference === 'now' || config.pins.some((p) => p.letter === reference);
  return withView(config, { ...now.view, selection, focus, reference: known ? reference : 'dense' });
}

function withView(config: Config, view: View): Config {
  return view === config.view || sameData(view, config.view) ? config : { ...config, view };
}
