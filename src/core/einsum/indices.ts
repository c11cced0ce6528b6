/**
 * An einsum with its labels as small integers, which the path searches work on.
 */
import { check } from '../base/checks.ts';
import type { Einsum } from './einsum.ts';

export interface Indices {
  /** Label of each id. */
  readonly labels: readonly string[];
  readonly extents: readonly number[];
  /** Distinct ids of each operand. */
  readonly operands: readonly (readonly number[])[];
  /** Ids of the output. */
  readonly output: readonly number[];
  /** In how many operands an id stands, the output counted as one more. */
  readonly uses: readonly number[];
}

// Most labels are ASCII letters: a stamped table finds their ids faster than a Map and needs no clearing.
const asciiId = new Int32Array(128);
const asciiStamp = new Float64Array(128);
let stamp = 0;

/** @throws InputError when an extent is missing or the product of all extents is beyond float64 */
export function indexEinsum(einsum: Einsum): Indices {
  stamp++;
  const labels: string[] = [];
  const extents: number[] = [];
  const uses: number[] = [];
  const lastSeen: number[] = [];
  const { inputs } = einsum;
  const operands: number[][] = [];
  let further: Map<string, number> | null = null;
  let output: number[] = [];
  let product = 1;
  // The output is treated as one more operand.
  for (let k = 0; k <= inputs.length; k++) {
    const term = k < inputs.length ? inputs[k]! : einsum.output;
    const ids: number[] = [];
    for (let axis = 0; axis < term.length; axis++) {
      const label = term[axis]!;
      const code = label.length === 1 ? label.charCodeAt(0) : 128;
      let id: number | undefined;
      if (code >= 128) id = further?.get(label);
      else if (asciiStamp[code] === stamp) id = asciiId[code]!;
      if (id === undefined) {
        const extent = einsum.extents.get(label);
        check(extent !== undefined && extent >= 0, 'einsum', 'every index needs an extent', label);
        id = labels.length;
        labels.push(label);
        extents.push(extent);
        uses.push(0);
        lastSeen.push(-1);
        product *= extent;
        if (code < 128) {
          asciiStamp[code] = stamp;
          asciiId[code] = id;
        } else {
          further ??= new Map();
          further.set(label, id);
        }
      }
      if (lastSeen[id] === k) continue;
      lastSeen[id] = k;
      uses[id]!++;
      ids.push(id);
    }
    if (k < inputs.length) operands.push(ids);
    else output = ids;
  }
  check(operands.length > 0, 'einsum', 'must have an operand', 0);
  check(Number.isFinite(product), 'einsum', 'the product of all extents must be below 1.8e308', product);
  return { labels, extents, operands, output, uses };
}
