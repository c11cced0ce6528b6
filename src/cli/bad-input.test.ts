/** Machines, mappings and extents that cannot be: named in one line, or counted honestly; never NaN, infinite or negative. */
import { describe, expect, it } from 'vitest';
import { printAccelerator } from '../core/hardware/parse.ts';
import type { Machine, MachineLevel } from '../core/hardware/parse.ts';
import { presetByName } from '../core/hardware/presets.ts';
import { doorInFolder } from './door.fixture.ts';

const { answer } = doorInFolder();
const ws8t = printAccelerator(presetByName('ws8t'));

interface Reply {
  readonly id: unknown;
  readonly ok: boolean;
  readonly error?: string;
  readonly result?: unknown;
}

/** What a batch of one request answers. */
async function ask(request: Readonly<Record<string, unknown>>): Promise<Reply> {
  const { code, out, notes } = await answer(['batch'], JSON.stringify(request));
  expect({ code, notes }).toEqual({ code: 0, notes: [] });
  return JSON.parse(out) as Reply;
}

const withLevel = (l: number, change: Readonly<Record<string, unknown>>): object => ({
  ...ws8t,
  levels: ws8t.levels.map((level, at) => (at === l ? { ...level, ...change } : level)),
});
const withMac = (change: Partial<Machine['mac']>): Machine => ({ ...ws8t, mac: { ...ws8t.mac, ...change } });
const registers = (count: number): MachineLevel[] =>
  Array.from({ length: count }, (_, i) => ({ ...(ws8t.levels[2] as MachineLevel), name: `R${i}` }));

const gemm = [16, 24, 12];

describe('machines', () => {
  const refused: readonly (readonly [accelerator: unknown, message: string])[] = [
    [
      withLevel(1, { depth_words: 2 }),
      'level GLB depth_words must hold one word of each operand it keeps (IWO needs 3), got 2',
    ],
    [withLevel(1, { depth_words: 0 }), 'level GLB depth_words must be a whole number'],
    [withLevel(1, { depth_words: 3.5 }), 'level GLB depth_words must be a whole number'],
    [
      withLevel(1, { depth_words: '64' }),
      'level GLB depth_words (or null for unlimited) must be a number, got "64"',
    ],
    [withLevel(0, { read_words_per_cycle: 0 }), 'level DRAM read_words_per_cycle must be a number from'],
    [withLevel(0, { write_words_per_cycle: -1 }), 'level DRAM write_words_per_cycle must be a number from'],
    [withLevel(1, { read_pJ_per_word: -1 }), 'level GLB read_pJ_per_word must be a number from'],
    [withLevel(0, { keeps: 'IW' }), 'outermost level DRAM must keep all three operands (IWO)'],
    [withLevel(0, { mesh_x: 2 }), 'outermost level DRAM must be one instance'],
    [withLevel(1, { keeps: '' }), 'level GLB keeps must be one to three different letters of IWO'],
    [withLevel(1, { keeps: 'IIW' }), 'level GLB keeps must be one to three different letters of IWO'],
    [withLevel(2, { name: 'GLB' }), 'level names must differ, got "GLB"'],
    [withLevel(2, { name: '__proto__' }), 'level 3 name must be'],
    [withLevel(2, { mesh_x: 0 }), 'level RF mesh_x must be a whole number'],
    [{ ...ws8t, levels: ws8t.levels.slice(0, 1) }, 'levels must be 2 to 6 storage levels'],
    [{ ...ws8t, levels: [...ws8t.levels, ...registers(4)] }, 'levels must be 2 to 6 storage levels'],
    [{ ...ws8t, levels: undefined }, 'the machine must have the key levels'],
    [{ ...ws8t, mac: null }, 'mac must be an object'],
    [withMac({ mesh_x: 4 }), 'mac mesh_x must be a multiple of the 8 of level RF'],
    [withMac({ mesh_x: 65_536, mesh_y: 65_536 }), 'mac array must have at most 1048576 MACs'],
    [{ ...ws8t, word_bits: 0 }, 'word_bits must be a whole number'],
    [{ ...ws8t, colour: 'red' }, 'the machine may have the keys'],
    [[ws8t], 'the machine must be an object'],
  ];
  it.each(refused)('%#: refused by name', async (accelerator, message) => {
    const { ok, error = '' } = await ask({ id: 1, command: 'cost', gemm, accelerator });
    expect(ok).toBe(false);
    expect(error).toContain(`cost: accelerator: ${message}`);
    expect(error.length).toBeLessThan(240);
  });

  it('says which level needs how many words where operands are too wide for it', async () => {
    const accelerator = withLevel(2, { depth_words: 4 });
    const { error } = await ask({ command: 'cost', gemm, accelerator, weightBits: 64 });
    expect(error).toContain('level RF: must have at least 10 words, one for each operand it keeps, got 4');
  });
});

