/**
 * Rows of a table as examples of a language model: texts through the model's tokenizer, or token ids as they stand; right
 * answers from columns of the names that arrays of them have.
 */
import { InputError, check } from '../../core/base/checks.ts';
import { classNumbers, type ClassIds } from '../../core/examples/classes.ts';
import { columnOf, type Table } from '../../core/examples/table.ts';
import { tokenArrays, tokenGraph, type TokenArrays, type TokenGraph } from '../../core/examples/tokens.ts';
import type { OnnxModel } from '../../core/onnx/model.ts';
import { inputsOf, labelTest } from '../../core/onnx/user-inputs.ts';
import type { NpyArray } from '../../core/workload/npy.ts';
import type { GivenExamples } from './read.ts';
import { openTokenizer } from './tokenizer.ts';

export interface TableOptions {
  readonly ids: ClassIds | null;
  /** Of the texts, and of their pairs; by usual names otherwise. */
  readonly columns: readonly string[] | undefined;
  /** Parsed JSON, or undefined. */
  readonly tokenizer: unknown;
  readonly tokenizerConfig: unknown;
  /** Tokens that the model takes. */
  readonly most: number;
}

const idColumns = ['input_ids', 'token_ids', 'tokens', 'ids'];
/** As data sets of texts, sentences and questions name them (GLUE, SQuAD, IMDB). */
const textColumns = ['text', 'sentence', 'sentence1', 'question', 'premise', 'question1', 'content'];
const pairColumns = ['text_pair', 'sentence2', 'context', 'hypothesis', 'question2'];
/** Where neither graph nor tokenizer says how long a text may be. */
const usualMost = 512;

/** @throws InputError that names file, row or column */
export async function tableExamples(
  model: OnnxModel,
  table: Table,
  options: TableOptions,
): Promise<GivenExamples> {
  const graph = tokenGraph(model);
  if (graph === null)
    throw new InputError('examples', 'cannot be texts: the graph has no input of token ids', table.name);
  const ids = options.columns === undefined ? columnOf(table, idColumns) : null;
  const isIds = ids !== null && table.rows.every((row) => isIdList(row[ids]));
  const made = isIds ? fromIds(graph, table, ids) : await fromTexts(graph, table, options);
  const labels = labelArrays(model, table, options.ids, made, isIds);
  const arrays = new Map([...made.arrays, ...labels]);
  const masked = graph.others.some(({ role }) => role === 'mask');
  const told =
    made.padding !== null && !masked
      ? [
          ...made.told,
          'The graph takes no attention mask: the model sees the padding, but it is left out of what is measured.',
        ]
      : made.told;
  const read = (name: string): NpyArray => arrays.get(name)!;
  return {
    kind: isIds ? 'token ids' : 'text',
    inputs: inputsOf(model, { names: [...arrays.keys()], read }, made.padding),
    told,
  };
}

interface Made extends TokenArrays {
  readonly told: readonly string[];
}

const isIdList = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length > 0 && value.every((each) => Number.isSafeInteger(each));

function fromIds(graph: TokenGraph, table: Table, column: number): Made {
  const texts = table.rows.map((row) => ({ ids: row[column] as readonly number[], types: null }));
  const made = tokenArrays(graph, texts, 0);
  return { ...made, told: made.padding === null ? [] : [`Rows are padded to ${made.length} ids.`] };
}

async function fromTexts(graph: TokenGraph, table: Table, options: TableOptions): Promise<Made> {
  const { tokenizer: json, tokenizerConfig } = options;
  check(json !== undefined, table.name, "needs the model's tokenizer.json beside it to become token ids");
  const [text, pair] = chosenColumns(table, options.columns);
  const tokenizer = await openTokenizer(json, tokenizerConfig);
  const most = graph.length ?? Math.min(options.most, tokenizer.most, usualMost);
  let cut = 0;
  const texts = table.rows.map((row, k) => {
    const words = (column: number): string => {
      const value = row[column];
      const name = `column ${table.columns[column]}`;
      check(
        typeof value === 'string',
        `${table.name} row ${k + 1}`,
        `must have text in ${name}`,
        value ?? null,
      );
      return value;
    };
    const encoded = tokenizer.encode(words(text), pair === null ? null : words(pair), most);
    if (encoded.cut) cut += 1;
    return encoded;
  });
  const made = tokenArrays(graph, texts, tokenizer.pad);
  const columns = [text, ...(pair === null ? [] : [pair])].map((column) => table.columns[column]);
  const told = [
    `${texts.length} texts (${columns.join(', ')}) of up to ${made.length} tokens.`,
    ...(cut === 0 ? [] : [`${cut} of them were cut to ${most} tokens.`]),
  ];
  return { ...made, told };
}

function chosenColumns(
  table: Table,
  wanted: readonly string[] | undefined,
): readonly [text: number, pair: number | null] {
  // A file of lines has no columns to choose from.
  if (wanted !== undefined && !/\.txt$/i.test(table.name)) {
    check(wanted.length <= 2, table.name, 'columns must be one, or two of a pair', wanted);
    const [text, pair = null] = wanted.map((name) => {
      const at = table.columns.indexOf(name);
      check(at >= 0, table.name, `columns must be of ${table.columns.join(', ')}`, name);
      return at;
    });
    return [text!, pair];
  }
  const usual = columnOf(table, textColumns);
  if (usual !== null) return [usual, columnOf(table, pairColumns)];
  const texts = table.columns.flatMap((_, at) =>
    table.rows.every((row) => typeof row[at] === 'string' && /\s/.test(row[at])) ? [at] : [],
  );
  const [only] = texts;
  check(
    only !== undefined && texts.length === 1,
    table.name,
    `must have a column text, not only ${table.columns.join(', ')}`,
  );
  return [only, null];
}

/** Right answers: one a row, or lists of one a token. */
function labelArrays(
  { proto }: OnnxModel,
  table: Table,
  ids: ClassIds | null,
  { length, arrays }: TokenArrays,
  perToken: boolean,
): readonly (readonly [string, NpyArray])[] {
  const isLabel = labelTest(proto);
  return table.columns.flatMap((column, at): readonly (readonly [string, NpyArray])[] => {
    if (arrays.has(column) || !isLabel(column)) return [];
    const name = `${table.name} column ${column}`;
    const values = table.rows.map((row) => row[at]);
    if (!values.every(Array.isArray))
      return [[column, { dtype: 'I64', shape: [values.length], values: classNumbers(values, ids, name) }]];
    check(perToken, name, 'must be one answer a text: lists are of token ids');
    return [[column, tokenLabels(values, length, ids, name)]];
  });
}

/** As trainers mark what is not counted. */
const notCounted = -100;

function tokenLabels(
  rows: readonly (readonly unknown[])[],
  length: number,
  ids: ClassIds | null,
  name: string,
): NpyArray {
  const values = new Float64Array(rows.length * length).fill(notCounted);
  const longest = Math.max(...rows.map((row) => row.length));
  check(longest <= length, name, `must have at most ${length} answers a row`, longest);
  const flat = classNumbers(rows.flat(), ids, name);
  let at = 0;
  rows.forEach((row, k) => {
    values.set(flat.subarray(at, at + row.length), k * length);
    at += row.length;
  });
  return { dtype: 'I64', shape: [rows.length, length], values };
}
