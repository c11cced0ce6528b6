/**
 * Every message between the page and its workers: one discriminated union a direction. A request carries a run id that
 * its replies repeat; the newest run wins and replies of older ones are dropped. All of it is plain data.
 */
export type { Scent } from '../src/core/search/scent.ts';
export type * from './protocol/situation.ts';
export type * from './protocol/scent.ts';
export type * from './protocol/search.ts';
export type * from './protocol/files.ts';
export type * from './protocol/accuracy.ts';
export type * from './protocol/export.ts';
export type * from './protocol/latency.ts';
export type * from './protocol/device.ts';