describe('extents', () => {
  const wide = {
    equation: 'mk,kr,rn->mn',
    shapes: [
      [2 ** 30, 2 ** 20],
      [2 ** 20, 8],
      [8, 2 ** 20],
    ],
  };
  const requests: readonly (readonly [request: Readonly<Record<string, unknown>>, error: string | null])[] = [
    [{ command: 'cost', gemm: [1, 1, 1] }, null],
    [{ command: 'cost', gemm: [2 ** 40, 1, 1] }, null],
    [{ command: 'cost', gemm: [2 ** 17, 2 ** 17, 2 ** 17] }, null],
    // A prime: whatever looks for divisors of its neighbours must come to an end.
    [{ command: 'cost', gemm: [9_007_199_254_740_881, 1, 1] }, null],
    [
      { command: 'cost', gemm: [2 ** 40, 2 ** 40, 2 ** 40] },
      'cost: must have fewer than 2^53 multiply-accumulates',
    ],
    [
      {
        command: 'cost',
        einsum: 'ab,bc->ac',
        shapes: [
          [2 ** 30, 2 ** 20],
          [2 ** 20, 8],
        ],
        mapping: [],
      },
      'cost: must have fewer than 2^53 multiply-accumulates',
    ],
    [
      {
        command: 'cost',
        einsum: 'ab,bc->ac',
        shapes: [
          [2, 0],
          [0, 4],
        ],
      },
      'cost: extent of b must be at least 1, got 0',
    ],
    [
      {
        command: 'chain',
        equation: 'mk,kr,rn->mn',
        shapes: [
          [2 ** 40, 1],
          [1, 1],
          [1, 1],
        ],
      },
      null,
    ],
    [{ command: 'chain', equation: ',,->', shapes: [[], [], []] }, null],
    [
      {
        command: 'chain',
        equation: 'mk,kr->mr',
        shapes: [
          [2, 0],
          [0, 3],
        ],
      },
      'chain: extent of k must be at least 1, got 0',
    ],
    [
      {
        command: 'path',
        equation: 'ij,jk->ik',
        shapes: [
          [2 ** 40, 4096],
          [4096, 4096],
        ],
      },
      null,
    ],
    [{ command: 'chain', ...wide }, 'chain: gemm: must have fewer than 2^53 multiply-accumulates'],
    [
      { command: 'path', objective: 'edp', ...wide },
      'path: gemm: must have fewer than 2^53 multiply-accumulates',
    ],
  ];
  it.each(requests)('%j', { timeout: 20_000 }, async (request, error) => {
    const reply = await ask({ ...request, accelerator: 'ws8t' });
    if (error !== null) expect(reply.error).toContain(error);
    else expect(unsound(reply.result)).toEqual([]);
  });
});

/** Where a result holds a negative number, or a null where JSON has no better word for NaN and infinity. */
function unsound(value: unknown, path = ''): string[] {
  if (value === null) return path.endsWith('.gap') ? [] : [path];
  if (typeof value === 'number') return value >= 0 ? [] : [path];
  if (typeof value !== 'object') return value === undefined ? [path] : [];
  return Object.entries(value).flatMap(([key, part]) => unsound(part, `${path}.${key}`));
}

describe('mappings', () => {
  const loops: readonly (readonly [string, number])[] = [
    ['M', 16],
    ['N', 24],
    ['K', 12],
  ];
  const nest = (dram: unknown, glb: unknown = [], spread: unknown = [], rf: unknown = []): unknown => [
    { level: 'DRAM', temporal: dram, spatial: [] },
    { level: 'GLB', temporal: glb, spatial: spread },
    { level: 'RF', temporal: rf, spatial: [] },
  ];
  const refused: readonly (readonly [mapping: unknown, message: string])[] = [
    [[], 'mapping: must list the 3 levels of the accelerator, got 0'],
    [3, 'mapping: must be a list of levels'],
    [[{ level: 'RF' }, { level: 'GLB' }, { level: 'DRAM' }], 'mapping level 0: must be DRAM, got "RF"'],
    [nest(loops.slice(1)), 'mapping level DRAM: the loops over M at this level and below must multiply out'],
    [nest(loops, [['M', 2]]), 'multiply out to its extent 16, got 32'],
    [nest(loops, [['Q', 2]]), 'mapping level GLB: loops must be over M, K, N, got "Q"'],
    [
      nest(loops, [['M', 0]]),
      'mapping level GLB: the loop over M must have a whole bound of at least 1, got 0',
    ],
    [
      nest(loops, [
        ['M', 0.5],
        ['M', 2],
      ]),
      'must have a whole bound of at least 1, got 0.5',
    ],
    [nest(loops, [['M', 1e308]]), 'must have a whole bound of at least 1'],
    [nest(loops, { M: 1 }), 'mapping level GLB: loops must be a list of [dim, bound]'],
    [
      nest(loops.slice(2), [], loops.slice(0, 2)),
      'mapping level GLB: spatial loops must split into a group of at most 8',
    ],
    [nest([], [], [], loops), 'mapping level RF: the kept tiles must fit its 32 words, got 864'],
  ];
  it.each(refused)('%#: refused, naming the level', async (mapping, message) => {
    const { error } = await ask({ command: 'cost', gemm, accelerator: 'ws8t', mapping });
    expect(error).toContain(message);
  });

  it('a fixed dataflow refuses loops that it is not wired for', async () => {
    const mapping = nest(
      [
        ['N', 24],
        ['K', 12],
        ['M', 2],
      ],
      [],
      [['M', 8]],
    );
    const request = { command: 'cost', gemm, accelerator: 'ws8t', mapping };
    expect((await ask(request)).ok).toBe(true);
    expect((await ask({ ...request, dataflow: 'fixed' })).error).toContain(
      'mapping level GLB: a fixed dataflow spreads N over at most 8 along X and K over at most 8 along Y, got "M:8"',
    );
  });
});

describe('batch', () => {
  it('answers what is no request and goes on', async () => {
    const good = '{"id":2,"command":"path","equation":"ij->ji","shapes":[[2,3]]}';
    const lines = ['{"id":1', 'x'.repeat(300_000), 'null', '"x"', '{}', '   ', `${good}\r`, good];
    const { code, out } = await answer(['batch'], lines.join('\n'));
    const replies = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Reply);
    expect(code).toBe(0);
    expect(replies.map(({ id, ok }) => [id, ok])).toEqual([
      ...Array.from({ length: 5 }, () => [null, false]),
      [2, true],
      [2, true],
    ]);
    expect(out.length).toBeLessThan(2000);
  });
});
