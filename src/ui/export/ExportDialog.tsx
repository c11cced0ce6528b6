/** A design as a file that another program runs: what, in which form, how large, and what its check found. */
import { useEffect, useMemo, useState } from 'react';
import type { ExportForm, ExportMade, ExportStage, NamedFile } from '../../../workers/protocol.ts';
import type { Candidate } from '../../core/search/evaluation.ts';
import { measurementKey } from '../../state/measurements.ts';
import type { PinLetter } from '../../state/config.ts';
import type { Derived } from '../../state/derive.ts';
import type { ExportRun } from '../../state/export-run.ts';
import { wantedLayers, weightsOf, type Weights } from '../../state/exportable.ts';
import { Choice } from '../Choice.tsx';
import { useAppObject, useCommitted, useExportRun, useFile } from '../app.ts';
import { saveBlob } from '../compare/download.ts';
import { Dialog } from '../dialogs/Dialog.tsx';
import type { OpenDialogProps } from '../dialogs/Dialogs.tsx';
import { FileDrop } from '../dialogs/FileDrop.tsx';
import { formatExact, formatNumber } from '../format.ts';
import { citation, designFile, layersCsv, linkOf, zipTexts } from './design-file.ts';
import {
  changesText,
  formProblem,
  forms,
  isChecked,
  linearBytes,
  sizeText,
  stemOf,
  storagesOf,
  verdictOf,
  type Storage,
} from './forms.ts';
import { pictureFiles, picturesHere } from './pictures.ts';
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

interface MakerProps {
  readonly derived: Derived;
  readonly design: Candidate;
  readonly weights: Exclude<Weights, { readonly kind: 'none' | 'gone' }>;
  readonly factorized: boolean;
}

