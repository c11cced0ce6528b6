/** Choose files, or drop them here as anywhere on the page. Nothing is uploaded. */
import { useState } from 'react';
import { InputError } from '../../core/base/checks.ts';
import { useAppObject } from '../app.ts';
import { openFiles } from '../open-files.ts';

export interface FileDropProps {
  readonly onOpened: () => void;
}

export function FileDrop({ onOpened }: FileDropProps) {
  const app = useAppObject();
  const [over, setOver] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const open = async (files: readonly File[]): Promise<void> => {
    if (files.length === 0) return;
    setBusy(true);
    setProblem(null);
    try {
      await openFiles(app, files);
      onOpened();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      setProblem(error.message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div
      className="drop"
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        event.stopPropagation();
        setOver(false);
        void open([...event.dataTransfer.files]);
      }}
    >
      <p>
        Drop an <b>.onnx</b> model (with its external data) or a <b>.safetensors</b> model (shards with their
        index), or a project, here or anywhere on the page, or{' '}
        <label className="link filebutton">
          choose files
          <input
            type="file"
            multiple
            className="hidden"
            accept=".onnx,.safetensors,.json,.onnx_data,.data,.bin"
            onChange={(event) => {
              const files = [...(event.currentTarget.files ?? [])];
              event.currentTarget.value = '';
              void open(files);
            }}
          />
        </label>
      </p>
      <p className="note" role="status">
        {busy
          ? 'Reading the header'
          : 'It is read in this tab and never sent anywhere; large files are read in parts.'}
      </p>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
