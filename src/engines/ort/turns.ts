/**
 * Two things timed in turns, so that what slows the device down slows both: warm-up, then rounds of one sample each in
 * alternating order, until both medians are known or the time is up. A sample is as many runs as fill a few milliseconds,
 * for clocks are coarse.
 */
import { isMedianKnown, spreadOf, type Spread } from '../../core/base/spread.ts';

export interface TurnsOptions {
  /** Milliseconds. */
  readonly now: () => number;
  readonly budgetMs: number;
}

export interface Turns {
  /** Milliseconds of one run. */
  readonly first: Spread;
  readonly second: Spread;
  readonly complete: boolean;
}

type Run = () => Promise<unknown>;

const warmMs = 150;
/** Browser clocks step by 5 us to 1 ms. */
const sampleMs = 5;
const mostRuns = 200;
/** Both medians known within 2 %. */
const width = 0.02;
const leastRounds = 5;
const mostRounds = 400;

/** Yields after every round. Errors of the runs go through. */
export async function* inTurns(first: Run, second: Run, options: TurnsOptions): AsyncGenerator<Turns, void> {
  const { now, budgetMs } = options;
  const a = { run: first, runs: await warmUp(first, now), samples: [] as number[] };
  const b = { run: second, runs: await warmUp(second, now), samples: [] as number[] };
  const began = now();
  for (let round = 1; ; round++) {
    const order = round % 2 === 1 ? [a, b] : [b, a];
    for (const { run, runs, samples } of order) {
      const start = now();
      for (let k = 0; k < runs; k++) await run();
      samples.push((now() - start) / runs);
    }
    const known = isMedianKnown(a.samples, width) && isMedianKnown(b.samples, width);
    const spent = now() - began >= budgetMs;
    const complete = known || round >= mostRounds || (spent && round >= leastRounds);
    yield { first: spreadOf(a.samples), second: spreadOf(b.samples), complete };
    if (complete) return;
  }
}

/** @returns how many runs make a sample */
async function warmUp(run: Run, now: () => number): Promise<number> {
  const began = now();
  let last = 0;
  for (let k = 0; k === 0 || (now() - began < warmMs && k < mostRuns); k++) {
    const start = now();
    await run();
    last = now() - start;
  }
  return Math.min(mostRuns, Math.max(1, Math.ceil(sampleMs / Math.max(last, sampleMs / mostRuns))));
}
