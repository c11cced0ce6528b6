/** What a mapper remembers, by extents. */
import type { MapperEntry } from './mapper.ts';
import type { Gemm } from './mapping.ts';

export interface Memo {
  readonly get: (gemm: Gemm) => MapperEntry | undefined;
  readonly set: (entry: MapperEntry) => void;
  readonly entries: () => readonly MapperEntry[];
  /** GEMMs known not to fit. */
  readonly misfits: (gemm: Gemm) => boolean;
  readonly setMisfit: (gemm: Gemm) => void;
}

/** About 2 KB each; beyond this everything is forgotten and found again as it is asked for. */
const mostEntries = 50_000;

/** Nested by extent: a packed key would overflow 2^53, a text would cost more than the look-up. */
export function createMemo(): Memo {
  const byK = new Map<number, Map<number, Map<number, Map<number, MapperEntry>>>>();
  let count = 0;
  const misfits = new Set<string>();
  return {
    misfits: (gemm) => misfits.size > 0 && misfits.has(nameOf(gemm)),
    setMisfit: (gemm) => {
      if (misfits.size >= mostEntries) misfits.clear();
      misfits.add(nameOf(gemm));
    },
    get: ({ batch, m, n, k }) => byK.get(k)?.get(n)?.get(m)?.get(batch),
    set: (entry) => {
      if (count >= mostEntries) {
        byK.clear();
        count = 0;
      }
      const { batch, m, n, k } = entry.gemm;
      const byBatch = within(within(within(byK, k), n), m);
      if (!byBatch.has(batch)) count += 1;
      byBatch.set(batch, entry);
    },
    entries: () =>
      [...byK.values()].flatMap((byN) =>
        [...byN.values()].flatMap((byM) => [...byM.values()].flatMap((byBatch) => [...byBatch.values()])),
      ),
  };
}

function within<V>(map: Map<number, Map<number, V>>, key: number): Map<number, V> {
  let inner = map.get(key);
  if (inner === undefined) map.set(key, (inner = new Map()));
  return inner;
}

const nameOf = ({ batch, m, n, k }: Gemm): string => `${batch},${m},${n},${k}`;
