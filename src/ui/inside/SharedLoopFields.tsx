/** The loops that steps share, as choices among the divisors of each extent, in their order. */
import { formatExact } from '../format.ts';
import { levelColour } from './nest.ts';
import type { SharedLoop } from './regroup.ts';

interface SharedLoopFieldsProps {
  readonly loops: readonly SharedLoop[];
  /** Of the machine. */
  readonly levels: number;
  /** These loops cannot be. */
  readonly wrong: boolean;
  readonly onChange: (loops: readonly SharedLoop[]) => void;
}

export function SharedLoopFields({ loops, levels, wrong, onChange }: SharedLoopFieldsProps) {
  return (
    <div
      className="nest-level shared-loops"
      role="group"
      aria-label="Shared loops, outermost first"
      data-wrong={wrong || undefined}
    >
      <span className="name">
        <i style={{ background: levelColour(0, levels) }} />
        <b>shared</b>
      </span>
      <span className="loops">
        <code>for</code>
        {loops.map((loop, i) => {
          const { label, factor, of, choices } = loop;
          const before = loops[i - 1];
          return (
            // oxlint-disable-next-line react/no-array-index-key -- a loop is its place
            <span key={i} className="loop">
              {before !== undefined && (
                <button
                  type="button"
                  className="ib"
                  aria-label={`Swap shared loops ${before.label} and ${label}`}
                  title="Swap these two loops"
                  onClick={() => onChange(loops.with(i - 1, loop).with(i, before))}
                >
                  ⇄
                </button>
              )}
              <label className="factor" title={of} data-one={factor === 1 || undefined}>
                {label}
                <select
                  className="field"
                  aria-label={`Shared factor of ${label}`}
                  value={factor}
                  onChange={(event) =>
                    onChange(loops.with(i, { ...loop, factor: Number(event.currentTarget.value) }))
                  }
                >
                  {choices.map((choice) => (
                    <option key={choice} value={choice}>
                      {formatExact(choice)}
                    </option>
                  ))}
                </select>
              </label>
            </span>
          );
        })}
      </span>
    </div>
  );
}
