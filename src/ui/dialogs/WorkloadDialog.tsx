/** Tokens in flight, batch, sequence, with the usual cases at one press. */
import type { Workload } from '../../core/workload/model.ts';
import { modelOf } from '../../state/defaults.ts';
import { setWorkload } from '../../state/edits.ts';
import { useActions, useApp } from '../app.ts';
import { WorkloadSliders } from '../design/WorkloadSection.tsx';
import { formatExact } from '../format.ts';
import { Dialog } from './Dialog.tsx';
import type { OpenDialogProps } from './Dialogs.tsx';

export function WorkloadDialog({ onClose }: OpenDialogProps) {
  const { edit } = useActions();
  const choice = useApp((state) => state.config.model);
  const { tokens, batch, sequence } = useApp((state) => state.config.workload);
  const { defaultSequence: length } = modelOf(choice);
  const cases: readonly (readonly [string, string, Workload])[] = [
    ['One sequence', `${length} tokens at once`, { tokens: length, batch: 1, sequence: length }],
    ['One token', 'decoding, batch 1', { tokens: 1, batch: 1, sequence: length }],
    ['Eight decoders', 'one token of 8 sequences', { tokens: 8, batch: 8, sequence: length }],
    [
      'Eight sequences',
      `${formatExact(8 * length)} tokens at once`,
      { tokens: 8 * length, batch: 8, sequence: length },
    ],
  ];
  return (
    <Dialog title="Workload" onClose={onClose}>
      <p>
        A linear layer sees the <b>tokens in flight</b> as rows. With few of them reading the weights decides:
        SVD, TT and Tucker gain about what they save in parameters. With many the multiplications decide, and
        most tensor formats cost more than dense.
      </p>
      <h3>The usual cases</h3>
      <div className="cards" role="group" aria-label="Usual cases">
        {cases.map(([title, text, workload]) => (
          <button
            key={title}
            type="button"
            className="card"
            aria-pressed={
              workload.tokens === tokens && workload.batch === batch && workload.sequence === sequence
            }
            onClick={() =>
              edit(`Workload: ${title.toLowerCase()}`, (config) => setWorkload(config, workload))
            }
          >
            <b>{title}</b>
            <span className="note">{text}</span>
          </button>
        ))}
      </div>
      <h3>Yours</h3>
      <WorkloadSliders />
      <p className="note">
        {formatExact(tokens)} tokens in {formatExact(batch)} {batch === 1 ? 'sequence' : 'sequences'}:{' '}
        {formatExact(tokens / batch)} new rows of each meet {formatExact(sequence)} keys.
      </p>
    </Dialog>
  );
}
