/**
 * The mapping that `cost` returns, given back, yields the same numbers, and so does the mapping of a step of `chain` whose
 * operands all pass through the outermost memory: on random machines, padded, ragged, swapped, at other widths.
 * `RANKSCAPE_LONG` tries hundreds.
 */
import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../core/base/random.ts';
import type { Random } from '../core/base/random.ts';
import { InputError } from '../core/base/checks.ts';
import { pick, randomMachine } from '../core/cost/random-machine.fixture.ts';
import { checkAccelerator, printAccelerator } from '../core/hardware/parse.ts';
import { doorInFolder } from './door.fixture.ts';

const { answer } = doorInFolder();

type Request = Readonly<Record<string, unknown>>;
interface Cost {
  readonly energyPj: number;
  readonly latencyCycles: number;
  readonly swapped: boolean;
  readonly extents: Readonly<Record<string, number>>;
  readonly mapping: unknown;
  readonly levels: unknown;
}
interface Chain {
  readonly steps: readonly (Pick<Cost, 'energyPj' | 'latencyCycles' | 'extents' | 'mapping'> & {
    readonly equation: string;
    readonly shared: readonly unknown[];
  })[];
  readonly intermediates: readonly { readonly indices: string; readonly onChip: boolean }[];
}

async function results<T>(requests: readonly Request[]): Promise<T[]> {
  const { out } = await answer(['batch'], requests.map((request) => JSON.stringify(request)).join('\n'));
  const replies = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly error?: string; readonly result: T });
  expect(replies.flatMap(({ error }) => (error === undefined ? [] : [error]))).toEqual([]);
  return replies.map(({ result }) => result);
}

/** A preset, or a machine that has not been seen before. */
function someMachine(random: Random): unknown {
  if (random.below(2) === 0) return pick(random, ['ws16', 'simba', 'eyeriss', 'ws8t']);
  for (;;) {
    const machine = randomMachine(random, 2 + random.below(4));
    try {
      return printAccelerator(checkAccelerator(machine));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
}

const extents = [1, 2, 3, 5, 7, 8, 11, 12, 16, 24, 29, 37, 47];
const count = env['RANKSCAPE_LONG'] === undefined ? 24 : 600;

/** Shapes of an equation's operands, its letters' extents at random. */
function shapesOf(random: Random, equation: string): number[][] {
  const at = new Map<string, number>();
  const extentOf = (letter: string): number => {
    if (!at.has(letter)) at.set(letter, pick(random, extents.slice(0, 8)));
    return at.get(letter) ?? 1;
  };
  const [inputs = ''] = equation.split('->');
  return inputs.split(',').map((term) => Array.from(term, extentOf));
}

function someCost(random: Random): Request {
  const gemm = [pick(random, extents), pick(random, extents), pick(random, extents)];
  const einsum = pick(random, [
    'ab,cb->ac',
    'bmk,bkn->bmn',
    'abc,cbd->ad',
    'a,b->ab',
    'ax,xb->xab',
    'ab,ab->a',
  ]);
  const one = (chance: number, options: Request): Request => (random.below(chance) === 0 ? options : {});
  return {
    command: 'cost',
    accelerator: someMachine(random),
    ...(random.below(3) > 0 ? { gemm } : { einsum, shapes: shapesOf(random, einsum) }),
    factors: pick(random, ['perfect', 'any', 'ragged']),
    objective: pick(random, ['edp', 'energy', 'latency']),
    accounting: pick(random, ['timeloop', 'accelforge']),
    ...one(2, { swap: true }),
    ...one(4, { weightBits: pick(random, [4, 4.125, 6]) }),
    ...one(6, { dataflow: 'fixed' }),
    ...one(6, { hop: 0.3, leakage: 2 }),
    ...one(8, { doubleBuffered: true }),
  };
}

describe('given back', () => {
  it('the mapping of a product yields the same', { timeout: 1_200_000 }, async () => {
    const random = createRandom(7);
    const requests = Array.from({ length: count }, () => someCost(random));
    const found = await results<Cost>(requests);
    const again = await results<Cost>(
      requests.map((request, i) => ({ ...request, mapping: found[i]?.mapping })),
    );
    const seen = ({ energyPj, latencyCycles, swapped, extents: covered, levels }: Cost) => {
      return { energyPj, latencyCycles, swapped, covered, levels };
    };
    for (const [i, request] of requests.entries())
      expect({ request, ...seen(again[i] as Cost) }).toEqual({ request, ...seen(found[i] as Cost) });
    expect(found.some(({ swapped }) => swapped)).toBe(true);
  });

  it('the mapping of a step yields the same', { timeout: 1_200_000 }, async () => {
    const random = createRandom(8);
    const chains = Array.from({ length: count / 4 }, (): Request => {
      const equation = pick(random, [
        'mk,kr,rn->mn',
        'hqd,hkd,hke->hqe',
        'bij,ipr,rjq->bpq',
        'mk,ka,ac,cn->mn',
      ]);
      return {
        equation,
        shapes: shapesOf(random, equation),
        accelerator: someMachine(random),
        accounting: pick(random, ['timeloop', 'accelforge']),
        factors: pick(random, ['perfect', 'any']),
        fusion: pick(random, ['auto', 'none']),
      };
    });
    const found = await results<Chain>(
      chains.map((request) => ({ ...request, command: 'chain', heights: 'even' })),
    );
    const steps = found.flatMap(({ steps: all, intermediates }, i) => {
      const inside = new Set(intermediates.flatMap(({ indices, onChip }) => (onChip ? [indices] : [])));
      return all.flatMap((step) => {
        const terms = step.equation.split(/,|->/);
        if (step.shared.length > 0 || terms.some((term) => inside.has(term))) return [];
        // Over M, N, K and B where several letters were padded together.
        if (
          !terms
            .join('')
            .split('')
            .every((letter) => letter in step.extents)
        )
          return [];
        const shapes = terms
          .slice(0, 2)
          .map((term) => Array.from(term, (letter) => step.extents[letter] ?? 0));
        const { accelerator, accounting } = chains[i] ?? {};
        const { equation: einsum, mapping } = step;
        const request = {
          command: 'cost',
          einsum,
          shapes,
          mapping,
          accelerator,
          accounting,
          factors: 'perfect',
        };
        return [{ request, energyPj: step.energyPj, cycles: step.latencyCycles }];
      });
    });
    expect(steps.length).toBeGreaterThan(count / 8);
    const costs = await results<Cost>(steps.map(({ request }) => request));
    for (const [i, { request, energyPj, cycles }] of steps.entries()) {
      const cost = costs[i] as Cost;
      expect({ request, cycles: cost.latencyCycles }).toEqual({ request, cycles });
      expect(cost.energyPj / energyPj).toBeCloseTo(1, 12);
    }
  });
});
