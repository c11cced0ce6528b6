/** Notices of the store: named problems and what was done about them. Information leaves by itself, trouble stays. */
import { useEffect } from 'react';
import type { Notice } from '../state/store.ts';
import { useActions, useApp } from './app.ts';
import { Icon } from './icons.tsx';

const infoMs = 8000;

export function Toasts() {
  const notices = useApp((state) => state.notices);
  return (
    <div className="toasts" role="region" aria-label="Notices" aria-live="polite">
      {notices.map((notice) => (
        <Toast key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function Toast({ notice }: { readonly notice: Notice }) {
  const { dismiss } = useActions();
  const { id, kind, text, detail, action } = notice;
  useEffect(() => {
    if (kind !== 'info') return;
    const timer = setTimeout(() => dismiss(id), infoMs);
    return () => clearTimeout(timer);
  }, [id, kind, dismiss]);
  return (
    <div className="toast" data-kind={kind} role={kind === 'error' ? 'alert' : undefined}>
      <div>
        <p>{text}</p>
        {detail !== undefined && (
          <details>
            <summary>Details</summary>
            <pre>{detail}</pre>
          </details>
        )}
      </div>
      {action !== undefined && (
        <button
          type="button"
          className="link"
          onClick={() => {
            action.run();
            dismiss(id);
          }}
        >
          {action.label}
        </button>
      )}
      <button type="button" className="ib" aria-label="Dismiss" onClick={() => dismiss(id)}>
        <Icon name="close" />
      </button>
    </div>
  );
}
