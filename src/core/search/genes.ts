/**
 * The space of a matrix shape as genes: every candidate is a number; those of one format and tensorization stand together,
 * from few to many parameters, so that a step along them is a step in rank. Gene 0 is dense.
 */
import type { Random } from '../base/random.ts';
import { formats, type Factorization, type Format } from '../factor/factorization.ts';
import { parameterCount } from '../factor/parameters.ts';
import { denseFactorization } from '../factor/ranks.ts';
import type { Shape } from './assembly.ts';
import type { SearchBatch } from './setting.ts';
import { candidatesByPart } from './space.ts';
import type { Study } from './study.ts';

/** Genes `start` to `end` (exclusive): one format, one tensorization. */
interface Family {
  readonly start: number;
  readonly end: number;
}

export interface Genes {
  readonly candidates: readonly Factorization[];
  readonly parameters: readonly number[];
  /** Per gene, position in `families`. */
  readonly familyOf: readonly number[];
  readonly families: readonly Family[];
  /** Positions in `families`, per format that the shape can have; dense is none of them. */
  readonly byFormat: ReadonlyMap<Format, readonly number[]>;
}

const partsPerBatch = 4;

export function* genesOf({ recorder }: Study, shape: Shape): Generator<SearchBatch, Genes, void> {
  const candidates: Factorization[] = [denseFactorization(shape.out, shape.in)];
  const familyOf = [0];
  const families: Family[] = [{ start: 0, end: 1 }];
  const byFormat = new Map<Format, number[]>();
  let parts = 0;
  for (const format of formats) {
    if (format === 'dense') continue;
    for (const part of candidatesByPart(format, shape)) {
      if (++parts % partsPerBatch === 0) yield recorder.batch();
      if (part.length === 0) continue;
      const family = families.push({ start: candidates.length, end: candidates.length + part.length }) - 1;
      byFormat.set(format, [...(byFormat.get(format) ?? []), family]);
      candidates.push(...part);
      familyOf.push(...part.map(() => family));
    }
  }
  return { candidates, parameters: candidates.map(parameterCount), familyOf, families, byFormat };
}

/** The gene of the family whose size is nearest. */
function nearest({ families, parameters }: Genes, family: number, size: number): number {
  const { start, end } = families[family] ?? { start: 0, end: 1 };
  let low = start;
  let high = end - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((parameters[middle] ?? 0) < size) low = middle + 1;
    else high = middle;
  }
  const before = low > start ? low - 1 : low;
  return size - (parameters[before] ?? 0) < (parameters[low] ?? 0) - size ? before : low;
}

function pickOne<T>(random: Random, items: readonly T[]): T | undefined {
  return items.length === 0 ? undefined : items[random.below(items.length)];
}

/** A gene of about so many parameters, of this format or, where the shape cannot have it, of any. */
export function geneNear(genes: Genes, random: Random, format: Format | undefined, size: number): number {
  const families = format === undefined ? undefined : genes.byFormat.get(format);
  const family = pickOne(random, families ?? [...genes.byFormat.values()].flat());
  return family === undefined ? 0 : nearest(genes, family, size);
}

/** Another gene nearby: other ranks (half of the time), another tensorization, or another format of about the same size. */
export function mutated(genes: Genes, random: Random, gene: number): number {
  const family = genes.familyOf[gene] ?? 0;
  const { start, end } = genes.families[family] ?? { start: 0, end: 1 };
  const size = genes.parameters[gene] ?? 0;
  const { format } = genes.candidates[gene] ?? { format: 'dense' };
  const kind = random.below(4);
  if (kind < 2 && end - start > 1) {
    const jump = (1 + random.below(random.below(2) === 0 ? 2 : 12)) * (random.below(2) === 0 ? 1 : -1);
    return Math.min(end - 1, Math.max(start, gene + jump));
  }
  const wanted = kind === 2 && format !== 'dense' ? format : pickOne(random, [...genes.byFormat.keys()]);
  return geneNear(genes, random, wanted, size);
}
