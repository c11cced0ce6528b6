/** Input problems as values, for the line under a form. */
import { InputError } from '../../core/base/checks.ts';

export type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

export function attempt<T>(make: () => T): Attempt<T> {
  try {
    return { ok: true, value: make() };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { ok: false, problem: error.message };
  }
}
