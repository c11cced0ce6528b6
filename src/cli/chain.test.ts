/** `chain` and `path --objective edp` through the plain door and through `batch`. */
import { describe, expect, it } from 'vitest';
import { doorInFolder } from './door.fixture.ts';

const { answer: run, json } = doorInFolder();

interface Chain {
  readonly path: readonly (readonly number[])[];
  readonly energyPj: number;
  readonly latencyCycles: number;
  readonly edpPjCycles: number;
  readonly steps: readonly {
    readonly held: readonly unknown[];
    readonly equation: string;
    readonly shared: readonly (readonly [string, number])[];
    readonly energyPj: number;
    readonly latencyCycles: number;
    readonly extents: Readonly<Record<string, number>>;
    readonly mapping: readonly {
      readonly level: string;
      readonly temporal: readonly (readonly [string, number])[];
      readonly spatial: readonly (readonly [string, number])[];
    }[];
  }[];
  readonly intermediates: readonly {
    readonly indices: string;
    readonly level: string;
    readonly savedPj: number;
  }[];
}

const chain = (...args: string[]): Promise<Chain> => json('chain', ...args);

const pair = ['mk,kr,rn->mn', '[[128,768],[768,64],[64,768]]', '--path', '[[0,1],[0,1]]'];

describe('chain', () => {
  it('says per product what it costs and per intermediate where it stays', async () => {
    const found = await chain(...pair, '--accelerator', 'ws16', '--accounting', 'accelforge');
    expect(found.path).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(found.steps.map(({ equation }) => equation)).toEqual(['mk,kr->mr', 'mr,rn->mn']);
    const sum = (pick: (step: Chain['steps'][number]) => number): number =>
      found.steps.reduce((all, step) => all + pick(step), 0);
    expect(found.energyPj).toBeCloseTo(
      sum(({ energyPj }) => energyPj),
      3,
    );
    expect(found.latencyCycles).toBe(sum(({ latencyCycles }) => latencyCycles));
    expect(found.edpPjCycles).toBe(found.energyPj * found.latencyCycles);
    expect(found.intermediates).toMatchObject([{ indices: 'mr', level: 'GLB' }]);
    expect(found.intermediates[0]?.savedPj).toBeCloseTo(8192 * 131.6, 3);
    expect(found).toMatchObject({ bound: { kind: 'optimal' }, intermediates: [{ times: 1 }] });
    // AccelForge's optimum, its tensors held at their own heights; Timeloop's mapspace has none so good.
    expect(found.edpPjCycles / 1346480300359.68).toBeCloseTo(1, 9);
    expect(found.steps.some(({ held }) => held.length > 0)).toBe(true);
    const even = await chain(
      ...pair,
      '--accelerator',
      'ws16',
      '--accounting',
      'accelforge',
      '--heights',
      'even',
    );
    expect(even.edpPjCycles).toBeGreaterThan(found.edpPjCycles);
    expect(even.steps.every(({ held }) => held.length === 0)).toBe(true);
    const apart = await chain(
      ...pair,
      '--accelerator',
      'ws16',
      '--accounting',
      'accelforge',
      '--fusion',
      'none',
    );
    expect(apart.intermediates).toMatchObject([{ indices: 'mr', level: 'DRAM', savedPj: 0 }]);
    expect(apart.edpPjCycles).toBeGreaterThan(found.edpPjCycles);
  });

  it.each([
    ['bij,ipr,rjq->bpq', '[[16,8,8],[8,8,4],[4,8,8]]'],
    ['bij,ipr,rjq->bpq', '[[17,7,8],[7,8,5],[5,8,8]]'],
    ['hqd,hkd,hke->hqe', '[[2,16,8],[2,16,8],[2,16,8]]'],
  ])('gives loops over letters that multiply out: %s %s', async (equation, shapes) => {
    const { steps } = await chain(equation, shapes, '--accelerator', 'ws8t');
    for (const { mapping, extents } of steps) {
      for (const [dim, extent] of Object.entries(extents)) {
        const loops = mapping.flatMap(({ temporal, spatial }) => [...temporal, ...spatial]);
        expect(loops.reduce((all, [name, bound]) => (name === dim ? all * bound : all), 1)).toBe(extent);
      }
    }
  });

  it('shares loops where the intermediate does not fit', async () => {
    const shapes = '[[128,8,12],[8,8,8],[8,12,12]]';
    const found = await chain('bij,ipr,rjq->bpq', shapes, '--accelerator', 'ws8t', '--path', '[[0,1],[1,0]]');
    expect(found.intermediates).toMatchObject([{ indices: 'bjpr', level: 'GLB', onChip: true }]);
    const [first, second] = found.steps;
    expect(first?.shared.length).toBeGreaterThan(0);
    expect(second?.shared).toEqual(first?.shared);
    const given: Readonly<Record<string, number>> = { b: 128, i: 8, j: 12, p: 8, q: 12, r: 8 };
    for (const { extents, shared, equation } of found.steps) {
      for (const [dim, extent] of Object.entries(extents)) {
        const factor = shared.reduce((all, [name, bound]) => (name === dim ? all * bound : all), 1);
        expect([equation, dim, extent * factor]).toEqual([equation, dim, given[dim]]);
      }
    }
  });

  it('prints tables, works in a batch and refuses by name', async () => {
    const { out } = await run(['chain', ...pair, '--accelerator', 'ws16']);
    expect(out).toMatch(/mr +8,192 +GLB/);
    const request = {
      id: 7,
      command: 'chain',
      equation: 'mk,kr,rn->mn',
      shapes: [
        [8, 96],
        [96, 8],
        [8, 96],
      ],
    };
    const lines = [
      {
        ...request,
        path: [
          [0, 1],
          [0, 1],
        ],
        accelerator: 'ws8t',
      },
      { ...request, path: [[0, 3]] },
      { ...request, path: 'left' },
      {
        ...request,
        shapes: [
          [1, 96],
          [96, 0],
          [0, 96],
        ],
      },
    ];
    const answers = (await run(['batch'], lines.map((line) => JSON.stringify(line)).join('\n'))).out
      .trim()
      .split('\n');
    const parsed = answers.map((line) => JSON.parse(line) as { ok: boolean; error?: string });
    expect(parsed.map(({ ok }) => ok)).toEqual([true, false, false, false]);
    expect(parsed[1]?.error).toMatch(/^chain: path: step 0 must name/);
    expect(parsed[2]?.error).toMatch(/^chain: --path must be a list of positions/);
    expect(parsed[3]?.error).toMatch(/^chain: extent of r must be at least 1/);
  });
});

