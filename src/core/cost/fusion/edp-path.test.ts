/**
 * The path that is best once mapped: against a brute force that maps and fuses every tree in every order (up to 6 operands
 * under `RANKSCAPE_LONG`), and against the path of fewest multiplications over all formats of factorized_paths.json.
 */
import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../base/random.ts';
import type { Random } from '../../base/random.ts';
import { reference } from '../../base/reference.ts';
import type { Einsum } from '../../einsum/einsum.ts';
import { parseEinsum } from '../../einsum/parse.ts';
import { followPath } from '../../einsum/path.ts';
import { presetByName } from '../../hardware/presets.ts';
import { findPathForEdp, findPathWith } from './edp-path.ts';
import { smallMachine } from './enumeration.fixture.ts';
import { mapChainWith } from './map-chain.ts';
import type { MappedChain } from './map-chain.ts';
import { createParts } from './parts.ts';
import type { Parts } from './parts.ts';
import type { Fusion } from './residency.ts';

const edp = ({ energyPj, latencyCycles }: MappedChain): number => energyPj * latencyCycles;

/** Every sequence of pairs; a pair's order decides the slots where neither holds the first operand. */
function everyPath(active: readonly boolean[]): (readonly (readonly number[])[])[] {
  const count = active.length;
  if (count === 1) return [[]];
  return active.flatMap((_, i) =>
    active.flatMap((__, j) => {
      const either = (active[i] ?? false) || (active[j] ?? false);
      if (i === j || (either && i > j)) return [];
      const rest = active.filter((___, at) => at !== i && at !== j);
      return everyPath([...rest, either]).map((path) => [[i, j], ...path]);
    }),
  );
}

function leastEdp(parts: Parts, einsum: Einsum, fusion: Fusion): number {
  return everyPath(einsum.inputs.map((_, i) => i === 0)).reduce((least, path) => {
    const chain = mapChainWith(parts, followPath(einsum, path), fusion, 'edp');
    return Math.min(least, edp(chain));
  }, Number.POSITIVE_INFINITY);
}

/** Operands that share labels like the factors of a layer, at random. */
function randomEinsum(random: Random, operands: number): Einsum {
  const letters = [...'abcdefgh'].slice(0, operands + 2);
  const extents = new Map(letters.map((letter) => [letter, [1, 2, 3, 4, 6, 8, 16][random.below(7)] ?? 1]));
  const homes = letters.map((letter, l) => {
    const first = l % operands;
    const second = random.below(operands);
    return {
      letter,
      at: new Set(random.below(4) === 0 ? [first, second, random.below(operands)] : [first, second]),
    };
  });
  const inputs = Array.from({ length: operands }, (_, k) =>
    homes.flatMap(({ letter, at }) => (at.has(k) ? [letter] : [])),
  );
  const output = homes.flatMap(({ letter, at }) => (at.size === 1 || random.below(5) === 0 ? [letter] : []));
  return { inputs, output, extents };
}

const long = env['RANKSCAPE_LONG'] !== undefined;

