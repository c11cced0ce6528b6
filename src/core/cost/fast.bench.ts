/**
 * The fast gear beside the exact one: 1,000 random GEMMs, each a step of a factorized or dense layer with ranks of every
 * format, 1 to 2,048 tokens, every preset. Extents as they are (`perfect`) and padded where that pays (`any`); every GEMM is
 * asked for the first time, as in a search.
 */
import type { Bench } from '../base/bench.ts';
import { createRandom } from '../base/random.ts';
import type { Random } from '../base/random.ts';
import { presets } from '../hardware/presets.ts';
import { createMapper } from './mapper.ts';
import type { Mapper } from './mapper.ts';
import type { Gear, Gemm } from './mapping.ts';

type Factors = 'perfect' | 'any';
type Case = readonly [machine: string, gemm: Gemm];

const machines = Object.keys(presets);
const widths = [64, 96, 128, 192, 256, 384, 512, 768, 1024, 3072, 4096];
const modes = [4, 6, 8, 12, 16, 24, 32];
const count = 1000;

const pick = (random: Random, list: readonly number[]): number => list[random.below(list.length)] ?? 1;

/** Low rank: tokens x width x rank; trains and Tucker cores: merged modes and small ranks; attention: batches of heads. */
function randomGemm(random: Random): Gemm {
  const tokens = random.below(2) === 0 ? 2 ** random.below(12) : 1 + random.below(2048);
  const rank = random.below(2) === 0 ? 1 + random.below(64) : 1 + random.below(768);
  const width = pick(random, widths);
  switch (random.below(5)) {
    case 0:
      return { batch: 1, m: tokens, n: rank, k: width };
    case 1:
      return { batch: 1, m: tokens, n: width, k: rank };
    case 2:
      return { batch: 1, m: tokens, n: width, k: pick(random, widths) };
    case 3: {
      const small = 1 + random.below(64);
      return { batch: 1, m: tokens * pick(random, modes), n: small, k: pick(random, modes) * small };
    }
    default:
      return { batch: 12, m: Math.min(tokens, 512), n: Math.min(tokens, 512), k: 64 };
  }
}

function randomCases(seed: number): readonly Case[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, i) => [machines[i % machines.length] ?? '', randomGemm(random)]);
}

interface Answer {
  readonly ms: number;
  readonly edp: number;
}

function answer(cases: readonly Case[], factors: Factors, gear: Gear, now: () => number): readonly Answer[] {
  const mappers = new Map<string, Mapper>();
  return cases.map(([name, gemm]) => {
    const machine = presets[name];
    if (machine === undefined) throw new Error(`internal: no preset ${name}`);
    const mapper = mappers.get(name) ?? createMapper(machine, { factors });
    mappers.set(name, mapper);
    const start = now();
    const { energyPj, latencyCycles } = mapper.cost(gemm, gear);
    return { ms: now() - start, edp: energyPj * latencyCycles };
  });
}

const cases = randomCases(2024);
const ratios = new Map<Factors, readonly number[]>();

/** Ascending. */
function ratiosOf(factors: Factors, now: () => number): readonly number[] {
  let found = ratios.get(factors);
  if (found === undefined) {
    const exact = answer(cases, factors, 'exact', now);
    found = answer(cases, factors, 'fast', now)
      .map(({ edp }, i) => edp / (exact[i]?.edp ?? 0))
      .sort((a, b) => a - b);
    ratios.set(factors, found);
  }
  return found;
}

/** Ascending, each the least of two turns with new mappers. */
function times(factors: Factors, gear: Gear, now: () => number): readonly number[] {
  const [first, second] = [answer(cases, factors, gear, now), answer(cases, factors, gear, now)];
  return first.map(({ ms }, i) => Math.min(ms, second[i]?.ms ?? ms)).sort((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;

const titles: Readonly<Record<Factors, string>> = { perfect: 'as they are', any: 'padded where it pays' };

const ratioBenches = (factors: Factors): readonly Bench[] =>
  (
    [
      ['median', 0.5, 1.0005],
      ['p99', 0.99, 1.06],
      ['worst', 1, 1.1],
    ] as const
  ).map(([name, share, budget]) => ({
    name: `fast / exact EDP, 1,000 GEMMs ${titles[factors]}, ${name}`,
    unit: 'ratio',
    budget,
    run: (now) => at(ratiosOf(factors, now), share),
  }));

const timeBenches = (
  factors: Factors,
  gear: Gear,
  [meanBudget, tailBudget]: readonly [number | null, number | null],
): readonly Bench[] => [
  {
    name: `${gear} gear, 1,000 new GEMMs ${titles[factors]}, mean`,
    unit: 'ms',
    budget: meanBudget,
    run: (now) => mean(times(factors, gear, now)),
  },
  {
    name: `${gear} gear, 1,000 new GEMMs ${titles[factors]}, p99`,
    unit: 'ms',
    budget: tailBudget,
    run: (now) => at(times(factors, gear, now), 0.99),
  },
];

export const benches: readonly Bench[] = [
  ...ratioBenches('perfect'),
  ...ratioBenches('any'),
  ...timeBenches('perfect', 'fast', [0.15, 1]),
  ...timeBenches('any', 'fast', [null, null]),
  ...timeBenches('perfect', 'exact', [null, null]),
  ...timeBenches('any', 'exact', [null, null]),
];
