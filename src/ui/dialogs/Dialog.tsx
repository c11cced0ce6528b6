/** A native modal dialog: Escape and the backdrop close it, the browser keeps and returns the focus. */
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { Icon } from '../icons.tsx';
import './dialogs.css';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly wide?: boolean;
  readonly children: ReactNode;
}

export function Dialog({ title, onClose, wide = false, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog !== null && !dialog.open) dialog.showModal();
  }, []);
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={ref}
      className={wide ? 'dialog roomy' : 'dialog'}
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === event.currentTarget) event.currentTarget.close();
      }}
    >
      <div className="sheet">
        <header>
          <h2 id={heading}>{title}</h2>
          <span className="grow" />
          <button type="button" className="ib" aria-label="Close" onClick={() => ref.current?.close()}>
            <Icon name="close" />
          </button>
        </header>
        <div className="content">{children}</div>
      </div>
    </dialog>
  );
}
