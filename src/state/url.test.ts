import { zipSync, deflateSync } from 'fflate';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceExecution, type Execution } from '../core/cost/execution.ts';
import { checkFactorization, rankLimits } from '../core/factor/ranks.ts';
import { balancedModes } from '../core/factor/tensorization.ts';
import { createRandom } from '../core/base/random.ts';
import type { Factorization } from '../core/factor/factorization.ts';
import { crc32, createReader, createWriter, fromBase64Url, toBase64Url } from './bytes.ts';
import type { Config } from './config.ts';
import { initialConfig, modelOf, openingConfig } from './defaults.ts';
import { restoreConfig } from './draft.ts';
import { setAccelerator, setModel, setRank } from './edits.ts';
import goldenLinks from './links.golden.json' with { type: 'json' };
import { packConfig } from './link-schema.ts';
import { sameData } from './same.ts';
import { soundConfig } from './sound-config.fixture.ts';
import { decodeLink, encodeLink } from './url.ts';

const long = process.env['RANKSCAPE_LONG'] !== undefined;
const numRuns = long ? 2000 : 80;

/** Everything that `restoreConfig` leaves alone is sound. */
function expectSound(config: Config): void {
  expect(restoreConfig(config, 'check')).toEqual({ config, problems: [] });
}

/** A link of these packed bytes, with a right checksum. */
function linkOf(packed: Uint8Array): string {
  const writer = createWriter();
  const sum = crc32(packed);
  for (const shift of [24, 16, 8, 0]) writer.byte(sum >>> shift);
  for (const byte of deflateSync(packed)) writer.byte(byte);
  return `#v1.${toBase64Url(writer.done())}`;
}

describe('bytes', () => {
  it('reads back every number, text and list', () => {
    fc.assert(
      fc.property(
        fc.array(fc.maxSafeNat()),
        fc.array(fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }))),
        fc.string({ unit: 'binary' }),
        fc.uint8Array(),
        (uints, numbers, text, block) => {
          const writer = createWriter();
          writer.uint(uints.length);
          writer.planes(uints);
          uints.forEach(writer.uint);
          numbers.forEach(writer.number);
          writer.text(text);
          writer.block(block);
          const reader = createReader(writer.done());
          const count = reader.uint();
          expect(reader.planes(count)).toEqual(uints);
          expect(uints.map(reader.uint)).toEqual(uints);
          expect(numbers.map(reader.number)).toEqual(numbers);
          expect(reader.text()).toBe(text);
          expect([...reader.block()]).toEqual([...block]);
          expect(reader.ended()).toBe(true);
        },
      ),
    );
  });

  it('writes short decimals in few bytes', () => {
    for (const [value, length] of [
      [0, 2],
      [0.23, 2],
      [64, 2],
      [1e9, 2],
      [-1.5, 2],
      [1 / 3, 9],
      [null, 1],
    ] as const) {
      const writer = createWriter();
      writer.number(value);
      expect([value, writer.done().length]).toEqual([value, length]);
    }
  });

  it('agrees with the platform on base64url and with zip on CRC-32', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = toBase64Url(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64url'));
        expect([...fromBase64Url(text).bytes]).toEqual([...bytes]);
        const zip = zipSync({ a: [bytes, { level: 0 }] });
        expect(crc32(bytes)).toBe(new DataView(zip.buffer, zip.byteOffset).getUint32(14, true));
      }),
    );
  });
});

