/**
 * Fused chains equal to AccelForge's optima, against every mapping of small chains, and laws: fusing never costs, more room
 * never costs, what is said to stay on chip fits.
 */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../base/random.ts';
import { reference } from '../../base/reference.ts';
import { parseEinsum } from '../../einsum/parse.ts';
import { followPath } from '../../einsum/path.ts';
import type { ContractionPath } from '../../einsum/path.ts';
import type { Accelerator } from '../../hardware/accelerator.ts';
import { presetByName } from '../../hardware/presets.ts';
import { createMapper } from '../mapper.ts';
import { chainOf } from './chain.ts';
import { everyPoint, smallMachine, sums } from './enumeration.fixture.ts';
import type { Homes } from './homes.ts';
import { mapChain } from './map-chain.ts';
import type { MappedChain } from './map-chain.ts';
import type { Point } from './trade.ts';

interface Optimum {
  readonly energy_pJ: number;
  readonly latency_ns: number;
  readonly edp_pJ_ns: number;
  readonly intermediates: Readonly<Record<string, string>>;
}

interface Case {
  readonly id: string;
  readonly machine: string;
  readonly equation: string;
  readonly path: readonly string[];
  readonly extents: Readonly<Record<string, number>>;
  readonly fused_allowed: Optimum;
  readonly unfused: Optimum;
}

const optima = reference<{ readonly cases: readonly Case[] }>('fused_chain_optima.json');

function pathOf(
  equation: string,
  steps: readonly string[],
  extents: Readonly<Record<string, number>>,
): ContractionPath {
  const terms = (equation.split('->')[0] ?? '').split(',');
  const einsum = parseEinsum(
    equation,
    terms.map((term) => [...term].map((label) => extents[label] ?? 1)),
  );
  const list = [...terms];
  const path = steps.map((step) => {
    const [inputs = '', output = ''] = step.split('->');
    const [first = '', second = ''] = inputs.split(',');
    const i = list.indexOf(first);
    const j = list.findIndex((term, at) => term === second && at !== i);
    for (const at of [i, j].toSorted((a, b) => b - a)) list.splice(at, 1);
    list.push(output);
    return [i, j];
  });
  return followPath(einsum, path);
}

const edp = ({ energyPj, latencyCycles }: MappedChain): number => energyPj * latencyCycles;

describe.skipIf(optima === null)('AccelForge optima (fused_chain_optima.json)', () => {
  it.each((optima?.cases ?? []).map((each) => [each.id, each] as const))('%s', (_, each) => {
    const path = pathOf(each.equation, each.path, each.extents);
    const machine = presetByName(each.machine);
    for (const [fusion, expected] of [
      ['auto', each.fused_allowed],
      ['none', each.unfused],
    ] as const) {
      const found = mapChain(machine, path, { fusion, accounting: 'accelforge' });
      expect(edp(found) / expected.edp_pJ_ns).toBeCloseTo(1, 9);
      expect(found.energyPj / expected.energy_pJ).toBeCloseTo(1, 9);
      expect(found.latencyCycles).toBe(expected.latency_ns);
      expect(found.intermediates.map(({ level }) => level)).toEqual(Object.values(expected.intermediates));
    }
  });
});

describe('against every mapping of small chains', () => {
  const chains: readonly (readonly [string, readonly (readonly number[])[]])[] = [
    [
      'mk,kr->mr mr,rn->mn',
      [
        [4, 2],
        [2, 2],
        [2, 4],
      ],
    ],
    [
      'mk,kr->mr mr,rn->mn',
      [
        [3, 4],
        [4, 1],
        [1, 2],
      ],
    ],
    [
      'mk,ka->ma ma,ac->mc mc,cn->mn',
      [
        [2, 4],
        [4, 2],
        [2, 2],
        [2, 2],
      ],
    ],
    [
      'kr,rn->kn mk,kn->mn',
      [
        [4, 2],
        [2, 3],
        [2, 4],
      ],
    ],
    [
      'mk,kr->mr nl,ls->ns mr,ns->mnrs',
      [
        [2, 2],
        [2, 2],
        [2, 3],
        [3, 1],
      ],
    ],
  ];

  /** Every way to keep intermediates in the buffer, every mapping of every product. */
  function leastEdp(
    machine: Accelerator,
    path: ContractionPath,
    accounting: 'timeloop' | 'accelforge',
  ): number {
    const { steps, intermediates } = chainOf(path);
    const inner = machine.levels.flatMap(({ meshX }, l) => (meshX === 1 ? [l] : []));
    const residencies = intermediates.reduce<number[][]>(
      (all) => all.flatMap((homes) => inner.map((home) => [...homes, home])),
      [[]],
    );
    let least = Number.POSITIVE_INFINITY;
    for (const residency of residencies) {
      const home = (tensor: number): number =>
        residency[intermediates.findIndex((each) => each.tensor === tensor)] ?? 0;
      let points: Point[] = [{ energyPj: 0, cycles: 0 }];
      steps.forEach(({ gemm, slots }, s) => {
        const homes: Homes = { I: home(slots.I), W: home(slots.W), O: home(slots.O) };
        const held = machine.levels.map((_, l) =>
          intermediates
            .filter((each) => l > 0 && home(each.tensor) === l && each.madeBy < s && each.usedBy > s)
            .reduce((sum, { words }) => sum + words, 0),
        );
        points = sums(points, everyPoint(machine, accounting, gemm, homes, held));
      });
      for (const { energyPj, cycles } of points) least = Math.min(least, energyPj * cycles);
    }
    return least;
  }

  it.each(chains)('%s of %j', (text, shapes) => {
    const random = createRandom(7);
    const steps = text.split(' ');
    const operands = new Set<string>();
    const made = new Set(steps.map((step) => step.split('->')[1] ?? ''));
    for (const step of steps)
      for (const term of (step.split('->')[0] ?? '').split(',')) if (!made.has(term)) operands.add(term);
    const terms = [...operands];
    const extents = Object.fromEntries(
      terms.flatMap((term, t) => [...term].map((label, axis) => [label, shapes[t]?.[axis] ?? 1])),
    );
    const equation = `${terms.join(',')}->${steps.at(-1)?.split('->')[1]}`;
    const path = pathOf(equation, steps, extents);
    let fused = 0;
    for (let turn = 0; turn < 6; turn += 1) {
      const machine = smallMachine(random);
      const accounting = turn % 2 === 0 ? 'timeloop' : 'accelforge';
      const given = { accounting, factors: 'perfect', heights: 'even' } as const;
      const found = mapChain(machine, path, { fusion: 'whole', ...given });
      if (found.intermediates.some(({ onChip }) => onChip)) fused += 1;
      const shared = mapChain(machine, path, given);
      expect(edp(shared)).toBeLessThanOrEqual(edp(found) * (1 + 1e-9));
      expect(edp(found) / leastEdp(machine, path, accounting)).toBeCloseTo(1, 9);
    }
    expect(fused).toBeGreaterThan(0);
  });
});

