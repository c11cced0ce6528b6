/**
 * The house's one rule: a folder imports only from folders above it in this list. Two doors: outsiders import only
 * `workers/protocol.ts` from `workers/`, and only workers and the command line import engines.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const order = [
  'core/base',
  'core/tensor',
  'core/einsum',
  'core/factor',
  'core/workload',
  'core/tasks',
  'core/onnx',
  'core/examples',
  'core/hardware',
  'core/cost',
  'core/accuracy',
  'core/search',
  'core/export',
  'engines',
  'workers',
  'state',
  'ui',
  'cli',
] as const;

const sources = import.meta.glob<string>(['./**/*.{ts,tsx}', '../workers/**/*.ts'], {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** `./core/cost/mapper.ts` -> `core/cost/mapper.ts`; `../workers/x.ts` -> `workers/x.ts`. */
const place = (path: string): string => path.replace(/^\.\.\//, '').replace(/^\.\//, '');

const roomOf = (file: string): number => order.findIndex((room) => file.startsWith(`${room}/`));

function resolve(from: string, specifier: string): string {
  const parts = from.startsWith('workers/') ? from.split('/') : ['src', ...from.split('/')];
  parts.pop();
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/').replace(/^src\//, '');
}

const isTest = (file: string): boolean => /\.(test|bench)\.tsx?$/.test(file);

interface Import {
  readonly from: string;
  readonly to: string;
}

const imports: Import[] = Object.entries(sources).flatMap(([path, text]) => {
  const from = place(path);
  if (isTest(from)) return [];
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g)].map((match) => ({
    from,
    to: resolve(from, match[1] ?? ''),
  }));
});

describe('architecture', () => {
  it('reads the sources', () => {
    expect(imports.length).toBeGreaterThan(20);
  });

  it('imports go one way', () => {
    const wrong = imports.filter(({ from, to }) => {
      const a = roomOf(from);
      const b = roomOf(to);
      return a >= 0 && b >= 0 && b > a;
    });
    expect(wrong).toEqual([]);
  });

  it('outsiders enter workers/ only through its protocol', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        to.startsWith('workers/') && !from.startsWith('workers/') && !to.endsWith('/protocol.ts'),
    );
    expect(wrong).toEqual([]);
  });

  it('only workers and the command line import engines', () => {
    const wrong = imports.filter(
      ({ from, to }) => to.startsWith('engines/') && !/^(engines|workers|cli)\//.test(from),
    );
    expect(wrong).toEqual([]);
  });

  it('every stylesheet names the order of the layers, whichever the page loads first', () => {
    const folder = new URL('ui/', import.meta.url);
    const sheets = readdirSync(folder, { recursive: true })
      .map(String)
      .filter((path) => path.endsWith('.css'));
    expect(sheets.length).toBeGreaterThan(5);
    const layers = '@layer tokens, base, controls, shell, panel;';
    expect(sheets.filter((path) => !readFileSync(new URL(path, folder), 'utf8').includes(layers))).toEqual(
      [],
    );
  });

  it('imports name the file with its extension, so that every tool resolves it alike', () => {
    expect(imports.filter(({ to }) => !/\.(ts|tsx|mjs|css|json)$/.test(to.replace(/\?.*$/, '')))).toEqual([]);
  });
});
