/**
 * A person's examples for the model of theirs on screen: read in a worker, then spectra under what layers read, then an
 * axis. Nothing of them leaves the tab or enters the config; while the config is of another model they do not count.
 */
import type { StoreApi } from 'zustand/vanilla';
import type {
  AccuracyReply,
  AccuracyRequest,
  ExamplesFound,
  ExamplesStage,
  NamedFile,
  OwnModel,
} from '../../workers/protocol.ts';
import { createOwnModel, type OwnTable } from '../core/accuracy/own-model.ts';
import type { WeightSource } from '../core/accuracy/weight-energy.ts';
import { InputError } from '../core/base/checks.ts';
import { exampleRole, withGiven } from '../core/examples/names.ts';
import type { OwnSubject } from './measurements.ts';
import type { ModelChoice } from './config.ts';
import type { OwnAxis, Spectra } from './derive.ts';
import { createSource, type Source } from './live.ts';
import { sameData } from './same.ts';
import type { AppState } from './store.ts';
import type { WorkerPort } from './worker-client.ts';

export interface ExamplesState {
  readonly status: 'none' | 'working' | 'ready' | 'cancelled' | 'failed';
  /** Of the files that count, as they were given. */
  readonly files: readonly string[];
  readonly found: ExamplesFound | null;
  readonly progress: { readonly stage: ExamplesStage; readonly done: number; readonly of: number } | null;
  /** Spectra of all layers are known: figures without an axis are of outputs, not of weights. */
  readonly weighted: boolean;
  readonly problem: string | null;
}

export interface ExamplesSource {
  /** Of the model on screen. */
  readonly state: Source<ExamplesState>;
  /** More files; those that tell how examples are read stay. @throws InputError without a model of one's own */
  readonly give: (files: readonly NamedFile[]) => void;
  /** Stops at the next step; what is known stays. */
  readonly cancel: () => void;
  readonly retry: () => void;
  /** As if none had been given. */
  readonly clear: () => void;
  /** By layer name; empty without. */
  readonly spectra: () => Spectra;
  readonly axisOf: (model: ModelChoice) => OwnAxis | null;
  readonly subjectOf: (model: ModelChoice) => OwnSubject | null;
  /** What factors are fitted to in exports; empty unless they were understood. */
  readonly files: () => readonly NamedFile[];
}

export interface ExamplesOptions {
  readonly store: StoreApi<AppState>;
  readonly port: WorkerPort<AccuracyRequest, AccuracyReply>;
  /** The model's own files, of the config on screen. */
  readonly modelFiles: () => readonly File[] | null;
}

const none: ExamplesState = {
  status: 'none',
  files: [],
  found: null,
  progress: null,
  weighted: false,
  problem: null,
};
const noSpectra: Spectra = new Map();

