/** A design as a file that another program runs: of which model and design, and what of it needs no weights. */
import { useEffect, useState } from 'react';
import type { NamedFile } from '../../../workers/protocol.ts';
import type { Candidate } from '../../core/search/evaluation.ts';
import type { PinLetter } from '../../state/config.ts';
import type { Derived } from '../../state/derive.ts';
import { weightsOf, type Weights } from '../../state/exportable.ts';
import { Choice } from '../Choice.tsx';
import { useAppObject, useCommitted, useFile } from '../app.ts';
import { saveBlob } from '../compare/download.ts';
import { Dialog } from '../dialogs/Dialog.tsx';
import type { OpenDialogProps } from '../dialogs/Dialogs.tsx';
import { FileDrop } from '../dialogs/FileDrop.tsx';
import { citation, designFile, layersCsv } from './design-file.ts';
import { stemOf } from './forms.ts';
import { Maker } from './Maker.tsx';
import { Pictures } from './Pictures.tsx';
import './export.css';

type Subject = 'now' | PinLetter;

export function ExportDialog({ onClose }: OpenDialogProps) {
  const app = useAppObject();
  const derived = useCommitted();
  // What is known of the files changes with them.
  useFile();
  const examples = useExamples(derived.config.model.kind === 'file');
  const weights = weightsOf(derived.config.model, {
    modelUrl: app.modelUrl,
    files: app.file.files,
    examples,
  });
  const { pins } = derived.config;
  const [subject, setSubject] = useState<Subject>('now');
  const design = pins.find(({ letter }) => letter === subject)?.design ?? derived.config.design;
  const factorized = design.some(({ format }) => format !== 'dense');
  return (
    <Dialog title="Export" onClose={onClose}>
      {pins.length > 0 && (
        <div className="export-row">
          <span>Design</span>
          <Choice<Subject>
            label="Design"
            value={pins.some(({ letter }) => letter === subject) ? subject : 'now'}
            options={[
              { value: 'now', text: 'Now' },
              ...pins.map(({ letter }) => ({ value: letter, text: letter })),
            ]}
            onChange={setSubject}
          />
        </div>
      )}
      {weights.kind === 'none' || weights.kind === 'gone' ? (
        <NoWeights weights={weights} title={derived.model.title} />
      ) : (
        <Maker derived={derived} design={design} weights={weights} factorized={factorized} />
      )}
      <Texts
        derived={derived}
        design={design}
        withLayers={weights.kind === 'none' || weights.kind === 'gone'}
      />
      <Pictures model={derived.model.title} stem={stemOf(derived.model.id)} />
    </Dialog>
  );
}

/** A person's examples for the model on screen. */
function useExamples(isOwn: boolean): readonly NamedFile[] {
  const { examples } = useAppObject();
  const [given, setGiven] = useState<readonly NamedFile[]>([]);
  useEffect(() => {
    let isShown = true;
    if (isOwn)
      void examples().then((source) => {
        if (isShown) setGiven(source.files());
      });
    return () => {
      isShown = false;
    };
  }, [isOwn, examples]);
  return given;
}

function NoWeights({
  weights,
  title,
}: {
  readonly weights: Extract<Weights, { readonly kind: 'none' | 'gone' }>;
  readonly title: string;
}) {
  return (
    <>
      <p>
        {weights.kind === 'none'
          ? `${title} is known by its shapes only: there are no weights to export. Take the design as a file and run rankscape export with your model, or drop the model here.`
          : `The weights of ${weights.name} were in a file that this page no longer has. Drop it again to export the model; the design can be taken as it is.`}
      </p>
      <FileDrop onOpened={() => {}} />
    </>
  );
}

/** What needs no weights. */
function Texts({
  derived,
  design,
  withLayers,
}: {
  readonly derived: Derived;
  readonly design: Candidate;
  readonly withLayers: boolean;
}) {
  const stem = stemOf(derived.model.id);
  const save = (name: string, text: string, type: string): void => saveBlob(name, new Blob([text], { type }));
  return (
    <>
      <h3>The design alone</h3>
      <div className="actions">
        <button
          type="button"
          className="tb line"
          onClick={() =>
            save(`${stem}.design.json`, designFile(derived.model.linears, design), 'application/json')
          }
        >
          Design file (JSON)
        </button>
        {withLayers && (
          <button
            type="button"
            className="tb line"
            onClick={() => save(`${stem}-layers.csv`, layersCsv(derived, design), 'text/csv')}
          >
            Layers (CSV)
          </button>
        )}
        <button
          type="button"
          className="tb line"
          onClick={() => save(`${stem}.bib`, citation(derived, design), 'application/x-bibtex')}
        >
          Citation (BibTeX)
        </button>
      </div>
      <p className="note">
        For the command line: <code>rankscape export --design FILE --model MODEL --to onnx --output OUT</code>
      </p>
    </>
  );
}
