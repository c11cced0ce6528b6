/**
 * Reads and prints einsum equations. Accepted is what numpy and opt_einsum both accept: explicit and implicit output,
 * spaces, one ellipsis a term, a repeated index in one operand, size-1 broadcast, scalars; and letters of any script,
 * which numpy refuses. Positions in messages count characters from 0.
 */
import { InputError } from '../base/checks.ts';
import type { Einsum } from './einsum.ts';

interface Term {
  readonly labels: readonly string[];
  /** Position of each label in the equation. */
  readonly at: readonly number[];
  /** How many labels stand before the ellipsis, or null without one. */
  readonly ellipsis: number | null;
  readonly start: number;
}

const letter = /^\p{L}$/u;

function fail(rule: string, value: string, position: number): never {
  throw new InputError('einsum', `${rule}, got ${value} at position ${position}`);
}

const quote = (text: string | undefined): string => (text === undefined ? 'the end' : JSON.stringify(text));

/** `shape [2, 3]`, or `a scalar`. */
const describe = (shape: readonly number[]): string =>
  shape.length === 0 ? 'a scalar' : `shape ${JSON.stringify(shape)}`;

/**
 * @param equation such as `ij,jk->ik`
 * @param shapes one shape per operand, [] for a scalar
 * @throws InputError naming rule, value and position
 */
export function parseEinsum(equation: string, shapes: readonly (readonly number[])[]): Einsum {
  const { inputs: terms, output } = split(equation);
  if (terms.length !== shapes.length || shapes.length === 0) {
    const given = `${shapes.length} shapes for ${terms.length} terms`;
    throw new InputError('einsum', `every term needs one operand and there must be one, got ${given}`);
  }
  const depth = terms.reduce((most, term, k) => Math.max(most, ellipsisAxes(term, shapes[k] ?? [])), 0);
  const used = new Set([...terms.flatMap((term) => term.labels), ...(output?.labels ?? [])]);
  const spread = freshLabels(used, depth);
  const inputs = terms.map((term, k) => expand(term, spread, ellipsisAxes(term, shapes[k] ?? [])));
  const extents = new Map<string, number>();
  let broadcast = false;
  inputs.forEach((labels, k) => {
    const own = new Map<string, number>();
    labels.forEach((label, axis) => {
      const extent = shapes[k]?.[axis] ?? 0;
      const position = positionOf(terms[k], label);
      const inOperand = own.get(label);
      if (inOperand !== undefined && inOperand !== extent) {
        fail(
          'a repeated index of one operand must keep its extent',
          `${label} = ${inOperand} and ${extent}`,
          position,
        );
      }
      own.set(label, extent);
      const known = extents.get(label);
      if (known === undefined || known === 1) extents.set(label, extent);
      else if (extent !== 1 && extent !== known) {
        fail('an index must have one extent', `${label} = ${known} and ${extent}`, position);
      }
    });
  });
  inputs.forEach((labels, k) => {
    if (labels.some((label, axis) => shapes[k]?.[axis] !== extents.get(label))) broadcast = true;
  });
  const out =
    output === null
      ? [...spread, ...onceOnly(terms)]
      : checkedOutput(output, spread, new Set(terms.flatMap((term) => term.labels)));
  return { inputs, output: out, extents, ...(broadcast ? { shapes } : {}) };
}

/** The explicit equation; an ellipsis shows as the labels it was expanded into. */
export function printEinsum(einsum: Einsum): string {
  return `${einsum.inputs.map((labels) => labels.join('')).join(',')}->${einsum.output.join('')}`;
}

function split(equation: string): { inputs: Term[]; output: Term | null } {
  const characters = [...equation];
  const terms: Term[] = [];
  let arrow = false;
  let labels: string[] = [];
  let at: number[] = [];
  let ellipsis: number | null = null;
  let start = 0;
  const close = (next: number): void => {
    terms.push({ labels, at, ellipsis, start });
    labels = [];
    at = [];
    ellipsis = null;
    start = next;
  };
  for (let i = 0; i < characters.length; i++) {
    const c = characters[i] ?? '';
    if (c === ' ') continue;
    if (c === ',') {
      if (arrow) fail('the output must be one term', quote(c), i);
      close(i + 1);
    } else if (c === '-') {
      if (characters[i + 1] !== '>') fail('the arrow must be written ->', quote(characters[i + 1]), i + 1);
      if (arrow) fail('there must be at most one arrow', quote('->'), i);
      arrow = true;
      close(i + 2);
      i++;
    } else if (c === '.') {
      const dots = characters.slice(i, i + 3).join('');
      if (dots !== '...') fail('an ellipsis must be three dots', quote(dots), i);
      if (ellipsis !== null) fail('a term must have at most one ellipsis', quote(dots), i);
      ellipsis = labels.length;
      i += 2;
    } else if (letter.test(c)) {
      labels.push(c);
      at.push(i);
    } else {
      fail('an index must be a letter', quote(c), i);
    }
  }
  close(characters.length);
  return arrow
    ? { inputs: terms.slice(0, -1), output: terms.at(-1) ?? null }
    : { inputs: terms, output: null };
}

/** How many axes of the operand the term's ellipsis stands for; checks the shape on the way. */
function ellipsisAxes(term: Term, shape: readonly number[]): number {
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    fail('extents must be whole numbers from 0', describe(shape), term.start);
  }
  const axes = shape.length - term.labels.length;
  if (term.ellipsis === null ? axes !== 0 : axes < 0) {
    const text = `${term.labels.length} letters for ${describe(shape)}`;
    fail('a term must have one letter per axis', text, term.start);
  }
  return axes;
}

function expand(term: Term, spread: readonly string[], axes: number): readonly string[] {
  if (term.ellipsis === null) return term.labels;
  // Broadcasting aligns axes at the right.
  return term.labels.toSpliced(term.ellipsis, 0, ...spread.slice(spread.length - axes));
}

function positionOf(term: Term | undefined, label: string): number {
  const index = term?.labels.indexOf(label) ?? -1;
  return term?.at[index] ?? term?.start ?? 0;
}

/** The implicit output: the letters that stand exactly once, sorted by code point. */
function onceOnly(terms: readonly Term[]): string[] {
  const counts = new Map<string, number>();
  for (const label of terms.flatMap((term) => term.labels)) counts.set(label, (counts.get(label) ?? 0) + 1);
  const once = [...counts].filter(([, count]) => count === 1).map(([label]) => label);
  return once.toSorted((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0));
}

function checkedOutput(
  output: Term,
  spread: readonly string[],
  known: ReadonlySet<string>,
): readonly string[] {
  output.labels.forEach((label, k) => {
    const position = output.at[k] ?? 0;
    if (!known.has(label)) fail('an output index must stand in an input', quote(label), position);
    if (output.labels.indexOf(label) !== k) fail('an output index must stand once', quote(label), position);
  });
  if (output.ellipsis === null && spread.length > 0) {
    fail('the output must keep the ellipsis of the inputs', quote(output.labels.join('')), output.start);
  }
  return expand(output, spread, spread.length);
}

/** Letters that the equation does not use: a to z, A to Z, then Greek and on. */
function freshLabels(used: ReadonlySet<string>, count: number): string[] {
  const fresh: string[] = [];
  const consider = (code: number): void => {
    const label = String.fromCodePoint(code);
    if (fresh.length < count && letter.test(label) && !used.has(label)) fresh.push(label);
  };
  for (let code = 0x61; code <= 0x7a; code++) consider(code);
  for (let code = 0x41; code <= 0x5a; code++) consider(code);
  for (let code = 0x3b1; fresh.length < count; code++) consider(code);
  return fresh;
}
