/**
 * The shape of a benchmark. `x.bench.ts` beside the code exports `benches`; `npm run bench` runs them all in one
 * process, beside a calibration loop, and holds each median against its budget.
 */
export interface Bench {
  readonly name: string;
  readonly unit: 'ms' | 'us' | 'ratio' | 'count';
  /** The value must not be above this (on an idle machine); null = no budget, shown for information. */
  readonly budget: number | null;
  /** Measures once and returns the value in `unit`; `now` gives milliseconds. */
  readonly run: (now: () => number) => number | Promise<number>;
}
