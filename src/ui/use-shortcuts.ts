/** Undo and redo from anywhere on the page, also while a slider has the focus; text fields keep their own undo. */
import { useEffect } from 'react';
import { useAppObject } from './app.ts';

/** Inputs whose value is typed text. */
function isText(target: EventTarget | null): boolean {
  if (target instanceof HTMLTextAreaElement) return !target.readOnly;
  if (!(target instanceof HTMLInputElement)) return target instanceof HTMLElement && target.isContentEditable;
  return !target.readOnly && !['range', 'radio', 'checkbox', 'button', 'file', 'color'].includes(target.type);
}

/** A field that shows the store's value, with nothing typed into it yet, has no undo of its own to keep. */
const hasOwnUndo = (target: EventTarget | null): boolean =>
  isText(target) && !(target instanceof HTMLElement && target.dataset['draft'] === 'none');

/** Behind an open dialog nothing is undone, except by a slider in it. */
const isBehindDialog = (target: EventTarget | null): boolean =>
  document.querySelector('dialog[open]') !== null &&
  !(target instanceof HTMLInputElement && target.type === 'range');

export function undoKey(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>,
): 'undo' | 'redo' | null {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return null;
  const key = event.key.toLowerCase();
  if (key === 'z') return event.shiftKey ? 'redo' : 'undo';
  return key === 'y' && !event.shiftKey ? 'redo' : null;
}

export function useShortcuts(openHelp: () => void): void {
  const { store } = useAppObject();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      if (event.key === '?' && !isText(event.target) && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        openHelp();
        return;
      }
      const action = undoKey(event);
      if (action === null || hasOwnUndo(event.target) || isBehindDialog(event.target)) return;
      event.preventDefault();
      if (action === 'undo') store.getState().undo();
      else store.getState().redo();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [store, openHelp]);
}
