/** Dense against factorized on the device that shows this page. Nothing runs until Measure is pressed. */
import { useEffect, useState } from 'react';
import type { Spread } from '../../core/base/spread.ts';
import { factorizationKey } from '../../core/cost/layer.ts';
import { linearRows } from '../../core/workload/workload.ts';
import { measurementKey } from '../../state/measurements.ts';
import type { Derived } from '../../state/derive.ts';
import { pathOf, wantedLayers, weightsOf, type Weights } from '../../state/exportable.ts';
import type { LatencyQuestion, Measured } from '../../state/latency-run.ts';
import { useAccuracyRun, useAppObject, useFile, useLatencyRun, useSettled } from '../app.ts';
import { Choice } from '../Choice.tsx';
import { plainStorage, storagesOf, type Storage } from '../export/forms.ts';
import { formatExact, formatRatio } from '../format.ts';
import { affordable, deviceName, formatMs, latencySentence, speedUp, standing, type Work } from './words.ts';
import './timing-table.css';

type Scope = 'layer' | 'model';

/** What can be measured of the design on screen, or why not. */
type Measurable =
  | { readonly problem: string }
  | {
      readonly problem: null;
      readonly question: LatencyQuestion;
      readonly work: Work;
      /** `FFN1, layer 1: 384 × 96, SVD, 144 rows`. */
      readonly about: string;
      /** Rows or examples that are set. */
      readonly wanted: number;
    };

/** @param onStanding is told how the design on screen stands, in a few words; null where it was not measured */
export default function LatencyPanel({
  onStanding,
}: {
  readonly onStanding: (words: string | null) => void;
}) {
  const { stopwatch, modelUrl, file } = useAppObject();
  // What is known of the files changes with them.
  useFile();
  const derived = useSettled();
  const { running, results, problem } = useLatencyRun();
  const busy = useAccuracyRun(({ status }) => status === 'measuring' || status === 'promoting');
  const [scope, setScope] = useState<Scope>('layer');
  const [wanted, setWanted] = useState<Storage['id'] | null>(null);
  const weights = weightsOf(derived.config.model, { modelUrl, files: file.files });
  const { storages, usual } = storagesOf('onnx', derived.config.quantization);
  const storage = storages.find(({ id }) => id === (wanted ?? usual)) ?? storages[0] ?? plainStorage;
  const asked = (scope === 'layer' ? layerOf : modelOf)(derived, weights, storage);
  const key = asked.problem === null ? asked.question.key : '';
  const measured = results.get(key) ?? [];
  const [first] = measured;
  const words = first === undefined ? null : standing(first.latency);
  useEffect(() => onStanding(words), [onStanding, words]);
  return (
    <>
      <div className="latency-head">
        <Choice<Scope>
          label="What to run"
          value={scope}
          options={[
            { value: 'layer', text: 'This layer' },
            { value: 'model', text: 'Whole model' },
          ]}
          onChange={setScope}
        />
        <Choice<Storage['id']>
          label="Factors stored as"
          value={storage.id}
          options={storages.map(({ id, text }) => ({ value: id, text }))}
          onChange={setWanted}
        />
        <span className="grow" />
        {running === null ? (
          <button
            type="button"
            className="tb line"
            disabled={asked.problem !== null}
            onClick={() => asked.problem === null && stopwatch.measure(asked.question)}
          >
            Measure
          </button>
        ) : (
          <button type="button" className="tb line" onClick={stopwatch.cancel}>
            Stop
          </button>
        )}
      </div>
      <p className="note">{asked.problem ?? asked.about}</p>
      {busy && (
        <p className="note">Accuracy is being measured meanwhile: both times are longer than they need be.</p>
      )}
      {running !== null && (
        <p className="note" role="status">
          {running.key === key ? '' : 'another design: '}
          {running.device === null
            ? 'looking for a graphics card'
            : `running on ${deviceName(running.device)}`}
        </p>
      )}
      {asked.problem === null && measured.length > 0 && (
        <>
          <Table measured={measured} wanted={asked.wanted} predicted={asked.work.predicted} />
          {measured
            .filter(({ complete }) => complete)
            .map(({ device, latency }) => (
              <p key={device.provider} className="latency-said">
                {latencySentence(device, latency, asked.work)}
              </p>
            ))}
        </>
      )}
      {problem !== null && problem.key === key && (
        <p className="bad" role="alert">
          {problem.text}
        </p>
      )}
    </>
  );
}

/** Weights, in numbers, whose factors are fitted before they are timed: some seconds. */
const mostFitted = 2_500_000;

const storedText = ({ id, text }: Storage): string =>
  id === 'f32' ? 'factors in float32' : `factors stored as ${text}`;

const randomText = 'random numbers, on which time does not depend';

