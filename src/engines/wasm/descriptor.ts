/** A planned step as the numbers that the module reads (`assembly/fields.ts`), with its tables of offsets. */
import { extentOf, type GemmAxis, type GemmForm } from '../../core/einsum/gemm-form.ts';

const wordBytes = 4;

type ArrayName = 'a' | 'b' | 'out';

/** Each group's offsets in each array that has them, in the order of the fields. */
const groups = [
  ['batch', 'a'],
  ['batch', 'b'],
  ['batch', 'out'],
  ['m', 'a'],
  ['m', 'out'],
  ['n', 'b'],
  ['n', 'out'],
  ['k', 'a'],
  ['k', 'b'],
] as const satisfies readonly (readonly ['batch' | 'm' | 'n' | 'k', ArrayName])[];

/** Four extents, three addresses, two fields a group, one count. */
const fieldBytes = wordBytes * (4 + 3 + 2 * groups.length + 1);

/** How many bytes `writeStep` writes at most. */
export function stepBytes(form: GemmForm): number {
  return groups.reduce(
    (bytes, [group]) => bytes + (form[group].length > 1 ? extentOf(form[group]) * wordBytes : 0),
    fieldBytes,
  );
}

export interface Addresses {
  readonly a: number;
  readonly b: number;
  readonly out: number;
}

/** @param at byte address, a multiple of 4, with room for `stepBytes` */
export function writeStep(
  memory: Uint32Array,
  at: number,
  form: GemmForm,
  { a, b, out }: Addresses,
  lanes: number,
): void {
  const fields = [form.batch, form.m, form.n, form.k].map(extentOf);
  fields.push(a, b, out);
  let table = at + fieldBytes;
  for (const [group, array] of groups) {
    const axes = form[group];
    if (axes.length <= 1) {
      fields.push(0, (axes[0]?.[array] ?? 0) * wordBytes);
      continue;
    }
    fields.push(table, 0);
    writeOffsets(memory, table / wordBytes, axes, array);
    table += extentOf(axes) * wordBytes;
  }
  fields.push(lanes);
  memory.set(fields, at / wordBytes);
}

/** Byte offsets of every combination of positions, the last axis turning fastest. */
function writeOffsets(memory: Uint32Array, from: number, axes: readonly GemmAxis[], array: ArrayName): void {
  if (extentOf(axes) === 0) return;
  memory[from] = 0;
  let known = 1;
  for (const axis of axes.toReversed()) {
    const step = axis[array] * wordBytes;
    for (let position = 1; position < axis.extent; position++)
      for (let i = 0; i < known; i++)
        memory[from + position * known + i] = memory[from + i]! + position * step;
    known *= axis.extent;
  }
}
