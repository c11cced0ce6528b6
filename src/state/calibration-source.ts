/**
 * The calibration tables of shipped models, fetched when their card is first chosen. Until they are there, and where they
 * are not, the vertical axis is the share of weight energy.
 */
import type { StoreApi } from 'zustand/vanilla';
import type { CalibrationTable } from '../core/accuracy/sensitivity.ts';
import { taskScore } from '../core/tasks/task.ts';
import type { ModelChoice } from './config.ts';
import type { AppState } from './store.ts';

export interface CalibrationOptions {
  readonly store: StoreApi<AppState>;
  /** Null when there is none; a rejection counts as none. */
  readonly load: (model: string) => Promise<CalibrationTable | null>;
}

export interface Calibrations {
  /** The table of a model choice, or null. */
  readonly tableOf: (choice: ModelChoice) => CalibrationTable | null;
  /** Settled once the table of the model that the page opened with is there, or is known not to come. */
  readonly opened: Promise<void>;
}

export function followCalibration({ store, load }: CalibrationOptions): Calibrations {
  const tables = new Map<string, CalibrationTable | null>();
  const idOf = (choice: ModelChoice): string | null =>
    choice.kind === 'card' && taskScore(choice.id) !== null ? choice.id : null;
  const follow = async (): Promise<void> => {
    const id = idOf(store.getState().config.model);
    if (id === null || tables.has(id)) return;
    tables.set(id, null);
    const table = await load(id).catch(() => null);
    if (table === null) return;
    tables.set(id, table);
    if (idOf(store.getState().config.model) === id) store.getState().refresh();
  };
  store.subscribe(() => void follow());
  return { tableOf: (choice) => tables.get(idOf(choice) ?? '') ?? null, opened: follow() };
}