describe('finds what mapping every tree finds', () => {
  const named: readonly (readonly [string, string, readonly (readonly number[])[]])[] = [
    [
      'tt',
      'bij,wB,BxC,CiD,Dj->bwx',
      [
        [16, 8, 12],
        [8, 8],
        [8, 12, 16],
        [16, 8, 4],
        [4, 12],
      ],
    ],
    [
      'ttm',
      'bijk,wiB,BxjC,Cyk->bwxy',
      [
        [16, 4, 6, 4],
        [4, 4, 8],
        [8, 6, 6, 8],
        [8, 4, 4],
      ],
    ],
    [
      'cp',
      'bij,wr,xr,ir,jr->bwx',
      [
        [8, 8, 12],
        [8, 24],
        [12, 24],
        [8, 24],
        [12, 24],
      ],
    ],
    [
      'sum',
      'bi,ijx,jk,ko->bo',
      [
        [16, 8],
        [8, 12, 3],
        [12, 6],
        [6, 16],
      ],
    ],
  ];
  for (const machine of ['ws8t', 'simba']) {
    it.each(named.filter(([name]) => long || ['ttm', 'sum'].includes(name)))(
      `${machine}: %s`,
      { timeout: 600_000 },
      (_, equation, shapes) => {
        const fusion = 'auto';
        const parts = createParts(presetByName(machine), { accounting: 'timeloop', factors: 'any' });
        const einsum = parseEinsum(equation, shapes);
        const { best, proven } = findPathWith(parts, einsum, 'auto', 'edp');
        expect(proven).toBe(true);
        expect(edp(best) / leastEdp(parts, einsum, fusion)).toBeCloseTo(1, 9);
      },
    );
  }

  // Six operands have 14,400 paths: with shared loops some minutes of one core each.
  const sizes = long ? [3, 4, 4, 4, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6] : [3, 4, 4, 5];
  it.each(
    sizes.map((operands, i) => ({ operands, fusion: i % 2 === 0 ? 'auto' : 'whole', seed: 23 + i }) as const),
  )('on a small machine, a random einsum: %j', { timeout: 3_600_000 }, ({ operands, fusion, seed }) => {
    const random = createRandom(seed);
    const parts = createParts(smallMachine(random), { accounting: 'accelforge', factors: 'perfect' });
    const einsum = randomEinsum(random, operands);
    const { best } = findPathWith(parts, einsum, fusion, 'edp');
    expect(edp(best) / leastEdp(parts, einsum, fusion)).toBeCloseTo(1, 9);
  });
});

interface Layer {
  readonly format: string;
  readonly order: number;
  readonly batch: number;
  readonly eq: string;
  readonly shapes: readonly (readonly number[])[];
  readonly exact_macs: { readonly macs: number };
}

const layers = reference<{ readonly cases: readonly Layer[] }>('factorized_paths.json')?.cases ?? [];

describe.skipIf(layers.length === 0)('factorized_paths.json, all formats and batches', () => {
  it(
    'is never worse than the path of fewest multiplications and sometimes far better',
    { timeout: 600_000 },
    () => {
      const parts = createParts(presetByName('ws16'), { accounting: 'timeloop', factors: 'any' });
      const some = layers.filter((_, i) => long || i === 41 || i % 9 === 0);
      const gains = some.map(({ eq, shapes, exact_macs: { macs }, format, order }) => {
        const { best, fewestMacs, proven } = findPathWith(parts, parseEinsum(eq, shapes), 'auto', 'edp');
        expect(proven).toBe(true);
        expect(fewestMacs.path.macs).toBe(macs);
        const gain = edp(fewestMacs) / edp(best);
        expect(gain).toBeGreaterThanOrEqual(1 - 1e-9);
        return { format, order, gain };
      });
      const gainOf = (format: string, order: number): number =>
        Math.max(
          ...gains.filter((each) => each.format === format && each.order === order).map(({ gain }) => gain),
        );
      expect(gainOf('lowrank', 0)).toBeCloseTo(1, 6);
      expect(gainOf('tt', 2)).toBeGreaterThan(1.4);
    },
  );
});

it('one operand, two operands, an operand to sum first', () => {
  const machine = presetByName('ws8t');
  expect(findPathForEdp(machine, parseEinsum('ij->ji', [[2, 3]])).best).toMatchObject({
    energyPj: 0,
    steps: [],
  });
  expect(
    findPathForEdp(
      machine,
      parseEinsum('ij,jk->ik', [
        [2, 3],
        [3, 4],
      ]),
    ).best.steps,
  ).toHaveLength(1);
  const summed = findPathForEdp(
    machine,
    parseEinsum('ij,jkx,kl->il', [
      [4, 8],
      [8, 8, 5],
      [8, 4],
    ]),
  ).best;
  expect(summed.path.steps.map(({ operands }) => operands.length)).toEqual([1, 2, 2]);
});
