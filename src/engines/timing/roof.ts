/**
 * The roof of a device, by the engine's own kernels: square matrix products that double until one takes too long, and a
 * copy of an array that no cache holds. Any engine, no clock of its own.
 */
import { InputError } from '../../core/base/checks.ts';
import { createRandom } from '../../core/base/random.ts';
import type { DeviceRoof } from '../../core/cost/device-roof.ts';
import type { Engine, Prepared } from '../../core/einsum/engine.ts';
import { einsumProgram, type Program } from '../../core/einsum/program.ts';

export interface RoofOptions {
  /** No run should take longer, milliseconds. */
  readonly longestMs: number;
  /** Milliseconds since 1970. */
  readonly date: () => number;
  readonly onStage: (done: number, of: number) => void;
}

const firstSide = 64;
const lastSide = 4096;
/** 4 MiB, then four times as much, up to 64 MiB: WebGPU binds 128 MiB everywhere (its default limit). */
const firstWords = 2 ** 20;
const lastWords = 2 ** 24;
/** What few caches hold; of smaller arrays only where the device copies nothing larger in time. */
const largeBytes = 2 ** 24;
const runs = 5;

/** @throws InputError, EngineLost from the engine */
export async function measureRoof(
  engine: Engine,
  { longestMs, date, onStage }: RoofOptions,
): Promise<DeviceRoof> {
  const sides = Math.log2(lastSide / firstSide) + 1;
  const lengths = Math.log(lastWords / firstWords) / Math.log(4) + 1;
  const of = sides + lengths;
  let best = { gflops: 0, side: firstSide };
  for (let side = firstSide, k = 0; side <= lastSide; side *= 2, k++) {
    onStage(k, of);
    const shape = [side, side];
    const ms = await fastest(engine, einsumProgram('ik,kj->ij', [shape, shape]), side > firstSide);
    if (ms === null) break;
    const gflops = (2 * side ** 3) / (ms * 1e6);
    if (gflops > best.gflops) best = { gflops, side };
    if (8 * ms > longestMs) break;
  }
  const copies: { readonly gigabytes: number; readonly copied: number }[] = [];
  for (let words = firstWords, k = sides; words <= lastWords; words *= 4, k++) {
    onStage(k, of);
    const ms = await fastest(engine, einsumProgram('i->i', [[words]]), words > firstWords);
    if (ms === null) break;
    // Read and written, four bytes each.
    copies.push({ gigabytes: (8 * words) / (ms * 1e6), copied: 4 * words });
    if (4 * ms > longestMs) break;
  }
  const large = copies.filter(({ copied }) => copied >= largeBytes);
  const [copy = { gigabytes: 0, copied: 0 }] = (large.length > 0 ? large : copies).toSorted(
    (a, b) => b.gigabytes - a.gigabytes,
  );
  return { ...best, ...copy, at: date() };
}

/**
 * The shortest of a few runs after a first one, which warms up: a roof is what the device can do, not what it often does.
 * @param may whether it may be too large for the device, which then gives null
 */
async function fastest(engine: Engine, program: Program, may: boolean): Promise<number | null> {
  let prepared: Prepared;
  try {
    prepared = await engine.prepare(program);
  } catch (error) {
    if (may && error instanceof InputError) return null;
    throw error;
  }
  try {
    writeRandom(prepared, program, 1);
    await prepared.run();
    return Math.max(leastTick, Math.min(...(await prepared.time(runs))));
  } finally {
    prepared.destroy();
  }
}

/** Clocks may stand still for a run; a nanosecond keeps quotients finite. */
const leastTick = 1e-6;

/** Made once and repeated: chance for millions of words would take longer than the run. A prime, for no shape divides by it. */
const period = 8191;

/** Random numbers that are never 0, around 1 in size: time does not depend on them, but zeros and tiny ones it may. */
export function writeRandom(
  prepared: { readonly write: (operand: number, values: Float32Array) => void },
  { shapes }: Pick<Program, 'shapes'>,
  seed: number,
): void {
  const random = createRandom(seed);
  const some = Float32Array.from({ length: period }, () => {
    const value = random.next() - 0.5;
    return value < 0 ? value - 0.5 : value + 0.5;
  });
  shapes.forEach((shape, operand) => {
    const values = new Float32Array(shape.reduce((words, extent) => words * extent, 1));
    for (let at = 0; at < values.length; at += period) values.set(some.subarray(0, values.length - at), at);
    prepared.write(operand, values);
  });
}
