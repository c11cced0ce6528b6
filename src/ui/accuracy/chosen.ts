/** Which of many predictions to show: what the compression changed comes first. Pure. */

export interface Predictions {
  /** The stream of examples and the index of the first. */
  readonly seed: number;
  readonly from: number;
  /** Answers as the task codes them, one entry an example. */
  readonly dense: Int32Array;
  readonly candidate: Int32Array;
  readonly truth: Int32Array;
}

export type Change = 'lost' | 'gained' | 'moved' | 'same';

export interface Chosen {
  /** Of the example in its stream. */
  readonly index: number;
  readonly dense: number;
  readonly candidate: number;
  readonly truth: number;
  readonly change: Change;
}

const order: readonly Change[] = ['lost', 'gained', 'moved', 'same'];

/** `lost`: dense was right; `gained`: only the candidate is; `moved`: both wrong, differently. */
export function changeOf(dense: number, candidate: number, truth: number): Change {
  if (dense === candidate) return 'same';
  if (dense === truth) return 'lost';
  return candidate === truth ? 'gained' : 'moved';
}

export function countChanges({ dense, candidate, truth }: Predictions): Readonly<Record<Change, number>> {
  const counts = { lost: 0, gained: 0, moved: 0, same: 0 };
  for (let i = 0; i < truth.length; i++) counts[changeOf(dense[i] ?? 0, candidate[i] ?? 0, truth[i] ?? 0)]++;
  return counts;
}

/** At most `most` examples: changed ones first, in their order, then unchanged ones. */
export function choose(predictions: Predictions, most: number): readonly Chosen[] {
  const { from, dense, candidate, truth } = predictions;
  const byChange = new Map<Change, Chosen[]>(order.map((change) => [change, []]));
  for (let i = 0; i < truth.length; i++) {
    const answers = { dense: dense[i] ?? 0, candidate: candidate[i] ?? 0, truth: truth[i] ?? 0 };
    const change = changeOf(answers.dense, answers.candidate, answers.truth);
    const list = byChange.get(change);
    if (list !== undefined && list.length < most) list.push({ index: from + i, ...answers, change });
  }
  const changed = order.filter((change) => change !== 'same').flatMap((change) => byChange.get(change) ?? []);
  // A gallery of failures alone would say that nothing works: a third stays unchanged.
  const same = byChange.get('same') ?? [];
  const room = Math.max(most - changed.length, Math.min(same.length, Math.floor(most / 3)));
  return [...changed.slice(0, most - Math.min(room, same.length)), ...same.slice(0, room)].slice(0, most);
}
