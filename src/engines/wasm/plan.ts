/**
 * How the WebAssembly module does a step: which operand gives the rows, and by which of its five methods. Chosen by a
 * small model of time; its constants (nanoseconds) were measured on one thread of a Zen 5 at about 4 GHz and matter by
 * their ratios.
 */
import { extentOf, transposeForm, type GemmAxis, type GemmForm } from '../../core/einsum/gemm-form.ts';

/** In the order of the module's numbers. */
export const methods = ['packed', 'direct', 'dots', 'lanes', 'words'] as const;
export type Method = (typeof methods)[number];

export interface StepPlan {
  /** Of two operands always; without the axis that `lanes` takes. */
  readonly form: GemmForm;
  /** Left and right have changed places. */
  readonly swapped: boolean;
  readonly method: Method;
  /** Words side by side that `lanes` takes at once. */
  readonly lanes: number;
  readonly nanoseconds: number;
}

/** A step of one operand multiplies it by a single 1 that every axis passes. */
function withOne(form: GemmForm): GemmForm {
  return form.words.b === null ? { ...form, words: { ...form.words, b: 1 } } : form;
}

/** Every way to do a step, each right. */
export function plansOf(given: GemmForm): readonly StepPlan[] {
  const form = withOne(given);
  return [
    ...productsOf(form, false),
    ...productsOf(transposeForm(form), true),
    wordsOf(form),
    ...lanesOf(form),
  ];
}

/** The one that should take the least time. */
export function planStep(form: GemmForm): StepPlan {
  return plansOf(form).reduce((best, next) => (next.nanoseconds < best.nanoseconds ? next : best));
}

const blockK = 256;
const blockN = 1024;
/** Above it the panels of B are packed. */
const mostDirectRows = 16;

const evenly = (axes: readonly GemmAxis[]): boolean => axes.length <= 1;

/** All words of the group lie side by side in an array (or there is one). */
const beside = (axes: readonly GemmAxis[], array: 'a' | 'b' | 'out'): boolean =>
  evenly(axes) && axes.every((axis) => axis[array] === 1);

function productsOf(form: GemmForm, swapped: boolean): StepPlan[] {
  const { batch, m, n, k } = form;
  const [rows, columns, depth] = [extentOf(m), extentOf(n), extentOf(k)];
  const turns = Math.max(1, Math.ceil(depth / blockK));
  const tiles = tilesNs(rows, columns, depth, turns);
  const rowsCopied = evenly(k) ? 0 : rows * depth * 1 * Math.ceil(columns / blockN);
  const scattered = beside(n, 'out') ? 0 : rows * columns * 1.2 * turns;
  const common = tiles + rowsCopied + scattered;
  const inPlace = evenly(k) && beside(n, 'b');
  const copyNs = inPlace ? 0.12 : evenly(k) && evenly(n) && k[0]?.b === 1 ? 0.35 : 1;
  const all = extentOf(batch);
  const plan = (method: Method, each: number): StepPlan => {
    return { form, swapped, method, lanes: 1, nanoseconds: all * each };
  };
  const found = [plan('packed', common + 10 + depth * columns * copyNs)];
  if (inPlace && rows <= mostDirectRows) found.push(plan('direct', common + depth * columns * 0.04));
  if (columns === 1 && evenly(k) && (k[0]?.a ?? 1) === 1)
    found.push(plan('dots', 5 + depth + rows * (3 + depth * 0.08)));
  return found;
}

/** Nanoseconds per row and step of k in a panel that wide: many rows at a time, and one alone. */
const panelNs = [
  { width: 16, together: 2, many: 0.6, one: 1.2 },
  { width: 8, together: 4, many: 0.36, one: 0.9 },
  { width: 4, together: 4, many: 0.3, one: 0.75 },
] as const;
const tileNs = 5;

function tilesNs(rows: number, columns: number, depth: number, turns: number): number {
  let [left, sum] = [columns, 0];
  for (const { width, together, many, one } of panelNs) {
    // As the module's `widthOf`.
    const panels = width === 4 ? (left > 0 ? 1 : 0) : Math.floor((left + 3) / width);
    if (panels === 0) continue;
    const alone = rows % together;
    const tiles = (rows - alone) / together + alone;
    sum += panels * (tiles * tileNs * turns + depth * ((rows - alone) * many + alone * one));
    left -= panels * width;
  }
  return sum;
}

function lanesOf(form: GemmForm): StepPlan[] {
  const inner = form.batch.at(-1);
  if (inner === undefined || inner.a !== 1 || inner.b !== 1 || inner.out !== 1) return [];
  const outer = { ...form, batch: form.batch.slice(0, -1) };
  const depth = extentOf(form.k);
  const count = inner.extent;
  const each = 4 + Math.floor(count / 8) * (2 + depth * 1.2) + (count % 8) * (1 + depth * 1.2);
  const nanoseconds = extentOf(outer.batch) * extentOf(form.m) * extentOf(form.n) * each;
  return [{ form: outer, swapped: false, method: 'lanes', lanes: count, nanoseconds }];
}

function wordsOf(form: GemmForm): StepPlan {
  const outputs = extentOf(form.batch) * extentOf(form.m) * extentOf(form.n);
  const nanoseconds = outputs * (2 + 1.5 * extentOf(form.k)) + extentOf(form.batch) * 3;
  return { form, swapped: false, method: 'words', lanes: 1, nanoseconds };
}
