/** Files may be dropped anywhere; the browser must never leave the page for one. */
import { useEffect, useState } from 'react';
import { useAppObject } from './app.ts';
import { openDropped } from './open-files.ts';

/** Whether files hover over the page now. */
export function usePageDrop(): boolean {
  const app = useAppObject();
  const [over, setOver] = useState(false);
  useEffect(() => {
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
    const onDragOver = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onDragLeave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent): void => {
      setOver(false);
      if (!hasFiles(event)) return;
      event.preventDefault();
      // What is in a folder can only be asked for now.
      const entries = [...(event.dataTransfer?.items ?? [])].flatMap(
        (item) => item.webkitGetAsEntry?.() ?? [],
      );
      const files = [...(event.dataTransfer?.files ?? [])];
      if (entries.some(({ isDirectory }) => isDirectory))
        void import('./examples/lazy.ts').then(({ openFolders }) => openFolders(app, entries));
      else void openDropped(app, files);
    };
    window.addEventListener('dragover', onDragOver);
    window.addEventListener('dragleave', onDragLeave);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('dragover', onDragOver);
      window.removeEventListener('dragleave', onDragLeave);
      window.removeEventListener('drop', onDrop);
    };
  }, [app]);
  return over;
}
