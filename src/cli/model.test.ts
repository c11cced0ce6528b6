import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { doorInFolder } from './door.fixture.ts';
import { npy } from '../core/workload/npy.fixture.ts';
import { safetensorsBytes } from '../core/workload/safetensors.fixture.ts';
import type { Point } from './point.ts';

const { folder, run, json } = doorInFolder();

/** A file of float32 zeros. */
const safetensors = (shapes: Readonly<Record<string, readonly number[]>>): Uint8Array =>
  safetensorsBytes(
    Object.entries(shapes).map(([name, shape]) => ({
      name,
      dtype: 'F32',
      shape,
      bytes: new Uint8Array(4 * shape.reduce((product, extent) => product * extent, 1)),
    })),
  );

const shapes = {
  'embeddings.word_embeddings.weight': [32, 8],
  'encoder.layer.0.attention.self.query.weight': [8, 8],
  'encoder.layer.0.attention.self.query.bias': [8],
  'encoder.layer.0.intermediate.dense.weight': [16, 8],
  'encoder.layer.0.intermediate.dense.bias': [16],
};

const dataBytes = Object.values(shapes).reduce(
  (sum, shape) => sum + 4 * shape.reduce((all, n) => all * n, 1),
  0,
);

describe('info', () => {
  const expected = {
    format: 'safetensors',
    layers: [
      {
        name: 'encoder.layer.0.attention.self.query',
        out: 8,
        in: 8,
        bias: true,
        group: 'Q',
        dtype: 'F32',
        weight: 'encoder.layer.0.attention.self.query.weight',
        node: null,
        uses: 1,
      },
      { name: 'encoder.layer.0.intermediate.dense', out: 16, in: 8, bias: true, group: 'FFN1' },
    ],
    embeddings: [{ name: 'embeddings.word_embeddings', shape: [32, 8] }],
  };

  it('lists the layers of a file and of its folder', async () => {
    mkdirSync(join(folder, 'one'));
    const file = safetensors(shapes);
    writeFileSync(join(folder, 'one', 'model.safetensors'), file);
    expect(await json('info', 'one/model.safetensors')).toMatchObject({ ...expected, bytes: file.length });
    expect(await json('info', 'one')).toMatchObject(expected);
  });

  it('lists the layers of shards together', async () => {
    mkdirSync(join(folder, 'shards'));
    const names = Object.keys(shapes) as (keyof typeof shapes)[];
    const fileOf = (name: string): string => (name.includes('dense') ? 'b.safetensors' : 'a.safetensors');
    const index = { weight_map: Object.fromEntries(names.map((name) => [name, fileOf(name)])) };
    writeFileSync(join(folder, 'shards', 'model.safetensors.index.json'), JSON.stringify(index));
    for (const shard of ['a.safetensors', 'b.safetensors']) {
      const own = names.filter((name) => fileOf(name) === shard).map((name) => [name, shapes[name]]);
      writeFileSync(join(folder, 'shards', shard), safetensors(Object.fromEntries(own)));
    }
    for (const place of ['shards', 'shards/model.safetensors.index.json'])
      expect(await json('info', place)).toMatchObject(expected);
    rmSync(join(folder, 'shards', 'b.safetensors'));
    expect((await run('info', 'shards')).notes[0]).toMatch(/^info: shard index: .* "b.safetensors"$/);
  });

  it('refuses what is no model file in one line', async () => {
    writeFileSync(join(folder, 'text.safetensors'), 'no model at all');
    writeFileSync(join(folder, 'net.onnx'), '');
    mkdirSync(join(folder, 'empty'));
    for (const name of ['text.safetensors', 'net.onnx', 'empty']) {
      const { code, out, notes } = await run('info', name);
      expect({ code, out, lines: notes.length }).toEqual({ code: 2, out: '', lines: 1 });
    }
  });
});

