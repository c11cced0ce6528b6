/** Products under shared loops: counted like one nest, like AccelForge's tiled pair, and never worse than without. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../base/random.ts';
import { reference } from '../../base/reference.ts';
import { parseEinsum } from '../../einsum/parse.ts';
import { followPath } from '../../einsum/path.ts';
import { presetByName } from '../../hardware/presets.ts';
import type { Contraction, Loop, Mapping } from '../mapping.ts';
import { chainOf } from './chain.ts';
import { smallMachine } from './enumeration.fixture.ts';
import { evaluateFixedStep, inAllIterations } from './fixed.ts';
import { mapChain } from './map-chain.ts';
import type { MappedChain } from './map-chain.ts';
import { createParts } from './parts.ts';
import { sharable } from './shared-loops.ts';
import { tiledSteps } from './tiling.ts';

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

interface Fixed {
  readonly kind: 'fused' | 'unfused';
  readonly M: number;
  readonly K: number;
  readonly N: number;
  readonly R: number;
  readonly MT: number;
  readonly energy_pJ: number;
  readonly latency_ns: number;
}

const fixed = reference<{ readonly fixed: readonly Fixed[] }>('fused_chain.json')?.fixed ?? [];

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
      const whole = { visits: 1, share: 1 };
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
