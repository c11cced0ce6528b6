/** How far an export is; then its files, and what its check found. */
import type { ExportMade, ExportStage } from '../../../workers/protocol.ts';
import type { ExportRun } from '../../state/export-run.ts';
import { saveBlob } from '../compare/download.ts';
import { formatExact, formatNumber } from '../format.ts';
import { isChecked, sizeText, verdictOf } from './forms.ts';

const stages: Readonly<Record<ExportStage, string>> = {
  loading: 'reading the model',
  calibrating: 'taking the inputs of each layer',
  decomposing: 'decomposing layers',
  writing: 'writing',
  checking: 'running the export beside the source',
};

interface MakingProps {
  readonly run: ExportRun;
  /** Key of what the form asks for now. */
  readonly wanted: string;
  readonly blocked: boolean;
  readonly start: () => void;
  readonly cancel: () => void;
}

export function Making({ run, wanted, blocked, start, cancel }: MakingProps) {
  const ours = run.status !== 'idle' && run.key === wanted;
  if (run.status === 'running')
    return (
      <div className="actions">
        <button type="button" className="tb line" onClick={cancel}>
          Cancel
        </button>
        <progress max={Math.max(1, run.of)} value={run.done} aria-label="Export" />
        <span className="note" role="status">
          {ours ? stages[run.stage] : `another design: ${stages[run.stage]}`}
        </span>
      </div>
    );
  return (
    <>
      {run.status === 'done' && ours ? (
        <Made made={run.made} />
      ) : (
        <div className="actions">
          <button type="button" className="tb primary" disabled={blocked} onClick={start}>
            Make the file
          </button>
          <span className="note">in this tab; nothing is sent anywhere</span>
        </div>
      )}
      {run.status === 'failed' && ours && (
        <p className="problem" role="alert">
          {run.problem}
        </p>
      )}
    </>
  );
}

function Made({ made }: { readonly made: ExportMade }) {
  const { files, layers, originalBytes, bytes, check } = made;
  const verdict = verdictOf(check);
  const worst = layers.reduce((most, { relativeError }) => Math.max(most, relativeError), 0);
  return (
    <>
      <ul className="export-files" aria-label="Files">
        {files.map(({ name, blob }) => {
          const judged = verdict !== null && isChecked(name);
          return (
            <li key={name}>
              <button
                type="button"
                className={judged && verdict.bad ? 'tb line bad' : 'tb primary'}
                onClick={() => saveBlob(name, blob)}
              >
                Download {files.length > 1 ? `${name}, ` : ''}
                {sizeText(blob.size)}
                {judged ? `, ${verdict.text}` : ''}
              </button>
            </li>
          );
        })}
      </ul>
      <p className="note" role="status">
        The model read has {sizeText(originalBytes)}, what takes its place {sizeText(bytes)}.
      </p>
      {verdict !== null && verdict.note !== null && (
        <p className={verdict.bad ? 'problem' : 'note'} role={verdict.bad ? 'alert' : undefined}>
          {verdict.note}
        </p>
      )}
      <details className="disclosure">
        <summary>
          {formatExact(layers.length)} {layers.length === 1 ? 'layer' : 'layers'}, largest error of a matrix{' '}
          {formatNumber(worst, 3)}
        </summary>
        <table className="export-layers">
          <caption className="hidden">Layers of the export</caption>
          <thead>
            <tr>
              <th scope="col">Layer</th>
              <th scope="col">Parameters</th>
              <th scope="col">Relative error</th>
            </tr>
          </thead>
          <tbody>
            {layers.map(({ name, parameters, relativeError }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{formatExact(parameters)}</td>
                <td>{formatNumber(relativeError, 4)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
}