describe('factorize', () => {
  const query = 'encoder.layer.0.attention.self.query';
  // W = diag(8, 7, .., 1): its singular values are its entries.
  const diagonal = Float32Array.from({ length: 64 }, (_, k) => (k % 9 === 0 ? 8 - k / 9 : 0));
  const error = (rank: number): number => {
    const tail = (from: number): number =>
      [8, 7, 6, 5, 4, 3, 2, 1].slice(from).reduce((sum, x) => sum + x * x, 0);
    return Math.sqrt(tail(rank) / tail(0));
  };

  beforeAll(() => {
    const file = safetensors(shapes);
    const tableBytes = 4 * 32 * 8;
    file.set(new Uint8Array(diagonal.buffer), file.length - dataBytes + tableBytes);
    writeFileSync(join(folder, 'weights.safetensors'), file);
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (8, 8), }\n";
    const start = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0);
    const parts = [start, new TextEncoder().encode(header), new Uint8Array(diagonal.buffer)];
    writeFileSync(join(folder, 'w.npy'), Buffer.concat(parts));
    // Only the last three inputs are ever there: three components are all it takes, and they are the smallest of W.
    const inputs = npy(
      '<f8',
      '5, 8',
      Float64Array.from({ length: 40 }, (_, k) => (k % 8 >= 5 ? Math.sin(k * k) : 0)),
    );
    const narrow = npy('<f8', '5, 3', new Float64Array(15));
    const two = zipSync({ 'other.npy': narrow, [`${query}.npy`]: inputs });
    for (const [name, bytes] of [
      ['x5.npy', inputs],
      ['narrow.npy', narrow],
      ['two.npz', two],
      ['broken.npz', two.subarray(0, 60)],
    ] as const)
      writeFileSync(join(folder, name), bytes);
  });

  it('gives exact counts and the error of the singular values cut off, from either file', async () => {
    const expected = { parameters: 48, denseParameters: 64, macs: 480, ranks: [3], einsum: 'bi,ir,ro->bo' };
    for (const source of [
      ['--matrix', 'w.npy'],
      ['--model', 'weights.safetensors', '--layer', query],
    ]) {
      const more = ['--format', 'svd', '--ranks', '3', '--tokens', '10'];
      const result = await json<{ relativeError: number }>('factorize', ...source, ...more);
      expect(result).toMatchObject(expected);
      expect(result.relativeError).toBeCloseTo(error(3), 6);
    }
  });

  it('takes modes and drops boundary ranks', async () => {
    const modes = ['--out-modes', '2,4', '--in-modes', '4,2'];
    const args = ['--matrix', 'w.npy', '--format', 'ttm', ...modes, '--ranks', '1,8,1'];
    const result = await json<{ relativeError: number }>('factorize', ...args);
    expect(result).toMatchObject({ ranks: [8], parameters: 128, einsum: 'bij,wiB,Bxj->bwx' });
    expect(result.relativeError).toBeLessThan(1e-6);
  });

  it('is weighted by the inputs of a calibration file', async () => {
    const more = ['--format', 'svd', '--ranks', '3', '--calibration'];
    const plain = await json<Weighted>('factorize', '--matrix', 'w.npy', ...more.slice(0, 4));
    expect(Object.hasOwn(plain, 'weightedError')).toBe(false);
    for (const source of [
      ['--matrix', 'w.npy', ...more, 'x5.npy'],
      ['--model', 'weights.safetensors', '--layer', query, ...more, 'two.npz'],
    ]) {
      const result = await json<Weighted>('factorize', ...source);
      expect(result.weightedError).toBeLessThan(1e-4);
      expect(result.relativeError).toBeGreaterThan(plain.relativeError + 0.1);
    }
    const table = await run('factorize', '--matrix', 'w.npy', ...more, 'x5.npy');
    expect(table.out).toContain('weighted error');
  });

  const wrong: [string[], string][] = [
    [['--matrix', 'w.npy', '--format', 'svd'], 'factorize: needs --ranks'],
    [['--format', 'svd', '--ranks', '2'], 'factorize: needs either --model FILE and --layer NAME'],
    [
      ['--model', 'weights.safetensors', '--layer', 'x', '--format', 'svd', '--ranks', '2'],
      '--layer must be one that info',
    ],
    [
      ['--matrix', 'w.npy', '--format', 'svd', '--ranks', '9'],
      'rank r of svd: must be at most 8 to be realizable, got 9',
    ],
    [['--matrix', 'w.npy', '--format', 'cp', '--out-modes', '2,3', '--ranks', '2'], 'output modes: must'],
    [
      ['--matrix', 'w.npy', '--format', 'svd', '--ranks', '2', '--calibration', 'x.npy'],
      'factorize: file must exist, got "x.npy"',
    ],
    [
      ['--matrix', 'w.npy', '--format', 'svd', '--ranks', '2', '--calibration', 'narrow.npy'],
      'factorize: --calibration must have 8 columns, as the layer has inputs, got 3',
    ],
    [
      ['--matrix', 'w.npy', '--format', 'svd', '--ranks', '2', '--calibration', 'two.npz'],
      'factorize: --calibration must hold one array, got ["other",',
    ],
    [
      ['--matrix', 'w.npy', '--format', 'svd', '--ranks', '2', '--calibration', 'broken.npz'],
      'factorize: npz: file must be sound',
    ],
  ];
  it.each(wrong)('refuses %j', async (args, message) => {
    const { code, notes } = await run('factorize', ...args);
    expect(code).toBe(2);
    expect(notes[0]).toContain(message);
  });
});

