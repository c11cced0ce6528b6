import { describe, expect, it } from 'vitest';
import { createRandom } from '../../core/base/random.ts';
import { inTurns, type Turns } from './turns.ts';

/** Runs that take as long as they are told, on a clock by hand. */
function device(times: { readonly first: () => number; readonly second: () => number }, budgetMs = 1000) {
  let time = 0;
  const log: string[] = [];
  const run = (name: 'first' | 'second') => (): Promise<void> => {
    log.push(name);
    time += times[name]();
    return Promise.resolve();
  };
  return { log, now: () => time, turns: inTurns(run('first'), run('second'), { now: () => time, budgetMs }) };
}

async function last(turns: AsyncGenerator<Turns, void>): Promise<Turns> {
  let newest: Turns | null = null;
  for await (const each of turns) newest = each;
  if (newest === null) throw new Error('nothing was yielded');
  return newest;
}

describe('two things timed in turns', () => {
  it('gives the median of each, and stops when both are known', async () => {
    const random = createRandom(1);
    const { turns, now } = device({
      first: () => 10 + 0.2 * random.normal(),
      second: () => 4 + 0.1 * random.normal(),
    });
    const { first, second, complete } = await last(turns);
    expect(complete).toBe(true);
    expect(first.median).toBeCloseTo(10, 0);
    expect(second.median).toBeCloseTo(4, 0);
    expect(first.low).toBeLessThanOrEqual(first.median);
    // Warm-up and some thirty rounds, not the whole budget.
    expect(now()).toBeLessThan(1000);
  });

  it('takes as many runs for a sample as fill the step of a clock', async () => {
    const { turns, log } = device({ first: () => 0.1, second: () => 20 }, 100);
    const { first } = await last(turns);
    expect(first.median).toBeCloseTo(0.1, 9);
    const rounds = first.count;
    expect(log.filter((name) => name === 'second').length).toBeLessThan(rounds + 20);
    expect(log.filter((name) => name === 'first').length).toBeGreaterThan(50 * rounds);
  });

  it('goes both ways round, so that neither is always the one after the other', async () => {
    const { turns, log } = device({ first: () => 10, second: () => 10 });
    await last(turns);
    const switches = log.slice(40).join(' ');
    expect(switches).toMatch(/first first/);
    expect(switches).toMatch(/second second/);
  });

  it('ends when the time is up, however unsteady the device, and not before five rounds', async () => {
    const random = createRandom(2);
    const unsteady = device({ first: () => 5 + 100 * random.next(), second: () => 50 * random.next() }, 2000);
    const { complete, first } = await last(unsteady.turns);
    expect(complete).toBe(true);
    expect(first.count).toBeGreaterThanOrEqual(5);
    expect(unsteady.now()).toBeLessThan(4000);
    const slow = device({ first: () => 9000, second: () => 9000 }, 1000);
    expect((await last(slow.turns)).first.count).toBe(5);
  });

  it('lets a failure through', async () => {
    const failing = inTurns(
      () => Promise.reject(new Error('lost')),
      () => Promise.resolve(),
      { now: () => 0, budgetMs: 1 },
    );
    await expect(last(failing)).rejects.toThrow('lost');
  });
});
