import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { env } from 'node:process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unzipSync, zipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { openOnnx } from '../core/onnx/open.ts';
import { bytesSource } from '../core/workload/byte-source.ts';
import { openSafetensors } from '../core/workload/safetensors.ts';
import { safetensorsChunks } from '../core/export/safetensors.ts';
import { tensor } from '../core/tensor/dense.ts';
import { denseFactorization } from '../core/factor/ranks.ts';
import { modelById } from '../core/workload/cards.ts';
import { openingConfig } from '../state/defaults.ts';
import { encodeLink } from '../state/url.ts';
import { shippedModelPath } from './shipped.ts';
import type { ExportedLayer } from './commands/export.ts';
import { doorInFolder } from './door.fixture.ts';
import { npy } from '../core/workload/npy.fixture.ts';
import { readNpy } from '../core/workload/npy.ts';

interface Exported {
  readonly path: string;
  readonly bytes: number;
  readonly originalBytes: number;
  readonly layers: readonly ExportedLayer[];
  readonly check: { readonly difference: number | null; readonly reason?: string };
}

const { folder, run, json } = doorInFolder();
const corpus = (name: string): string =>
  fileURLToPath(new URL(`../core/onnx/corpus/${name}`, import.meta.url));

const even = { outModes: [4, 6], inModes: [4, 6] };
/** What is found at once, and what takes alternating methods seconds; for the 24 x 24 layers of a small BERT, in order. */
const quick = [
  { format: 'svd', ranks: [5] },
  { format: 'tt', outModes: [4, 6], inModes: [24], ranks: [4, 9] },
  { format: 'ttm', ...even, ranks: [9] },
  { format: 'kronecker', outModes: [4, 6], inModes: [6, 4], ranks: [6] },
  { format: 'tucker', ...even, ranks: [3, 4, 3, 4] },
];
const slow = [
  { format: 'cp', outModes: [4, 6], inModes: [24], ranks: [7] },
  { format: 'tr', ...even, ranks: [2, 3, 3, 2] },
  { format: 'block-term', ...even, ranks: [2, 2, 2, 2, 2] },
];

let names: readonly string[] = [];
beforeAll(async () => {
  copyFileSync(corpus('optimum-bert.onnx'), join(folder, 'bert.onnx'));
  const info = await json<{ layers: { name: string; out: number; in: number }[] }>('info', 'bert.onnx');
  names = info.layers.filter((layer) => layer.out === 24 && layer.in === 24).map(({ name }) => name);
  for (const [name, layers] of [
    ['design.json', quick],
    ['all.json', [...quick, ...slow]],
  ] as const) {
    const own = layers.map((layer, k) => ({ ...layer, name: names[k] ?? '' }));
    writeFileSync(join(folder, name), JSON.stringify({ layers: own }));
  }
});

const exported = (...args: string[]): Promise<Exported> => json('export', ...args);

const file = (name: string): Uint8Array => readFileSync(join(folder, name));
const all = ['--design', 'all.json', '--model', 'bert.onnx'] as const;
const given = ['--design', 'design.json', '--model', 'bert.onnx'] as const;

