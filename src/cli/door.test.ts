import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from './commands/index.ts';
import { doorInFolder } from './door.fixture.ts';

const { folder, answer: run, json } = doorInFolder({ version: '1.2.3' });

describe('the door', () => {
  it('prints version and help, and names its commands', async () => {
    expect(await run(['--version'])).toMatchObject({ code: 0, out: '1.2.3\n' });
    const { out } = await run(['--help']);
    for (const { name } of commands) {
      expect(out).toContain(`  ${name} `);
      const help = await run([name, '--help']);
      expect(help.code).toBe(0);
      expect(help.out).toContain(`rankscape ${name}`);
    }
    expect((await run([])).code).toBe(2);
  });

  const wrong: [string[], string][] = [
    [['nope'], 'rankscape: command must be one of path, '],
    [['distil', 'x'], 'distil: is not in this version'],
    [['path', 'ij->ji'], 'path: needs SHAPES'],
    [['path', 'i1->i', '[[2,3]]'], 'path: einsum: an index must be a letter, got "1" at position 1'],
    [['path', 'ij->ji', '[[2,3]'], 'path: --shapes must be a list of shapes'],
    [
      ['path', 'ij->ji', '[[2,3]]', '--objective', 'fast'],
      'path: --objective must be one of macs, write, size, edp',
    ],
    [
      ['path', 'ij->ji', '[[2,3]]', '--accounting', 'mine'],
      'path: --accounting must be one of timeloop, accelforge',
    ],
    [['path', 'ij->ji', '[[2,3]]', '--tokens', '0'], 'path: --tokens must be a whole number from 1, got "0"'],
    [['path', 'ij->ji', '[[2,3]]', '--accelerator', 'tpu'], 'path: --accelerator must be one of ws16'],
    [['path', 'ij->ji', '[[2,3]]', '--accelerator', './no.json'], 'path: file must exist, got "./no.json"'],
    [['path', 'ij->ji', '[[2,3]]', '--colour', 'red'], 'path: option must be one of --objective'],
    [['path', 'ij->ji', '[[2,3]]', 'more'], 'path: takes 2 arguments without a name, got "more"'],
    [['path', 'ij->ji', '[[2,3]]', '--objective'], 'path: --objective needs a value'],
    [['path', 'ij->ji', '[[2,3]]', '--seed', '1', '--seed=2'], 'path: must be given once, got "--seed"'],
    [['einsum', 'i->', '[[2]]', '--operands', 'none.json'], 'einsum: file must exist, got "none.json"'],
    [['batch', 'requests.jsonl'], 'batch: takes its requests from stdin, got "requests.jsonl"'],
    [['cost'], 'cost: needs either --gemm M,N,K or --einsum EQUATION'],
    [['cost', '--gemm', '4,4'], 'cost: --gemm must be 3 whole numbers from 1'],
    [
      ['cost', '--einsum', 'ij->j', '--shapes', '[[2,3]]'],
      'cost: --einsum must have exactly two operands, got 1',
    ],
    [
      ['cost', '--einsum', 'ij,jk->k', '--shapes', '[[2,3],[3,4]]'],
      'cost: every index must be in two of I, W and O',
    ],
    [['shapes', '--in', '4', '--out', '4', '--rank', '2'], 'shapes: needs --rank and --format together'],
    [['info', 'none.safetensors'], 'info: file must exist, got "none.safetensors"'],
  ];
  it.each(wrong)('refuses %j in one line', async (args, message) => {
    const { code, out, notes } = await run(args);
    expect({ code, out, lines: notes.length }).toEqual({ code: 2, out: '', lines: 1 });
    expect(notes[0]).toContain(message);
    expect(notes[0]).not.toContain('\n');
  });
});

