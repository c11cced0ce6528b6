/** Where the words of a thread's block lie in each array, as variables that are computed once, before the loops. */
import type { GemmForm } from '../../core/einsum/gemm-form.ts';
import type { Block } from './block.ts';
import type { ArrayName, Packing } from './packing.ts';
import type { Plan } from './plan.ts';

/** A place in the block: batch, row, column. Each array ignores what it does not have. */
export interface Cell {
  readonly p: number;
  readonly r: number;
  readonly c: number;
}

export interface Place {
  /** A variable that counts vectors where the array is packed, words where not. */
  readonly variable: string;
  readonly constant: number;
}

export type Packings = Readonly<Record<ArrayName, Packing>>;

/** Words of one element of the array's type. */
export const unitOf = (packing: Packing): 1 | 4 => (packing === 'none' ? 1 : 4);

/**
 * For packed sides ask for the first of four neighbours.
 * @param bases further places to begin at, counted as the array is
 */
export function createWords(
  blocks: { readonly batch: Block; readonly m: Block; readonly n: Block },
  packings: Packings,
  bases: Readonly<Record<ArrayName, string | undefined>>,
  emit: (line: string) => void,
): (array: ArrayName, cell: Cell) => Place {
  const known = new Set<string>();
  return (array, { p, r, c }) => {
    const spots = [blocks.batch(array, p), blocks.m(array, r), blocks.n(array, c)];
    const variables = spots.flatMap(({ variable }) => (variable === null ? [] : [variable]));
    const unit = unitOf(packings[array]);
    const name = `${array}_${variables.join('_') || 'all'}`;
    if (!known.has(name)) {
      known.add(name);
      const sum = variables.join(' + ') || '0u';
      const base = bases[array] === undefined ? '' : ` + ${bases[array]}`;
      emit(`  let ${name} = ${unit === 1 ? sum : `(${sum}) / ${unit}u`}${base};`);
    }
    return { variable: name, constant: spots.reduce((sum, spot) => sum + spot.constant, 0) / unit };
  };
}

/** Every vector of the block, with the cells of its lanes. */
export function vectorsOf({ lane, width, rows, columns, batches }: Plan): readonly (readonly Cell[])[] {
  const lanes = Array.from({ length: width }, (_, k) => k);
  const vectors: Cell[][] = [];
  for (let r = 0; r < rows; r++) {
    if (lane === 'n')
      for (let c = 0; c < columns; c += width) vectors.push(lanes.map((k) => ({ p: 0, r, c: c + k })));
    else
      for (let c = 0; c < columns; c++)
        for (let p = 0; p < batches; p += width) vectors.push(lanes.map((k) => ({ p: p + k, r, c })));
  }
  return vectors;
}

/** The place in an array's own side that packing 'side' counts along. */
export const sidePosition = (array: ArrayName, lane: Plan['lane'], { p, r, c }: Cell): number =>
  lane === 'batch' ? p : array === 'a' ? r : c;

/** The first of the four neighbours along the side. */
export function firstNeighbour(array: ArrayName, lane: Plan['lane'], cell: Cell): Cell {
  const back = sidePosition(array, lane, cell) % 4;
  if (lane === 'batch') return { ...cell, p: cell.p - back };
  return array === 'a' ? { ...cell, r: cell.r - back } : { ...cell, c: cell.c - back };
}

/** Words written; a form of one operand has no b. */
export const arraysOf = ({ words }: GemmForm): readonly ArrayName[] =>
  words.b === null ? ['a', 'out'] : ['a', 'b', 'out'];
