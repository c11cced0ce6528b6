/** Drop or choose files: a model (.safetensors, or shards with their index) or a project. Nothing is uploaded. */
import { useState } from 'react';
import { InputError } from '../../core/base/checks.ts';
import { tellProblems } from '../../state/address.ts';
import { useAppObject } from '../app.ts';

export interface FileDropProps {
  readonly onOpened: () => void;
}

const mostProjectBytes = 64 * 1024 * 1024;

export function FileDrop({ onOpened }: FileDropProps) {
  const { store, openModel } = useAppObject();
  const [over, setOver] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const open = async (files: readonly File[]): Promise<void> => {
    if (files.length === 0) return;
    setBusy(true);
    setProblem(null);
    try {
      const [file] = files;
      const project = file !== undefined && files.length === 1 && (await isProject(file));
      if (project) {
        const { openProject } = await import('../../state/project.ts');
        const { config, problems } = openProject(await file.text());
        store.getState().replace(config, `Open ${file.name}`);
        tellProblems(store, problems);
      } else await openModel(files);
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
        setOver(false);
        void open([...event.dataTransfer.files]);
      }}
    >
      <p>
        Drop a <b>.safetensors</b> model (shards with their index too) or a project, or{' '}
        <label className="link filebutton">
          choose files
          <input
            type="file"
            multiple
            className="hidden"
            accept=".safetensors,.json"
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

/** A lone JSON file that is small enough is a project, unless it is the index of shards. */
async function isProject(file: File): Promise<boolean> {
  if (!file.name.endsWith('.json') || file.size > mostProjectBytes) return false;
  const start = await file.slice(0, 4096).text();
  return !start.includes('"weight_map"');
}
