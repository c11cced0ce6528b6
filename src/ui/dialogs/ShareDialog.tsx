/** The link that holds the whole design, and the same as a file. */
import { useMemo, useState } from 'react';
import { encodeLink } from '../../state/url.ts';
import { useApp, useAppObject } from '../app.ts';
import { formatExact } from '../format.ts';
import { Dialog } from './Dialog.tsx';
import { useOpenDialog } from './dialog-context.ts';
import type { OpenDialogProps } from './Dialogs.tsx';
import { FileDrop } from './FileDrop.tsx';
import { copyText, saveText } from './save.ts';

export function ShareDialog({ onClose }: OpenDialogProps) {
  const { search } = useAppObject();
  const openDialog = useOpenDialog();
  const config = useApp((state) => state.committed);
  const [said, setSaid] = useState('');
  const link = useMemo(() => new URL(encodeLink(config), location.href).href, [config]);
  const copy = async (): Promise<void> =>
    setSaid((await copyText(link)) ? 'Copied' : 'The browser did not allow it: copy the text by hand');
  const save = async (): Promise<void> => {
    const [{ saveProject }, { toSave }] = await Promise.all([
      import('../../state/project.ts'),
      import('../../state/persist.ts'),
    ]);
    saveText('design.rankscape.json', saveProject(config, toSave(search.getState())), 'application/json');
  };
  return (
    <Dialog title="Share and save" onClose={onClose}>
      <h3>Link</h3>
      <p>
        It holds the design, the accelerator, the workload, the search settings with their seed, the pins and
        what is selected. Nothing is stored anywhere else; results are computed again where it is opened.
      </p>
      <div className="actions">
        <input
          className="field grow"
          readOnly
          aria-label="Link"
          value={link}
          onFocus={(event) => event.currentTarget.select()}
        />
        <button type="button" className="tb primary" onClick={() => void copy()}>
          Copy link
        </button>
      </div>
      <p className="note" role="status">
        {said === '' ? `${formatExact(link.length)} characters` : said}
      </p>
      <h3>Project file</h3>
      <p>The same as readable JSON, with what the search has found.</p>
      <div className="actions">
        <button type="button" className="tb line" onClick={() => void save()}>
          Save project
        </button>
      </div>
      <h3>Model</h3>
      <p>The model itself with factors in its layers, for another program: ONNX, PyTorch, tables.</p>
      <div className="actions">
        <button type="button" className="tb line" onClick={() => openDialog('export')}>
          Export model
        </button>
      </div>
      <h3>Open</h3>
      <FileDrop onOpened={onClose} />
    </Dialog>
  );
}