describe('laws', () => {
  const chains = [
    pathOf('mk,kr,rn->mn', ['mk,kr->mr', 'mr,rn->mn'], { m: 128, k: 96, r: 24, n: 96 }),
    pathOf('mk,kr,rn->mn', ['mk,kr->mr', 'mr,rn->mn'], { m: 17, k: 96, r: 13, n: 46 }),
    pathOf('bij,ipr,rjq->bpq', ['bij,ipr->bjpr', 'bjpr,rjq->bpq'], { b: 16, i: 8, j: 8, p: 8, q: 8, r: 4 }),
    pathOf('mk,ka,ac,cn->mn', ['mk,ka->ma', 'ma,ac->mc', 'mc,cn->mn'], { m: 32, k: 96, a: 8, c: 12, n: 96 }),
    pathOf('hqd,hkd,hke->hqe', ['hqd,hkd->hqk', 'hqk,hke->hqe'], { h: 2, q: 16, k: 16, d: 8, e: 8 }),
  ];
  const machines = ['ws16', 'simba', 'eyeriss', 'ws8t'].map((name) => presetByName(name));
  const cases = machines.flatMap((machine) =>
    chains.map((path, i) => [machine.name, i, machine, path] as const),
  );

  it.each(cases)(
    '%s, chain %i: fusing never costs, and unfused is the sum of its products',
    (_, __, machine, path) => {
      const fused = mapChain(machine, path);
      const apart = mapChain(machine, path, { fusion: 'none' });
      expect(edp(fused)).toBeLessThanOrEqual(edp(apart) * (1 + 1e-9));
      expect(apart.intermediates.every(({ onChip, savedPj }) => !onChip && savedPj === 0)).toBe(true);
      const mapper = createMapper(machine);
      const alone = apart.steps.map(({ gemm }) => mapper.cost(gemm, 'exact'));
      const sum = (pick: (cost: (typeof alone)[number]) => number): number =>
        alone.reduce((all, cost) => all + pick(cost), 0);
      expect(edp(apart)).toBeLessThanOrEqual(
        sum(({ energyPj }) => energyPj) * sum(({ latencyCycles }) => latencyCycles) * (1 + 1e-9),
      );
      for (const objective of ['energy', 'latency'] as const) {
        const best = mapChain(machine, path, { objective });
        const figure = objective === 'energy' ? 'energyPj' : 'latencyCycles';
        expect(best[figure]).toBeLessThanOrEqual(fused[figure] * (1 + 1e-9));
      }
    },
  );

  it('more room never costs, and a tensor stays only where it fits', () => {
    const machine = presetByName('ws8t');
    for (const path of chains) {
      let before = Number.POSITIVE_INFINITY;
      for (const depthWords of [600, 1024, 2048, 4096, 16_384]) {
        const levels = machine.levels.map((level) =>
          level.name === 'GLB' ? { ...level, depthWords } : level,
        );
        const found = mapChain({ ...machine, levels }, path);
        expect(edp(found)).toBeLessThanOrEqual(before * (1 + 1e-9));
        before = edp(found);
        for (const { onChip, words, shared, indices } of found.intermediates) {
          const tiles = shared.reduce(
            (all, [label, factor]) => (indices.includes(label) ? all * factor : all),
            1,
          );
          if (onChip) expect(words / tiles).toBeLessThan(depthWords);
        }
      }
    }
  });

  it('an intermediate saves its way out and back: 131.6 pJ a word on ws16', () => {
    const path = pathOf('mk,kr,rn->mn', ['mk,kr->mr', 'mr,rn->mn'], { m: 128, k: 768, r: 16, n: 768 });
    const given = { accounting: 'accelforge', heights: 'even' } as const;
    const fused = mapChain(presetByName('ws16'), path, given);
    const apart = mapChain(presetByName('ws16'), path, { ...given, fusion: 'none' });
    const saved = fused.intermediates[0]?.savedPj ?? 0;
    expect(saved).toBeCloseTo(2048 * 131.6, 6);
    expect(apart.energyPj - fused.energyPj).toBeCloseTo(saved, 3);
  });
});
