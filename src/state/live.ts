/**
 * Values that follow the store. `followDerived` keeps the last good value: when a config cannot be evaluated (nothing
 * fits the machine), the screen keeps its picture and the reason is told once.
 */
import type { StoreApi } from 'zustand/vanilla';
import { InputError } from '../core/base/checks.ts';
import type { Config } from './config.ts';
import type { Derived } from './derive.ts';
import type { AppState } from './store.ts';

/** A value that changes outside React. */
export interface Source<T> {
  readonly get: () => T;
  readonly subscribe: (listener: () => void) => () => void;
}

export interface Settable<T> extends Source<T> {
  readonly set: (value: T) => void;
}

export function createSource<T>(initial: T): Settable<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Derived of `select(state)`, recomputed as the store changes, plus the reason why the newest config has none. */
export interface DerivedSource extends Source<Derived> {
  /** What is wrong with the config on screen, or null; the value is then the last good one. */
  readonly problem: Source<string | null>;
}

export function followDerived(
  store: StoreApi<AppState>,
  select: (state: AppState) => Config,
  derive: (config: Config, moving: boolean) => Derived,
): DerivedSource {
  const problem = createSource<string | null>(null);
  let seen = select(store.getState());
  let wasMoving = seen !== store.getState().committed;
  let value = derive(seen, wasMoving);
  const listeners = new Set<() => void>();
  // Computed as the store changes, before any component hears of it: rendering must not have side effects.
  store.subscribe((state) => {
    const config = select(state);
    // A drag that ends leaves its draft as it is, but what it is worth may be counted better then.
    const moving = config !== state.committed;
    if (config === seen && moving === wasMoving) return;
    seen = config;
    wasMoving = moving;
    try {
      value = derive(config, moving);
      if (problem.get() !== null) problem.set(null);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problem.set(error.message);
    }
    for (const listener of listeners) listener();
  });
  return {
    get: () => value,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    problem,
  };
}

/** A hand that has not moved for so long rests. */
export const restMs = 200;
/** A drag that never rests is followed after so many times `restMs`. */
const mostWaits = 10;

/**
 * Follows `derived` for what React draws: at once when nothing is dragged or when more than the design changes (a drag
 * of the workload), else when the hand rests, at the latest after two seconds. A frame of the drag need not pay for it: what
 * the eye follows is drawn past React (`ui/ink`).
 * @param isHandBusy whether a hand moves that may change the design again at once, though it has not for a while
 */
export function followSettled(
  store: StoreApi<AppState>,
  derived: Source<Derived>,
  setTimeout: (run: () => void, milliseconds: number) => unknown,
  isHandBusy: () => boolean = () => false,
): Source<Derived> {
  const settled = createSource(derived.get());
  let waiting: { readonly seen: Derived } | null = null;
  const settle = (): void => {
    waiting = null;
    // Of one config under one evaluator all figures are the same: a drag that is where it began changes nothing.
    const [before, now] = [settled.get(), derived.get()];
    if (before.config !== now.config || before.evaluator !== now.evaluator) settled.set(now);
  };
  const wait = (time: number): void => {
    const mine = { seen: derived.get() };
    waiting = mine;
    setTimeout(() => {
      if (waiting !== mine) return;
      if ((derived.get() === mine.seen && !isHandBusy()) || time === mostWaits) settle();
      else wait(time + 1);
    }, restMs);
  };
  store.subscribe(({ config, committed }) => {
    if (config === committed || settled.get().evaluator !== derived.get().evaluator) settle();
    else if (waiting === null && settled.get() !== derived.get()) wait(1);
  });
  return settled;
}

/** The config, in a drag as it was when `settled` last followed; what cannot be evaluated is in it too. */
export function followResting(store: StoreApi<AppState>, settled: Source<Derived>): Source<Config> {
  const resting = createSource(store.getState().config);
  const follow = (): void => {
    const { config } = store.getState();
    if (config !== resting.get()) resting.set(config);
  };
  settled.subscribe(follow);
  store.subscribe(({ config, committed }) => {
    if (config === committed) follow();
  });
  return resting;
}
