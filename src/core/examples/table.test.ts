import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { columnOf, readTable } from './table.ts';

describe('tables of texts', () => {
  it('are lines of a .txt, empty ones left out', () => {
    expect(readTable('a.txt', '\uFEFFone two\r\n\n  \nthree\n')).toEqual({
      name: 'a.txt',
      columns: ['text'],
      rows: [['one two'], ['three']],
    });
  });

  it('are objects of a .jsonl, a missing value undefined', () => {
    const { columns, rows } = readTable(
      'a.jsonl',
      '{"text": "one", "label": 1}\n\n{"label": 0, "more": [1]}\n',
    );
    expect(columns).toEqual(['text', 'label', 'more']);
    expect(rows.map((row) => columns.map((_, k) => row[k]))).toEqual([
      ['one', 1, undefined],
      [undefined, 0, [1]],
    ]);
  });

  it('are fields of a .csv, quoted ones as they stand', () => {
    const text = 'Text,label\n"a, ""b""\nc",1\r\nplain, 2\n\n,3\n';
    const table = readTable('a.csv', text);
    expect(table.rows).toEqual([
      ['a, "b"\nc', '1'],
      ['plain', ' 2'],
      ['', '3'],
    ]);
    expect([columnOf(table, ['none', 'text']), columnOf(table, ['other'])]).toEqual([0, null]);
    expect(readTable('a.tsv', 'a\tb\n1,2\t').rows).toEqual([['1,2', '']]);
  });

  it('come back from any fields', () => {
    const field = fc.string().map((text) => text.replaceAll('\0', ''));
    const rows = fc.array(fc.tuple(field, field, fc.string({ minLength: 1 })), {
      minLength: 1,
      maxLength: 8,
    });
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(rows, (all) => {
        const text = ['a,b,c', ...all.map((row) => row.map(quoted).join(','))].join('\r\n');
        expect(readTable('x.csv', text).rows).toEqual(all);
      }),
    );
  });

  it.each([
    ['a.csv', 'a,b\n1,2\n\n"x', 'a.csv line 4: must close its quote'],
    ['a.csv', 'a,b\n"x\ny",2\n1\n', 'a.csv line 4: must have 2 fields, as the header has, got 1'],
    ['a.csv', 'a,a\n1,2', 'a.csv: columns must differ, got "a"'],
    ['a.csv', 'a,b\n', 'a.csv: must have a row at least'],
    ['a.txt', ' \n', 'a.txt: must have a row at least'],
    ['a.jsonl', '{"a": 1}\n[1]', 'a.jsonl line 2: must be a JSON object, got [1]'],
    ['a.jsonl', '{"a": 1}\n{"a": ', 'a.jsonl line 2: text must be JSON'],
  ])('%s %j is refused', (name, text, message) => {
    expect(() => readTable(name, text)).toThrow(message);
  });

  it('are read or refused, whatever the text', () => {
    const kinds = fc.constantFrom('x.csv', 'x.tsv', 'x.jsonl', 'x.txt');
    const pieces = fc.array(
      fc.constantFrom('"', ',', '\n', '\r', '\t', 'a', '{', '}', '"a":', '1', '[', ']', ' '),
    );
    fc.assert(
      fc.property(kinds, pieces, (name, parts) => {
        try {
          expect(readTable(name, parts.join('')).rows.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
