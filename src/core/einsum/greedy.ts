/**
 * The greedy search for many operands, as opt_einsum's: join the pair whose result is smallest beside what it frees
 * (size of the result - sizes of the two). No promise of optimality.
 */
import type { Pair } from './subsets.ts';

/** Beyond this many operands the search would take seconds. */
export const mostGreedy = 200;

/** Arguments and result as `searchSubsets`. */
export function searchGreedily(
  operands: readonly (readonly number[])[],
  output: readonly number[],
  extents: readonly number[],
): Pair[] {
  const uses = extents.map(() => 0);
  for (const ids of [...operands, output]) for (const id of ids) uses[id] = (uses[id] ?? 0) + 1;
  const sizeOf = (ids: readonly number[]): number => ids.reduce((size, id) => size * (extents[id] ?? 1), 1);
  const join = (a: readonly number[], b: readonly number[]): number[] => [
    ...a.filter((id) => (uses[id] ?? 0) > (b.includes(id) ? 2 : 1)),
    ...b.filter((id) => (uses[id] ?? 0) > 1 && !a.includes(id)),
  ];
  const items = operands.map((ids) => ({ ids, size: sizeOf(ids) }));
  const path: Pair[] = [];
  while (items.length > 1) {
    let best = Infinity;
    let pair: Pair = [0, 1];
    items.forEach((a, i) => {
      for (let j = i + 1; j < items.length; j++) {
        const b = items[j] ?? a;
        // A pair without a common index is an outer product: never smaller than what any joined pair frees.
        const score = sizeOf(join(a.ids, b.ids)) - a.size - b.size;
        if (score < best) {
          best = score;
          pair = [i, j];
        }
      }
    });
    const [i, j] = pair;
    const a = items[i]?.ids ?? [];
    const b = items[j]?.ids ?? [];
    const ids = join(a, b);
    for (const id of a) if (b.includes(id)) uses[id] = (uses[id] ?? 0) - 1;
    for (const id of [...a, ...b]) if (!ids.includes(id)) uses[id] = 0;
    replace(items, i, j, { ids, size: sizeOf(ids) });
    path.push(pair);
  }
  return path;
}

/** Takes the items at positions i and j (the same for a step of one operand) out of the list and appends `result`. */
export function replace<T>(items: T[], i: number, j: number, result: T): void {
  let to = Math.min(i, j);
  for (let from = to + 1; from < items.length; from++) {
    if (from !== i && from !== j) items[to++] = items[from]!;
  }
  items[to] = result;
  while (items.length > to + 1) items.pop();
}
