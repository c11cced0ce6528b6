/** Products under shared loops: counted like one nest, like AccelForge's tiled pair, and never worse than without. */
import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../base/random.ts';
import { reference } from '../../base/reference.ts';
import { parseEinsum } from '../../einsum/parse.ts';
import { followPath } from '../../einsum/path.ts';
import type { ContractionPath } from '../../einsum/path.ts';
import type { Accelerator } from '../../hardware/accelerator.ts';
import { presetByName } from '../../hardware/presets.ts';
import type { Contraction, Loop, Mapping } from '../mapping.ts';
import type { ReferenceTables } from '../validation.ts';
import { chainOf } from './chain.ts';
import { smallMachine } from './enumeration.fixture.ts';
import { evaluateFixedStep, inAllIterations } from './fixed.ts';
import { mapChain } from './map-chain.ts';
import type { MappedChain } from './map-chain.ts';
import { createParts } from './parts.ts';
import { sharable } from './shared-loops.ts';
import type { Hold } from './shared-loops.ts';
import { tiledSteps } from './tiling.ts';

const long = env['RANKSCAPE_LONG'] !== undefined;

const edp = ({ energyPj, latencyCycles }: MappedChain): number => energyPj * latencyCycles;

const pathOf = (
  equation: string,
  shapes: readonly (readonly number[])[],
  path: readonly (readonly number[])[],
) => followPath(parseEinsum(equation, shapes), path);

describe('one iteration, many times, is the whole nest', () => {
  it('whatever the shared loop is over, partial results included', () => {
    const random = createRandom(3);
    const dims = { I: ['M', 'K'], W: ['K', 'N'], O: ['M', 'N'] } as const;
    for (let turn = 0; turn < 400; turn += 1) {
      const machine = smallMachine(random);
      const roomy = {
        ...machine,
        levels: machine.levels.map((level) => ({ ...level, depthWords: null })),
      };
      const lanes = machine.mac.meshX;
      const names = ['M', 'N', 'K'] as const;
      const shared = names[random.below(3)] ?? 'M';
      const factor = 2 + random.below(3);
      // All three dims loop at the outermost level, so that no run goes on into the shared loop.
      const order = names.toSorted(() => random.next() - 0.5);
      const outer = order.map((dim): Loop => [dim, 2]);
      const middle = names.map((dim): Loop => [dim, 1 + random.below(3)]).toSorted(() => random.next() - 0.5);
      const spatial: Loop[] = [[names[random.below(3)] ?? 'M', lanes]];
      const inner = names.map((dim): Loop => [dim, 1 + random.below(2)]);
      const nest = (first: readonly Loop[]): Mapping => [
        { level: 'DRAM', temporal: [...first, ...outer], spatial: [] },
        { level: 'GLB', temporal: middle, spatial },
        { level: 'RF', temporal: inner, spatial: [] },
      ];
      const extentsOf = (mapping: Mapping): Contraction => ({
        dims,
        extents: Object.fromEntries(
          names.map((dim) => [
            dim,
            mapping
              .flatMap(({ temporal, spatial: across }) => [...temporal, ...across])
              .reduce((all, [name, bound]) => (name === dim ? all * bound : all), 1),
          ]),
        ),
      });
      const accounting = turn % 2 === 0 ? 'timeloop' : 'accelforge';
      const homes = { I: random.below(2), W: 0, O: random.below(2) };
      const whole = nest([[shared, factor]]);
      const step = { contraction: extentsOf(nest([])), mapping: nest([]), homes, held: [] };
      const cost = evaluateFixedStep(roomy, step, accounting);
      const revisits = shared === 'K' ? factor : 1;
      const found = inAllIterations(roomy, step, cost, { times: factor, revisits, reads: [], writes: [] });
      const full = { contraction: extentsOf(whole), mapping: whole, homes, held: [] };
      const expected = evaluateFixedStep(roomy, full, accounting);
      expect(found.energyPj / expected.energyPj).toBeCloseTo(1, 10);
      expect(found.latencyCycles).toBe(expected.latencyCycles);
    }
  });
});

const fixed = reference<ReferenceTables['accelforge']>('fused_chain.json')?.fixed ?? [];

