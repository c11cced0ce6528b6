/** The execution settings in words. Pure. */
import type { Execution } from '../../core/cost/execution.ts';

/** What counts that the reference tools leave out: `hops 0.5 pJ`, `double buffers`; nothing in reference mode. */
export function beyondReference(execution: Execution, unit: string): readonly string[] {
  const { hopPj, leakagePjPerCycle, doubleBuffered, ragged, dataflow } = execution;
  const energy = unit === 'pJ' ? 'pJ' : '× MAC';
  return [
    hopPj > 0 ? `hops ${hopPj} ${energy}` : '',
    leakagePjPerCycle > 0 ? `leakage ${leakagePjPerCycle} ${energy}` : '',
    doubleBuffered ? 'double buffers' : '',
    ragged && dataflow === 'flexible' ? 'ragged tiles' : '',
  ].filter((word) => word !== '');
}

/** `fused, resident, DRAM 4 words`. */
export function sayExecution(execution: Execution, unit: string): string {
  const words = [
    execution.fusion ? 'fused' : '',
    execution.fusion && execution.sharedLoops ? 'loops shared' : '',
    execution.residency ? 'resident' : '',
    execution.wholeModel ? 'with vector work' : '',
    execution.swap ? 'operands swap' : '',
    execution.dataflow === 'fixed' ? 'fixed dataflow' : '',
    execution.outerWordsPerCycle === null ? '' : `DRAM ${execution.outerWordsPerCycle} words`,
    ...beyondReference(execution, unit),
  ];
  return words.filter((word) => word !== '').join(', ');
}