function layerOf(derived: Derived, weights: Weights, storage: Storage): Measurable {
  const { config, evaluator, linears, model } = derived;
  const { focus } = config.view;
  const view = linears[focus];
  if (view === undefined) return { problem: 'There is no layer to run.' };
  const { layer, factorization, cost, denseCost } = view;
  const name = layer.block === null ? layer.role : `${layer.role}, layer ${layer.block + 1}`;
  if (factorization.format === 'dense')
    return { problem: `${name} is dense: choose a format, and there are two to compare.` };
  const rows = linearRows(layer, config.workload);
  const path = pathOf(evaluator, focus, factorization);
  const { precision, quantization } = storage;
  const own =
    weights.kind === 'none' || weights.kind === 'gone' || layer.out * layer.in > mostFitted ? null : weights;
  const numbers = own === null ? randomText : 'its own numbers';
  return {
    problem: null,
    about: `${name}, ${layer.out} × ${layer.in}, ${formatExact(rows)} rows; ${storedText(storage)}, ${numbers}.`,
    wanted: rows,
    question: {
      key: ['layer', model.id, layer.name, rows, storage.id, factorizationKey(factorization)].join(' '),
      subject: (device) => ({
        kind: 'layer',
        layer: { name: layer.name, factorization, path },
        rows: affordable(device, rows, layer.out * layer.in),
        weights: own,
        precision,
        quantization,
      }),
    },
    work: {
      subject: 'layer',
      stored: storage.id === 'f32' ? null : storage.text,
      macs: denseCost.macs / cost.macs,
      predicted: denseCost.latencyCycles / cost.latencyCycles,
      machine: config.accelerator.name,
      path,
    },
  };
}

function modelOf(derived: Derived, weights: Weights, storage: Storage): Measurable {
  const { config, dense, evaluation, model } = derived;
  if (weights.kind === 'none')
    return {
      problem: `${model.title} is known by its shapes only: there is no model to run. Drop its .onnx.`,
    };
  if (weights.kind === 'gone')
    return { problem: `${weights.name} is no longer at hand: drop it again to run it.` };
  if (weights.kind === 'files' && !weights.files.some(({ name }) => /\.onnx$/i.test(name)))
    return { problem: 'Safetensors have no graph to run: drop an .onnx model.' };
  const { precision, quantization } = storage;
  const isInteger = quantization.kind !== 'none';
  if (!isInteger && config.design.every(({ format }) => format === 'dense'))
    return { problem: 'Every layer is dense: choose a format, and there are two models to compare.' };
  const { tokens, batch } = config.workload;
  const length = Math.max(1, Math.round(tokens / batch));
  const layers = wantedLayers(derived, config.design, isInteger);
  const names = new Set(layers.map(({ name }) => name));
  const count = model.linears.reduce((sum, each) => sum + (names.has(each.name) ? each.out * each.in : 0), 0);
  const own = count <= mostFitted;
  return {
    problem: null,
    about: `${model.title} beside its export, batch ${formatExact(batch)}; ${storedText(storage)}, ${own ? 'its own numbers' : randomText}.`,
    wanted: batch,
    question: {
      key: ['model', batch, length, storage.id, measurementKey(model.id, config.design, quantization)].join(
        ' ',
      ),
      subject: (device) => ({
        kind: 'model',
        weights,
        layers,
        own,
        batch: affordable(device, batch, dense.macs / batch),
        length,
        precision,
        quantization,
      }),
    },
    work: {
      subject: 'model',
      stored: storage.id === 'f32' ? null : storage.text,
      macs: dense.macs / evaluation.macs,
      predicted: dense.latencyCycles / evaluation.latencyCycles,
      machine: config.accelerator.name,
      path: null,
    },
  };
}

interface TableProps {
  readonly measured: readonly Measured[];
  readonly wanted: number;
  readonly predicted: number;
}

function Table({ measured, wanted, predicted }: TableProps) {
  return (
    <table className="timing-table">
      <caption className="hidden">Milliseconds of one run: median, quartiles below</caption>
      <thead>
        <tr>
          <th scope="col">ms a run</th>
          <th scope="col">Dense</th>
          <th scope="col">Factorized</th>
          <th scope="col">Speed-up</th>
          <th scope="col">Modelled</th>
        </tr>
      </thead>
      <tbody>
        {measured.map(({ device, latency, subject, complete }) => {
          const given = subject.kind === 'layer' ? subject.rows : subject.batch;
          return (
            <tr key={device.provider}>
              <th scope="row">
                {deviceName(device)}
                <small>
                  {formatExact(latency.dense.count)} rounds{complete ? '' : ' so far'}
                  {given < wanted
                    ? `, ${formatExact(given)} of ${formatExact(wanted)} ${subject.kind === 'layer' ? 'rows' : 'in the batch'}: more would take too long`
                    : ''}
                </small>
              </th>
              <Time spread={latency.dense} />
              <Time spread={latency.factorized} />
              <td className={speedUp(latency) < 1 ? 'bad' : undefined}>{formatRatio(speedUp(latency))}</td>
              <td>{formatRatio(predicted)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Time({ spread: { median, low, high } }: { readonly spread: Spread }) {
  return (
    <td>
      {formatMs(median)}
      <small>
        {formatMs(low)} to {formatMs(high)}
      </small>
    </td>
  );
}
