/** Product name, what is evaluated on what, undo, sharing, theme, help. */
import { useRef } from 'react';
import { presets, presetInfo } from '../core/hardware/presets.ts';
import type { Accelerator } from '../core/hardware/accelerator.ts';
import { modelOf } from '../state/defaults.ts';
import { sameData } from '../state/same.ts';
import { useActions, useApp } from './app.ts';
import { useOpenDialog, type DialogName } from './dialogs/dialog-context.ts';
import { formatExact } from './format.ts';
import { Icon, type IconName } from './icons.tsx';
import { useTheme } from './use-theme.ts';

export function TopBar() {
  const { undo, redo } = useActions();
  const lastStep = useApp((state) => state.past.at(-1)?.label ?? null);
  const nextStep = useApp((state) => state.future[0]?.label ?? null);
  const dragging = useApp((state) => state.config !== state.committed);
  const open = useOpenDialog();
  const { theme, toggle } = useTheme();
  return (
    <header className="top">
      <h1>
        Rankscape <span className="tag">Drag a rank, watch energy-delay move</span>
      </h1>
      <Selectors />
      <div className="tools">
        <Tool
          icon="undo"
          name={lastStep === null ? 'Undo' : `Undo: ${lastStep}`}
          keys="Ctrl Z"
          disabled={lastStep === null && !dragging}
          onClick={undo}
        />
        <Tool
          icon="redo"
          name={nextStep === null ? 'Redo' : `Redo: ${nextStep}`}
          keys="Ctrl Shift Z"
          disabled={nextStep === null}
          onClick={redo}
        />
        <i className="vr" />
        <button type="button" className="tb wide" onClick={() => open('share')}>
          <Icon name="share" />
          Share
        </button>
        <i className="vr" />
        <Tool
          icon="theme"
          name={theme === 'dark' ? 'Light theme' : 'Dark theme'}
          disabled={false}
          onClick={toggle}
        />
        <span className="wide">
          <Tool
            icon="help"
            name="Help and shortcuts"
            keys="?"
            disabled={false}
            onClick={() => open('help')}
          />
        </span>
        <More />
      </div>
    </header>
  );
}

interface ToolProps {
  readonly icon: IconName;
  readonly name: string;
  readonly keys?: string;
  readonly disabled: boolean;
  readonly onClick: () => void;
}

function Tool({ icon, name, keys, disabled, onClick }: ToolProps) {
  return (
    <button
      type="button"
      className="ib"
      aria-label={name}
      title={keys === undefined ? name : `${name}  ${keys}`}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

/** The preset's title, or that figures were edited. */
export function acceleratorTitle(accelerator: Accelerator): {
  readonly title: string;
  readonly edited: boolean;
} {
  const preset = presets[accelerator.name];
  const title = presetInfo(accelerator.name)?.title ?? accelerator.name;
  return { title, edited: preset !== undefined && !sameData(preset, accelerator) };
}

function Selectors() {
  const open = useOpenDialog();
  const choice = useApp((state) => state.config.model);
  const accelerator = useApp((state) => state.config.accelerator);
  const { tokens, batch } = useApp((state) => state.config.workload);
  const machine = acceleratorTitle(accelerator);
  const entries: readonly (readonly [DialogName, string, string])[] = [
    ['model', 'Model', modelOf(choice).title],
    ['accelerator', 'Accelerator', machine.edited ? `${machine.title}, edited` : machine.title],
    [
      'workload',
      'Workload',
      `${formatExact(tokens)} ${tokens === 1 ? 'token' : 'tokens'}, batch ${formatExact(batch)}`,
    ],
  ];
  return (
    <div className="selectors">
      {entries.map(([name, title, value]) => (
        <button key={name} type="button" className="sel" aria-haspopup="dialog" onClick={() => open(name)}>
          <span>{title}</span>
          <b>{value}</b>
          <Icon name="down" />
        </button>
      ))}
    </div>
  );
}

/** On narrow screens everything that has no room above stands in one menu. */
function More() {
  const ref = useRef<HTMLDivElement>(null);
  const open = useOpenDialog();
  const entries: readonly (readonly [DialogName, string])[] = [
    ['model', 'Model'],
    ['accelerator', 'Accelerator'],
    ['workload', 'Workload'],
    ['share', 'Share and save'],
    ['export', 'Export the model'],
    ['help', 'Help and shortcuts'],
  ];
  return (
    <span className="narrow">
      <button type="button" className="ib" aria-label="More" popoverTarget="more">
        <Icon name="more" />
      </button>
      <div id="more" ref={ref} popover="auto" className="menu">
        {entries.map(([name, title]) => (
          <button
            key={name}
            type="button"
            onClick={() => {
              ref.current?.hidePopover();
              open(name);
            }}
          >
            {title}
          </button>
        ))}
      </div>
    </span>
  );
}
