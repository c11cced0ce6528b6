/**
 * Several programs timed in turns on one engine, so that what slows the device down slows all of them, and designs as sums
 * of programs: a design's sample is what its programs took in that round. A sample is as many runs as fill a few
 * milliseconds, for clocks are coarse; rounds go on until every median is known or the time is up. Programs that do not
 * fit the memory together are timed batch after batch.
 */
import { isMedianKnown, spreadOf, type Spread } from '../../core/base/spread.ts';
import type { Bytes } from '../../core/base/units.ts';
import type { Dispatch, Engine, FusionChoice, Prepared } from '../../core/einsum/engine.ts';
import type { Program } from '../../core/einsum/program.ts';
import { writeRandom } from './roof.ts';

/** Sum of programs: position in the list of programs, and how often it runs. */
export type Parts = readonly { readonly program: number; readonly count: number }[];

export interface DesignTiming {
  /** Milliseconds of one run; null: not yet. */
  readonly ms: Spread | null;
  /** Time of the first design over that of this one, round by round, so that a slow round is slow for both. */
  readonly speedUp: Spread | null;
}

export interface Timing {
  /** Milliseconds of one run of each program; null: not yet. */
  readonly programs: readonly (Spread | null)[];
  readonly designs: readonly DesignTiming[];
  /** How each program runs, where the engine tells. */
  readonly dispatches: readonly (readonly Dispatch[] | null)[];
  readonly choices: readonly (readonly FusionChoice[])[];
  readonly complete: boolean;
}

export interface TimingOptions {
  /** Milliseconds. */
  readonly now: () => number;
  /** Of all rounds; preparing and warming up come on top. */
  readonly budgetMs: number;
  /** What the arrays of one batch may take. */
  readonly memory: Bytes;
  readonly onPrepared: (done: number, of: number) => void;
}

const sampleMs = 5;
const mostRuns = 1024;
/** Every median known within 2 %. */
const width = 0.02;
const leastRounds = 5;
const mostRounds = 200;
const seed = 1;

interface Timed {
  readonly prepared: Prepared;
  readonly at: number;
  /** Of one sample. */
  runs: number;
}

/** Yields after every round. @throws InputError, EngineLost from the engine */
export async function* timeDesigns(
  engine: Engine,
  programs: readonly Program[],
  designs: readonly Parts[],
  { now, budgetMs, memory, onPrepared }: TimingOptions,
): AsyncGenerator<Timing, void> {
  const samples: number[][] = programs.map(() => []);
  const dispatches: (readonly Dispatch[] | null)[] = programs.map(() => null);
  const choices: (readonly FusionChoice[])[] = programs.map(() => []);
  const batches = batchesOf(programs, memory);
  let ready = 0;
  for (const [turn, batch] of batches.entries()) {
    const timed: Timed[] = [];
    try {
      for (const at of batch) {
        onPrepared(ready++, programs.length);
        const program = programs[at];
        if (program === undefined) continue;
        const prepared = await engine.prepare(program);
        const entry: Timed = { prepared, at, runs: 1 };
        timed.push(entry);
        entry.runs = await warmUp(prepared, program);
        dispatches[at] = prepared.dispatches ?? null;
        choices[at] = prepared.choices ?? [];
      }
      const began = now();
      for (let round = 1; ; round++) {
        for (const { prepared, at, runs } of round % 2 === 1 ? timed : timed.toReversed())
          samples[at]?.push(mean(await prepared.time(runs)));
        const known = batch.every((at) => isMedianKnown(samples[at] ?? [], width));
        const spent = now() - began >= budgetMs / batches.length;
        const done = known || round >= mostRounds || (spent && round >= leastRounds);
        yield {
          programs: samples.map((values) => (values.length === 0 ? null : spreadOf(values))),
          designs: designTimings(designs, samples),
          dispatches,
          choices,
          complete: done && turn === batches.length - 1,
        };
        if (done) break;
      }
    } finally {
      for (const { prepared } of timed) prepared.destroy();
    }
  }
}

/** Operands, intermediates and result of a program, as float32. */
export const bytesOf = ({ shapes, steps }: Program): Bytes =>
  [...shapes, ...steps.map(({ shape }) => shape)].reduce((sum, shape) => sum + bytesIn(shape), 0);

/** What a run moves at least: operands read, result written. */
export const movedBytes = ({ shapes, outputShape }: Program): Bytes =>
  [...shapes, outputShape].reduce((sum, shape) => sum + bytesIn(shape), 0);

const bytesIn = (shape: readonly number[]): Bytes => 4 * shape.reduce((words, extent) => words * extent, 1);

/** Neighbours together, as many as fit; one that fits nowhere stands alone, and the engine says what it makes of it. */
function batchesOf(programs: readonly Program[], memory: Bytes): readonly (readonly number[])[] {
  const batches: number[][] = [];
  let free = -1;
  for (const [at, program] of programs.entries()) {
    const bytes = bytesOf(program);
    if (bytes > free) {
      batches.push([]);
      free = memory;
    }
    batches.at(-1)?.push(at);
    free -= bytes;
  }
  return batches;
}

async function warmUp(prepared: Prepared, program: Program): Promise<number> {
  writeRandom(prepared, program, seed);
  await prepared.run();
  // One more, for the first run may compile.
  const [first = 0] = await prepared.time(1);
  for (let runs = Math.min(mostRuns, Math.max(1, Math.ceil(sampleMs / first))); ; runs *= 2) {
    if (runs >= mostRuns) return mostRuns;
    if (runs * mean(await prepared.time(runs)) >= sampleMs / 2) return runs;
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

function designTimings(
  designs: readonly Parts[],
  samples: readonly (readonly number[])[],
): readonly DesignTiming[] {
  const sums = designs.map((parts) => roundsOf(parts, samples));
  const [first = []] = sums;
  return sums.map((own) => {
    const ratios = own.slice(0, first.length).map((ms, round) => (first[round] ?? 0) / ms);
    return { ms: spreadOrNull(own), speedUp: spreadOrNull(ratios.filter(Number.isFinite)) };
  });
}

const spreadOrNull = (values: readonly number[]): Spread | null =>
  values.length === 0 ? null : spreadOf(values);

/** Milliseconds of a design in each round that all of its programs have had. */
function roundsOf(parts: Parts, samples: readonly (readonly number[])[]): readonly number[] {
  if (parts.length === 0) return [];
  const rounds = Math.min(...parts.map(({ program }) => samples[program]?.length ?? 0));
  return Array.from({ length: rounds }, (_, round) =>
    parts.reduce((sum, { program, count }) => sum + count * (samples[program]?.[round] ?? 0), 0),
  );
}