describe('path', () => {
  it('gives the contract’s fields', async () => {
    expect(await json('path', 'ij,jk,kl->il', '[[100,2],[2,100],[100,2]]')).toEqual({
      equation: 'ij,jk,kl->il',
      output: 'il',
      macs: 800,
      write: 204,
      largestIntermediate: 200,
      path: [
        [1, 2],
        [0, 1],
      ],
    });
  });

  it('maps paths for the objective edp', async () => {
    const best = await json('path', 'bi,ir,ro->bo', '[[16,96],[96,8],[8,96]]', '--objective', 'edp');
    const shown = best as { energyPj: number; latencyCycles: number; edpPjCycles: number };
    expect(shown.edpPjCycles).toBe(shown.energyPj * shown.latencyCycles);
    expect(shown.latencyCycles).toBeGreaterThan(0);
  });
});

describe('einsum', () => {
  it('reads operands from a file relative to the folder', async () => {
    writeFileSync(join(folder, 'operands.json'), '[[1,2,3,4],[1,10]]');
    expect(await json('einsum', 'ij,j->i', '[[2,2],[2]]', '--operands', 'operands.json')).toEqual({
      shape: [2],
      values: [21, 43],
      backend: 'js',
    });
  });

  it('computes in float32 on wasm, steps of any kind', async () => {
    writeFileSync(join(folder, 'floats.json'), '[[0.1,2,3,4],[1,10],2]');
    expect(
      await json('einsum', 'ij,j,->i', '[[2,2],[2],[]]', '--operands', 'floats.json', '--backend', 'wasm'),
    ).toEqual({ shape: [2], values: [Math.fround(40.2), 86], backend: 'wasm' });
    writeFileSync(join(folder, 'empty.json'), '[[]]');
    const empty = ['einsum', 'ij->j', '[[0,3]]', '--operands', 'empty.json', '--backend', 'wasm'];
    expect(await json(...empty)).toEqual({ shape: [3], values: [0, 0, 0], backend: 'wasm' });
  });

  it('refuses backends that are not there, values that are no numbers and a wrong number of them', async () => {
    writeFileSync(join(folder, 'bad.json'), '[["a"]]');
    const args = ['einsum', 'i->', '[[1]]', '--operands', 'bad.json'];
    expect((await run(args)).notes[0]).toContain('operand 0 must be a flat list of numbers');
    expect((await run([...args, '--backend', 'cuda'])).notes[0]).toContain('got "cuda"');
    writeFileSync(join(folder, 'two.json'), '[[1,2]]');
    const two = (backend: string, shapes: string) =>
      run(['einsum', 'i->', shapes, '--operands', 'two.json', '--backend', backend]);
    for (const backend of ['js', 'wasm', 'webgpu']) {
      expect(await two(backend, '[[3]]')).toMatchObject({
        code: 2,
        notes: ['einsum: operand 0 must have 3 values, got 2'],
      });
    }
    writeFileSync(join(folder, 'two.json'), '[[3e38,3e38]]');
    expect((await two('wasm', '[[2]]')).notes[0]).toBe(
      'einsum: values must stay finite, value 0 is not, got Infinity',
    );
    expect((await two('js', '[[2]]')).code).toBe(0);
  });
});

describe('shapes', () => {
  it('lists every pair of ordered factorizations', async () => {
    const shapes = (await json('shapes', '--in', '768', '--out', '768', '--order', '3')) as unknown[];
    expect(shapes.length).toBe(84 * 84);
  });

  it('gives realizable ranks and exact parameters', async () => {
    const shapes = await json(
      'shapes',
      '--in',
      '12',
      '--out',
      '12',
      '--rule',
      'balanced',
      '--rank',
      '99',
      '--format',
      'tt',
    );
    expect(shapes).toEqual([
      { outModes: [3, 4], inModes: [3, 4], ranks: [3, 12, 4], parameters: 9 + 144 + 144 + 16 },
    ]);
  });
});

interface CostResult {
  readonly energyPj: number;
  readonly latencyCycles: number;
  readonly macs: number;
  readonly swapped: boolean;
  readonly mapping: unknown;
  readonly levels: unknown;
}

