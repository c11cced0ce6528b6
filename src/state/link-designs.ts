/**
 * Designs in a link: every factorization once, in a table that the design and the pins share, then each design as runs
 * of places in it. Ranks of the whole table stand together, low bytes first.
 */
import type { Factorization, Format } from '../core/factor/factorization.ts';
import { BrokenBytes, code, decoded, type ByteReader, type ByteWriter } from './bytes.ts';
import { maxLinears } from './draft.ts';

/** May grow at its end and is never reordered. */
const formatCodes: readonly Format[] = [
  'dense',
  'svd',
  'kronecker',
  'cp',
  'tucker',
  'tt',
  'ttm',
  'tr',
  'block-term',
];

/** What differs between two factorizations of one kind is only their ranks. */
interface Kind {
  readonly format: Format;
  /** Empty for dense and svd, whose modes are the layer's own. */
  readonly outModes: readonly number[];
  readonly inModes: readonly number[];
  readonly rankCount: number;
}

/** Kinds and factorizations that earlier parts have named already. */
export interface Table {
  readonly kinds: Kind[];
  readonly kindOf: Map<string, number>;
  readonly entries: Factorization[];
  readonly entryOf: Map<string, number>;
}

export const emptyTable = (): Table => ({ kinds: [], kindOf: new Map(), entries: [], entryOf: new Map() });

const isFlat = (format: Format): boolean => format === 'dense' || format === 'svd';

/**
 * New kinds; new factorizations, in order of appearance, as a run-length list of kinds and then all their ranks; then
 * each design as runs: 0 = the next new factorization, k + 1 = the k-th one.
 */
export function packDesigns(
  to: ByteWriter,
  designs: readonly (readonly Factorization[])[],
  table: Table,
): void {
  const oldKinds = table.kinds.length;
  const entryKinds: number[] = [];
  const ranks: number[] = [];
  const runs = designs.map((design) =>
    runLengths(
      design.map((f) => {
        const flat = isFlat(f.format);
        const outModes = flat ? [] : f.outModes;
        const inModes = flat ? [] : f.inModes;
        const kindKey = `${f.format} ${outModes.join()} ${inModes.join()} ${f.ranks.length}`;
        const key = `${kindKey} ${f.ranks.join()}`;
        const known = table.entryOf.get(key);
        if (known !== undefined) return known + 1;
        let kind = table.kindOf.get(kindKey);
        if (kind === undefined) {
          kind = table.kinds.length;
          table.kindOf.set(kindKey, kind);
          table.kinds.push({ format: f.format, outModes, inModes, rankCount: f.ranks.length });
        }
        table.entryOf.set(key, table.entries.length);
        table.entries.push(f);
        entryKinds.push(kind);
        ranks.push(...f.ranks);
        return 0;
      }),
    ),
  );
  const kinds = table.kinds.slice(oldKinds);
  to.uint(kinds.length);
  for (const kind of kinds) {
    code(to, formatCodes, kind.format);
    for (const modes of [kind.outModes, kind.inModes]) {
      to.uint(modes.length);
      modes.forEach(to.uint);
    }
    to.uint(kind.rankCount);
  }
  writeRuns(to, runLengths(entryKinds));
  to.planes(ranks);
  for (const each of runs) writeRuns(to, each);
}

export function unpackDesigns(
  from: ByteReader,
  count: number,
  table: Table,
): readonly (readonly Factorization[])[] {
  const newKinds = from.count();
  for (let i = 0; i < newKinds; i++) {
    const format = decoded(from, formatCodes, 'format');
    const [outModes, inModes] = [0, 1].map(() => Array.from({ length: from.count() }, from.uint));
    const rankCount = from.uint();
    if (rankCount > 64) throw new BrokenBytes(`a factorization has ${rankCount} ranks`);
    table.kinds.push({ format, outModes: outModes ?? [], inModes: inModes ?? [], rankCount });
  }
  const entryKinds = readRuns(from).map((index) => {
    const kind = table.kinds[index];
    if (kind === undefined) throw new BrokenBytes(`factorization kind ${index} does not exist`);
    return kind;
  });
  const ranks = from.planes(entryKinds.reduce((sum, kind) => sum + kind.rankCount, 0));
  let next = table.entries.length;
  let at = 0;
  for (const { format, outModes, inModes, rankCount } of entryKinds) {
    table.entries.push({ format, outModes, inModes, ranks: ranks.slice(at, at + rankCount) });
    at += rankCount;
  }
  return Array.from({ length: count }, () =>
    readRuns(from).map((index) => {
      const entry = index === 0 ? table.entries[next++] : table.entries[index - 1];
      if (entry === undefined) throw new BrokenBytes(`factorization ${index} does not exist`);
      return entry;
    }),
  );
}

type Run = readonly [value: number, length: number];

function runLengths(values: readonly number[]): readonly Run[] {
  const runs: [number, number][] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] === value) last[1] += 1;
    else runs.push([value, 1]);
  }
  return runs;
}

function writeRuns(to: ByteWriter, runs: readonly Run[]): void {
  to.uint(runs.length);
  for (const [value] of runs) to.uint(value);
  for (const [, length] of runs) to.uint(length);
}

function readRuns(from: ByteReader): readonly number[] {
  const count = from.count();
  const values = Array.from({ length: count }, from.uint);
  const all: number[] = [];
  for (const value of values) {
    const length = from.uint();
    if (all.length + length > maxRun) throw new BrokenBytes(`a list is longer than ${maxRun}`);
    for (let i = 0; i < length; i++) all.push(value);
  }
  return all;
}

/** Design and pins of the largest model, all different. */
const maxRun = 5 * maxLinears;
