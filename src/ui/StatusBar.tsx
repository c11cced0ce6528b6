/** The bottom line: where it runs, the last steps (a click goes back to one), how accesses are counted. */
import { useApp, useAppObject, useProblem } from './app.ts';

const shown = 4;

export function StatusBar() {
  const { store } = useAppObject();
  const past = useApp((state) => state.past);
  const accounting = useApp((state) => state.config.accounting);
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
      </span>
    </footer>
  );
}
