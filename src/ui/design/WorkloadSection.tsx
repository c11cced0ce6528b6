/** Tokens in flight, batch and sequence: they stand beside the ranks because they decide which format wins. */
import { useCallback, useMemo } from 'react';
import { soundBatches, soundTokens } from '../../core/workload/workload.ts';
import type { Workload } from '../../core/workload/model.ts';
import { modelOf } from '../../state/defaults.ts';
import { setWorkload } from '../../state/edits.ts';
import { useApp, useAppObject } from '../app.ts';
import { formatExact } from '../format.ts';
import { offeredSequences } from './steps.ts';
import { StepSlider } from './StepSlider.tsx';

const mostTokens = 1_048_576;

export function WorkloadSection() {
  return (
    <div className="sec workload">
      <header>
        <h2>Workload</h2>
        <span className="grow" />
        <span className="note">few tokens: weights cost, many: MACs</span>
      </header>
      <WorkloadSliders />
    </div>
  );
}

/** The three sliders alone, for the dialog too. */
export function WorkloadSliders() {
  const { store } = useAppObject();
  const workload = useApp((state) => state.config.workload);
  const committed = useApp((state) => state.committed.workload);
  const choice = useApp((state) => state.config.model);
  const model = modelOf(choice);
  const { tokens, batch, sequence } = workload;
  const tokenSteps = useMemo(() => soundTokens(model, committed), [model, committed]);
  const batchSteps = useMemo(() => soundBatches(model, committed), [model, committed]);
  const sequenceSteps = useMemo(() => offeredSequences(model.defaultSequence, model.maxSequence), [model]);

  const onPreview = useCallback(
    (change: Partial<Workload>) => store.getState().preview((c) => setWorkload(c, change), 'Workload'),
    [store],
  );
  const onCommit = useCallback(() => {
    const { committed: from, config: to, commit } = store.getState();
    if (from !== to) commit(labelWorkload(from.workload, to.workload));
  }, [store]);
  const onType = useCallback(
    (change: Partial<Workload>) => {
      const { config, edit } = store.getState();
      edit(labelWorkload(config.workload, { ...config.workload, ...change }), (c) => setWorkload(c, change));
    },
    [store],
  );
  const onCancel = useCallback(() => store.getState().cancel(), [store]);
  const common = { onCommit, onCancel };
  return (
    <div className="steps">
      <StepSlider
        {...common}
        label="Tokens in flight"
        note={`${formatExact(tokens / batch)} per sequence`}
        allowed={tokenSteps}
        value={tokens}
        was={committed.tokens}
        max={mostTokens}
        onPreview={(value) => onPreview({ tokens: value })}
        onType={(value) => onType({ tokens: value })}
      />
      <StepSlider
        {...common}
        label="Batch"
        note="sequences"
        allowed={batchSteps}
        value={batch}
        was={committed.batch}
        max={mostTokens}
        onPreview={(value) => onPreview({ batch: value })}
        onType={(value) => onType({ batch: value })}
      />
      {model.attention.length > 0 && (
        <StepSlider
          {...common}
          label="Sequence"
          note="keys that attention sees"
          allowed={sequenceSteps}
          value={sequence}
          was={committed.sequence}
          max={model.maxSequence}
          onPreview={(value) => onPreview({ sequence: value })}
          onType={(value) => onType({ sequence: value })}
        />
      )}
    </div>
  );
}

function labelWorkload(before: Workload, after: Workload): string {
  const parts = (['tokens', 'batch', 'sequence'] as const).filter((key) => before[key] !== after[key]);
  return (
    parts.map((key) => `${key} ${formatExact(before[key])} to ${formatExact(after[key])}`).join(', ') ||
    'Workload'
  );
}
