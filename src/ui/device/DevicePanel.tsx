/** What is asked of this device, what it is doing, and what it answered. Nothing runs until Measure is pressed. */
import { use, useState } from 'react';
import { useStore } from 'zustand';
import type { DeviceChoice } from '../../../workers/protocol.ts';
import {
  deviceQuestion,
  deviceScopes,
  type DeviceQuestion,
  type DeviceScope,
} from '../../state/device-question.ts';
import type { DeviceRun } from '../../state/device-run.ts';
import { useAppObject, useLatencyRun, useSettled } from '../app.ts';
import { Choice } from '../Choice.tsx';
import { useFrontierDesigns } from './designs.ts';
import { DeviceFiguresView } from './DeviceFiguresView.tsx';
import { backendName, choiceName, sayLoss, sayStage } from './words.ts';
import '../latency/timing-table.css';
import './device.css';

const scopeName: Readonly<Record<DeviceScope, string>> = {
  layer: 'Layer',
  selection: 'Selection',
  pins: 'Model and pins',
  frontier: 'Frontier',
};

const choices = Object.keys(choiceName) as readonly DeviceChoice[];

export default function DevicePanel() {
  const { device } = useAppObject();
  const { run, bench } = use(device());
  const state = useStore(run);
  const derived = useSettled();
  const frontier = useFrontierDesigns(derived);
  const [scope, setScope] = useState<DeviceScope>('layer');
  const question = deviceQuestion(derived, scope, frontier);
  const elsewhere = useLatencyRun().running !== null;
  const { running, results, problem, losses, choice } = state;
  // What is modelled is that of the machine on screen.
  const known =
    question === null ? [] : (results.get(question.key) ?? []).map((result) => ({ ...result, question }));
  return (
    <>
      <div className="device-head">
        <Choice<DeviceScope>
          label="What to measure"
          value={scope}
          options={deviceScopes.map((value) => ({ value, text: scopeName[value] }))}
          onChange={setScope}
        />
        <span className="grow" />
        {running === null ? (
          <button
            type="button"
            className="tb line"
            disabled={question === null || elsewhere}
            title={elsewhere ? 'onnxruntime is being timed: one after the other' : undefined}
            onClick={() => question !== null && bench.measure(question)}
          >
            Measure
          </button>
        ) : (
          <button type="button" className="tb line" onClick={bench.cancel}>
            Stop
          </button>
        )}
      </div>
      <div className="device-head">
        <label>
          <span className="note">runs on</span>{' '}
          <select
            className="field"
            aria-label="Engine to measure on"
            value={choice}
            onChange={({ currentTarget }) => {
              const chosen = choices.find((name) => name === currentTarget.value);
              if (chosen !== undefined) bench.choose(chosen);
            }}
          >
            {choices.map((name) => (
              <option key={name} value={name}>
                {choiceName[name]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p className="note">{question === null ? 'There is no layer to run.' : about(question)}</p>
      <Running run={state} here={question?.key ?? ''} />
      {losses.some(({ key }) => key === question?.key) && (
        <p className="device-lost" role="status">
          {losses.map(sayLoss).join(' ')}
        </p>
      )}
      {problem !== null && problem.key === question?.key && (
        <p className="bad" role="alert">
          {problem.text}
        </p>
      )}
      {known.map((result) => (
        <DeviceFiguresView
          key={result.device.backend}
          result={result}
          derived={derived}
          onFreshRoof={() => bench.measure(result.question, { freshRoof: true })}
        />
      ))}
    </>
  );
}

function about({ scope, about: layers, designs, works }: DeviceQuestion): string {
  const rows = new Set(works.map((work) => work.rows));
  const count = rows.size === 1 ? `${[...rows].join()} rows` : 'as many rows as each has';
  const alone = designs.length === 1 ? '; it is dense, so there is nothing to compare it with' : '';
  const only = scope === 'pins' || scope === 'frontier' ? ', one after the other, no attention' : '';
  return `${layers}${only}: float32, ${count}, random numbers, for time does not depend on them${alone}.`;
}

function Running({ run: { running }, here }: { readonly run: DeviceRun; readonly here: string }) {
  if (running === null) return null;
  const { device, stage, key } = running;
  const share = stage === null || stage.of === 0 ? undefined : stage.done / stage.of;
  return (
    <div className="device-running">
      <p className="note" role="status">
        {key === here ? '' : 'another question: '}
        {device === null ? '' : `${backendName[device.backend]}: `}
        {stage === null ? 'starting' : sayStage(stage)}
      </p>
      <progress aria-label="Measurement" max={1} value={share} />
    </div>
  );
}
