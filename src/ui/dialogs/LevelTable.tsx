/** Every figure of every storage level, outermost first. */
import { Icon } from '../icons.tsx';
import { levelColumns, type LevelTexts } from './machine-text.ts';
import { energyUnitText, type MachineFormProps } from './MachineFields.tsx';

const mostLevels = 6;

export function LevelTable({ texts, onChange }: MachineFormProps) {
  const { levels } = texts;
  const put = (next: readonly LevelTexts[]): void => onChange({ ...texts, levels: next });
  const last = levels.at(-1);
  return (
    <>
      <h3 id="levels-title">Storage levels, outermost first</h3>
      <div className="levels">
        <table aria-labelledby="levels-title">
          <thead>
            <tr>
              {levelColumns.map(({ key, title, unit }) => (
                <th key={key} scope="col">
                  {title}
                  <small>{unit === 'energy' ? `${energyUnitText(texts)}/word` : unit}</small>
                </th>
              ))}
              <td aria-label="Remove" />
            </tr>
          </thead>
          <tbody>
            {levels.map((level, row) => (
              <tr key={row}>
                {levelColumns.map(({ key, title }) => (
                  <td key={key}>
                    <input
                      className="field"
                      autoComplete="off"
                      aria-label={`${title} of ${level.name}`}
                      value={level[key]}
                      onChange={(event) =>
                        put(levels.with(row, { ...level, [key]: event.currentTarget.value }))
                      }
                    />
                  </td>
                ))}
                <td>
                  <button
                    type="button"
                    className="ib"
                    aria-label={`Remove level ${level.name}`}
                    disabled={row === 0 || levels.length <= 2}
                    onClick={() => put(levels.toSpliced(row, 1))}
                  >
                    <Icon name="minus" />
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <button
        type="button"
        className="tb"
        disabled={levels.length >= mostLevels || last === undefined}
        onClick={() => last !== undefined && put([...levels, { ...last, name: `${last.name}2` }])}
      >
        <Icon name="plus" />
        Add a level below
      </button>
    </>
  );
}