describe('export --to onnx', () => {
  it('writes every format, checks it against the source, and says what was done in the file', async () => {
    const result = await exported(...given, '--to', 'onnx', '--output', 'out.onnx');
    expect(result.check.difference).toBeLessThan(1e-5);
    expect(result.bytes).toBe(file('out.onnx').length);
    expect(result.originalBytes).toBe(file('bert.onnx').length);
    expect(result.layers.map(({ format }) => format)).toEqual(quick.map(({ format }) => format));
    for (const { name, node, parameters, relativeError } of result.layers) {
      expect(names).toContain(name);
      expect(node).toMatch(/MatMul/);
      expect(parameters).toBeLessThan(576);
      expect(relativeError).toBeGreaterThan(0.01);
      expect(relativeError).toBeLessThan(1);
    }
    const { proto } = await openOnnx(bytesSource(file('out.onnx')));
    const note = proto.metadataProps.find(({ key }) => key === 'rankscape');
    expect(JSON.parse(note?.value ?? '')).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
      link: null,
      layers: [{ name: names[0], format: 'svd', outModes: [24], inModes: [24], ranks: [5] }, {}, {}, {}, {}],
    });
  });

  it('has the relative error that factorize has', async () => {
    const result = await exported(...given, '--to', 'onnx', '--output', 'out.onnx');
    const { out } = await run(
      'factorize',
      '--model',
      'bert.onnx',
      '--layer',
      names[0] ?? '',
      '--format',
      'svd',
      '--ranks',
      '5',
      '--json',
    );
    expect(result.layers[0]?.relativeError).toBeCloseTo(
      (JSON.parse(out) as { relativeError: number }).relativeError,
      12,
    );
  });

  it('stores factors as fp16 and integers, smaller, with the error they then have', async () => {
    const plain = await exported(...given, '--to', 'onnx', '--output', 'out.onnx');
    for (const options of [
      ['--precision', 'f16'],
      ['--weights', 'int8'],
      ['--weights', 'int4'],
    ]) {
      const stored = await exported(...given, '--to', 'onnx', '--output', 'small.onnx', ...options);
      expect(stored.check.difference).toBeLessThan(1e-5);
      expect(stored.layers[0]?.relativeError).toBeCloseTo(plain.layers[0]?.relativeError ?? 0, 6);
      expect(stored.layers[0]?.storedError).toBeGreaterThan(plain.layers[0]?.relativeError ?? 1);
      expect(stored.layers[0]?.storedError).toBeLessThan(options[1] === 'int4' ? 0.9 : 0.8);
    }
  });

  it(
    'fits the factors of a shipped model to the inputs of its layers, as evaluate does',
    { timeout: 60_000 },
    async () => {
      const config = openingConfig('glyph-vit', 'ws8t');
      const { linears } = modelById('glyph-vit');
      const at = linears.findIndex(({ role }) => role === 'FFN1');
      const design = linears.map(({ out, in: inside }, k) =>
        k === at
          ? ({ format: 'svd', outModes: [out], inModes: [inside], ranks: [24] } as const)
          : denseFactorization(out, inside),
      );
      const link = encodeLink({ ...config, design });
      const result = await exported(link, '--to', 'onnx', '--output', 'glyph.onnx');
      expect(result.check.difference).toBeLessThan(1e-5);
      expect(result.layers.filter(({ format }) => format === 'svd')).toMatchObject([
        { name: linears[at]?.name, ranks: [24], parameters: 24 * (96 + 384) },
      ]);
      expect(result.layers.length).toBe(linears.length);
      expect(result.bytes).toBeLessThan(result.originalBytes - 4 * (96 * 384 - 24 * 480) + 4096);
      const { proto } = await openOnnx(bytesSource(file('glyph.onnx')));
      const note = proto.metadataProps.find(({ key }) => key === 'rankscape');
      expect((JSON.parse(note?.value ?? '{}') as { link: string }).link).toBe(link);
      // Plain least squares is nearer to the weight; what fits the inputs is farther from it.
      writeFileSync(
        join(folder, 'glyph.json'),
        JSON.stringify({ layers: [{ name: linears[at]?.name, format: 'svd', ranks: [24] }] }),
      );
      const plain = await exported(
        '--design',
        'glyph.json',
        '--model',
        shippedModelPath('glyph-vit', 'test'),
        '--to',
        'onnx',
        '--output',
        'plain.onnx',
      );
      expect(plain.layers[0]?.relativeError).toBeLessThan(
        result.layers.find(({ format }) => format === 'svd')?.relativeError ?? 0,
      );
    },
  );

  it('takes its own files: info, evaluate and another export see the layers of the source', async () => {
    await exported(...given, '--to', 'onnx', '--output', 'first.onnx');
    interface Info {
      readonly layers: readonly { readonly name: string; readonly factors?: { readonly format: string } }[];
    }
    const { layers } = await json<Info>('info', 'first.onnx');
    const [source, factors] = [await json<Info>('info', 'bert.onnx'), layers.filter((each) => each.factors)];
    expect(layers.map(({ name }) => name)).toEqual(source.layers.map(({ name }) => name));
    expect(factors.map((each) => [each.name, each.factors?.format])).toEqual(
      quick.map(({ format }, k) => [names[k], format]),
    );
    const [first = '', last = ''] = [names[0], names.at(-1)];
    const next = { layers: [first, last].map((name) => ({ name, format: 'svd', ranks: [2] })) };
    writeFileSync(join(folder, 'next.json'), JSON.stringify(next));
    const twice = ['--design', 'next.json', '--model', 'first.onnx'] as const;
    const result = await exported(...twice, '--to', 'onnx', '--output', 'second.onnx');
    expect(result.check.difference).toBeLessThan(1e-5);
    expect(result.layers.map(({ name }) => name)).toEqual([first, last]);
    const again = (await json<Info>('info', 'second.onnx')).layers.filter((each) => each.factors);
    expect(again.map((each) => each.factors?.format)).toEqual([
      'svd',
      'tt',
      'ttm',
      'kronecker',
      'tucker',
      'svd',
    ]);
  });

  it('leaves nothing behind when it cannot write', async () => {
    const before = readdirSync(folder);
    const { code, notes } = await run('export', ...given, '--to', 'onnx', '--output', 'bert.onnx');
    expect({ code, notes }).toEqual({
      code: 2,
      notes: ['export: --output must not be the model itself, got "bert.onnx"'],
    });
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe('export refuses by name', () => {
  const write = (name: string, value: unknown): void =>
    writeFileSync(join(folder, name), JSON.stringify(value));
  it.each<[string, unknown, RegExp]>([
    ['no layers', { layers: [] }, /^export: design: must have at least one layer, got 0/],
    ['not a design', [1], /^export: design: must be an object \{layers: \[/],
    [
      'an unknown name',
      { layers: [{ name: 'nobody', format: 'svd', ranks: [2] }] },
      /layer must be one of the model's: .*, got "nobody"/,
    ],
    [
      'an unknown format',
      { layers: [{ name: 'x', format: 'butterfly' }] },
      /layer x: format must be one of dense, svd, .*, got "butterfly"/,
    ],
    [
      'a layer twice',
      {
        layers: [
          { name: 'x', format: 'dense' },
          { name: 'x', format: 'dense' },
        ],
      },
      /must name each layer once, got "x"/,
    ],
    [
      'ranks that are none',
      { layers: [{ name: 'x', format: 'svd', ranks: [1.5] }] },
      /layer x: ranks must be a list of positive integers/,
    ],
  ])('%s', async (_, value, message) => {
    write('bad.json', value);
    const { code, notes } = await run(
      'export',
      '--design',
      'bad.json',
      '--model',
      'bert.onnx',
      '--to',
      'onnx',
      '--output',
      'o.onnx',
    );
    expect(code).toBe(2);
    expect(notes.join()).toMatch(message);
  });

  it('modes and ranks that do not fit the layer, and what to write where', async () => {
    write('bad.json', {
      layers: [{ name: names[0], format: 'ttm', outModes: [5, 5], inModes: [4, 6], ranks: [3] }],
    });
    const to = (...args: string[]) => run('export', ...args).then(({ code, notes }) => [code, notes.join()]);
    expect(
      await to('--design', 'bad.json', '--model', 'bert.onnx', '--to', 'onnx', '--output', 'o.onnx'),
    ).toEqual([
      2,
      expect.stringMatching(/layer .* \[24, 24\]: output modes: must multiply to 24; 5 x 5 is 25/),
    ]);
    expect(await to('--to', 'onnx', '--output', 'o.onnx')).toEqual([
      2,
      'export: needs either LINK or --design FILE',
    ]);
    expect(await to('--design', 'design.json', '--to', 'onnx', '--output', 'o.onnx')).toEqual([
      2,
      expect.stringMatching(/needs --model FILE/),
    ]);
    expect(await to(...given, '--to', 'tltorch', '--output', 'a.b.py')).toEqual([
      2,
      expect.stringMatching(/--output must be NAME.py/),
    ]);
    expect(await to(...given, '--to', 'onnx', '--output', 'no/o.onnx')).toEqual([
      2,
      expect.stringMatching(/--output must be in a folder that exists/),
    ]);
    expect(await to(...given, '--to', 'tltorch', '--output', 'a.py', '--weights', 'int8')).toEqual([
      2,
      expect.stringMatching(/--weights is for onnx/),
    ]);
  });

  it('the graph that safetensors do not have, saying what to do', async () => {
    const layer = {
      name: 'fc.weight',
      tensor: tensor(
        [6, 4],
        Float64Array.from({ length: 24 }, (_, k) => Math.sin(k)),
      ),
    };
    writeFileSync(join(folder, 'm.safetensors'), Buffer.concat([...safetensorsChunks([layer])]));
    write('fc.json', { layers: [{ name: 'fc', format: 'svd', ranks: [2] }] });
    const options = ['--design', 'fc.json', '--model', 'm.safetensors'];
    const { code, notes } = await run('export', ...options, '--to', 'onnx', '--output', 'o.onnx');
    expect([code, notes.join()]).toEqual([
      2,
      expect.stringMatching(/export the model to ONNX first.*"m.safetensors"/),
    ]);
    const { check, layers } = await exported(...options, '--to', 'pytorch', '--output', 'fc.py');
    expect(check.difference).toBe(0);
    expect(layers).toMatchObject([{ name: 'fc', weight: 'fc.weight', node: null, parameters: 20 }]);
  });
});

describe('export --to tltorch and pytorch', () => {
  it('writes NAME.py, NAME.json and NAME.safetensors', async () => {
    const result = await exported(...given, '--to', 'tltorch', '--output', 'net.py');
    expect(result.check.difference).toBe(0);
    const written = JSON.parse(Buffer.from(file('net.json')).toString()) as {
      factors: string;
      layers: {
        name: string;
        library: string;
        factorization: string | null;
        operands: string[];
        bias: string;
        einsum: string;
        out: number[];
        in: number[];
      }[];
    };
    expect(written.factors).toBe('net.safetensors');
    expect(written.layers.map(({ library, factorization }) => `${library} ${factorization}`)).toEqual([
      'tltorch CP',
      'torch null',
      'tltorch BlockTT',
      'tltorch BlockTT',
      'tltorch Tucker',
    ]);
    expect(written.layers[2]).toMatchObject({ einsum: 'bij,wiB,Bxj->bwx', out: [4, 6], in: [4, 6] });
    const { tensors } = await openSafetensors(bytesSource(file('net.safetensors')));
    const keys = new Set(tensors.map(({ name }) => name));
    for (const { operands, bias } of written.layers)
      for (const key of [...operands, bias]) expect(keys).toContain(key);
    const sizes = ['net.py', 'net.json', 'net.safetensors'].map((name) => file(name).length);
    expect(result.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
    const plain = await exported(...given, '--to', 'pytorch', '--output', 'plain.py');
    expect(plain.layers).toEqual(result.layers);
    expect(Buffer.from(file('plain.json')).toString()).not.toContain('tltorch');
    expect(file('plain.py')).toEqual(file('net.py'));
  });

  const python = ['python3', env['RANKSCAPE_PYTHON'] ?? 'python'].find(
    (each) => spawnSync(each, ['-c', 'import torch, tltorch, safetensors, opt_einsum']).status === 0,
  );
  it.skipIf(python === undefined)(
    'runs in Python with what is written (needs torch, tensorly-torch, safetensors)',
    { timeout: 120_000 },
    async () => {
      await exported(...all, '--to', 'tltorch', '--output', 'net.py');
      await exported(...all, '--to', 'pytorch', '--output', 'plain.py');
      const rows = 3;
      const input = npy(
        '<f4',
        `${rows}, 24`,
        Float32Array.from({ length: rows * 24 }, (_, k) => Math.sin(k)),
      );
      writeFileSync(
        join(folder, 'in.npz'),
        zipSync(Object.fromEntries(names.slice(0, 8).map((name) => [`${name}.npy`, input]))),
      );
      const dumped = ['net', 'plain'].map((name) => {
        const args = [
          join(folder, `${name}.py`),
          '--input',
          join(folder, 'in.npz'),
          '--dump',
          join(folder, `${name}.npz`),
        ];
        const { status, stderr } = spawnSync(python ?? '', args, { cwd: tmpdir(), encoding: 'utf8' });
        expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
        return unzipSync(file(`${name}.npz`));
      });
      const [net, plain] = dumped;
      for (const name of names.slice(0, 8))
        for (const what of ['weight', 'output']) {
          const [a, b] = [net, plain].map(
            (each) => readNpy(each?.[`${name}.${what}.npy`] ?? new Uint8Array()).values,
          );
          const size = Math.hypot(...(a ?? []));
          expect(Math.hypot(...(a ?? []).map((value, k) => value - (b?.[k] ?? 0)))).toBeLessThan(1e-5 * size);
        }
    },
  );
});

describe('export --to csv', () => {
  it('writes a row a layer', async () => {
    await exported(...given, '--to', 'csv', '--output', 'layers.csv');
    const [heading = '', ...rows] = Buffer.from(file('layers.csv')).toString().trimEnd().split('\r\n');
    expect(heading.split(',').slice(0, 5)).toEqual(['layer', 'weight', 'out', 'in', 'format']);
    expect(rows.map((row) => row.split(',')[4])).toEqual(quick.map(({ format }) => format));
    expect(rows[2]).toContain('"bij,wiB,Bxj->bwx"');
  });
});
