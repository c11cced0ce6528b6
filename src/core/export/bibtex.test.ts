import { describe, expect, it } from 'vitest';
import { formats } from '../factor/factorization.ts';
import { bibtex } from './bibtex.ts';

const keys = (text: string): readonly string[] =>
  [...text.matchAll(/^@\w+\{(\w+),$/gm)].map(([, key = '']) => key);

describe('bibtex', () => {
  it('cites the program with its design, the method, the counting rules, and each format once', () => {
    const text = bibtex({ version: '1.2.3', link: '#v1.a_b-C', formats: ['svd', 'dense', 'svd', 'tt'] });
    expect(keys(text)).toEqual([
      'rankscape',
      'gu2022heat',
      'parashar2019timeloop',
      'eckart1936approximation',
      'oseledets2011tensor',
    ]);
    expect(text).toContain('version = {1.2.3}');
    expect(text).toContain('\\texttt{\\#v1.a\\_b-C}');
  });

  it('has a source for every format, its braces balanced', () => {
    const text = bibtex({ version: '1', link: '#v1.x', formats });
    expect(new Set(keys(text)).size).toBe(3 + formats.length - 1);
    let depth = 0;
    for (const letter of text) {
      depth += letter === '{' ? 1 : letter === '}' ? -1 : 0;
      expect(depth).toBeGreaterThanOrEqual(0);
    }
    expect(depth).toBe(0);
  });
});
