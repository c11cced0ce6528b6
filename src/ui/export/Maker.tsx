/** What is to be made of the weights: in which form, how numbers are stored, how large it will be. */
import { useMemo, useState } from 'react';
import type { ExportForm } from '../../../workers/protocol.ts';
import type { Candidate } from '../../core/search/evaluation.ts';
import type { Derived } from '../../state/derive.ts';
import { wantedLayers, type Weights } from '../../state/exportable.ts';
import { measurementKey } from '../../state/measurements.ts';
import { Choice } from '../Choice.tsx';
import { useAppObject, useExportRun } from '../app.ts';
import { linkOf, zipTexts } from './design-file.ts';
import {
  changesText,
  formProblem,
  forms,
  linearBytes,
  sizeText,
  stemOf,
  storagesOf,
  type Storage,
} from './forms.ts';
import { Making } from './Making.tsx';
import { pictureFiles, picturesHere } from './pictures.ts';

interface MakerProps {
  readonly derived: Derived;
  readonly design: Candidate;
  readonly weights: Exclude<Weights, { readonly kind: 'none' | 'gone' }>;
  readonly factorized: boolean;
}

export function Maker({ derived, design, weights, factorized }: MakerProps) {
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
      <Making
        run={run}
        wanted={key}
        blocked={problem !== null}
        start={() => void start()}
        cancel={exporter.cancel}
      />
    </>
  );
}