describe('cost', () => {
  const same = ({ energyPj, latencyCycles, levels, mapping, swapped }: CostResult) => ({
    energyPj,
    latencyCycles,
    levels,
    mapping,
    swapped,
  });
  const fixed = (...way: string[]): string[] =>
    way.concat('--swap', '--dataflow', 'fixed', '--accounting', 'accelforge');
  const ways: string[][] = [
    ['--gemm', '12,31,48', '--accelerator', 'ws8t'],
    ['--gemm', '12,48,36', '--accelerator', 'simba', '--swap', '--objective', 'energy'],
    ['--einsum', 'bij,ijo->bo', '--shapes', '[[6,4,3],[4,3,10]]', '--accounting', 'accelforge'],
    ['--einsum', 'hmk,hkn->hmn', '--shapes', '[[2,6,4],[2,4,10]]', '--factors', 'perfect'],
    ['--gemm', '12,31,48', '--accelerator', 'simba', '--swap', '--weight-bits', '4.125'],
    ['--gemm', '12,32,48', '--accelerator', 'ws8t', '--dataflow', 'fixed', '--hop', '0.5', '--leakage', '3'],
    ['--gemm', '12,31,47', '--accelerator', 'simba', '--factors', 'ragged', '--swap'],
    ['--gemm', '12,30,48', '--accelerator', 'ws8t', '--activation-bits', '16', '--double-buffered'],
    fixed(
      '--einsum',
      'ax,xb->xab',
      '--shapes',
      '[[11,7],[7,3]]',
      '--accelerator',
      'ws16',
      '--weight-bits',
      '4',
    ),
    fixed(
      '--einsum',
      'abc,ac->b',
      '--shapes',
      '[[4,7,5],[4,5]]',
      '--accelerator',
      'ws8t',
      '--factors',
      'ragged',
    ),
  ];
  it.each(ways.map((way) => [way]))('%j: the mapping returned, given back, yields the same', async (way) => {
    const found = (await json('cost', ...way)) as CostResult;
    writeFileSync(join(folder, 'mapping.json'), JSON.stringify(found.mapping));
    const again = (await json('cost', ...way, '--mapping', 'mapping.json')) as CostResult;
    expect(same(again)).toEqual(same(found));
  });

  it('ragged tiles count real products only, and cost no more than padded ones', async () => {
    const at = async (factors: string): Promise<CostResult> =>
      (await json(
        'cost',
        '--gemm',
        '37,41,53',
        '--accelerator',
        'simba',
        '--factors',
        factors,
      )) as CostResult;
    const [padded, ragged] = [await at('any'), await at('ragged')];
    expect(ragged.macs).toBe(37 * 41 * 53);
    expect(padded.macs).toBeGreaterThan(37 * 41 * 53);
    expect(ragged.energyPj * ragged.latencyCycles).toBeLessThan(padded.energyPj * padded.latencyCycles);
  });

  it('swapping slots is the transposed product', async () => {
    const plain = (await json('cost', '--gemm', '48,12,36')) as CostResult;
    const turned = (await json('cost', '--gemm', '12,48,36')) as CostResult;
    const either = (await json('cost', '--gemm', '12,48,36', '--swap')) as CostResult;
    const edp = (cost: CostResult): number => cost.energyPj * cost.latencyCycles;
    expect(edp(either)).toBeCloseTo(Math.min(edp(plain), edp(turned)), 6);
  });

  it('bits as wide as the word change nothing, narrower weights cost less, extras more', async () => {
    const at = async (...more: string[]): Promise<CostResult> =>
      (await json('cost', '--gemm', '8,96,96', '--accelerator', 'ws16', ...more)) as CostResult;
    const plain = await at();
    expect(same(await at('--weight-bits', '8', '--activation-bits', '8'))).toEqual(same(plain));
    expect((await at('--weight-bits', '4')).energyPj).toBeLessThan(plain.energyPj * 0.7);
    expect((await at('--hop', '1')).energyPj).toBeGreaterThan(plain.energyPj);
    const refused = await run(['cost', '--gemm', '8,96,96', '--weight-bits', '0']);
    expect(refused.code).toBe(2);
    expect(refused.notes[0]).toContain('bits of weights: must be a number from 1 to 64');
  });

  it('names the level of an illegal mapping', async () => {
    writeFileSync(
      join(folder, 'none.json'),
      '[{"level":"DRAM"},{"level":"GLB"},{"level":"RF","temporal":[["M",3]]}]',
    );
    const { code, notes } = await run([
      'cost',
      '--gemm',
      '4,4,4',
      '--accelerator',
      'ws16',
      '--mapping',
      'none.json',
    ]);
    expect(code).toBe(2);
    expect(notes[0]).toContain('mapping level DRAM');
  });
});

