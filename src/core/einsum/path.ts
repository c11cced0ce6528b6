/**
 * Contraction paths: the order in which an einsum's operands are joined two by two, and what it costs. MACs of a step =
 * product of the extents of the union of its operands' labels; `write` = elements of all results; the largest
 * intermediate counts the output but not the inputs. Sums over an index that only one operand has and the output lacks
 * come first, as steps of one operand, and cost nothing. Positions are opt_einsum's: the operands of a step leave the
 * list, its result is appended. Source: Smith, Gray, "opt_einsum" (JOSS 2018); the exact search is ours (subsets.ts).
 */
import { check, InputError } from '../base/checks.ts';
import type { Einsum } from './einsum.ts';
import { mostGreedy, replace, searchGreedily } from './greedy.ts';
import { indexEinsum, type Indices } from './indices.ts';
import { mostSubsets, searchSubsets, type PathObjective } from './subsets.ts';

export type { PathObjective } from './subsets.ts';

export interface PathStep {
  /** Positions in the list of operands; one for a sum done first or for an einsum of one operand. */
  readonly operands: readonly number[];
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
  /** 0 for a sum done first. */
  readonly macs: number;
  /** Elements of the result. */
  readonly size: number;
}

export interface ContractionPath {
  readonly einsum: Einsum;
  readonly macs: number;
  readonly write: number;
  readonly largestIntermediate: number;
  readonly steps: readonly PathStep[];
}

type Positions = readonly (readonly number[])[];

/**
 * The cheapest path. Up to 10 operands over all binary trees, ties broken by macs, then write, then largest
 * intermediate, then the lexicographically first path; up to 16 over trees without outer products of connected parts;
 * beyond by a greedy rule whatever the objective.
 * @throws InputError above 200 operands
 */
export function findPath(einsum: Einsum, objective: PathObjective = 'macs'): ContractionPath {
  const indices = indexEinsum(einsum);
  const count = indices.operands.length;
  if (count === 1) return follow(einsum, indices, [[0]]);
  check(count <= mostGreedy, 'einsum', `a path needs at most ${mostGreedy} operands`, count);
  const path: (readonly number[])[] = [];
  const operands = sumFirst(indices, path);
  const pairs =
    count <= mostSubsets
      ? searchSubsets(operands, indices.output, indices.extents, objective)
      : searchGreedily(operands, indices.output, indices.extents);
  return follow(einsum, indices, path.length === 0 ? pairs : [...path, ...pairs]);
}

/**
 * What a given path costs.
 * @param path positions per step, two or one each; without a step for them, sums over an index that one operand alone
 *   has are part of the operand's first pair and are charged there
 * @throws InputError when a position is not in the list or the path does not end with one operand
 */
export function followPath(einsum: Einsum, path: Positions): ContractionPath {
  return follow(einsum, indexEinsum(einsum), path);
}

/** Appends the steps of the sums done first to `path`; returns the operands in the order of the list after them. */
function sumFirst(indices: Indices, path: (readonly number[])[]): readonly (readonly number[])[] {
  const { operands, uses } = indices;
  let summed: number[][] | null = null;
  for (let k = 0; k < operands.length; k++) {
    const ids = operands[k]!;
    for (let i = 0; i < ids.length; i++) {
      if (uses[ids[i]!] !== 1) continue;
      summed ??= [];
      path.push([k - summed.length]);
      summed.push(ids.filter((id) => uses[id] !== 1));
      break;
    }
  }
  if (summed === null) return operands;
  return [...operands.filter((ids) => ids.every((id) => uses[id] !== 1)), ...summed];
}

interface Item {
  readonly ids: readonly number[];
  readonly labels: readonly string[];
}

function follow(einsum: Einsum, indices: Indices, path: Positions): ContractionPath {
  const { labels, extents, operands } = indices;
  const alone = operands.length === 1;
  const uses = indices.uses.slice();
  // Step in which an id was last met.
  const met: number[] = [];
  for (let id = 0; id < labels.length; id++) met.push(0);
  const items: Item[] = [];
  for (let k = 0; k < operands.length; k++) items.push({ ids: operands[k]!, labels: einsum.inputs[k]! });
  const steps: PathStep[] = [];
  let macs = 0;
  let write = 0;
  let largest = 0;
  for (let k = 0; k < path.length; k++) {
    const positions = path[k]!;
    checkPositions(positions, items.length, k);
    const i = positions[0]!;
    const j = positions.length === 2 ? positions[1]! : i;
    const a = items[i]!;
    const b = i === j ? null : items[j]!;
    let visited = 1;
    let size = 1;
    const ids: number[] = [];
    const kept: string[] = [];
    for (let axis = 0; axis < a.ids.length; axis++) uses[a.ids[axis]!]!--;
    if (b !== null) for (let axis = 0; axis < b.ids.length; axis++) uses[b.ids[axis]!]!--;
    for (let side = 0; side < (b === null ? 1 : 2); side++) {
      const own = side === 0 ? a.ids : b!.ids;
      for (let axis = 0; axis < own.length; axis++) {
        const id = own[axis]!;
        if (met[id] === k + 1) continue;
        met[id] = k + 1;
        visited *= extents[id]!;
        if (uses[id] === 0) continue;
        uses[id]!++;
        size *= extents[id]!;
        ids.push(id);
        kept.push(labels[id]!);
      }
    }
    const output = items.length === (b === null ? 1 : 2) ? einsum.output : kept;
    replace(items, i, j, { ids, labels: output });
    const charged = b !== null || alone;
    if (charged) {
      macs += visited;
      write += size;
      if (size > largest) largest = size;
    }
    const inputs = b === null ? [a.labels] : [a.labels, b.labels];
    steps.push({ operands: positions, inputs, output, macs: charged ? visited : 0, size });
  }
  if (items.length !== 1 || steps.length === 0) {
    throw new InputError(
      'path',
      'must join all operands into one',
      `${items.length} left after ${steps.length} steps`,
    );
  }
  return { einsum, macs, write, largestIntermediate: largest, steps };
}

function checkPositions(positions: readonly number[], left: number, step: number): void {
  let good = positions.length === 1 || (positions.length === 2 && positions[0] !== positions[1]);
  for (let k = 0; k < positions.length; k++) {
    const position = positions[k]!;
    if (!(position >= 0 && position < left && Number.isInteger(position))) good = false;
  }
  if (good) return;
  throw new InputError(
    'path',
    `step ${step} must name one or two different positions below ${left}`,
    positions,
  );
}
