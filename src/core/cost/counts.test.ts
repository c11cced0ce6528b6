/** Every count of `evaluateMapping` against Timeloop's own, and the mappings it must refuse. */
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { reference } from '../base/reference.ts';
import type { Operand } from '../hardware/accelerator.ts';
import { presetByName } from '../hardware/presets.ts';
import { evaluateMapping } from './counts.ts';
import type { Contraction, LevelLoops, Mapping } from './mapping.ts';
import type { ReferenceTables } from './validation.ts';

type Case = ReferenceTables['timeloop']['cases'][number];

const table = reference<ReferenceTables['timeloop']>('timeloop_mappings.json');
const operandNames: readonly [string, Operand][] = [
  ['Inputs', 'I'],
  ['Weights', 'W'],
  ['Outputs', 'O'],
];

const contractionOf = (c: Case): Contraction => ({
  dims: { I: [...c.einsum.I], W: [...c.einsum.W], O: [...c.einsum.O] },
  extents: c.extents,
});

describe.skipIf(table === null)('evaluateMapping against timeloop-model', () => {
  it.each((table?.cases ?? []).map((c) => [c.id, c] as const))('%s', (_, c) => {
    const cost = evaluateMapping(presetByName(c.machine), contractionOf(c), c.mapping);
    expect(cost.macs).toBe(c.expected.macs);
    expect(Math.abs(cost.latencyCycles - c.expected.cycles)).toBeLessThanOrEqual(1);
    expect(Math.abs(cost.energyPj / c.expected.energy_pJ - 1)).toBeLessThan(1e-4);
    let compared = 0;
    for (const level of cost.levels) {
      const expected = c.expected.levels[level.name];
      expect(Math.abs(level.cycles - Number(expected?.['cycles']))).toBeLessThanOrEqual(1);
      for (const [name, operand] of operandNames) {
        const words = expected?.[name];
        const counts = level.operands[operand];
        if (typeof words !== 'object') {
          expect(counts).toBeUndefined();
          continue;
        }
        expect({
          tile_words: counts?.tileWords,
          instances: counts?.instances,
          reads: counts?.reads,
          fills: counts?.fills,
          updates: counts?.updates,
        }).toEqual({
          tile_words: words.tile_words,
          instances: words.instances,
          reads: words.reads,
          fills: words.fills,
          updates: words.updates,
        });
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThanOrEqual(3);
  });
});

describe('mappings that are refused, by the name of the level', () => {
  const contraction: Contraction = {
    dims: { I: ['M', 'K'], W: ['K', 'N'], O: ['M', 'N'] },
    extents: { M: 64, N: 64, K: 64 },
  };
  const mapping = (change: Partial<Record<string, Partial<LevelLoops>>>): Mapping =>
    ['DRAM', 'GLB', 'RF'].map((level) => ({ level, temporal: [], spatial: [], ...change[level] }));
  const whole = [
    ['M', 64],
    ['N', 64],
    ['K', 64],
  ] as const;
  const cases: readonly (readonly [string, Mapping, RegExp])[] = [
    [
      'loops that do not multiply out',
      mapping({
        DRAM: {
          temporal: [
            ['M', 64],
            ['N', 64],
          ],
        },
      }),
      /level DRAM.*over K.*64, got 1/,
    ],
    ['a tile that does not fit', mapping({ RF: { temporal: [...whole] } }), /level RF.*64 words, got 12288/],
    [
      'a fan-out beyond the array',
      mapping({
        DRAM: {
          temporal: [
            ['M', 64],
            ['N', 64],
          ],
        },
        GLB: { spatial: [['K', 64]] },
      }),
      /level GLB.*along X/,
    ],
    [
      'a fan-out where there is none',
      mapping({
        DRAM: {
          temporal: [
            ['M', 64],
            ['N', 64],
            ['K', 32],
          ],
          spatial: [['K', 2]],
        },
      }),
      /level DRAM.*along X/,
    ],
    ['an unknown dim', mapping({ RF: { temporal: [['Z', 2]] } }), /level RF.*over M, K, N.*Z/],
    ['a bound that is no number of times', mapping({ RF: { temporal: [['M', 0.5]] } }), /level RF.*0\.5/],
    ['too few levels', mapping({}).slice(1), /3 levels/],
    ['another level', mapping({}).map((l) => ({ ...l, level: 'X' })), /must be DRAM, got "X"/],
  ];
  it.each(cases)('%s', (_, bad, message) => {
    expect(() => evaluateMapping(presetByName('ws16'), contraction, bad)).toThrow(InputError);
    expect(() => evaluateMapping(presetByName('ws16'), contraction, bad)).toThrow(message);
  });
  it('accepts a dim that fans out along both axes', () => {
    const ok = mapping({
      DRAM: {
        temporal: [
          ['M', 64],
          ['N', 64],
        ],
      },
      GLB: {
        spatial: [
          ['K', 16],
          ['K', 4],
        ],
      },
    });
    expect(evaluateMapping(presetByName('ws16'), contraction, ok).utilization).toBeCloseTo(64 / 256);
  });
  it('charges the drain reads in the accelforge accounting', () => {
    const drains = mapping({
      DRAM: {
        temporal: [
          ['K', 64],
          ['M', 64],
        ],
      },
      GLB: { temporal: [['N', 64]] },
    });
    const timeloop = evaluateMapping(presetByName('ws16'), contraction, drains, 'timeloop');
    const accelforge = evaluateMapping(presetByName('ws16'), contraction, drains, 'accelforge');
    // 64 x 64 x 64 words leave the GLB, and as many leave the RF.
    expect(accelforge.energyPj - timeloop.energyPj).toBeCloseTo(64 ** 3 * (1.6 + 0.08), 3);
  });
});

const chains = reference<ReferenceTables['accelforge']>('fused_chain.json')?.fixed.filter(
  ({ kind }) => kind === 'unfused',
);

describe.skipIf(chains === undefined)(
  'evaluateMapping against AccelForge, unfused pairs of a low-rank layer',
  () => {
    it.each((chains ?? []).map((c) => [`rows of ${c.MT}, rank ${c.R}`, c] as const))('%s', (_, c) => {
      const ws16 = presetByName('ws16');
      let cycles = 0;
      for (const [name, tensors, k, n] of [
        ['First', { I: 'X', W: 'A', O: 'T' }, c.K, c.R],
        ['Second', { I: 'T', W: 'B', O: 'Y' }, c.R, c.N],
      ] as const) {
        const contraction: Contraction = {
          dims: { I: ['m', 'k'], W: ['k', 'n'], O: ['m', 'n'] },
          extents: { m: c.M, k, n },
        };
        const [wide, narrow] = name === 'First' ? (['k', 'n'] as const) : (['n', 'k'] as const);
        const mapping: Mapping = [
          { level: 'DRAM', temporal: [['m', c.M / c.MT]], spatial: [] },
          {
            level: 'GLB',
            temporal: [
              ['m', c.MT / 16],
              [wide, (contraction.extents[wide] ?? 0) / 16],
              [narrow, c.R / 16],
              ['m', 16],
            ],
            spatial: [
              ['n', 16],
              ['k', 16],
            ],
          },
          { level: 'RF', temporal: [], spatial: [] },
        ];
        const cost = evaluateMapping(ws16, contraction, mapping, 'accelforge');
        cycles += cost.latencyCycles;
        for (const level of cost.levels) {
          for (const [operand, counts] of Object.entries(level.operands)) {
            const tensor = tensors[operand as Operand];
            const total = { read: counts.reads, write: counts.fills + counts.updates };
            for (const action of ['read', 'write'] as const) {
              expect(total[action] * counts.instances).toBe(
                c.actions[`${name}|${level.name}|${tensor}|${action}`],
              );
            }
          }
        }
      }
      expect(cycles / c.latency_ns).toBeCloseTo(1, 6);
    });
  },
);
