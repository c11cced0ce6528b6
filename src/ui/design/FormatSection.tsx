/** Which format the selection has, what each other would give at the same size, and its shape. */
import type { KeyboardEvent } from 'react';
import { formats, type Format } from '../../core/factor/factorization.ts';
import { modelOf } from '../../state/defaults.ts';
import { copyFocus, setFormat, toggleLock } from '../../state/edits.ts';
import { nameLayers } from '../../state/labels.ts';
import { sameData } from '../../state/same.ts';
import { useActions, useApp } from '../app.ts';
import { nextChoice } from '../Choice.tsx';
import { formatExact, formatPercent, formatRatioShort } from '../format.ts';
import { Icon } from '../icons.tsx';
import { formatTitle, selectionText } from '../words.ts';
import { ShapeRow } from './ShapeRow.tsx';
import { useFormatGains, type FormatGain } from './use-format-gains.ts';

export function FormatSection() {
  const { edit } = useActions();
  const config = useApp((state) => state.config);
  const gains = useFormatGains();
  const { selection, focus } = config.view;
  const model = modelOf(config.model);
  const f = config.design[focus];
  const layer = model.linears[focus];
  const { roles, blocks } = selectionText(model, selection);
  if (f === undefined || layer === undefined) return null;
  const mixed = selection.some((index) => !sameData(config.design[index], f));
  const mixedFormats = mixed && selection.some((index) => config.design[index]?.format !== f.format);

  const name = nameLayers(model, selection);
  const locked = selection.every((index) =>
    config.locks.some((lock) => lock.layer === index && lock.rank === null),
  );

  const choose = (format: Format): void =>
    edit(`${name} to ${formatTitle(format)}`, (c) => setFormat(c, c.view.selection, format));
  const possible = formats.filter((format) => gains[format].kind !== 'impossible');
  const onKeyDown = (event: KeyboardEvent<HTMLButtonElement>): void => {
    const next = nextChoice(possible, f.format, event.key);
    if (next === null) return;
    event.preventDefault();
    choose(next);
    event.currentTarget.parentElement?.querySelector<HTMLElement>(`[data-format="${next}"]`)?.focus();
  };
  return (
    <div className="sec format">
      <header>
        <h2 className="clip">
          {roles}
          {blocks !== '' && <span className="soft">, {blocks}</span>}
        </h2>
        <span className="grow" />
        <span className="note">
          {selection.length > 1 && `${selection.length} matrices, `}
          {formatExact(layer.out)} × {formatExact(layer.in)}
        </span>
        <button
          type="button"
          className="ib lock"
          aria-pressed={locked}
          aria-label={`Lock ${name}`}
          title={
            locked
              ? 'Locked: neither edit nor search changes them'
              : 'Lock: neither edit nor search may change them'
          }
          onClick={() =>
            edit(`${locked ? 'Unlock' : 'Lock'} ${name}`, (c) => toggleLock(c, c.view.selection, null))
          }
        >
          <Icon name={locked ? 'lock' : 'unlock'} />
        </button>
      </header>
      <div className="formats" role="radiogroup" aria-label="Format">
        {formats.map((format) => (
          <FormatButton
            key={format}
            format={format}
            gain={gains[format]}
            checked={f.format === format}
            partly={f.format === format && mixedFormats}
            onChoose={choose}
            onKeyDown={onKeyDown}
          />
        ))}
      </div>
      <p className="hint">
        EDP reduction and weight energy kept at equal parameters; red costs more than dense.
      </p>
      {mixed && (
        <p className="hint mixed">
          <span>
            The selection is mixed; what you see is {layer.role}
            {layer.block === null ? '' : ` of layer ${layer.block + 1}`}.
          </span>{' '}
          <button type="button" className="link" onClick={() => edit(`Make ${name} alike`, copyFocus)}>
            Make all alike
          </button>
        </p>
      )}
      {f.format !== 'dense' && f.format !== 'svd' && (
        <div className="shapes">
          <ShapeRow side="out" extent={layer.out} modes={f.outModes} />
          <ShapeRow side="in" extent={layer.in} modes={f.inModes} />
        </div>
      )}
    </div>
  );
}

interface FormatButtonProps {
  readonly format: Format;
  readonly gain: FormatGain;
  readonly checked: boolean;
  readonly partly: boolean;
  readonly onChoose: (format: Format) => void;
  readonly onKeyDown: (event: KeyboardEvent<HTMLButtonElement>) => void;
}

function FormatButton({ format, gain, checked, partly, onChoose, onKeyDown }: FormatButtonProps) {
  const impossible = gain.kind === 'impossible';
  return (
    <button
      type="button"
      role="radio"
      data-format={format}
      aria-checked={checked}
      aria-disabled={impossible || undefined}
      tabIndex={checked ? 0 : -1}
      title={impossible ? gain.reason : undefined}
      onKeyDown={onKeyDown}
      onClick={() => {
        if (!impossible && !(checked && !partly)) onChoose(format);
      }}
    >
      <b>
        {formatTitle(format)}
        {partly && ' …'}
      </b>
      <GainText gain={gain} />
    </button>
  );
}

function GainText({ gain }: { readonly gain: FormatGain }) {
  switch (gain.kind) {
    case 'waiting':
      return <i> …</i>;
    case 'impossible':
      return (
        <i>
          {' '}
          –<span className="hidden">{gain.reason}</span>
        </i>
      );
    case 'gain':
      return (
        <i>
          {' '}
          <span className={gain.reduction < 0.995 ? 'bad' : ''}>{formatRatioShort(gain.reduction)}</span>{' '}
          {formatPercent(100 * gain.kept, gain.kept > 0.9995 ? 0 : 1)}
        </i>
      );
  }
}
