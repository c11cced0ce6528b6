/** The delta table: dense, now and the pins side by side, differences from one of them. What stays is let alone. */
import { memo, type ReactNode } from 'react';
import type { Tier } from '../../core/accuracy/figure.ts';
import { adoptDesign, unpin } from '../../state/edits.ts';
import { useActions } from '../app.ts';
import { Icon } from '../icons.tsx';
import { Mark, WhoIcon } from '../plots/Mark.tsx';
import { whoColour, whoName, type Who } from '../plots/shapes.ts';
import type { Cell, Column, Row } from './rows.ts';

interface CompareTableProps {
  readonly names: readonly Who[];
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Lies over the table. */
  readonly children: ReactNode;
}

export function CompareTable({ names, columns, rows, children }: CompareTableProps) {
  return (
    <div className="compare-figures">
      <table className={`compare-table columns-${names.length}`}>
        <caption className="hidden">Figures of each design and their differences from the reference</caption>
        <Heads names={names} />
        <tbody>
          {rows.map(({ key, name, unit, cells }) => (
            <tr key={key}>
              <RowHead name={name} unit={unit} />
              {cells.map(({ who, text, note, tone }, i) => (
                <Figure
                  key={who}
                  who={who}
                  text={text}
                  note={note}
                  tone={tone}
                  tier={
                    key === 'kept' && who !== 'dense'
                      ? (columns[i]?.evaluation.accuracy.tier ?? 'estimated')
                      : null
                  }
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {children}
    </div>
  );
}

const Heads = memo(function Heads({ names }: { readonly names: readonly Who[] }) {
  const { edit } = useActions();
  return (
    <thead>
      <tr>
        <th scope="col">
          <span className="hidden">Figure</span>
        </th>
        {names.map((who) => (
          <th key={who} scope="col">
            {who === 'dense' || who === 'now' ? (
              <span className="who-head">
                <WhoIcon who={who} />
                <b style={{ color: whoColour[who] }}>{whoName(who)}</b>
              </span>
            ) : (
              <span className="who-head">
                <button
                  type="button"
                  className="who-adopt"
                  title={`Make ${who} the current design`}
                  aria-label={`Pin ${who}: make it the current design`}
                  onClick={() =>
                    edit(`Adopt pin ${who}`, (old) => {
                      const design = old.pins.find((entry) => entry.letter === who)?.design;
                      return design === undefined ? old : adoptDesign(old, design);
                    })
                  }
                >
                  <WhoIcon who={who} />
                  <b style={{ color: whoColour[who] }}>{who}</b>
                </button>
                <button
                  type="button"
                  className="ib unpin"
                  aria-label={`Unpin ${who}`}
                  onClick={() => edit(`Unpin ${who}`, (old) => unpin(old, who))}
                >
                  <Icon name="close" />
                </button>
              </span>
            )}
          </th>
        ))}
      </tr>
    </thead>
  );
});

const RowHead = memo(function RowHead({ name, unit }: Pick<Row, 'name' | 'unit'>) {
  return (
    <th scope="row">
      {name}
      <small>{unit}</small>
    </th>
  );
});

const tones: Readonly<Record<Cell['tone'], string | undefined>> = {
  better: 'good',
  worse: 'bad',
  plain: undefined,
};

interface FigureProps extends Omit<Cell, 'exact'> {
  /** How sure the figure is, where the table says it. */
  readonly tier: Tier | null;
}

const Figure = memo(function Figure({ who, text, note, tone, tier }: FigureProps) {
  return (
    <td className={who === 'now' ? 'now' : undefined}>
      <div className={who === 'now' ? 'moves' : undefined}>
        {tier !== null && (
          <svg className="tier" width={11} height={11} viewBox="-5.5 -5.5 11 11" aria-hidden="true">
            <Mark who={who} tier={tier} r={3.2} stroke={1.25} />
          </svg>
        )}
        {text}
        <small className={tones[tone]}>{note === '' ? '\u00a0' : note}</small>
      </div>
    </td>
  );
});
