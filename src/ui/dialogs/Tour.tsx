/** Five steps that do one real task: make the second feed-forward matrices cheaper, and compare. */
import { useEffect, useState } from 'react';
import type { AppState } from '../../state/store.ts';
import type { Panel } from '../../state/config.ts';
import { useApp, useAppObject } from '../app.ts';
import type { OpenDialogProps } from './Dialogs.tsx';
import './dialogs.css';

interface TourStep {
  readonly title: string;
  readonly text: string;
  /** What is outlined, and the phone's panel it stands in. */
  readonly target: string;
  readonly panel: Panel;
  /** Done when true; `start` is the state when the step began. */
  readonly done: (now: AppState, start: AppState) => boolean;
}

const steps: readonly TourStep[] = [
  {
    title: 'Choose matrices',
    text: 'The grid holds every matrix; dark ones cost most. Press the name FFN2 (or any other) to take its whole row.',
    target: '.matrices',
    panel: 'matrices',
    done: (now, start) => now.config.view.selection !== start.config.view.selection,
  },
  {
    title: 'Drag the rank',
    text: 'Pull the slider to the left. The line under it shows the EDP you will get, the area what the weights keep. The blue point on the plot follows.',
    target: '.ranks',
    panel: 'ranks',
    done: (now, start) => now.committed.design !== start.committed.design,
  },
  {
    title: 'Pin it',
    text: 'Press "Pin current" in the comparison. A keeps this design while you go on.',
    target: '.compare',
    panel: 'compare',
    done: (now, start) => now.committed.pins.length > start.committed.pins.length,
  },
  {
    title: 'Try another format',
    text: 'Each format says what it would give at the same number of parameters. Choose Tucker or TT and compare the columns Now and A.',
    target: '.format',
    panel: 'matrices',
    done: (now, start) => now.committed.design !== start.committed.design,
  },
  {
    title: 'Take it back',
    text: 'Undo with Ctrl Z, the arrow above, or the Back button. The address holds the whole design at any time: copy it to share.',
    target: '.tools',
    panel: 'compare',
    done: (now, start) => now.future.length > start.future.length,
  },
];

export function Tour({ onClose }: OpenDialogProps) {
  const { store } = useAppObject();
  const [at, setAt] = useState(0);
  const [start, setStart] = useState(() => store.getState());
  const step = steps[at];
  const done = useApp((state) => step !== undefined && step.done(state, start));

  useEffect(() => {
    if (step === undefined) return;
    store.getState().look((view) => ({ ...view, panel: step.panel }));
    const target = document.querySelector<HTMLElement>(step.target);
    target?.setAttribute('data-tour', '');
    target?.scrollIntoView({ block: 'nearest' });
    return () => target?.removeAttribute('data-tour');
  }, [step, store]);
  if (step === undefined) return null;
  const last = at === steps.length - 1;
  const next = (): void => {
    if (last) return onClose();
    setStart(store.getState());
    setAt(at + 1);
  };
  return (
    <aside className="tour" aria-label="Tour">
      <ol aria-hidden="true">
        {steps.map((each, i) => (
          <li key={each.title} data-done={i < at || (i === at && done) || undefined} />
        ))}
      </ol>
      <div role="status">
        <p className="note">
          Step {at + 1} of {steps.length}
        </p>
        <p>
          <b>{step.title}</b>
        </p>
        <p>{step.text}</p>
        {done && <p className="good">Done.</p>}
      </div>
      <div className="actions">
        <button type="button" className={done ? 'tb primary' : 'tb line'} onClick={next}>
          {last ? 'Finish' : done ? 'Next' : 'Skip'}
        </button>
        <button type="button" className="tb" onClick={onClose}>
          End the tour
        </button>
      </div>
    </aside>
  );
}