describe('path --objective edp', () => {
  it('says how far the path of fewest multiplications is from the best one', async () => {
    const shapes = '[[128,24,32],[48,48],[48,64,128],[128,24,32],[32,32]]';
    const args = ['path', 'bij,wB,BxC,CiD,Dj->bwx', shapes, '--accelerator', 'ws16', '--objective', 'edp'];
    const { out } = await run([...args, '--json']);
    const found = JSON.parse(out) as {
      readonly macs: number;
      readonly path: unknown;
      readonly energyPj: number;
      readonly latencyCycles: number;
      readonly edpPjCycles: number;
      readonly bound: unknown;
      readonly fewestMacs: { readonly macs: number; readonly path: unknown; readonly edpPjCycles: number };
    };
    expect(found.edpPjCycles).toBe(found.energyPj * found.latencyCycles);
    expect(found.bound).toEqual({ kind: 'optimal', gap: 0 });
    expect(found.fewestMacs.macs).toBeLessThanOrEqual(found.macs);
    expect(found.fewestMacs.edpPjCycles / found.edpPjCycles).toBeGreaterThan(1.4);
    const asChain = await chain(
      'bij,wB,BxC,CiD,Dj->bwx',
      shapes,
      '--accelerator',
      'ws16',
      '--path',
      JSON.stringify(found.path),
    );
    expect(asChain.edpPjCycles / found.edpPjCycles).toBeCloseTo(1, 9);
    const least = await run(args.slice(0, -2).concat('--json'));
    expect(JSON.parse(least.out)).toMatchObject({ path: found.fewestMacs.path, macs: found.fewestMacs.macs });
    expect((await run(args)).out).toContain('EDP of the path of fewest MACs');
  });

  it('tells energies in the unit of the machine', async () => {
    const args = ['path', 'ij,jk->ik', '[[4,8],[8,4]]', '--accelerator', 'eyeriss', '--objective', 'edp'];
    expect((await run(args)).out).toContain('EDP (relative (MAC = 1) cycles)');
  });
});