describe('batch', () => {
  const answers = async (...lines: unknown[]): Promise<Record<string, unknown>[]> => {
    const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
    const { code, out, notes } = await run(['batch'], text);
    expect({ code, notes }).toEqual({ code: 0, notes: [] });
    return out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  it('answers every line in order, whatever it is', async () => {
    const path = {
      command: 'path',
      equation: 'ij,jk->ik',
      shapes: [
        [2, 3],
        [3, 4],
      ],
    };
    const got = await answers(
      { id: 1, ...path },
      'no request',
      '[1]',
      '',
      {
        id: 'two',
        command: 'einsum',
        equation: 'i,i->',
        shapes: [[2], [2]],
        operands: [
          [1, 2],
          [3, 4],
        ],
      },
      { id: 3, ...path, colour: 'red' },
      { id: 4 },
      { id: 5, command: 'chain' },
      {
        ...path,
        shapes: [
          [2, 3],
          [4, 5],
        ],
      },
      { id: 7, command: 'cost', gemm: [4, 4, 4], mapping: [], accelerator: 'ws16' },
    );
    expect(got.map(({ id, ok }) => [id, ok])).toEqual([
      [1, true],
      [null, false],
      [null, false],
      ['two', true],
      [3, false],
      [4, false],
      [5, false],
      [null, false],
      [7, false],
    ]);
    expect(got[0]?.['result']).toMatchObject({ macs: 24, path: [[0, 1]] });
    expect(got[3]?.['result']).toEqual({ shape: [], values: [11], backend: 'js' });
    expect(got[8]?.['error']).toBe('cost: mapping: must list the 3 levels of the accelerator, got 0');
  });

  it('takes a whole machine inline, with camel-case options', async () => {
    const level = {
      mesh_x: 1,
      mesh_y: 1,
      word_bits: 8,
      keeps: 'IWO',
      read_pJ_per_word: 2,
      write_pJ_per_word: 2,
    };
    const free = { read_words_per_cycle: null, write_words_per_cycle: null };
    const accelerator = {
      clock_hz: 1e9,
      word_bits: 8,
      energy_unit: 'pJ',
      levels: [
        { ...level, ...free, name: 'DRAM', depth_words: null },
        { ...level, ...free, name: 'RF', depth_words: 64 },
      ],
      mac: { mesh_x: 1, mesh_y: 1, energy_pJ: 1 },
    };
    const [got] = await answers({ id: 1, command: 'cost', gemm: [2, 2, 2], accelerator, swap: true });
    expect(got).toMatchObject({ id: 1, ok: true, result: { latencyCycles: 8 } });
  });

  it('splits lines wherever the stream is cut', async () => {
    const request = JSON.stringify({ id: 1, command: 'path', equation: 'αβ->βα', shapes: [[2, 3]] });
    const bytes = new TextEncoder().encode(`${request}\n`);
    const { out } = await run(
      ['batch'],
      Array.from(bytes, (byte) => Uint8Array.of(byte)),
    );
    expect(JSON.parse(out)).toMatchObject({ id: 1, ok: true, result: { output: 'βα' } });
  });
});
