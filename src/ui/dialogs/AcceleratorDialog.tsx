/** Choose an accelerator, edit every figure, see where each is from, bring one or take one away. */
import { useState } from 'react';
import { figureKinds, presetInfo, presets, type FigureKind } from '../../core/hardware/presets.ts';
import type { Accelerator } from '../../core/hardware/accelerator.ts';
import { setAccelerator, setAccounting } from '../../state/edits.ts';
import { sameData } from '../../state/same.ts';
import { useActions, useApp } from '../app.ts';
import { Choice } from '../Choice.tsx';
import { AcceleratorText } from './AcceleratorText.tsx';
import { attempt } from './attempt.ts';
import { Dialog } from './Dialog.tsx';
import type { OpenDialogProps } from './Dialogs.tsx';
import { LevelTable } from './LevelTable.tsx';
import { acceleratorOf, textsOf } from './machine-text.ts';
import { MachineFields } from './MachineFields.tsx';

const kindTitles: Readonly<Record<FigureKind, string>> = {
  array: 'MAC array',
  capacity: 'Capacities',
  bandwidth: 'Ports',
  memoryEnergy: 'Memory energies',
  macEnergy: 'MAC energy',
  clock: 'Clock and words',
};

export function AcceleratorDialog({ onClose }: OpenDialogProps) {
  const { edit } = useActions();
  const current = useApp((state) => state.config.accelerator);
  const accounting = useApp((state) => state.config.accounting);
  const [texts, setTexts] = useState(() => textsOf(current));
  const draft = attempt(() => acceleratorOf(texts));
  const changed = draft.ok ? !sameData(draft.value, current) : true;

  const take = (accelerator: Accelerator): void =>
    edit(`Accelerator ${accelerator.name}`, (config) => setAccelerator(config, accelerator));
  const choose = (accelerator: Accelerator): void => {
    setTexts(textsOf(accelerator));
    take(accelerator);
  };
  const info = presetInfo(texts.name);
  const preset = presets[texts.name];
  const edited = preset !== undefined && draft.ok && !sameData(preset, draft.value);
  return (
    <Dialog title="Accelerator" onClose={onClose} wide>
      <h3>Presets</h3>
      <div className="cards machines" role="group" aria-label="Presets">
        {Object.entries(presets).map(([name, machine]) => (
          <button
            key={name}
            type="button"
            className="card"
            aria-pressed={sameData(machine, current)}
            onClick={() => choose(machine)}
          >
            <b>{presetInfo(name)?.title ?? name}</b>
            <span className="note">{presetInfo(name)?.summary}</span>
          </button>
        ))}
      </div>

      <h3>Figures</h3>
      <MachineFields texts={texts} onChange={setTexts} />
      <LevelTable texts={texts} onChange={setTexts} />
      <div className="actions">
        <button
          type="button"
          className="tb primary"
          disabled={!draft.ok || !changed}
          onClick={() => draft.ok && take(draft.value)}
        >
          Use these figures
        </button>
        {edited && preset !== undefined && (
          <button type="button" className="link" onClick={() => choose(preset)}>
            Back to the preset
          </button>
        )}
        {draft.ok ? (
          <span className="note">{changed ? 'Not in use yet' : 'In use'}</span>
        ) : (
          <span className="problem" role="alert">
            {draft.problem}
          </span>
        )}
      </div>

      <h3>Where the figures are from</h3>
      {info === null ? (
        <p className="note">These figures are yours; nothing is known about their source.</p>
      ) : (
        <>
          {edited && (
            <p className="warn">Figures of this preset were edited: those are yours, not the source's.</p>
          )}
          <dl className="sources">
            {figureKinds.map((kind) => (
              <div key={kind} className="pair">
                <dt>{kindTitles[kind]}</dt>
                <dd>{info.sources[kind]}</dd>
              </div>
            ))}
          </dl>
        </>
      )}

      <h3>How accesses are counted</h3>
      <div className="actions">
        <Choice
          label="Accounting"
          value={accounting}
          options={[
            { value: 'timeloop', text: 'Timeloop' },
            { value: 'accelforge', text: 'AccelForge' },
          ]}
          onChange={(next) => edit(`Count as ${next}`, (config) => setAccounting(config, next))}
        />
        <span className="note">
          AccelForge also counts the read when outputs leave a level for the one above it: more energy, and
          busier ports, where partial sums travel. Every mapping, dense too, is chosen anew under it.
        </span>
      </div>

      <h3>As text</h3>
      <AcceleratorText current={draft.ok ? draft.value : current} onRead={choose} />
    </Dialog>
  );
}
