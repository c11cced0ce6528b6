// The same module for memory that several threads share. A run is a list of shares; whoever comes takes the next piece of
// the step at hand, and nobody begins a step before the one before it is done. A helper that comes late helps with what
// is left, one that never comes is not missed.
import { packBytes, run } from './index.ts';
import { runStep } from './steps.ts';

export { packBytes, run };

// The head of the list, in bytes. It lies at the same place for all programs: a helper may come late.
const RUN: usize = 64;
const INSIDE: usize = 68;
const COUNT: usize = 72;
const ENTRIES: usize = 76;

// An entry: what to run, then how far it is.
const STEP: usize = 0;
const METHOD: usize = 4;
const OVER: usize = 8;
const EXTENT: usize = 12;
const PIECE: usize = 16;
const PIECES: usize = 20;
const NEXT: usize = 24;
const DONE: usize = 28;
const ENTRY: usize = 32;

function entryAt(k: i32): usize {
  return <usize>load<u32>(ENTRIES) + <usize>k * ENTRY;
}

/** Opens the list for the helpers of this run, which is not 0. */
export function begin(id: i32): void {
  const count = load<i32>(COUNT);
  for (let k = 0; k < count; k++) {
    atomic.store<i32>(entryAt(k) + NEXT, 0);
    atomic.store<i32>(entryAt(k) + DONE, 0);
  }
  atomic.store<i32>(RUN, id);
}

/** The caller's own share; at its end all is done and no helper is inside any more. */
export function finish(pack: usize): void {
  work(pack);
  atomic.store<i32>(RUN, 0);
  for (;;) {
    const inside = atomic.load<i32>(INSIDE);
    if (inside === 0) return;
    atomic.wait<i32>(INSIDE, inside, -1);
  }
}

/** A helper's share of run `id`; nothing when that is over. */
export function help(id: i32, pack: usize): void {
  atomic.add<i32>(INSIDE, 1);
  if (atomic.load<i32>(RUN) === id) work(pack);
  atomic.sub<i32>(INSIDE, 1);
  atomic.notify(INSIDE, -1);
}

function work(pack: usize): void {
  const count = load<i32>(COUNT);
  for (let k = 0; k < count; k++) {
    const entry = entryAt(k);
    const pieces = load<i32>(entry + PIECES);
    const piece = load<i32>(entry + PIECE);
    const extent = load<i32>(entry + EXTENT);
    for (;;) {
      const next = atomic.add<i32>(entry + NEXT, 1);
      if (next >= pieces) break;
      const from = next * piece;
      runStep(
        <usize>load<u32>(entry + STEP),
        load<i32>(entry + METHOD),
        load<i32>(entry + OVER),
        from,
        min(extent, from + piece),
        pack,
      );
      if (atomic.add<i32>(entry + DONE, 1) + 1 === pieces) atomic.notify(entry + DONE, -1);
    }
    for (;;) {
      const done = atomic.load<i32>(entry + DONE);
      if (done === pieces) break;
      atomic.wait<i32>(entry + DONE, done, -1);
    }
  }
}