interface Weighted {
  readonly relativeError: number;
  readonly weightedError?: number;
}

interface SearchResult {
  readonly dense: { readonly energyPj: number; readonly latencyCycles: number };
  readonly frontier: readonly Point[];
  readonly best?: Point;
  readonly uniform?: { readonly mean: number; readonly most: number; readonly nearOptimal: boolean };
  readonly evaluations: number;
}

describe('search and show', () => {
  const tiny = ['--model', 'tiny.safetensors', '--tokens', '16'];
  beforeAll(() => writeFileSync(join(folder, 'tiny.safetensors'), safetensors(shapes)));

  const search = (...more: string[]) =>
    json<SearchResult>('search', '--accelerator', 'ws8t', '--budget', '100', ...more);

  it('finds a frontier whose links show the same figures', async () => {
    const found = await search('--model', 'glyph-vit', '--within', '50');
    expect(found.evaluations).toBe(100);
    expect(found.frontier.length).toBeGreaterThan(3);
    expect(found.uniform?.most).toBeGreaterThanOrEqual(found.uniform?.mean ?? Infinity);
    const edp = (point: Point): number => point.energyPj * point.latencyCycles;
    // Percent kept, or points lost where the model's calibration is there.
    const { metric, tier } = found.best?.accuracy ?? {};
    expect(tier).toBe('estimated');
    const least = metric === 'weightEnergyKeptPercent' ? 50 : -50;
    const within = found.frontier.filter((point) => point.accuracy.value >= least);
    expect(edp(found.best as Point)).toBe(Math.min(...within.map(edp)));
    for (const point of [found.frontier[0], found.best, found.frontier.at(-1)]) {
      const { layers, ...figures } = point as Point;
      const shown = await json<Point>('show', figures.link);
      expect(shown).toMatchObject(figures);
      expect(shown.layers).toMatchObject(layers);
    }
  });

  it('is the same for the same seed and budget', async () => {
    const once = await search(...tiny, '--strategy', 'random', '--seed', '5');
    expect(await search(...tiny, '--strategy', 'random', '--seed', '5')).toEqual(once);
    const other = await search(...tiny, '--strategy', 'random', '--seed', '6');
    expect(other.frontier).not.toEqual(once.frontier);
  });

  it('takes the shapes of a file, and its links need the file no more', async () => {
    const { frontier } = await search(...tiny);
    const names = frontier[0]?.layers.map(({ layer }) => layer);
    expect(names).toEqual(['encoder.layer.0.attention.self.query', 'encoder.layer.0.intermediate.dense']);
    const [point] = frontier;
    expect(await json('show', point?.link ?? '')).toMatchObject({ edpReduction: point?.edpReduction });
  });

  it('refuses links that are damaged', async () => {
    const { frontier } = await search(...tiny);
    const link = frontier[0]?.link ?? '';
    for (const wrong of ['nothing', '#v1.', `${link.slice(0, -8)}`, link.replace('#v1', '#v9')]) {
      const { code, out, notes } = await run('show', wrong);
      expect({ code, out, lines: notes.length }).toEqual({ code: 2, out: '', lines: 1 });
      expect(notes[0]).toMatch(/^show: LINK must /);
    }
  });
});
