/** Nine formats, one radio each, with what the focus layer would be in it. A drag of a rank leaves all of it alone. */
import { memo, type KeyboardEvent } from 'react';
import type { Metric } from '../../core/accuracy/figure.ts';
import { formats, type Format } from '../../core/factor/factorization.ts';
import { modelOf } from '../../state/defaults.ts';
import { setFormat } from '../../state/edits.ts';
import type { FormatGain, FormatGains } from '../../state/gain-source.ts';
import { nameLayers } from '../../state/labels.ts';
import { useAppObject } from '../app.ts';
import { nextChoice } from '../Choice.tsx';
import { formatPercent, formatRatioShort } from '../format.ts';
import { metricWords } from '../metric.ts';
import { formatTitle } from '../words.ts';

export interface FormatChoiceProps {
  readonly current: Format;
  /** The selection has other formats too. */
  readonly partly: boolean;
  readonly gains: FormatGains;
  readonly metric: Metric;
}

export const FormatChoice = memo(function FormatChoice({
  current,
  partly,
  gains,
  metric,
}: FormatChoiceProps) {
  const { store } = useAppObject();
  const choose = (format: Format): void => {
    const { config, edit } = store.getState();
    const name = nameLayers(modelOf(config.model), config.view.selection);
    edit(`${name} to ${formatTitle(format)}`, (c) => setFormat(c, c.view.selection, format));
  };
  const possible = formats.filter((format) => gains[format].kind !== 'impossible');
  const onKeyDown = (event: KeyboardEvent<HTMLButtonElement>): void => {
    const next = nextChoice(possible, current, event.key);
    if (next === null) return;
    event.preventDefault();
    choose(next);
    event.currentTarget.parentElement?.querySelector<HTMLElement>(`[data-format="${next}"]`)?.focus();
  };
  return (
    <div className="formats" role="radiogroup" aria-label="Format">
      {formats.map((format) => (
        <FormatButton
          key={format}
          metric={metric}
          format={format}
          gain={gains[format]}
          checked={current === format}
          partly={current === format && partly}
          onChoose={choose}
          onKeyDown={onKeyDown}
        />
      ))}
    </div>
  );
});

interface FormatButtonProps {
  readonly metric: Metric;
  readonly format: Format;
  readonly gain: FormatGain;
  readonly checked: boolean;
  readonly partly: boolean;
  readonly onChoose: (format: Format) => void;
  readonly onKeyDown: (event: KeyboardEvent<HTMLButtonElement>) => void;
}

function FormatButton({ metric, format, gain, checked, partly, onChoose, onKeyDown }: FormatButtonProps) {
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
      <GainText gain={gain} metric={metric} />
    </button>
  );
}

function GainText({ gain, metric }: { readonly gain: FormatGain; readonly metric: Metric }) {
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
          {metric === 'weightEnergyKeptPercent'
            ? formatPercent(100 * gain.kept, gain.kept > 0.9995 ? 0 : 1)
            : metricWords(metric).brief(gain.value)}
        </i>
      );
  }
}
