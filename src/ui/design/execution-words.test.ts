import { describe, expect, it } from 'vitest';
import { referenceExecution } from '../../core/cost/execution.ts';
import { beyondReference, sayExecution } from './execution-words.ts';

describe('execution in words', () => {
  it('says nothing of the reference mode', () => {
    expect(sayExecution(referenceExecution, 'pJ')).toBe('');
    expect(beyondReference({ ...referenceExecution, fusion: true }, 'pJ')).toEqual([]);
  });

  it('labels what the reference tools leave out, in the unit of the machine', () => {
    const execution = {
      ...referenceExecution,
      fusion: true,
      hopPj: 0.5,
      leakagePjPerCycle: 20,
      doubleBuffered: true,
      ragged: true,
    };
    expect(sayExecution(execution, 'pJ')).toBe(
      'fused, hops 0.5 pJ, leakage 20 pJ, double buffers, ragged tiles',
    );
    expect(beyondReference(execution, 'relative (MAC = 1)')).toContain('hops 0.5 × MAC');
  });

  it('leaves out ragged tiles where the dataflow allows none', () => {
    expect(sayExecution({ ...referenceExecution, ragged: true, dataflow: 'fixed' }, 'pJ')).toBe(
      'fixed dataflow',
    );
  });
});
