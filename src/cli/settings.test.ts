/** Settings beside the design from the command line: the same figures as everywhere, a link's own ones as defaults. */
import { describe, expect, it } from 'vitest';
import { referenceExecution } from '../core/cost/execution.ts';
import { quantizationByName } from '../core/factor/check-quantization.ts';
import { encodeLink } from '../state/url.ts';
import { openingConfig } from '../state/defaults.ts';
import { createDerive } from '../state/derive.ts';
import { doorInFolder } from './door.fixture.ts';
import { configOfLink } from './links.ts';
import { shippedCalibration } from './shipped.ts';

const { run, json } = doorInFolder();

interface Shown {
  readonly energyPj: number;
  readonly latencyCycles: number;
  readonly edpReduction: number;
  readonly execution: unknown;
  readonly quantization: string;
  readonly link: string;
}

const plain = openingConfig('glyph-vit', 'ws16');
const link = encodeLink(plain);
const derive = createDerive(undefined, shippedCalibration);

describe('show', () => {
  it.each([
    [['--fusion'], { fusion: true }, 'none'],
    [['--residency', '--whole-model'], { residency: true, wholeModel: true }, 'none'],
    [['--swap', '--dataflow', 'fixed'], { swap: true, dataflow: 'fixed' }, 'none'],
    [['--hop', '2', '--leakage', '5'], { hopPj: 2, leakagePjPerCycle: 5 }, 'none'],
    [['--double-buffered', '--whole-model'], { doubleBuffered: true, wholeModel: true }, 'none'],
    [['--dram-words', '2', '--quantization', 'int4-row'], { outerWordsPerCycle: 2 }, 'int4-row'],
  ] as const)('%j counts as the page does under these settings', async (args, change, quantization) => {
    const execution = { ...referenceExecution, ...change };
    const shown = await json<Shown>('show', link, ...args);
    const { evaluation } = derive({
      ...plain,
      execution,
      quantization: quantizationByName(quantization),
    });
    expect(shown).toMatchObject({ execution, quantization });
    expect(shown.energyPj).toBe(evaluation.energyPj);
    expect(shown.latencyCycles).toBe(evaluation.latencyCycles);
    expect(shown.energyPj).not.toBe((await json<Shown>('show', link)).energyPj);
    // The link it returns has the settings in it.
    expect(await json<Shown>('show', shown.link)).toEqual(shown);
  });

  it("keeps a link's own settings unless they are given, and turns them off", async () => {
    const own = {
      ...plain,
      execution: { ...referenceExecution, fusion: true, outerWordsPerCycle: 3 },
      quantization: quantizationByName('int8-row'),
    };
    const shown = await json<Shown>('show', encodeLink(own), '--residency');
    expect(shown.execution).toEqual({ ...own.execution, residency: true });
    expect(shown.quantization).toBe('int8-row');
    const off = ['--fusion=false', '--dram-words', 'machine', '--quantization', 'none'];
    const without = await json<Shown>('show', encodeLink(own), ...off);
    expect({ ...without, link: '' }).toEqual({ ...(await json<Shown>('show', link)), link: '' });
  });

  it('says the settings it counted with', async () => {
    const { out } = await run('show', link, '--fusion', '--dram-words', '2', '--quantization', 'w8a8');
    expect(out).toMatch(/execution +fusion, 2 DRAM words a cycle/);
    expect(out).toMatch(/quantization +w8a8/);
    expect((await run('show', link)).out).toMatch(/execution +reference\nquantization +none/);
  });
});

interface Found {
  readonly dense: { readonly energyPj: number };
  readonly frontier: readonly Shown[];
}

describe('search', () => {
  const search = (...more: readonly string[]): Promise<Found> =>
    json<Found>('search', '--model', 'glyph-vit', '--accelerator', 'ws16', '--budget', '60', ...more);

  it('searches under the settings, dense too, and its links carry them', async () => {
    const reference = await search();
    const found = await search('--residency', '--fusion', '--quantization', 'int4-row');
    expect(found.dense.energyPj).toBeLessThan(reference.dense.energyPj);
    for (const point of [found.frontier[0], found.frontier.at(-1)]) {
      const { execution, quantization } = configOfLink(point?.link ?? '', 'test');
      expect(execution).toEqual({ ...referenceExecution, residency: true, fusion: true });
      expect(quantization).toEqual(quantizationByName('int4-row'));
      const shown = await json<Shown>('show', point?.link ?? '');
      expect(shown.energyPj).toBe(point?.energyPj);
      expect(shown.edpReduction).toBe(point?.edpReduction);
    }
  });
});

interface Cost {
  readonly energyPj: number;
  readonly latencyCycles: number;
}

describe('cost', () => {
  const cost = (...more: readonly string[]): Promise<Cost> =>
    json<Cost>('cost', '--gemm', '8,96,96', '--accelerator', 'ws16', ...more);

  it('takes a quantization for its bits, and another bandwidth', async () => {
    expect(await cost('--quantization', 'int4-g128')).toEqual(await cost('--weight-bits', '4.125'));
    expect(await cost('--quantization', 'w8a8')).toEqual(
      await cost('--weight-bits', '8', '--activation-bits', '8'),
    );
    expect(await cost('--quantization', 'int4-g128', '--weight-bits', '8')).toEqual(
      await cost('--weight-bits', '8'),
    );
    expect((await cost('--dram-words', '0.5')).latencyCycles).toBeGreaterThan((await cost()).latencyCycles);
    expect(await cost('--dram-words', 'machine')).toEqual(await cost());
  });
});

it.each([
  [['show', link, '--dram-words', '0'], 'show: DRAM bandwidth: must be a number of words per cycle'],
  [['show', link, '--dram-words', 'many'], 'show: --dram-words must be a number'],
  [['show', link, '--quantization', 'int2'], 'show: quantization: must be none, w8a8'],
  [['show', link, '--dataflow', 'loose'], 'show: --dataflow must be one of flexible, fixed'],
  [['show', link, '--fusion=maybe'], 'show: --fusion must be true or false'],
  [['cost', '--gemm', '4,4,4', '--dram-words', '-1'], 'cost: DRAM bandwidth: must be'],
])('refuses %j', async (args, message) => {
  const { code, out, notes } = await run(...args);
  expect({ code, out, lines: notes.length }).toEqual({ code: 2, out: '', lines: 1 });
  expect(notes[0]).toContain(message);
});
