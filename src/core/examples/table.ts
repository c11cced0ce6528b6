/**
 * Rows of a person's file of texts: .csv and .tsv with a header (RFC 4180), .jsonl with one object a line, .txt with one
 * text a line. Values are as they stand: text, or what JSON says.
 */
import { InputError, check } from '../base/checks.ts';
import { parseJson } from '../workload/json-text.ts';

export interface Table {
  /** Of the file, for messages. */
  readonly name: string;
  /** In file order. */
  readonly columns: readonly string[];
  /** One entry a column; undefined where a row has none. */
  readonly rows: readonly (readonly unknown[])[];
}

const mostRows = 1_000_000;
const jsonDepth = 8;

/** The one column of a .txt. */
export const textColumn = 'text';

/** @throws InputError that names file and line */
export function readTable(name: string, text: string): Table {
  const plain = text.replace(/^\uFEFF/, '');
  const table = /\.txt$/i.test(name)
    ? lines(name, plain)
    : /\.(?:jsonl|ndjson)$/i.test(name)
      ? objects(name, plain)
      : separated(name, plain, /\.tsv$/i.test(name) ? '\t' : ',');
  check(table.rows.length > 0, name, 'must have a row at least');
  check(table.rows.length <= mostRows, name, `must have at most ${mostRows} rows`, table.rows.length);
  return table;
}

const linesOf = (text: string): readonly string[] => text.split(/\r\n|\n|\r/);

const lines = (name: string, text: string): Table => ({
  name,
  columns: [textColumn],
  rows: linesOf(text).flatMap((line) => (line.trim() === '' ? [] : [[line]])),
});

function objects(name: string, text: string): Table {
  const columns = new Map<string, number>();
  const rows = linesOf(text).flatMap((line, k): readonly (readonly unknown[])[] => {
    if (line.trim() === '') return [];
    const subject = `${name} line ${k + 1}`;
    const object = parseJson(line, subject, jsonDepth);
    check(
      typeof object === 'object' && object !== null && !Array.isArray(object),
      subject,
      'must be a JSON object',
      object,
    );
    const row: unknown[] = [];
    for (const [key, value] of Object.entries(object)) {
      const at = columns.get(key) ?? columns.size;
      columns.set(key, at);
      row[at] = value;
    }
    return [row];
  });
  return { name, columns: [...columns.keys()], rows };
}

function separated(name: string, text: string, separator: string): Table {
  const [header, ...rows] = records(name, text, separator);
  const columns = (header?.fields ?? []).map((field) => field.trim());
  const twice = columns.find((column, k) => columns.indexOf(column) !== k);
  check(twice === undefined, name, 'columns must differ', twice);
  for (const { fields, line } of rows)
    check(
      fields.length === columns.length,
      `${name} line ${line}`,
      `must have ${columns.length} fields, as the header has`,
      fields.length,
    );
  return { name, columns, rows: rows.map(({ fields }) => fields) };
}

interface Record {
  readonly fields: readonly string[];
  /** Where it begins. */
  readonly line: number;
}

/** Fields in quotes may hold separators, line ends and doubled quotes; empty lines are left out. */
function records(name: string, text: string, separator: string): readonly Record[] {
  const found: Record[] = [];
  let fields: string[] = [];
  let line = 1;
  let start = 1;
  const end = (): void => {
    if (fields.length > 1 || fields[0]?.trim() !== '') found.push({ fields, line: start });
    fields = [];
  };
  for (let at = 0; at < text.length;) {
    let field = '';
    if (text[at] === '"') {
      at += 1;
      for (;;) {
        const close = text.indexOf('"', at);
        if (close < 0) throw new InputError(`${name} line ${start}`, 'must close its quote');
        field += text.slice(at, close);
        at = close + 1;
        if (text[at] !== '"') break;
        field += '"';
        at += 1;
      }
      line += field.split('\n').length - 1;
    }
    const rest = at;
    while (at < text.length && text[at] !== separator && text[at] !== '\n' && text[at] !== '\r') at += 1;
    fields.push(field + text.slice(rest, at));
    if (text[at] === separator) {
      at += 1;
      if (at === text.length) fields.push('');
      continue;
    }
    if (text[at] === '\r' && text[at + 1] === '\n') at += 1;
    at += 1;
    end();
    line += 1;
    start = line;
  }
  if (fields.length > 0) end();
  return found;
}

/** Position of the first of these columns that is there, whatever the case; null without any. */
export function columnOf({ columns }: Table, names: readonly string[]): number | null {
  for (const name of names) {
    const at = columns.findIndex((column) => column.toLowerCase() === name);
    if (at >= 0) return at;
  }
  return null;
}
