/**
 * The dropped model file: opened by its header at once, then the singular values of its layers read one by one in a
 * worker, the selected ones first. The weights never enter the config; while it is of another model they do not count.
 */
import type { StoreApi } from 'zustand/vanilla';
import type { FileReply, FileRequest } from '../../workers/protocol.ts';
import type { WeightSource } from '../core/accuracy/weight-energy.ts';
import { InputError } from '../core/base/checks.ts';
import type { ModelChoice } from './config.ts';
import type { Spectra } from './derive.ts';
import { adoptDesign, setModel, setWorkload } from './edits.ts';
import { createSource, type Source } from './live.ts';
import { sameData } from './same.ts';
import type { AppState } from './store.ts';
import type { WorkerPort } from './worker-client.ts';

export interface FileState {
  readonly status: 'none' | 'opening' | 'reading' | 'read' | 'cancelled' | 'failed';
  readonly name: string | null;
  /** Layers whose singular values are known, and how many there are to be. */
  readonly done: number;
  readonly total: number;
  /** For the screen: what failed, or which layers are too large. */
  readonly message: string | null;
}

export interface FileSource {
  readonly state: Source<FileState>;
  /** By layer name; empty unless the config on screen is of this file. */
  readonly spectra: () => Spectra;
  /** The files themselves; null unless the config on screen is of them. */
  readonly files: () => readonly File[] | null;
  /** Opens one model (all its files); rejects with an `InputError` that says what is wrong with them. */
  readonly open: (files: readonly File[]) => Promise<void>;
  /** Stops at once; what is known stays. */
  readonly cancel: () => void;
}

export interface FileSourceOptions {
  readonly store: StoreApi<AppState>;
  readonly port: WorkerPort<FileRequest, FileReply>;
  readonly setTimeout: (run: () => void, milliseconds: number) => unknown;
}

const none: FileState = { status: 'none', name: null, done: 0, total: 0, message: null };
const nothing: Spectra = new Map();
/** Everything is derived anew when spectra arrive, so they are shown in batches. */
const showMs = 2000;
/** Beyond this the singular values of one layer would take minutes. */
const largestSide = 2048;

interface Opening {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createFileSource({ store, port, ...options }: FileSourceOptions): FileSource {
  const state = createSource<FileState>(none);
  let choice: ModelChoice | null = null;
  /** Those given last, and those that `choice` is of. */
  let given: readonly File[] = [];
  let chosen: readonly File[] = [];
  let known = new Map<string, WeightSource>();
  let shown: Spectra = nothing;
  let run = 0;
  let opening: Opening | null = null;
  let showing = false;

  const isBusy = (): boolean => ['opening', 'reading'].includes(state.get().status);
  const isOurs = (): boolean => {
    const { model } = store.getState().config;
    return choice !== null && (model === choice || sameData(model, choice));
  };

  const show = (): void => {
    if (shown.size === known.size) return;
    shown = new Map(known);
    if (isOurs()) store.getState().refresh();
  };
  const showSoon = (): void => {
    if (showing) return;
    showing = true;
    options.setTimeout(() => {
      showing = false;
      show();
    }, showMs);
  };

  const fail = (message: string): void => {
    if (opening !== null) opening.reject(new InputError(...splitMessage(message)));
    opening = null;
    state.set({ ...state.get(), status: 'failed', message });
  };

  const read = (): void => {
    const { committed } = store.getState();
    if (choice?.kind !== 'file') return;
    const first = new Set(committed.view.selection);
    const wanted = choice.linears
      .map((layer, index) => ({ layer, index }))
      .filter(({ layer }) => layer.factorize)
      .toSorted((a, b) => Number(first.has(b.index)) - Number(first.has(a.index)));
    const layers = wanted.filter(({ layer }) => Math.min(layer.out, layer.in) <= largestSide);
    const skipped = wanted.length - layers.length;
    state.set({
      ...state.get(),
      status: 'reading',
      done: 0,
      total: layers.length,
      message:
        skipped === 0
          ? null
          : `${skipped} layers are wider than ${largestSide.toLocaleString('en-US')} on both sides; ` +
            'their kept share stays an estimate without weights.',
    });
    port.post({ kind: 'read-spectra', run, layers: layers.map(({ layer }) => layer.name) });
  };

  const receive = (reply: FileReply): void => {
    if (reply.run !== run) return;
    switch (reply.kind) {
      case 'file-opened': {
        const { name, bytes, linears, heads, sequence, tokens, design } = reply;
        choice = { kind: 'file', name, bytes, linears, heads, sequence };
        chosen = given;
        known = new Map();
        shown = nothing;
        const model = choice;
        store.getState().edit(`Open ${name}`, (config) => {
          const bare = setModel(config, model);
          const opened = tokens === null ? bare : setWorkload(bare, { tokens });
          return design === null ? opened : adoptDesign(opened, design);
        });
        opening?.resolve();
        opening = null;
        return read();
      }
      case 'spectrum':
        known.set(reply.layer, reply.weights);
        state.set({ ...state.get(), done: known.size });
        return showSoon();
      case 'spectra-done':
        show();
        return state.set({ ...state.get(), status: 'read' });
      case 'file-failed':
        return fail(reply.message);
    }
    reply satisfies never;
  };
  port.listen(receive, fail);

  return {
    state,
    spectra: () => (isOurs() ? shown : nothing),
    files: () => (isOurs() ? chosen : null),
    open: (files) => {
      run += 1;
      given = files;
      opening?.resolve();
      if (isBusy()) port.restart();
      state.set({ ...none, status: 'opening', name: files[0]?.name ?? null });
      return new Promise((resolve, reject) => {
        opening = { resolve, reject };
        port.post({ kind: 'open-files', run, files });
      });
    },
    cancel: () => {
      if (!isBusy()) return;
      run += 1;
      port.restart();
      opening?.resolve();
      opening = null;
      show();
      state.set({ ...state.get(), status: 'cancelled' });
    },
  };
}

/** `subject: rule` of a message that crossed from a worker. */
function splitMessage(message: string): [subject: string, rule: string] {
  const at = message.indexOf(': ');
  return at < 0 ? ['file', message] : [message.slice(0, at), message.slice(at + 2)];
}