describe('links', () => {
  it('bring back every sound config, and are canonical', () => {
    fc.assert(
      fc.property(soundConfig, (config) => {
        const link = encodeLink(config);
        const decoded = decodeLink(link);
        expect(decoded).toEqual({ config, problems: [] });
        expect(encodeLink(decoded.config)).toBe(link);
      }),
      { numRuns },
    );
  });

  it('are read from a whole address, with white space and without the hash sign', () => {
    const config = setRank(initialConfig(), [4], 0, 100);
    const link = encodeLink(config);
    const broken = link.replace(/(.{60})/g, '$1\n  ');
    for (const text of [
      `https://example.org/rankscape/?a=b${link}`,
      link.slice(1),
      ` ${broken} `,
      `%23${link.slice(1)}`,
    ])
      expect(decodeLink(text)).toEqual({ config, problems: [] });
  });

  it('may be followed by the punctuation of a sentence', () => {
    const config = initialConfig();
    expect(decodeLink(`${encodeLink(config)}).`)).toEqual({ config, problems: [] });
  });

  it('give the opening config for no link at all, without a problem', () => {
    for (const text of ['', '#', ' \n'])
      expect(decodeLink(text)).toEqual({ config: initialConfig(), problems: [] });
  });

  it('never throw and always give a sound config, whatever the text', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((body) => `#v1.${body}`),
      fc.uint8Array({ maxLength: 400 }).map((bytes) => `#v1.${toBase64Url(bytes)}`),
      fc.uint8Array({ maxLength: 400 }).map(linkOf),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const { config, problems } = decodeLink(text);
        expectSound(config);
        if (!/^\s*#?\s*$/.test(text)) expect(problems).not.toEqual([]);
        for (const problem of problems) expect(problem).toMatch(/^link: /);
      }),
      { numRuns: long ? 5000 : 300 },
    );
  });

  it('survive any change of their bytes', () => {
    fc.assert(
      fc.property(
        soundConfig,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (config, changes, beforeDeflate) => {
          const packed = packConfig(config);
          const target = beforeDeflate ? packed : fromBase64Url(encodeLink(config).slice(4)).bytes;
          for (const [at, value] of changes) target[at % target.length] = value;
          const text = beforeDeflate ? linkOf(target) : `#v1.${toBase64Url(target)}`;
          const { config: read } = decodeLink(text);
          expectSound(read);
          expect(read.design).toHaveLength(modelOf(read.model).linears.length);
        },
      ),
      { numRuns },
    );
  });

  it('keep what stands before the cut, and say that they were cut', () => {
    const config = setModel(initialConfig(), { kind: 'card', id: 'gpt2' });
    const link = encodeLink(config);
    for (let length = 0; length < link.length; length++) {
      const { config: read, problems } = decodeLink(link.slice(0, length));
      expectSound(read);
      expect(read.view.selection).not.toEqual([]);
      if (length > 1 && problems.length === 0) expect(read).toEqual(config);
      if (length < link.length - 4 && length > 1) expect(problems).not.toEqual([]);
      if (length > link.length - 4) expect(read.model).toEqual(config.model);
    }
  });

  it('refuse bombs, other versions and endless texts by name', () => {
    const bomb = deflateSync(new Uint8Array(60_000_000), { level: 9 });
    expect(bomb.length).toBeLessThan(65_536);
    const cases: readonly (readonly [string, RegExp])[] = [
      [
        `#v1.${toBase64Url(Uint8Array.from([0, 0, 0, 0, ...bomb.subarray(0, 48_000)]))}`,
        /inflates to more than/,
      ],
      ['#v2.AAAA', /is of version 2; this page reads version 1/],
      [`#v1.${'A'.repeat(65_536)}`, /is longer than 65,536 characters \(65,540\)/],
      ['#design=3', /must contain #v1\./],
      ['#v1.', /is empty/],
    ];
    for (const [text, reason] of cases) {
      const started = performance.now();
      const { config, problems } = decodeLink(text);
      expect(performance.now() - started).toBeLessThan(2000);
      expect(config).toEqual(initialConfig());
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(reason);
    }
  });

  it('say which rank was impossible and what it was set to', () => {
    const config = openingConfig('bert-base', 'simba');
    const broken: Config = {
      ...config,
      design: config.design.with(6, { format: 'svd', outModes: [768], inModes: [768], ranks: [4096] }),
    };
    const { config: read, problems } = decodeLink(encodeLink(broken));
    expect(problems).toEqual([
      'link: rank r of layer 7 was 4,096; the largest possible is 768, so it was set to 768',
    ]);
    expect(read.design[6]?.ranks).toEqual([768]);
    expect(read.design[5]).toEqual(config.design[5]);
  });

  it('keep the sound parts of a link with unsound ones', () => {
    const config = openingConfig('bert-base', 'simba');
    const [first] = config.design;
    const unsound: Config = {
      ...config,
      workload: { tokens: 7, batch: 3, sequence: 128 },
      search: { ...config.search, budget: 0 },
      locks: [
        { layer: 500, rank: null },
        { layer: 3, rank: 0 },
      ],
      pins: [{ letter: 'B', design: first === undefined ? [] : [first] }],
      view: { ...config.view, selection: [3, 400], focus: 9, reference: 'B', panel: 'inside' },
    };
    const { config: read, problems } = decodeLink(encodeLink(unsound));
    expect(problems).toHaveLength(5);
    expect(problems.join('\n')).toMatch(/tokens.*\n.*budget.*\n.*pin B.*\n.*selected.*\n.*locks/);
    expect(read.design).toEqual(config.design);
    expect(read.locks).toEqual([{ layer: 3, rank: 0 }]);
    expect(read.view).toEqual({ ...unsound.view, selection: [3], focus: 3, reference: 'dense' });
    expectSound(read);
  });

  it('start anew, and say so, when the model is unsound', () => {
    const config = initialConfig();
    const { config: read, problems } = decodeLink(
      encodeLink({ ...config, model: { kind: 'card', id: 'bert-huge' } }),
    );
    expect(read.model).toEqual(config.model);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^link: model.*bert-huge.*Glyph-ViT, 96 wide was taken/);
  });

  it('carry an edited preset by its edits only', () => {
    const config = openingConfig('bert-base', 'simba');
    const { accelerator } = config;
    const edited = setAccelerator(config, {
      ...accelerator,
      levels: accelerator.levels.map((level) =>
        level.name === 'GLB' ? { ...level, depthWords: 131_072 } : level,
      ),
    });
    const grown = encodeLink(edited).length - encodeLink(config).length;
    expect(grown).toBeGreaterThan(0);
    expect(grown).toBeLessThanOrEqual(10);
  });
});

