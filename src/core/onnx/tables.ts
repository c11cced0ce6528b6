/** Lookup tables of a graph: what Gather reads rows of, and the position tables that are added as a whole. */
import { isEmbedding } from '../workload/names.ts';
import { shapeOf, storedTensor, type Constants } from './constants.ts';
import { intAttribute, type Graph, type Op, type Value } from './graph.ts';
import type { OnnxTensor } from './model.ts';
import { tablePath } from './paths.ts';

export interface Table {
  readonly name: string;
  readonly shape: readonly number[];
  readonly tensor: OnnxTensor;
  /** How many nodes look up in it. */
  readonly uses: number;
}

const floats: ReadonlySet<string> = new Set(['F64', 'F32', 'F16', 'BF16', 'I8', 'U8', 'I4', 'U4']);
const embedLayerNorm = 'com.microsoft.EmbedLayerNormalization';

/** Tables in the order in which the graph meets them. */
export function tablesOf(graph: Graph, constants: Constants): readonly Table[] {
  const found = new Map<string, Table>();
  const add = (op: Op, value: Value | null | undefined, isAdded = false): void => {
    const source = constants.sourceOf(value);
    const rank = source === null ? 0 : shapeOf(source).length;
    if (source === null || (rank !== 2 && !(rank === 3 && isAdded))) return;
    const tensor = storedTensor(source);
    if (!floats.has(tensor.dtype)) return;
    const name = tablePath(tensor.name, op);
    // Whatever is added may be a folded sum; a table says so itself.
    if (isAdded && !isEmbedding(tensor.name.replace(/[./]weight$/, ''))) return;
    const known = found.get(tensor.name);
    found.set(tensor.name, { name, shape: shapeOf(source), tensor, uses: (known?.uses ?? 0) + 1 });
  };
  for (const op of graph.ops) {
    if (op.type === 'Gather' && intAttribute(op.node, 'axis', 0) === 0) add(op, op.inputs[0]);
    if (op.type === embedLayerNorm) for (const slot of [2, 3, 4]) add(op, op.inputs[slot]);
    if (op.type === 'Add') for (const value of op.inputs) add(op, value, true);
  }
  return [...found.values()];
}
