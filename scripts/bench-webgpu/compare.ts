/** One case, all contestants: each one's ways are checked and tried, the fastest of each then run in turns. */
import { createRandom, type Random } from '../../src/core/base/random.ts';
import type { FusionChoice } from '../../src/core/einsum/engine.ts';
import type { BenchCase } from './cases.ts';
import type { Contestant, Way } from './contestant.ts';
import { deviceTime } from './device-clock.ts';
import { differenceOf, expectedOf, operandsOf, tolerance, type Expected } from './expected.ts';
import { within } from './within.ts';

export interface Timing {
  /** Median milliseconds: on the device where it has timestamps, else from submission to completion. */
  readonly ms: number;
  /** Median milliseconds from the call until the device is done. */
  readonly wallMs: number;
  readonly passes: number | null;
  /** Which of the library's ways it was, and what the others took. */
  readonly way: string;
  readonly tried: Readonly<Record<string, number | string>>;
  readonly choices?: readonly FusionChoice[];
}

export interface Outcome {
  readonly timing: Timing | null;
  /** Why there is none. */
  readonly problem?: string;
}

const seed = 7;
/** Preparing compiles, and may tune. */
const prepareMs = 60_000;
const runMs = 20_000;
const fewest = 5;
const most = 31;
/** A way that takes so many times as long as another of its library is not tried again. */
const hopeless = 5;
/** Who takes so many times as long as the fastest takes no more than the fewest turns. */
const far = 10;
/** For all contestants of a case together. */
const turnsMs = 2500;

/** Runs below this are preceded by one that does not count. */
const shortMs = 20;

const shuffled = <T>(items: readonly T[], random: Random): readonly T[] =>
  items
    .map((item) => ({ item, at: random.next() }))
    .toSorted((x, y) => x.at - y.at)
    .map(({ item }) => item);

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

interface Sample {
  readonly ms: number;
  readonly wallMs: number;
  readonly passes: number | null;
}

async function sample(device: GPUDevice, way: Way, patienceMs = runMs): Promise<Sample> {
  let wallMs = 0;
  const timed = await deviceTime(device, async () => {
    const start = performance.now();
    await within(patienceMs, way.name, way.run());
    wallMs = performance.now() - start;
  });
  return { ms: timed?.ms ?? wallMs, wallMs, passes: timed?.passes ?? null };
}

interface Entrant {
  readonly contestant: Contestant;
  readonly way: Way;
  readonly tried: Record<string, number | string>;
  readonly samples: Sample[];
}

interface Trial {
  readonly way: Way;
  readonly ms: number;
}

async function tryWay(
  device: GPUDevice,
  make: () => Promise<Way>,
  expected: Expected,
  toBeat: number,
): Promise<Trial> {
  const way = await within(prepareMs, 'preparing', make());
  try {
    const cold = await sample(device, way, prepareMs);
    const difference = differenceOf(expected, await within(runMs, `${way.name}: read`, way.read()));
    if (!(difference <= tolerance)) throw new Error(`${way.name}: off by ${difference.toPrecision(2)}`);
    let ms = cold.ms;
    for (let k = 0; k < 3 && !(ms > hopeless * toBeat); k++)
      ms = Math.min(ms, (await sample(device, way)).ms);
    return { way, ms };
  } catch (error) {
    await way.dispose();
    throw error;
  }
}

async function enter(
  contestant: Contestant,
  item: BenchCase,
  operands: readonly Float32Array[],
  expected: Expected,
  hurried: boolean,
): Promise<Entrant | string | null> {
  const tried: Record<string, number | string> = {};
  let best: Trial | null = null;
  const makers = contestant.ways(item, operands).slice(0, hurried ? 1 : undefined);
  if (makers.length === 0) return null;
  for (const [k, make] of makers.entries()) {
    try {
      const trial = await tryWay(contestant.device, make, expected, best?.ms ?? Infinity);
      tried[trial.way.name] = trial.ms;
      if (best === null || trial.ms < best.ms) {
        await best?.way.dispose();
        best = trial;
      } else {
        await trial.way.dispose();
      }
    } catch (error) {
      tried[`way ${k + 1} of ${makers.length}`] = error instanceof Error ? error.message : String(error);
    }
  }
  return best === null ? JSON.stringify(tried) : { contestant, way: best.way, tried, samples: [] };
}

/**
 * Each contestant's outcome, by name.
 * @param hurried only the first way of each, and the fewest turns
 */
export async function compare(
  item: BenchCase,
  contestants: readonly Contestant[],
  hurried: boolean,
): Promise<ReadonlyMap<string, Outcome>> {
  const operands = operandsOf(item, seed);
  const expected = expectedOf(item, operands);
  const outcomes = new Map<string, Outcome>();
  const entrants: Entrant[] = [];
  for (const contestant of contestants) {
    const start = performance.now();
    const entrant = await enter(contestant, item, operands, expected, hurried);
    console.log(`${contestant.name} entered in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    if (typeof entrant === 'string') outcomes.set(contestant.name, { timing: null, problem: entrant });
    else if (entrant !== null) entrants.push(entrant);
  }
  const random = createRandom(seed);
  const end = performance.now() + (hurried ? 0 : turnsMs);
  for (let turn = 0; turn < most && (turn < fewest || performance.now() < end); turn++) {
    const fastest = Math.min(...entrants.map(({ samples }) => samples[0]?.wallMs ?? Infinity));
    // Who follows whom changes with the turn: what one leaves in the caches is no one's for good.
    for (const entrant of shuffled(entrants, random)) {
      if (turn >= fewest && (entrant.samples[0]?.wallMs ?? 0) > far * fastest) continue;
      try {
        // Short runs once untimed, as in a loop of many.
        if ((entrant.samples[0]?.wallMs ?? 0) < shortMs)
          await within(runMs, entrant.way.name, entrant.way.run());
        entrant.samples.push(await sample(entrant.contestant.device, entrant.way));
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        outcomes.set(entrant.contestant.name, { timing: null, problem });
        entrants.splice(entrants.indexOf(entrant), 1);
      }
    }
  }
  for (const { contestant, way, tried, samples } of entrants) {
    const timing: Timing = {
      ms: median(samples.map(({ ms }) => ms)),
      wallMs: median(samples.map(({ wallMs }) => wallMs)),
      passes: samples[0]?.passes ?? null,
      way: way.name,
      tried,
      ...(way.choices === undefined ? {} : { choices: way.choices }),
    };
    outcomes.set(contestant.name, { timing });
    await way.dispose();
  }
  return outcomes;
}
