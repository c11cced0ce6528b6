/** What tells two designs apart, for the flag of a drag: `FFN1 r2 256 → 72`. */
import { rankNames } from '../../core/factor/ranks.ts';
import type { Candidate } from '../../core/search/evaluation.ts';
import type { TransformerModel } from '../../core/workload/model.ts';
import { nameLayers } from '../../state/labels.ts';
import { formatTitle } from '../words.ts';

/** One line, or null when the designs are the same. */
export function changeTitle(model: TransformerModel, before: Candidate, after: Candidate): string | null {
  const changed = after.flatMap((f, index) => (f === before[index] ? [] : [index]));
  const first = changed[0];
  const old = first === undefined ? undefined : before[first];
  const now = first === undefined ? undefined : after[first];
  if (old === undefined || now === undefined) return null;
  const where = nameLayers(model, changed);
  if (old.format !== now.format) return `${where}: ${formatTitle(old.format)} → ${formatTitle(now.format)}`;
  const moved = now.ranks.flatMap((rank, i) => (rank === old.ranks[i] ? [] : [i]));
  const only = moved.length === 1 ? moved[0] : undefined;
  if (only === undefined) return `${where}: ${formatTitle(now.format)} changed`;
  const name = now.ranks.length > 1 ? (rankNames(now)[only] ?? 'rank') : 'rank';
  return `${where} ${name} ${old.ranks[only]} → ${now.ranks[only]}`;
}
