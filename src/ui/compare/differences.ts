/** Which layers two designs treat differently, and how; equal differences of one role are told once. */
import type { Factorization } from '../../core/factor/factorization.ts';
import type { Candidate } from '../../core/search/evaluation.ts';
import type { LinearLayer } from '../../core/workload/model.ts';
import { formatTitle, rangesText, shapeText } from '../words.ts';

export interface LayerDifference {
  readonly role: string;
  /** Block numbers as they stand in the matrix grid, or empty for layers outside the blocks. */
  readonly blocks: string;
  readonly count: number;
  readonly from: string;
  readonly to: string;
}

export function layerDifferences(
  from: Candidate,
  to: Candidate,
  linears: readonly LinearLayer[],
): readonly LayerDifference[] {
  const groups = new Map<
    string,
    { role: string; from: string; to: string; blocks: number[]; count: number }
  >();
  for (const [index, layer] of linears.entries()) {
    const [a, b] = [from[index], to[index]];
    if (a === undefined || b === undefined || a === b) continue;
    const same = inShort(a, b);
    if (same === null) continue;
    const key = `${layer.role}|${same.from}|${same.to}`;
    const group = groups.get(key) ?? { role: layer.role, ...same, blocks: [], count: 0 };
    if (layer.block !== null) group.blocks.push(layer.block + 1);
    group.count++;
    groups.set(key, group);
  }
  return [...groups.values()].map(({ blocks, ...group }) => ({ ...group, blocks: rangesText(blocks) }));
}

/** Null when the two are the same; modes are only written when they differ. */
function inShort(a: Factorization, b: Factorization): { from: string; to: string } | null {
  const shapes = shapeText(a) !== shapeText(b) && a.format !== 'dense' && b.format !== 'dense';
  const write = (f: Factorization): string =>
    [formatTitle(f.format), shapes && f.format !== 'svd' ? shapeText(f) : '', f.ranks.join('·')]
      .filter((part) => part !== '')
      .join(' ');
  const [from, to] = [write(a), write(b)];
  return from === to ? null : { from, to };
}
