import { InputError } from '../src/core/base/checks.ts';

/** What the page is told of a failure: the user's as it is, our own marked. */
export const problemOf = (error: unknown): string =>
  error instanceof InputError ? error.message : `internal: ${String(error)}`;