/** Every layer different, `count` ranks each, as random as they can be. */
function diverse(
  config: Config,
  layerFactorization: (index: number, random: () => number) => Factorization,
): Config {
  const random = createRandom(7).next;
  const { linears } = modelOf(config.model);
  return {
    ...config,
    design: linears.map((layer, i) => checkFactorization(layerFactorization(i, random), layer.out, layer.in)),
  };
}

describe('the length of a link', () => {
  const opening = openingConfig('bert-base', 'simba');

  it('is short for the opening design', () => {
    expect(encodeLink(opening).length).toBeLessThanOrEqual(90);
  });

  it('is at most 404 characters for 72 different layers with 2 ranks each', () => {
    const { linears } = modelOf(opening.model);
    const config = diverse(opening, (i, random) => {
      const layer = linears[i];
      const [outModes, inModes] = [balancedModes(layer?.out ?? 1, 3), balancedModes(layer?.in ?? 1, 3)];
      const start: Factorization = { format: 'ttm', outModes, inModes, ranks: [40, 40] };
      const ranks = rankLimits(start).map(
        ({ min, max }) => min + Math.floor(random() * (Math.min(max, 60) - min)),
      );
      return { ...start, ranks };
    });
    expect(new Set(config.design).size).toBeGreaterThanOrEqual(72);
    expect(decodeLink(encodeLink(config)).problems).toEqual([]);
    expect(encodeLink(config).length).toBeLessThanOrEqual(404);
  });

  it('is at most 1,400 characters for 192 different layers with 4 ranks each', () => {
    const spec = {
      width: 1024,
      layers: 32,
      ffn: 4096,
      heads: 16,
      kvHeads: 16,
      gatedMlp: false,
      vocabulary: 0,
    };
    const model = setModel(opening, { kind: 'custom', spec });
    const { linears } = modelOf(model.model);
    const config = diverse(model, (i, random) => {
      const layer = linears[i];
      const outModes = balancedModes(layer?.out ?? 1, 2);
      const inModes = balancedModes(layer?.in ?? 1, 2);
      const ranks = [...outModes, ...inModes].map((mode) => 8 + Math.floor(random() * (mode - 8)));
      return { format: 'tucker', outModes, inModes, ranks };
    });
    expect(new Set(config.design).size).toBe(192);
    expect(decodeLink(encodeLink(config)).problems).toEqual([]);
    expect(encodeLink(config).length).toBeLessThanOrEqual(1400);
  });
});

/** Made when they were new; whatever becomes of the code, they must go on reading as they did. Never edit, only add. */
const golden: readonly {
  readonly about: string;
  readonly link: string;
  readonly problems: number;
  readonly reads: Readonly<Record<string, string | number>>;
}[] = goldenLinks;

describe('golden links', () => {
  it.each(golden)('$about', ({ link, reads, problems }) => {
    const decoded = decodeLink(link);
    expect(decoded.problems).toHaveLength(problems);
    expect(summary(decoded.config)).toEqual(reads);
  });
});

/** `fusion true, hopPj 2, ...`: what differs from the reference, by name. */
const described = (execution: Execution): string =>
  Object.entries(execution)
    .filter(([name, value]) => value !== referenceExecution[name as keyof Execution])
    .map(([name, value]) => `${name} ${value}`)
    .toSorted()
    .join(', ');

/** Sums and words that change when anything of the config is read otherwise. */
function summary(config: Config): Readonly<Record<string, string | number>> {
  const sum = (numbers: readonly number[]): number =>
    numbers.reduce((all, each, i) => all + each * (i + 1), 0);
  const { search, view, accelerator } = config;
  return {
    model: config.model.kind === 'card' ? config.model.id : JSON.stringify(config.model).slice(0, 400),
    ...(sameData(config.execution, referenceExecution) ? {} : { execution: described(config.execution) }),
    workload: `${Object.values(config.workload).join()} ${config.accounting}`,
    accelerator: accelerator.name,
    capacities: accelerator.levels.map((level) => level.depthWords).join(),
    formats: [...new Set(config.design.map((f) => f.format))].sort().join(),
    ranks: sum(config.design.flatMap((f) => f.ranks)),
    modes: sum(config.design.flatMap((f) => [...f.outModes, ...f.inModes])),
    locks: config.locks.map((lock) => `${lock.layer}/${lock.rank}`).join(),
    pins: config.pins.map((pin) => pin.letter).join(''),
    pinned: sum(config.pins.flatMap((pin) => pin.design.flatMap((f) => f.ranks))),
    search: `${search.strategy} ${search.budget} ${search.seed} ${search.limit}`,
    selection: view.selection.join(),
    view: `${view.focus} ${view.axis} ${view.gridColour} ${view.panel} ${view.snap} ${view.reference}`,
  };
}