export function createExamplesSource({ store, port, modelFiles }: ExamplesOptions): ExamplesSource {
  const state = createSource<ExamplesState>(none);
  /** What they were given for. */
  let about: ModelChoice | null = null;
  let given: readonly NamedFile[] = [];
  let own: OwnModel | null = null;
  let gathered = new Map<string, WeightSource>();
  let spectra: Spectra = noSpectra;
  let axis: OwnAxis | null = null;
  let subject: OwnSubject | null = null;
  let run = 0;

  const isOf = (model: ModelChoice): boolean => about !== null && (model === about || sameData(model, about));
  const isOurs = (): boolean => isOf(store.getState().config.model);
  const refresh = (): void => {
    if (isOurs()) store.getState().refresh();
  };

  const forget = (): void => {
    port.post({ kind: 'cancel-examples', run });
    run += 1;
    own = null;
    gathered = new Map();
    const hadFigures = spectra.size > 0 || axis !== null;
    spectra = noSpectra;
    axis = null;
    subject = null;
    if (hadFigures) refresh();
  };

  const start = (): void => {
    const files = modelFiles();
    forget();
    const names = given.map(({ name }) => name);
    if (files === null) return state.set({ ...none, status: 'failed', files: names, problem: gone });
    own = { key: keyOf(files, given), files, examples: given };
    state.set({ ...none, status: 'working', files: names, progress: { stage: 'reading', done: 0, of: 1 } });
    port.post({ kind: 'start-examples', run, own });
  };

  const fail = (problem: string): void => {
    // A runtime that has failed stays so.
    if (/^(?:onnxruntime|internal): /.test(problem)) port.restart();
    state.set({ ...state.get(), status: 'failed', progress: null, problem });
  };

  const finish = (table: OwnTable): void => {
    const { found } = state.get();
    if (own === null || found === null) return;
    const source = { kind: 'own', table } as const;
    axis = { source, model: (model, quantization) => createOwnModel(table, model, quantization) };
    subject = { own, table, heldOut: found.heldOut };
    state.set({ ...state.get(), status: 'ready', progress: null });
    refresh();
  };

  port.listen(
    (reply) => {
      if (reply.run !== run) return;
      switch (reply.kind) {
        case 'examples-found':
          return state.set({ ...state.get(), found: reply.found });
        case 'examples-progress': {
          const { stage, done, of } = reply;
          if (stage === 'probing' && !state.get().weighted) {
            // All spectra at once: half of them would mix two meanings of one axis.
            spectra = new Map(gathered);
            state.set({ ...state.get(), weighted: true });
            refresh();
          }
          return state.set({ ...state.get(), progress: { stage, done, of } });
        }
        case 'examples-spectrum':
          gathered.set(reply.layer, { kind: 'spectrum', spectrum: reply.spectrum, weighted: true });
          return;
        case 'examples-table':
          return finish(reply.table);
        case 'examples-failed':
          return fail(reply.message);
        default:
          return;
      }
    },
    (reason) => {
      if (state.get().status === 'working') fail(reason);
    },
  );

  // Of another model there are none; back at their own model (undo) they count again.
  let shown = isOurs();
  store.subscribe(() => {
    if (isOurs() === shown) return;
    shown = !shown;
    visible.set(shown ? state.get() : none);
  });
  const visible = createSource<ExamplesState>(none);
  state.subscribe(() => {
    if (isOurs()) visible.set(state.get());
  });

  return {
    state: visible,
    give: (files) => {
      const { model } = store.getState().config;
      if (model.kind !== 'file')
        throw new InputError(
          'examples',
          'are for a model of yours: open its .onnx file first',
          files[0]?.name,
        );
      const usable = files.filter(({ name }) => exampleRole(name) !== null);
      if (usable.length === 0)
        throw new InputError(
          'examples',
          'must be .npz or .npy, .txt, .csv, .tsv or .jsonl, .png or .jpg',
          files[0]?.name,
        );
      const before = isOurs() ? given : [];
      about = model;
      shown = true;
      given = withGiven(before, usable);
      const waits = given.every(({ name }) => exampleRole(name) === 'reader');
      if (waits) {
        forget();
        return state.set({ ...none, files: given.map(({ name }) => name) });
      }
      start();
    },
    cancel: () => {
      if (state.get().status !== 'working') return;
      port.post({ kind: 'cancel-examples', run });
      run += 1;
      state.set({ ...state.get(), status: 'cancelled', progress: null });
    },
    retry: () => {
      if (given.length > 0 && isOurs()) start();
    },
    clear: () => {
      forget();
      given = [];
      state.set(none);
    },
    spectra: () => (isOurs() ? spectra : noSpectra),
    axisOf: (model) => (isOf(model) ? axis : null),
    subjectOf: (model) => (isOf(model) ? subject : null),
    files: () => (isOurs() && state.get().found !== null ? given : []),
  };
}

/** The same files again are the same axis, and what was measured on them still holds. */
function keyOf(files: readonly File[], examples: readonly NamedFile[]): string {
  const all = [...files, ...examples.map(({ file }) => file)];
  const bytes = all.reduce((sum, { size }) => sum + size, 0);
  const latest = all.reduce((most, { lastModified }) => Math.max(most, lastModified), 0);
  const names = [files[0]?.name, examples[0]?.name].join(' on ');
  return `own ${names}, ${all.length} files of ${bytes} bytes until ${latest}`;
}

const gone = 'examples: need the model itself: drop its file again';
