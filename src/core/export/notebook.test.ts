import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import { findPath } from '../einsum/path.ts';
import type { Factorization } from '../factor/factorization.ts';
import { forwardEinsum } from '../factor/forward.ts';
import { layerTable } from './layer-table.ts';
import { notebook } from './notebook.ts';

interface Document {
  readonly nbformat: number;
  readonly nbformat_minor: number;
  readonly cells: readonly {
    readonly cell_type: string;
    readonly id: string;
    readonly source: readonly string[];
  }[];
}

const files = { frontier: 'x-frontier.csv', layers: 'x-layers.csv', comparison: 'x-compare.json' };
const made = (change: Partial<Parameters<typeof notebook>[0]> = {}): Document =>
  JSON.parse(
    notebook({ title: 'BERT *base*', link: '#v1.abc', version: '0.1.0', files, ...change }),
  ) as Document;

const f: Factorization = { format: 'tt', outModes: [4, 6], inModes: [24], ranks: [3, 5] };
const layers = layerTable([
  {
    name: 'a,"b"',
    weight: '=cmd',
    out: 24,
    in: 24,
    factorization: f,
    relativeError: 0.25,
    path: findPath(forwardEinsum(f, 8)),
  },
]);

describe('layerTable', () => {
  it('quotes names, and never starts a formula', () => {
    const [heading, row] = layers.split('\r\n');
    expect(heading).toMatch(/^layer,weight,out,in,format,out_modes/);
    expect(row).toMatch(/^"a,""b""",'=cmd,24,24,tt,4x6,24,3 5,\d+,576,0.25,/);
  });
});

describe('notebook', () => {
  it('is nbformat 4.5 with a cell for each file there is', () => {
    const { nbformat, nbformat_minor, cells } = made();
    expect([nbformat, nbformat_minor]).toEqual([4, 5]);
    expect(cells.map(({ cell_type }) => cell_type)).toEqual([
      'markdown',
      'code',
      'markdown',
      'code',
      'markdown',
      'code',
      'markdown',
      'code',
    ]);
    expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length);
    expect(cells[0]?.source.join('')).toContain(String.raw`# BERT \*base\*`);
    expect(cells[0]?.source.join('')).toContain('    #v1.abc');
    expect(made({ files: {} }).cells.length).toBe(2);
  });

  const python = ['python3', env['RANKSCAPE_PYTHON'] ?? 'python'].find(
    (each) => spawnSync(each, ['-c', 'import matplotlib, numpy']).status === 0,
  );
  it.skipIf(python === undefined)(
    'runs from top to bottom (needs numpy and matplotlib)',
    { timeout: 60_000 },
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'rankscape-'));
      try {
        writeFileSync(join(folder, files.layers), layers);
        writeFileSync(
          join(folder, files.frontier),
          'EDP reduction,accuracy points (estimated),low,high,formats\r\n2,-0.1,-0.3,0,"1 svd"\r\n9,-2,-3,-1,1 tt\r\n',
        );
        const figures = { energyUnit: 'pJ', energyByLevel: { DRAM: 3, MAC: 1 } };
        writeFileSync(join(folder, files.comparison), JSON.stringify({ designs: [{ name: 'A', figures }] }));
        const code = made().cells.flatMap(({ cell_type, source }) =>
          cell_type === 'code' ? [source.join('')] : [],
        );
        const drawn = 'figures = plt.get_fignums()\nprint(len(figures))';
        const script = ['import matplotlib', 'matplotlib.use("Agg")', ...code, drawn].join('\n');
        const { status, stdout, stderr } = spawnSync(python ?? '', ['-c', script], {
          cwd: folder,
          encoding: 'utf8',
        });
        expect([status, stdout.trim(), status === 0 ? '' : stderr]).toEqual([0, '3', '']);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