describe.skipIf(fixed.length === 0)('fused_chain.json: rows shared, both weights held over them', () => {
  const cases = fixed.filter(({ kind, M, MT }) => kind === 'fused' && M > MT);
  it.each(cases.map((each) => [each.R, each.MT, each] as const))(
    'rank %i, %i rows at a time',
    (_, __, each) => {
      const { M, K, N, R, MT } = each;
      const machine = presetByName('ws16');
      const chain = chainOf(
        pathOf(
          'mk,kr,rn->mn',
          [
            [M, K],
            [K, R],
            [R, N],
          ],
          [
            [0, 1],
            [0, 1],
          ],
        ),
      );
      const loops = [['m', M / MT]] as const;
      // Both weights, the operands 1 of the products 0 and 1, come in once and whole.
      const whole = { level: 1, visits: 1, share: 1 };
      const held = tiledSteps(
        createParts(machine, { accounting: 'accelforge', factors: 'any' }),
        chain,
        { from: 0, to: 1, level: 1, loops },
        new Map([
          [1, whole],
          [4, whole],
        ]),
        () => 0,
        [0, 0, 0],
      );
      const nest = (inner: Loop, spatial: readonly Loop[], rank: Loop): Mapping => [
        { level: 'DRAM', temporal: [], spatial: [] },
        { level: 'GLB', temporal: [['M', MT / 16], inner, rank, ['M', 16]], spatial },
        { level: 'RF', temporal: [], spatial: [] },
      ];
      const mappings = [
        nest(
          ['K', K / 16],
          [
            ['N', 16],
            ['K', 16],
          ],
          ['N', R / 16],
        ),
        nest(
          ['N', N / 16],
          [
            ['K', 16],
            ['N', 16],
          ],
          ['K', R / 16],
        ),
      ];
      let energy = 0;
      let cycles = 0;
      held.forEach(({ gemm: { m, n, k }, homes, held: words, tile }, s) => {
        const contraction: Contraction = {
          dims: { I: ['M', 'K'], W: ['K', 'N'], O: ['M', 'N'] },
          extents: { M: m, N: n, K: k },
        };
        const step = { contraction, mapping: mappings[s] ?? [], homes, held: words };
        const cost = evaluateFixedStep(machine, step, 'accelforge');
        const all = inAllIterations(machine, step, cost, tile);
        energy += all.energyPj;
        cycles += all.latencyCycles;
        // Both weights and the tile of the intermediate, whichever product runs.
        expect(words[1]).toBe(K * R + R * N + MT * R);
      });
      expect(energy / each.energy_pJ).toBeCloseTo(1, 6);
      expect(cycles / each.latency_ns).toBeCloseTo(1, 6);
    },
  );
});

describe('where an intermediate does not fit', () => {
  const tt = pathOf(
    'bij,ipr,rjq->bpq',
    [
      [128, 8, 12],
      [8, 8, 8],
      [8, 12, 12],
    ],
    [
      [0, 1],
      [0, 1],
    ],
  );
  const attention = pathOf(
    'hqd,hkd,hke->hqe',
    [
      [12, 128, 64],
      [12, 128, 64],
      [12, 128, 64],
    ],
    [
      [0, 1],
      [0, 1],
    ],
  );

  it.each([
    ['ws8t', 'tensor train', tt, 4],
    ['simba', 'attention', attention, 1.9],
  ] as const)('%s: sharing loops of a %s gains', (name, _, path, gain) => {
    const machine = presetByName(name);
    const [auto, whole, none] = (['auto', 'whole', 'none'] as const).map((fusion) =>
      mapChain(machine, path, { fusion }),
    );
    expect(whole?.intermediates.some(({ onChip }) => onChip)).toBe(false);
    expect(edp(none as MappedChain) / edp(auto as MappedChain)).toBeGreaterThan(gain);
    expect(auto?.intermediates[0]).toMatchObject({ onChip: true, level: 'GLB' });
    expect(auto?.intermediates[0]?.shared.length).toBeGreaterThan(0);
    const iterations = auto?.intermediates[0]?.shared.reduce((all, [, factor]) => all * factor, 1) ?? 0;
    const labels = auto?.intermediates[0]?.indices ?? '';
    expect(auto?.intermediates[0]?.shared.every(([label]) => labels.includes(label))).toBe(true);
    const room = machine.levels.find((level) => level.name === 'GLB')?.depthWords ?? 0;
    expect((auto?.intermediates[0]?.words ?? 0) / iterations).toBeLessThan(room);
  });

  it('shares no index that a product inside sums over', () => {
    const chain = chainOf(
      pathOf(
        'mk,ka,ac,cn->mn',
        [
          [8, 6],
          [6, 4],
          [4, 5],
          [5, 6],
        ],
        [
          [0, 1],
          [2, 0],
          [1, 0],
        ],
      ),
    );
    const labels = (from: number, to: number): string => sharable(chain, from, to).join('');
    expect(labels(0, 1)).toBe('acm');
    expect(labels(0, 2)).toBe('cmn');
  });
});

