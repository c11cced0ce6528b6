/** How far the measurement of the current design is, and of promising frontier points after it; what went wrong. */
import { useAccuracyRun } from '../app.ts';
import { measuringText } from './words.ts';

interface MeasuringProps {
  /** Of the current design there are figures. */
  readonly isMeasured: boolean;
  /** Told to screen readers as it changes. */
  readonly isLive?: boolean;
}

export function Measuring({ isMeasured, isLive = false }: MeasuringProps) {
  const { status, progress, promotion, problem } = useAccuracyRun((run) => run);
  const busy = status === 'measuring' || status === 'promoting';
  return (
    <>
      {problem !== null && (
        <p className="bad" role="alert">
          {problem}
        </p>
      )}
      <p className="note progress-line" {...(isLive ? { role: 'status' } : {})}>
        {busy && progress !== null ? (
          <>
            <progress max={Math.max(1, progress.of)} value={progress.done} aria-label="Measurement" />
            {measuringText(progress.stage, status === 'promoting' ? promotion : null)}
          </>
        ) : !isMeasured ? (
          'The current design has not been measured.'
        ) : promotion !== null && promotion.of > 0 ? (
          `${promotion.done} of ${promotion.of} promising frontier points measured too.`
        ) : null}
      </p>
    </>
  );
}
