/**
 * Answers of a model of which only the shapes are known: every row of an output's last axis is a choice, the largest
 * entry the answer. Outputs with equally many rows answer together (start and end of a span): alike only if all are.
 */
import { InputError, check } from '../base/checks.ts';
import type { Answered } from './tally.ts';

/** [..., choices], row-major. */
export interface Logits {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Rows of all outputs. @throws InputError unless every output has as many */
export function rowCount(outputs: Readonly<Record<string, Logits>>): number {
  const counts = Object.entries(outputs).map(([name, { shape }]) => {
    check(
      shape.length > 1 && shape.at(-1)! > 1,
      'outputs',
      `${name} must have a last axis of choices`,
      shape,
    );
    return { name, rows: shape.slice(0, -1).reduce((product, extent) => product * extent, 1) };
  });
  const [first, ...others] = counts;
  check(first !== undefined, 'outputs', 'must be one at least');
  for (const { name, rows } of others)
    check(
      rows === first.rows,
      'outputs',
      `${name} must have ${first.rows} rows, as ${first.name} has; choose what is compared with --outputs`,
      rows,
    );
  return first.rows;
}

/** The rows that are kept, in order, of every output. */
export function keptRows(
  outputs: Readonly<Record<string, Logits>>,
  kept: readonly number[],
): Readonly<Record<string, Logits>> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { shape, values }]) => {
      const choices = shape.at(-1) ?? 1;
      const rows = new Float32Array(kept.length * choices);
      kept.forEach((row, k) => rows.set(values.subarray(row * choices, (row + 1) * choices), k * choices));
      return [name, { shape: [kept.length, choices], values: rows }];
    }),
  );
}

/** Gives each combination of answers a number, the same for the same combination. */
export function createCoding(): (answers: readonly number[]) => number {
  const known = new Map<string, number>();
  return (answers) => {
    const key = answers.join(' ');
    const code = known.get(key) ?? known.size;
    known.set(key, code);
    return code;
  };
}

/** @param names of the outputs that answer; the others only diverge */
export function answered(
  outputs: Readonly<Record<string, Logits>>,
  names: readonly string[],
  coding: (answers: readonly number[]) => number,
): Answered {
  const answers = new Int32Array(rowCount(outputs));
  const own = names.map((name) => {
    const logits = outputs[name];
    if (logits === undefined) throw new InputError('outputs', 'must have been computed', name);
    return logits;
  });
  for (let row = 0; row < answers.length; row++)
    answers[row] = coding(own.map(({ shape, values }) => largestOf(values, row, shape.at(-1)!)));
  const values = Object.entries(outputs).map(([name, logits]) => [name, logits.values] as const);
  return { outputs: Object.fromEntries(values), answers };
}

function largestOf(values: Float32Array, row: number, choices: number): number {
  let best = 0;
  for (let k = 1; k < choices; k++) if (values[row * choices + k]! > values[row * choices + best]!) best = k;
  return best;
}
