/** How steps are executed, in a link: two parts, of which the second came later and stands for the machine's extras. */
import type { Execution } from '../core/cost/execution.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';

/** Never reordered. */
const flags = ['swap', 'fusion', 'residency', 'wholeModel'] as const;

/** Bit i stands for the i-th flag; the next for the fixed dataflow, then shared loops. */
export function packExecution(to: ByteWriter, execution: Execution): void {
  const bits = flags.reduce((sum, flag, i) => sum + (execution[flag] ? 2 ** i : 0), 0);
  const fixed = execution.dataflow === 'fixed' ? 2 ** flags.length : 0;
  to.uint(bits + fixed + (execution.sharedLoops ? 2 ** (flags.length + 1) : 0));
  to.number(execution.outerWordsPerCycle);
}

type Extras = Pick<Execution, 'hopPj' | 'leakagePjPerCycle' | 'doubleBuffered' | 'ragged'>;

export const extrasOf = ({ hopPj, leakagePjPerCycle, doubleBuffered, ragged }: Execution): Extras => ({
  hopPj,
  leakagePjPerCycle,
  doubleBuffered,
  ragged,
});

export function packExtras(
  to: ByteWriter,
  { hopPj, leakagePjPerCycle, doubleBuffered, ragged }: Extras,
): void {
  to.uint((doubleBuffered ? 1 : 0) + (ragged ? 2 : 0));
  to.number(hopPj);
  to.number(leakagePjPerCycle);
}

export function unpackExtras(from: ByteReader): Extras {
  const bits = from.uint();
  return {
    doubleBuffered: bits % 2 === 1,
    ragged: Math.floor(bits / 2) % 2 === 1,
    hopPj: from.number() ?? 0,
    leakagePjPerCycle: from.number() ?? 0,
  };
}

export function unpackExecution(from: ByteReader): Omit<Execution, keyof Extras> {
  const bits = from.uint();
  const has = (i: number): boolean => Math.floor(bits / 2 ** i) % 2 === 1;
  return {
    dataflow: has(flags.length) ? 'fixed' : 'flexible',
    swap: has(0),
    fusion: has(1),
    residency: has(2),
    wholeModel: has(3),
    sharedLoops: has(flags.length + 1),
    outerWordsPerCycle: from.number(),
  };
}
