/** The bottom line: where it runs, the last steps (a click goes back to one), how accesses are counted. */
import { useApp, useAppObject, useFile, useProblem } from './app.ts';
import { beyondReference } from './design/execution-words.ts';

const shown = 4;

export function StatusBar() {
  const { store } = useAppObject();
  const past = useApp((state) => state.past);
  const accounting = useApp((state) => state.config.accounting);
  const execution = useApp((state) => state.config.execution);
  const unit = useApp((state) => state.config.accelerator.energyUnit);
  const beyond = beyondReference(execution, unit);
  const problem = useProblem();
  const recent = past.slice(-shown);
  const earlier = past.length - recent.length;

  /** Undoes until `steps` of the past are left. */
  const goTo = (steps: number): void => {
    while (store.getState().past.length > steps) store.getState().undo();
  };
  return (
    <footer className="status">
      <span className="be">
        <i className={problem === null ? 'dot' : 'dot off'} />
        <span>{problem === null ? 'Computed in this tab' : problem}</span>
      </span>
      <span>Nothing leaves it</span>
      <FileProgress />
      <nav className="crumbs wide" aria-label="History">
        <button type="button" onClick={() => goTo(0)} disabled={past.length === 0}>
          Opened
        </button>
        {recent.map((step, i) => {
          const steps = earlier + i + 1;
          const last = steps === past.length;
          return (
            <button
              key={steps}
              type="button"
              aria-current={last ? 'step' : undefined}
              title={last ? step.label : `Back to: ${step.label}`}
              aria-label={`${last ? 'Last step' : 'Back to'}: ${step.label}`}
              onClick={() => goTo(steps)}
            >
              {step.label}
            </button>
          );
        })}
      </nav>
      <span className="grow" />
      <span className="wide">
        Accesses counted as {accounting === 'timeloop' ? 'Timeloop' : 'AccelForge'} does
        {beyond.length > 0 && `, and ${beyond.join(', ')}`}
      </span>
    </footer>
  );
}

/** How far the singular values of a dropped file have been read; they replace the estimate without weights. */
function FileProgress() {
  const { file } = useAppObject();
  const { status, name, done, total, message } = useFile();
  if (status === 'none') return null;
  const text = {
    opening: `Reading the header of ${name}`,
    reading: `Singular values of ${name}: ${done} of ${total} layers`,
    read: `Singular values of ${name}: all ${total} layers known`,
    cancelled: `Stopped reading ${name} after ${done} of ${total} layers`,
    failed: message ?? `${name} could not be read`,
  }[status];
  const busy = status === 'opening' || status === 'reading';
  return (
    <span className="filestate" role="status" title={message ?? undefined}>
      {text}
      {busy && (
        <button type="button" className="link" onClick={file.cancel}>
          Cancel
        </button>
      )}
    </span>
  );
}
