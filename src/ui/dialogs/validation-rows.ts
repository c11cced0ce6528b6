/** What the validation dialog lists: the cases that a filter leaves, and their totals in words. */
import type { CountedCase, OptimumCase, Validation } from '../../core/cost/validation.ts';
import { formatExact, formatPercent, formatRatio } from '../format.ts';

export interface ValidationFilter {
  /** Null: all machines. */
  readonly machine: string | null;
  /** Every word must occur in the case's texts. */
  readonly text: string;
}

const matches = (texts: readonly string[], { text }: ValidationFilter): boolean => {
  const all = texts.join(' ').toLowerCase();
  return text
    .toLowerCase()
    .split(/[\s,]+/)
    .every((word) => all.includes(word));
};

const ofMachine = (machine: string, filter: ValidationFilter): boolean =>
  filter.machine === null || filter.machine === machine;

export function countedRows({ counted }: Validation, filter: ValidationFilter): readonly CountedCase[] {
  return counted.filter(
    (row) =>
      ofMachine(row.machine, filter) &&
      matches([row.id, row.tool, row.machine, row.einsum, row.extents], filter),
  );
}

export function optimumRows({ optima }: Validation, filter: ValidationFilter): readonly OptimumCase[] {
  return optima.filter(
    (row) => ofMachine(row.machine, filter) && matches([row.machine, row.extents, row.objective], filter),
  );
}

export function machinesOf({ counted, optima }: Validation): readonly string[] {
  return [...new Set([...counted, ...optima].map(({ machine }) => machine))];
}

const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);

/** `213 mappings: 9,318 of 9,318 counts equal; cycles differ by at most 1, energies by at most 0.0000003%.` */
export function countedTotals(rows: readonly CountedCase[]): string {
  if (rows.length === 0) return 'No case is left by the filter.';
  const counts = rows.reduce((sum, row) => sum + row.counts, 0);
  const equal = rows.reduce((sum, row) => sum + row.equal, 0);
  const energy = most(rows.map((row) => row.energy));
  return (
    `${formatExact(rows.length)} ${rows.length === 1 ? 'mapping' : 'mappings'}: ${formatExact(equal)} of ${formatExact(counts)} counts equal; ` +
    `cycles differ by at most ${formatCycles(most(rows.map((row) => row.cycles)))}, energies by ${energy === 0 ? 'nothing' : `at most ${formatDeviation(energy)}`}.`
  );
}

/** `94 GEMMs: 94 at the proven optimum. Timeloop's own mapper ended 1.00× to 9.66× above ours on 12 of them.` */
export function optimumTotals(rows: readonly OptimumCase[]): string {
  if (rows.length === 0) return 'No case is left by the filter.';
  const reached = rows.filter(({ ratio }) => Math.abs(ratio - 1) < 1e-6).length;
  const theirs = rows.flatMap(({ timeloopMapper }) =>
    typeof timeloopMapper === 'number' ? timeloopMapper : [],
  );
  const beside =
    theirs.length === 0
      ? ''
      : ` Timeloop's own mapper, as it comes, ended at ${formatRatio(Math.min(...theirs))} to ${formatRatio(Math.max(...theirs))} our EDP on the ${theirs.length} where it was run and found one.`;
  return `${formatExact(rows.length)} ${rows.length === 1 ? 'GEMM' : 'GEMMs'}: ${formatExact(reached)} at the proven optimum.${beside}`;
}

/** Cycles that differ: whole ones, or the fraction that a tool of single precision leaves. */
export function formatCycles(cycles: number): string {
  return Number.isInteger(cycles) ? formatExact(cycles) : cycles < 0.001 ? '<0.001' : cycles.toPrecision(2);
}

/** A relative deviation in percent, with as many digits as it needs. */
export function formatDeviation(share: number): string {
  if (share === 0) return '0%';
  const digits = Math.min(12, Math.max(1, 1 - Math.floor(Math.log10(100 * share))));
  return formatPercent(100 * share, digits);
}
