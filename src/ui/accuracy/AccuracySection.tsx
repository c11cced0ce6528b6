/** What running the current design on held-out examples gave, and how far a measurement is. */
import type { Measurement } from '../../core/accuracy/tally.ts';
import type { Measured } from '../../state/measurements.ts';
import { useAccuracyRun, useAppObject, useSettled } from '../app.ts';
import { useOpenDialog } from '../dialogs/dialog-context.ts';
import { formatExact, formatNumber, formatPercent, formatSigned } from '../format.ts';
import { Measuring } from './Measuring.tsx';
import { useFindKnown } from './shown.ts';
import './accuracy.css';

export function AccuracySection() {
  const run = useAccuracyRun((state) => state);
  const { measurer } = useAppObject();
  const { config } = useSettled();
  const measured = useFindKnown(config)(config.design).measured;
  const open = useOpenDialog();
  // Of a model of one's own: src/ui/examples.
  if (run.status === 'unavailable' || config.model.kind === 'file') return null;
  const { status } = run;
  const busy = status === 'measuring' || status === 'promoting';
  return (
    <div className="sec accuracy">
      <header>
        <h2>Measured here</h2>
        <span className="grow" />
        {run.answers !== null && (
          <button type="button" className="tb" onClick={() => open('predictions')}>
            See predictions
          </button>
        )}
        {busy ? (
          <button type="button" className="tb" onClick={measurer.cancel}>
            Stop
          </button>
        ) : (
          status === 'failed' && (
            <button type="button" className="tb" onClick={measurer.retry}>
              Try again
            </button>
          )
        )}
      </header>
      {measured !== undefined && <Figures measured={measured} />}
      <Measuring isMeasured={measured !== undefined} />
    </div>
  );
}

function Figures({ measured: { measurement, complete } }: { readonly measured: Measured }) {
  const { n, dense, candidate, paired, kl, flips, gained, lost, f1 } = measurement;
  const open = useOpenDialog();
  const share = (of: Measurement['dense']): string => formatPercent(100 * of.value, 2);
  const interval = (of: Measurement['dense']): string =>
    `${formatNumber(100 * of.low, 1)} to ${formatNumber(100 * of.high, 1)}`;
  return (
    <>
      <p className="shares">
        <b>{share(candidate)}</b> <span className="note">({interval(candidate)})</span>, dense {share(dense)}{' '}
        <span className="note">
          ({interval(dense)}), {formatExact(n)} held-out examples{complete ? '' : ', more to come'}
        </span>
      </p>
      <details>
        <summary className="note">
          {formatExact(lost)} answers lost, {formatExact(gained)} gained
        </summary>
        <dl className="measured">
          <dt>Difference</dt>
          <dd>
            {formatSigned(100 * paired.difference, 2)} points ({formatSigned(100 * paired.low, 2)} to{' '}
            {formatSigned(100 * paired.high, 2)}), p {formatP(paired.p)}
          </dd>
          {f1 !== undefined && (
            <>
              <dt>F1 of the words</dt>
              <dd>
                {formatPercent(100 * f1.candidate, 2)}, dense {formatPercent(100 * f1.dense, 2)}
              </dd>
            </>
          )}
          <dt>Answers changed</dt>
          <dd>{formatPercent(100 * flips, 2)}</dd>
          <dt>KL to dense</dt>
          <dd>{formatNumber(kl, 4)} nats</dd>
        </dl>
        <p className="note">
          Shares with Wilson intervals, the difference paired on the same examples; 95 %.{' '}
          <button type="button" className="link" onClick={() => open('tier-validation')}>
            How good are the estimates?
          </button>
        </p>
      </details>
    </>
  );
}

const formatP = (p: number): string => (p < 0.001 ? 'below 0.001' : formatNumber(p, 3));