function Maker({ derived, design, weights, factorized }: MakerProps) {
  const { exporter, search } = useAppObject();
  const run = useExportRun();
  const { config, model } = derived;
  const [form, setForm] = useState<ExportForm>('onnx');
  const [wanted, setWanted] = useState<Storage['id'] | null>(null);
  const { storages, usual, note } = storagesOf(form, config.quantization);
  const storage =
    storages.find(({ id }) => id === wanted) ?? storages.find(({ id }) => id === usual) ?? storages[0];
  const words = forms.find((each) => each.form === form);
  const quantization = storage?.quantization ?? { kind: 'none' };
  const precision = storage?.precision ?? 'f32';
  const fitted = weights.kind === 'files' ? (weights.examples ?? []) : [];
  const fittedTo = fitted.map(({ name, file }) => `${name} ${file.size} ${file.lastModified}`);
  const key = [
    form,
    precision,
    weights.kind,
    ...fittedTo,
    measurementKey(model.id, design, quantization),
  ].join(' ');
  const size = useMemo(
    () => linearBytes(design, { precision, quantization }),
    // The same storage may be another object at each render.
    // oxlint-disable-next-line react/exhaustive-deps
    [key],
  );
  const nothing = !factorized && quantization.kind === 'none';
  const problem =
    formProblem(form, weights) ??
    (nothing
      ? 'Every layer is dense: choose a format, or integers, and there is something to export.'
      : null);

  const start = async (): Promise<void> => {
    const texts =
      form === 'zip'
        ? [
            ...zipTexts(derived, design, {
              stem: stemOf(model.id),
              frontier: search.getState().frontier,
              page: location.href.replace(/#.*$/, ''),
            }),
            ...(await pictureFiles(picturesHere(model.title))),
          ]
        : [];
    exporter.start({
      key,
      weights,
      form,
      layers: wantedLayers(derived, design, quantization.kind !== 'none'),
      precision,
      quantization,
      stem: stemOf(model.id),
      link: linkOf(derived, design),
      texts,
    });
  };
  return (
    <>
      <div className="export-row">
        <span>Form</span>
        <Choice<ExportForm>
          label="Form"
          value={form}
          options={forms.map(({ form: value, title, about }) => ({ value, text: title, title: about }))}
          onChange={setForm}
        />
      </div>
      <p className="note">{words?.about}</p>
      {storage !== undefined && (
        <div className="export-row">
          <span>Numbers</span>
          <Choice<Storage['id']>
            label="Numbers"
            value={storage.id}
            options={storages.map(({ id, text }) => ({ value: id, text }))}
            onChange={setWanted}
          />
        </div>
      )}
      {note !== null && <p className="note">{note}</p>}
      {fitted.length > 0 && (
        <p className="note">
          Factors are fitted to what the layers read over one half of your examples: the outputs stay nearer,
          the matrices themselves less so.
        </p>
      )}
      <p className="export-size">
        {changesText(design, storage)}.
        {form !== 'csv' && (
          <>
            {' '}
            Their weights: <b>{sizeText(size.dense)}</b> as float32, <b>{sizeText(size.stored)}</b> exported.
          </>
        )}
      </p>
      {problem !== null && <p className="problem">{problem}</p>}
      <Progress
        run={run}
        wanted={key}
        blocked={problem !== null}
        start={() => void start()}
        cancel={exporter.cancel}
      />
    </>
  );
}

const stages: Readonly<Record<ExportStage, string>> = {
  loading: 'reading the model',
  calibrating: 'taking the inputs of each layer',
  decomposing: 'decomposing layers',
  writing: 'writing',
  checking: 'running the export beside the source',
};

interface ProgressProps {
  readonly run: ExportRun;
  /** Key of what the form asks for now. */
  readonly wanted: string;
  readonly blocked: boolean;
  readonly start: () => void;
  readonly cancel: () => void;
}

function Progress({ run, wanted, blocked, start, cancel }: ProgressProps) {
  const ours = run.status !== 'idle' && run.key === wanted;
  if (run.status === 'running')
    return (
      <div className="actions">
        <button type="button" className="tb line" onClick={cancel}>
          Cancel
        </button>
        <progress max={Math.max(1, run.of)} value={run.done} aria-label="Export" />
        <span className="note" role="status">
          {ours ? stages[run.stage] : `another design: ${stages[run.stage]}`}
        </span>
      </div>
    );
  return (
    <>
      {run.status === 'done' && ours ? (
        <Made made={run.made} />
      ) : (
        <div className="actions">
          <button type="button" className="tb primary" disabled={blocked} onClick={start}>
            Make the file
          </button>
          <span className="note">in this tab; nothing is sent anywhere</span>
        </div>
      )}
      {run.status === 'failed' && ours && (
        <p className="problem" role="alert">
          {run.problem}
        </p>
      )}
    </>
  );
}

function Made({ made }: { readonly made: ExportMade }) {
  const { files, layers, originalBytes, bytes, check } = made;
  const verdict = verdictOf(check);
  const worst = layers.reduce((most, { relativeError }) => Math.max(most, relativeError), 0);
  return (
    <>
      <ul className="export-files" aria-label="Files">
        {files.map(({ name, blob }) => {
          const judged = verdict !== null && isChecked(name);
          return (
            <li key={name}>
              <button
                type="button"
                className={judged && verdict.bad ? 'tb line bad' : 'tb primary'}
                onClick={() => saveBlob(name, blob)}
              >
                Download {files.length > 1 ? `${name}, ` : ''}
                {sizeText(blob.size)}
                {judged ? `, ${verdict.text}` : ''}
              </button>
            </li>
          );
        })}
      </ul>
      <p className="note" role="status">
        The model read has {sizeText(originalBytes)}, what takes its place {sizeText(bytes)}.
      </p>
      {verdict !== null && verdict.note !== null && (
        <p className={verdict.bad ? 'problem' : 'note'} role={verdict.bad ? 'alert' : undefined}>
          {verdict.note}
        </p>
      )}
      <details className="disclosure">
        <summary>
          {formatExact(layers.length)} {layers.length === 1 ? 'layer' : 'layers'}, largest error of a matrix{' '}
          {formatNumber(worst, 3)}
        </summary>
        <table className="export-layers">
          <caption className="hidden">Layers of the export</caption>
          <thead>
            <tr>
              <th scope="col">Layer</th>
              <th scope="col">Parameters</th>
              <th scope="col">Relative error</th>
            </tr>
          </thead>
          <tbody>
            {layers.map(({ name, parameters, relativeError }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{formatExact(parameters)}</td>
                <td>{formatNumber(relativeError, 4)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
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
