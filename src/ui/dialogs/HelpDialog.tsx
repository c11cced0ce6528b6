/** Keys, what is estimated and how, and the words. */
import { useOpenDialog } from './dialog-context.ts';
import { Dialog } from './Dialog.tsx';
import type { OpenDialogProps } from './Dialogs.tsx';
import { glossary, shortcuts, standings } from './help-text.ts';

export function HelpDialog({ onClose }: OpenDialogProps) {
  const open = useOpenDialog();
  return (
    <Dialog title="Help" onClose={onClose}>
      <p>
        A weight matrix is replaced by smaller factors. Choose which matrices, a format, its shape and its
        ranks; energy and delay on the accelerator follow at once. The plot shows every design that was tried;
        top right is best.
      </p>
      <div className="actions">
        <button type="button" className="tb primary" onClick={() => open('tour')}>
          Take the tour: five steps, one real task
        </button>
      </div>
      <h3>Keys</h3>
      <dl className="keys">
        {shortcuts.map(([keys, text]) => (
          <div key={text} className="pair">
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <h3>What is exact, modelled, estimated</h3>
      <dl className="terms">
        {standings.map(([term, text]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <div className="actions">
        <button type="button" className="tb line" onClick={() => open('validation')}>
          Our counts beside those of Timeloop and AccelForge
        </button>
        <button type="button" className="tb line" onClick={() => open('tier-validation')}>
          How good the accuracy estimates are
        </button>
      </div>
      <h3>Words</h3>
      <dl className="terms">
        {glossary.map(([term, text]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
