import { env } from 'node:process';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { InputError } from '../base/checks.ts';
import { checkAccelerator, parseAccelerator, printAccelerator } from './parse.ts';
import type { Accelerator } from './accelerator.ts';
import type { Machine } from './parse.ts';
import { presetByName } from './presets.ts';
import { parseAcceleratorText, printAcceleratorYaml } from './text.ts';

/** Milliseconds; long runs fuzz for minutes. */
const patience = 300_000;
const runs = env['RANKSCAPE_LONG'] === undefined ? 500 : 20_000;

const machine = (name = 'simba'): Machine => printAccelerator(presetByName(name));

/** A copy with another value at a path such as `levels.1.keeps`; undefined takes the key away, '' replaces it all. */
function put(value: unknown, path: string, to: unknown): unknown {
  if (path === '') return to;
  const [step = '', ...rest] = path.split('.');
  const old = (value as Readonly<Record<string, unknown>>)[step];
  if (Array.isArray(value)) return value.with(Number(step), put(old, rest.join('.'), to));
  return { ...(value as object), [step]: put(old, rest.join('.'), to) };
}

/** Any machine that could exist. */
const sound: fc.Arbitrary<Machine> = fc
  .record({
    name: fc.constantFrom('a', 'my chip', 'Ärray 9'),
    rows: fc.array(
      fc.record({
        step: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
        depth: fc.option(fc.integer({ min: 3, max: 1e9 })),
        bits: fc.integer({ min: 1, max: 64 }),
        rate: fc.option(fc.double({ min: 0.5, max: 1e4, noNaN: true })),
        energy: fc.double({ min: 1e-3, max: 1e4, noNaN: true }),
        keeps: fc.constantFrom('I', 'W', 'O', 'IW', 'IO', 'WO', 'IWO'),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  })
  .map(({ name, rows }) => {
    let [x, y] = [1, 1];
    const inner = rows.map((row, index) => {
      x *= row.step[0];
      y *= row.step[1];
      return {
        name: `L${index + 1}`,
        mesh_x: x,
        mesh_y: y,
        depth_words: row.depth,
        word_bits: row.bits,
        read_words_per_cycle: row.rate,
        write_words_per_cycle: row.rate,
        read_pJ_per_word: row.energy,
        write_pJ_per_word: row.energy,
        keeps: row.keeps,
      };
    });
    const outer = { ...inner[0], name: 'DRAM', mesh_x: 1, mesh_y: 1, depth_words: null, keeps: 'IWO' };
    return {
      name,
      clock_hz: 1e9,
      word_bits: 8,
      levels: [outer, ...inner],
      mac: { mesh_x: x * 2, mesh_y: y, energy_pJ: 1 },
      energy_unit: 'pJ',
    } as Machine;
  });

describe('an accelerator as JSON or YAML', () => {
  it('comes back as it was, from an object, from JSON and from YAML', () => {
    fc.assert(
      fc.property(sound, (given) => {
        const accelerator = parseAccelerator(given);
        expect(printAccelerator(accelerator)).toEqual(given);
        expect(parseAccelerator(printAccelerator(accelerator))).toEqual(accelerator);
        expect(parseAcceleratorText(JSON.stringify(given))).toEqual(accelerator);
        expect(parseAcceleratorText(printAcceleratorYaml(accelerator))).toEqual(accelerator);
      }),
      { numRuns: 100 },
    );
  });

  it('takes the name given beside it when it carries none', () => {
    const { name, ...unnamed } = machine('ws16');
    expect(name).toBe('ws16');
    expect(parseAccelerator(unnamed).name).toBe('custom');
    expect(parseAccelerator(unnamed, 'mine').name).toBe('mine');
    expect(parseAccelerator({ ...unnamed, name: 'own' }, 'mine').name).toBe('own');
  });

  it('reads hand-written YAML with comments, anchors and a byte order mark', () => {
    const text = `\uFEFF# edge array
clock_hz: 1e9
word_bits: 8
energy_unit: pJ
levels:
  - &ram { name: DRAM, mesh_x: 1, mesh_y: 1, depth_words: null, word_bits: 8, read_words_per_cycle: 8,
      write_words_per_cycle: 8, read_pJ_per_word: 64, write_pJ_per_word: 64, keeps: IWO }
  - name: RF
    mesh_x: 8
    mesh_y: 8
    depth_words: 32
    word_bits: 8
    read_words_per_cycle: null # registers
    write_words_per_cycle: ~
    read_pJ_per_word: .06
    write_pJ_per_word: 0.08
    keeps: OWI
mac: { mesh_x: 8, mesh_y: 8, energy_pJ: 0.23 }
`;
    const accelerator = parseAcceleratorText(text, 'edge');
    expect(accelerator.levels[1]).toEqual({
      name: 'RF',
      meshX: 8,
      meshY: 8,
      depthWords: 32,
      wordBits: 8,
      readWordsPerCycle: null,
      writeWordsPerCycle: null,
      readEnergyPj: 0.06,
      writeEnergyPj: 0.08,
      keeps: ['I', 'W', 'O'],
    });
  });
});

describe('an impossible accelerator', () => {
  const own = JSON.parse('{"__proto__": {"levels": []}}') as unknown;
  const { levels } = machine();
  const cases: readonly (readonly [path: string, value: unknown, reason: string])[] = [
    ['', null, 'the machine must be an object with keys name, clock_hz'],
    ['', [], 'word_bits, levels, mac, energy_unit, got a list'],
    ['', own, 'energy_unit only, got "__proto__"'],
    ['noc', 1, 'energy_unit only, got "noc"'],
    ['mac', undefined, 'the machine must have the key mac'],
    ['levels', 3, 'levels must be a list, got 3'],
    ['levels', levels.slice(0, 1), 'levels must be 2 to 6 storage levels, outermost first, got 1'],
    ['levels', [...levels, levels[5]], 'storage levels, outermost first, got 7'],
    ['levels.0', 'DRAM', 'level 1 must be an object'],
    ['levels.1.banks', 2, 'keeps only, got "banks"'],
    ['levels.1.keeps', undefined, 'level 2 must have the key keeps'],
    [
      'levels.1.depth_words',
      '64k',
      'level GLB depth_words (or null for unlimited) must be a number, got "64k"',
    ],
    ['levels.1.depth_words', 0, 'level GLB depth_words must be a whole number from 1'],
    ['levels.1.depth_words', 1.5, 'level GLB depth_words must be a whole number'],
    ['levels.1.depth_words', 1e300, 'level GLB depth_words must be a whole number'],
    ['levels.1.depth_words', 1, '(IO needs 2), got 1'],
    ['levels.1.read_words_per_cycle', 0, 'level GLB read_words_per_cycle must be a number from'],
    ['levels.1.write_words_per_cycle', -4, 'level GLB write_words_per_cycle must be a number from'],
    ['levels.1.write_words_per_cycle', Number.NaN, 'level GLB write_words_per_cycle must be a number from'],
    ['levels.1.write_words_per_cycle', 1e12, 'level GLB write_words_per_cycle must be a number from'],
    ['levels.1.read_pJ_per_word', -1e-9, 'level GLB read_pJ_per_word must be a number from 0'],
    ['levels.1.read_pJ_per_word', Infinity, 'level GLB read_pJ_per_word must be a number from'],
    ['levels.1.write_pJ_per_word', -1, 'level GLB write_pJ_per_word must be a number from'],
    ['levels.1.write_pJ_per_word', null, 'level GLB write_pJ_per_word must be a number, got null'],
    ['levels.1.word_bits', 0, 'level GLB word_bits must be a whole number from 1 to 256, got 0'],
    ['levels.1.keeps', 'IX', 'level GLB keeps must be one to three different letters of IWO, got "IX"'],
    ['levels.1.keeps', 'II', 'different letters of IWO, got "II"'],
    ['levels.1.keeps', '', 'different letters of IWO, got ""'],
    ['levels.1.name', '', 'level 2 name must be 1 to 32'],
    ['levels.1.name', '__proto__', 'level 2 name must be 1 to 32'],
    ['levels.1.name', 'x'.repeat(33), 'level 2 name must be 1 to 32'],
    ['levels.1.name', 'DRAM', 'level names must differ, got "DRAM"'],
    ['levels.0.keeps', 'IO', 'outermost level DRAM must keep all three operands'],
    ['levels.0.depth_words', 1e9, 'outermost level DRAM must be unlimited'],
    ['levels.0.mesh_x', 2, 'outermost level DRAM must be one instance (mesh 1 x 1), got "2 x 1"'],
    ['levels.5.mesh_x', 100, 'level WReg mesh_x must be a multiple of the 16 of level AccBuf'],
    ['levels.5.mesh_x', 8, 'level WReg mesh_x must be a multiple of the 16'],
    ['mac.mesh_y', 4, 'mac mesh_y must be a multiple of the 8 of level WReg'],
    ['mac.mesh_x', -1, 'mac mesh_x must be a whole number from 1'],
    ['mac', { mesh_x: 65_536, mesh_y: 1024, energy_pJ: 1 }, 'mac array must have at most 1048576 MACs'],
    ['mac.energy_pJ', 0, 'mac energy_pJ must be a number from'],
    ['mac', 1, 'mac must be an object'],
    ['clock_hz', 0, 'clock_hz must be a number from'],
    ['clock_hz', '1 GHz', 'clock_hz must be a number, got "1 GHz"'],
    ['name', ' ', 'name must be 1 to 64'],
    ['name', 7, 'name must be text, got 7'],
    ['energy_unit', '\n', 'energy_unit must be 1 to 64'],
  ];

  it.each(cases)('%s = %j: %s', (path, value, reason) => {
    const wrong = put(machine(), path, value);
    expect(() => parseAccelerator(wrong)).toThrow(InputError);
    expect(() => parseAccelerator(wrong)).toThrow(/^accelerator: .*$/);
    expect(() => parseAccelerator(wrong)).toThrow(reason);
  });

  it('is refused as a value too, for example from a link', () => {
    const simba = presetByName('simba');
    expect(() => checkAccelerator({ ...simba, clockHz: Number.NaN })).toThrow('accelerator: clock_hz');
    expect(() => checkAccelerator({ ...simba, levels: [] })).toThrow('accelerator: levels must be 2 to 6');
  });
});

describe('hostile text', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
    .split('')
    .map((key, index) => `${key}: &${key} [${Array(9).fill(`*${'abcdefg'[index]}`).join(',')}]`)
    .join('\n')}`;
  const cases: readonly (readonly [name: string, text: string, reason: string])[] = [
    ['too long', 'a'.repeat(300_000), 'accelerator: text must have at most 262144 characters, got 300000'],
    ['deep JSON', '['.repeat(100_000), 'accelerator: text must not nest deeper than 32'],
    ['deep sequences', `${'- '.repeat(100_000)}x`, 'accelerator: text must not nest deeper than 32'],
    [
      'deep mappings',
      Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'nest deeper than 32',
    ],
    ['alias bomb', bomb, 'accelerator: text must be JSON or YAML (Excessive alias count'],
    ['self reference', 'levels: &a [*a]', 'accelerator:'],
    ['broken YAML', 'a: 1\nlevels: [', 'accelerator: text must be JSON or YAML (line 2: '],
    ['two documents', 'a: 1\n---\nb: 2', 'accelerator: text must be JSON or YAML ('],
    ['duplicate keys', 'clock_hz: 1\nclock_hz: 2', 'accelerator: keys must differ, got "clock_hz"'],
    ['many quotes', '"'.repeat(262_144), 'accelerator: text must be JSON or YAML (line 1: '],
    [
      'many keys',
      Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n'),
      'energy_unit only, got "k0"',
    ],
    ['many nameless keys', Array.from({ length: 30_000 }, (_, i) => `? k${i}`).join('\n'), 'got "k0"'],
    ['an object for a key', '? [a]\n: 1\n? {b: 1}\n: 2', 'accelerator:'],
    ['empty', '', 'accelerator: the machine must be an object'],
    ['prose', 'hello', 'got "hello"'],
    ['own prototype', '__proto__: {levels: []}', 'got "__proto__"'],
    ['NaN', JSON.stringify(machine()).replace('1000000000', '.nan'), 'accelerator:'],
  ];

  // What is read in a second or two by itself may take longer beside other tests; what grows with a square would not end.
  it.each(cases)('%s', { timeout: 60_000 }, (_, text, reason) => {
    expect(() => parseAcceleratorText(text)).toThrow(reason);
  });
});

describe('any value', () => {
  /** Null when `read` gives a sound accelerator or throws an InputError; otherwise what it threw. */
  const unsound = (read: () => Accelerator): unknown => {
    try {
      checkAccelerator(read());
      return null;
    } catch (error) {
      return error instanceof InputError ? null : error;
    }
  };

  it('gives an accelerator or an InputError', { timeout: patience }, () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(unsound(() => parseAccelerator(value))).toBeNull();
      }),
      { numRuns: runs },
    );
  });

  it(
    'in the place of any part of a sound machine gives an accelerator or an InputError',
    { timeout: patience },
    () => {
      const parts = ['levels', 'mac', 'name', 'clock_hz', 'mac.mesh_x', 'mac.energy_pJ'];
      const figures = Object.keys(machine().levels[1] ?? {}).flatMap((key) => [
        `levels.1.${key}`,
        `levels.5.${key}`,
      ]);
      const spoiled = fc.oneof(fc.jsonValue(), fc.double(), fc.integer(), fc.string({ maxLength: 4 }));
      fc.assert(
        fc.property(fc.constantFrom(...parts, ...figures), spoiled, (path, value) => {
          expect(unsound(() => parseAccelerator(put(machine(), path, value)))).toBeNull();
        }),
        { numRuns: runs },
      );
    },
  );

  it('as text gives an accelerator or an InputError', { timeout: patience }, () => {
    const yaml = printAcceleratorYaml(presetByName('ws16'));
    const edit = fc.tuple(fc.nat(yaml.length), fc.nat(12), fc.string({ maxLength: 6, unit: 'binary' }));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const text = edits.reduce((t, [at, cut, piece]) => t.slice(0, at) + piece + t.slice(at + cut), yaml);
        expect(unsound(() => parseAcceleratorText(text))).toBeNull();
      }),
      { numRuns: runs },
    );
  });
});
