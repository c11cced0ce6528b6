/** What every component may reach: the store, the derived values, the search run. Given by context, never imported. */
import { createContext, use, useSyncExternalStore } from 'react';
import { useStore, type StoreApi } from 'zustand';
import type { AccuracyRun, AccuracyRunner } from '../state/accuracy-run.ts';
import type { Config } from '../state/config.ts';
import type { AppState } from '../state/store.ts';
import type { Derived } from '../state/derive.ts';
import type { DeviceSource } from '../state/device-source.ts';
import type { Exporter, ExportRun } from '../state/export-run.ts';
import type { ExamplesSource } from '../state/examples-source.ts';
import type { FileSource, FileState } from '../state/file-source.ts';
import type { FormatGains } from '../state/gain-source.ts';
import type { LatencyRun, Stopwatch } from '../state/latency-run.ts';
import type { DerivedSource, Source } from '../state/live.ts';
import type { ScentState } from '../state/scent-source.ts';
import type { SearchRun, SearchRunner } from '../state/search-run.ts';
import type { Motion } from './ink/motion.ts';

export interface App {
  readonly store: StoreApi<AppState>;
  /** Derived of the config on screen (the draft while dragging). */
  readonly derived: DerivedSource;
  /** `derived` at rest: in a drag it follows a moment later. */
  readonly settled: Source<Derived>;
  /** The config at rest, likewise. */
  readonly resting: Source<Config>;
  /** Draws what follows the hand. */
  readonly motion: Motion;
  /** Derived of the last undo step: the ghost while dragging. */
  readonly committed: Source<Derived>;
  readonly scents: Source<ScentState>;
  /** What each format would give in the focus layer of the last undo step. */
  readonly gains: Source<FormatGains>;
  readonly search: StoreApi<SearchRun>;
  readonly runner: SearchRunner;
  /** What was measured of the designs on screen. */
  readonly accuracy: StoreApi<AccuracyRun>;
  readonly measurer: AccuracyRunner;
  /** Dropped model files: read in a worker, never uploaded. */
  readonly file: FileSource;
  /** A person's examples for their model; the same promise each time. */
  readonly examples: () => Promise<ExamplesSource>;
  /** Address of the ONNX file of a model that comes with the page. */
  readonly modelUrl: (id: string) => string;
  readonly exportRun: StoreApi<ExportRun>;
  readonly exporter: Exporter;
  /** Latency on this device. */
  readonly latency: StoreApi<LatencyRun>;
  readonly stopwatch: Stopwatch;
  /** Our own kernels on this device; the same promise each time. */
  readonly device: () => Promise<DeviceSource>;
}

export const AppContext = createContext<App | null>(null);

export function useAppObject(): App {
  const app = use(AppContext);
  if (app === null) throw new Error('internal: a component stands outside AppContext');
  return app;
}

export function useApp<T>(select: (state: AppState) => T): T {
  return useStore(useAppObject().store, select);
}

/** The store's actions, stable for the life of the page. */
export function useActions(): AppState {
  return useAppObject().store.getState();
}

function useSource<T>(source: Source<T>): T {
  return useSyncExternalStore(source.subscribe, source.get);
}

/** In a drag it follows when the hand rests; what must follow at once is drawn by `ink`. */
export function useSettled(): Derived {
  return useSource(useAppObject().settled);
}

/** As `useSettled`, also where the config cannot be evaluated. */
export function useResting(): Config {
  return useSource(useAppObject().resting);
}

export function useCommitted(): Derived {
  return useSource(useAppObject().committed);
}

export function useScents(): ScentState {
  return useSource(useAppObject().scents);
}

export function useGains(): FormatGains {
  return useSource(useAppObject().gains);
}

export function useSearchRun<T>(select: (run: SearchRun) => T): T {
  return useStore(useAppObject().search, select);
}

export function useAccuracyRun<T>(select: (run: AccuracyRun) => T): T {
  return useStore(useAppObject().accuracy, select);
}

export function useExportRun(): ExportRun {
  return useStore(useAppObject().exportRun);
}

export function useLatencyRun(): LatencyRun {
  return useStore(useAppObject().latency);
}

/** Why the config on screen could not be evaluated (the picture is then the last good one), or null. */
export function useProblem(): string | null {
  return useSource(useAppObject().derived.problem);
}

/** The dropped model file: what is being read, and how far. */
export function useFile(): FileState {
  return useSource(useAppObject().file.state);
}
