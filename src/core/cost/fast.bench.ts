/**
 * The fast gear beside the exact one: 1,000 random GEMMs, each a step of a factorized or dense layer with ranks of every
 * format, 1 to 2,048 tokens, every preset. Extents as they are (`perfect`) and padded where that pays (`any`); every GEMM is
 * asked for the first time, as in a search.
 */
import type { Bench } from '../base/bench.ts';
import { presets } from '../hardware/presets.ts';
import { createMapper } from './mapper.ts';
import type { Mapper } from './mapper.ts';
import type { Gear } from './mapping.ts';
import { randomCases } from './random-step.fixture.ts';
import type { Case } from './random-step.fixture.ts';

type Factors = 'perfect' | 'any';

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

const cases = randomCases(2024, 1000);
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
