/** The delta table: dense, now and the pins side by side, differences from one of them. */
import { Icon } from '../icons.tsx';
import type { PinLetter } from '../../state/config.ts';
import { Mark, WhoIcon } from '../plots/Mark.tsx';
import { whoColour, whoName } from '../plots/shapes.ts';
import type { Cell, Column, Row } from './rows.ts';

interface CompareTableProps {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly onUnpin: (letter: PinLetter) => void;
  readonly onAdopt: (letter: PinLetter) => void;
}

const tones: Readonly<Record<Cell['tone'], string | undefined>> = {
  better: 'good',
  worse: 'bad',
  plain: undefined,
};

export function CompareTable({ columns, rows, onUnpin, onAdopt }: CompareTableProps) {
  return (
    <table className={`compare-table columns-${columns.length}`}>
      <caption className="hidden">Figures of each design and their differences from the reference</caption>
      <thead>
        <tr>
          <th scope="col">
            <span className="hidden">Figure</span>
          </th>
          {columns.map(({ who }) => (
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
                    onClick={() => onAdopt(who)}
                  >
                    <WhoIcon who={who} />
                    <b style={{ color: whoColour[who] }}>{who}</b>
                  </button>
                  <button
                    type="button"
                    className="ib unpin"
                    aria-label={`Unpin ${who}`}
                    onClick={() => onUnpin(who)}
                  >
                    <Icon name="close" />
                  </button>
                </span>
              )}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.key}>
            <th scope="row">
              {row.name}
              <small>{row.unit}</small>
            </th>
            {row.cells.map((cell, i) => (
              <td key={cell.who} className={cell.who === 'now' ? 'now' : undefined}>
                {row.key === 'kept' && cell.who !== 'dense' && (
                  <svg className="tier" width={11} height={11} viewBox="-5.5 -5.5 11 11" aria-hidden="true">
                    <Mark
                      who={cell.who}
                      tier={columns[i]?.evaluation.accuracy.tier ?? 'estimated'}
                      r={3.2}
                      stroke={1.25}
                    />
                  </svg>
                )}
                {cell.text}
                <small className={tones[cell.tone]}>{cell.note === '' ? '\u00a0' : cell.note}</small>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
