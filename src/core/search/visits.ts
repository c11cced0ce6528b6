/**
 * The space of a search, costed from coarse to fine: of every format first a few candidates far apart, then those between.
 */
import { formats, type Factorization } from '../factor/factorization.ts';
import type { Shape } from './assembly.ts';
import type { SearchBatch } from './setting.ts';
import { candidatesByPart } from './space.ts';
import type { Study } from './study.ts';

const partsPerBatch = 4;
const visitsPerBatch = 4;

/** One candidate per shape, in step along a format's lists. */
export type Visit = readonly (Factorization | undefined)[];

/** Every candidate of the space at least once; the formats take turns, each from coarse to fine. */
export function* planVisits({ assembly, recorder }: Study): Generator<SearchBatch, readonly Visit[], void> {
  const visits: { readonly turn: number; readonly visit: Visit }[] = [];
  let parts = 0;
  for (const format of formats) {
    if (format === 'dense') continue;
    const lists: (readonly Factorization[])[] = [];
    for (const shape of assembly.shapes) {
      const list: Factorization[] = [];
      for (const part of candidatesByPart(format, shape)) {
        list.push(...part);
        if (++parts % partsPerBatch === 0) yield recorder.batch();
      }
      lists.push(list);
    }
    const together = format === 'svd' ? ofOneShare(assembly.shapes, lists) : inStep(lists);
    for (const [turn, i] of coarseToFine(together.length).entries())
      visits.push({ turn, visit: together[i] ?? [] });
  }
  return visits.sort((a, b) => a.turn - b.turn).map(({ visit }) => visit);
}

/** Share of the budget that single layers may take; the rest is for designs. */
const spaceShare = 0.8;

/** The lists side by side, the shorter ones stretched. */
function inStep(lists: readonly (readonly Factorization[])[]): readonly Visit[] {
  const length = Math.max(...lists.map((list) => list.length));
  return Array.from({ length }, (_, i) => lists.map((list) => list[Math.floor((i * list.length) / length)]));
}

/** Svd of every share of full rank that a list has: the others' nearest, dense above their largest. */
function ofOneShare(
  shapes: readonly Shape[],
  lists: readonly (readonly Factorization[])[],
): readonly Visit[] {
  const full = shapes.map(({ out, in: columns }) => Math.min(out, columns));
  const sharesOf = lists.map((list, shape) => list.map(({ ranks }) => (ranks[0] ?? 0) / (full[shape] ?? 1)));
  const shares = [...new Set(sharesOf.flat())].sort((a, b) => a - b);
  return shares.map((share) =>
    lists.map((list, shape) => {
      const own = sharesOf[shape] ?? [];
      const behind = own.findIndex((each) => each >= share);
      const before = own[behind - 1];
      const nearer =
        before !== undefined && share - before < (own[behind] ?? 0) - share ? behind - 1 : behind;
      return list[nearer];
    }),
  );
}

/** As many of the first as leave room for designs. */
export function affordableVisits({ setting, assembly }: Study, visits: readonly Visit[]): readonly Visit[] {
  return visits.slice(0, Math.floor((spaceShare * setting.budget) / assembly.shapes.length));
}

/** Costs the candidates of visits, one visit after the other; `take` is what then happens to one. */
export function* costVisits(
  { recorder, setting, assembly, pool }: Study,
  visits: readonly Visit[],
  take: (visit: Visit) => void,
): Generator<SearchBatch, void, void> {
  for (const [done, visit] of visits.entries()) {
    if (recorder.evaluations + assembly.shapes.length > setting.budget) break;
    for (const [shape, f] of visit.entries()) if (f !== undefined) pool.column(shape, f);
    take(visit);
    if (done % visitsPerBatch === visitsPerBatch - 1) yield recorder.batch();
  }
}

/** The places 0 to length - 1 in an order by halves, quarters, eighths (bits of the place reversed). */
function coarseToFine(length: number): readonly number[] {
  const reversed = (i: number): number => {
    let key = 0;
    for (let size = 1, rest = i, part = 0.5; size < length; size *= 2, rest >>= 1, part /= 2)
      key += part * (rest & 1);
    return key;
  };
  return Array.from({ length }, (_, i) => ({ i, key: reversed(i) }))
    .sort((a, b) => a.key - b.key)
    .map(({ i }) => i);
}