describe('choices among shared loops', () => {
  it('computes an intermediate again where that is cheaper than to fetch weights again', () => {
    const level = (name: string, depthWords: number | null, energy: number) => ({
      name,
      meshX: 1,
      meshY: 1,
      depthWords,
      wordBits: 8,
      readWordsPerCycle: null,
      writeWordsPerCycle: null,
      readEnergyPj: energy,
      writeEnergyPj: energy,
      keeps: ['I', 'W', 'O'] as const,
    });
    const machine = (macPj: number): Accelerator => ({
      name: 'dear memory',
      clockHz: 1e9,
      wordBits: 8,
      energyUnit: 'pJ',
      levels: [level('DRAM', null, 100), level('GLB', 60, 1), level('RF', 8, 0.01)],
      mac: { meshX: 1, meshY: 1, energyPj: macPj },
    });
    const path = pathOf(
      'mk,kr,rn->mn',
      [
        [4, 1],
        [1, 32],
        [32, 16],
      ],
      [
        [0, 1],
        [0, 1],
      ],
    );
    const cheap = mapChain(machine(0.001), path, { objective: 'energy' });
    expect(cheap.intermediates[0]?.times).toBeGreaterThan(1);
    expect(cheap.steps[0]?.shared.some(([label]) => label === 'n')).toBe(true);
    const dear = mapChain(machine(1000), path, { objective: 'energy' });
    expect(dear.intermediates[0]?.times).toBe(1);
  });

  it(
    'leaves nothing out that is better: every list of loops, every choice of what to hold',
    { timeout: 600_000 },
    () => {
      const random = createRandom(11);
      const extent = (): number => [1, 2, 3][random.below(3)] ?? 1;
      let shared = 0;
      for (let turn = 0; turn < (long ? 60 : 3); turn += 1) {
        const machine = smallMachine(random);
        const [m, k, r, n] = [extent() * 2, extent(), extent() * 2, extent()];
        const path = pathOf(
          'mk,kr,rn->mn',
          [
            [m, k],
            [k, r],
            [r, n],
          ],
          [
            [0, 1],
            [0, 1],
          ],
        );
        const given = { accounting: 'timeloop', factors: 'perfect' } as const;
        const found = mapChain(machine, path, { ...given, objective: 'energy' });
        expect(found.bound.kind).toBe('optimal');
        if (found.intermediates[0]?.shared.length !== 0) shared += 1;
        expect(found.energyPj / leastEnergy(machine, path, given)).toBeCloseTo(1, 9);
      }
      expect(shared).toBeGreaterThan(0);
    },
  );
});

type Loops = readonly (readonly [string, number])[];

/** Over whole intermediates and over every way to share up to three loops, each product by itself. */
function leastEnergy(
  machine: Accelerator,
  path: ContractionPath,
  given: { readonly accounting: 'timeloop'; readonly factors: 'perfect' },
): number {
  const parts = createParts(machine, given);
  const chain = chainOf(path);
  let least = mapChain(machine, path, { ...given, fusion: 'whole', objective: 'energy' }).energyPj;
  const labels = ['m', 'n', 'r'];
  const factors = (label: string, loops: Loops): number[] => {
    const extent = loops.reduce(
      (left, [other, factor]) => (other === label ? left / factor : left),
      path.einsum.extents.get(label) ?? 1,
    );
    return Array.from({ length: extent }, (_, i) => i + 1).filter((f) => f > 1 && extent % f === 0);
  };
  const lists = (loops: Loops): Loops[] =>
    loops.length === 3
      ? [loops]
      : [
          loops,
          ...labels
            .filter((label) => loops.at(-1)?.[0] !== label)
            .flatMap((label) =>
              factors(label, loops).flatMap((factor) => lists([...loops, [label, factor]])),
            ),
        ];
  const terms = ['mk', 'kr', 'mr', 'mr', 'rn', 'mn'];
  const homes = machine.levels.flatMap(({ meshX, meshY }, l) => (l > 0 && meshX * meshY === 1 ? [l] : []));
  for (const [home, loops] of homes.flatMap((l) =>
    lists([])
      .slice(1)
      .map((list) => [l, list] as const),
  )) {
    // Held just outside any loop, where the intermediate stays or further out; a tile that is there anyway need not be.
    const holds = terms.map((term, key) => {
      const inner = key === 2 || key === 3;
      const levels = inner ? [] : homes.filter((l) => l <= home);
      const ways = levels.flatMap((l) => loops.map((_, height) => holdAt(loops, term, height, l)));
      const distinct = new Map(ways.map((way) => [`${way.level} ${way.visits} ${way.share}`, way]));
      return [undefined, ...distinct.values()];
    });
    const every = holds.reduce<Map<number, Hold>[]>(
      (all, ways, key) =>
        ways.flatMap((way) =>
          all.map((before) => (way === undefined ? before : new Map([...before, [key, way]]))),
        ),
      [new Map()],
    );
    for (const held of every) {
      let energy = 0;
      for (const step of tiledSteps(
        parts,
        chain,
        { from: 0, to: 1, level: home, loops },
        held,
        () => 0,
        [0, 0, 0],
      )) {
        const part = parts.part(step.gemm, step.homes, step.held, step.tile);
        part.ask(0);
        const point = part.known(0);
        energy += point === null || point === 'misfit' ? Number.POSITIVE_INFINITY : point.energyPj;
      }
      least = Math.min(least, energy);
    }
  }
  return least;
}

function holdAt(loops: Loops, term: string, height: number, level: number): Hold {
  const outside = loops.slice(0, height);
  const seen = outside.reduce((all, [label, factor]) => (term.includes(label) ? all * factor : all), 1);
  const times = outside.reduce((all, [, factor]) => all * factor, 1);
  return { level, visits: times / seen, share: 1 / seen };
}
