/**
 * The positions of one thread along one side of the output (rows, columns or batches), as WGSL: where in each array
 * they lie. A side may have several axes, whose positions are taken apart by division; a block that lies within the
 * innermost one is a single variable and constants.
 */
import { extentOf, type GemmAxis } from '../../core/einsum/gemm-form.ts';
import type { ArrayName } from './packing.ts';

/** A word of an array: the sum of a variable and a constant. */
export interface Spot {
  readonly variable: string | null;
  readonly constant: number;
}

export type Block = (array: ArrayName, position: number) => Spot;

const arrays = ['a', 'b', 'out'] as const;

/** `(x / below) % extent`, as short as `total`, the number of values of x, allows. */
export function digit(x: string, extent: number, below: number, total: number): string {
  if (extent === 1) return '0u';
  const divided = below === 1 ? x : `(${x} / ${below}u)`;
  return below * extent >= total ? divided : `(${divided} % ${extent}u)`;
}

/**
 * @param prefix of the variables' names
 * @param tile expression for which block this is; the last one is moved back to end with the side
 */
export function createBlock(
  prefix: string,
  axes: readonly GemmAxis[],
  size: number,
  tile: string,
  emit: (line: string) => void,
): Block {
  if (axes.length === 0) return () => ({ variable: null, constant: 0 });
  const total = extentOf(axes);
  const start = `${tile} * ${size}u`;
  const first = total % size === 0 ? start : `min(${start}, ${total - size}u)`;
  return blockAt(prefix, axes, size, first, emit);
}

/** @param start expression for the block's first position; a multiple of the size where that divides the side */
export function blockAt(
  prefix: string,
  axes: readonly GemmAxis[],
  size: number,
  start: string,
  emit: (line: string) => void,
): Block {
  const inner = axes.at(-1);
  if (inner === undefined) return () => ({ variable: null, constant: 0 });
  const total = extentOf(axes);
  const first = `${prefix}0`;
  emit(`  let ${first} = ${start};`);
  const together = size === 1 || axes.length === 1 || inner.extent % size === 0;
  for (let position = 0; position < (together ? 1 : size); position++) {
    const at = position === 0 ? first : `(${first} + ${position}u)`;
    for (const array of arrays) {
      const terms = offsets(axes, array, at, total);
      if (terms !== null) emit(`  let ${prefix}${position}${array} = ${terms};`);
    }
  }
  return (array, position) => {
    const moves = axes.some((axis) => axis[array] !== 0);
    if (together) return { variable: moves ? `${prefix}0${array}` : null, constant: position * inner[array] };
    return { variable: moves ? `${prefix}${position}${array}` : null, constant: 0 };
  };
}

/** Words from the beginning of the array at the position `at` of `total` along all axes; null where none moves. */
export function offsets(
  axes: readonly GemmAxis[],
  array: ArrayName,
  at: string,
  total: number,
): string | null {
  let below = total;
  const terms: string[] = [];
  for (const axis of axes) {
    below /= axis.extent;
    const stride = axis[array];
    if (stride === 0) continue;
    const position = digit(at, axis.extent, below, total);
    terms.push(stride === 1 ? position : `${position} * ${stride}u`);
  }
  return terms.length === 0 ? null : terms.join(' + ');
}
