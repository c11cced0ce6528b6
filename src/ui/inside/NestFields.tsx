/** The loop nest as fields: per memory level the temporal loops in order, the spatial loops and what the level holds. */
import type { KeyboardEvent } from 'react';
import { fanOut } from '../../core/cost/counts.ts';
import type { Contraction, MappingCost } from '../../core/cost/mapping.ts';
import { formatExact, formatPercent } from '../format.ts';
import { holdsText, levelColour } from './nest.ts';
import { heldAt, type Stage } from './stage.ts';
import { nextFactor, setFactor, swapLoops, type NestDraft, type Place } from './nest-draft.ts';

export interface NestFieldsProps {
  readonly stage: Stage;
  readonly contraction: Contraction;
  readonly draft: NestDraft;
  /** Of the last draft that could be counted. */
  readonly cost: MappingCost;
  /** That is not this draft. */
  readonly stale: boolean;
  /** The level that a problem names. */
  readonly wrong: string | null;
  /** The outermost loop takes the rest of a dim. */
  readonly fill: boolean;
  readonly onChange: (draft: NestDraft) => void;
}

export function NestFields(props: NestFieldsProps) {
  const { stage, contraction, draft, cost, stale, wrong, fill, onChange } = props;
  const { levels } = stage.machine;

  const field = (place: Place) => {
    const loop = draft[place.level]?.[place.kind][place.loop];
    if (loop === undefined) return null;
    const put = (text: string): void =>
      onChange(setFactor(draft, place, text, fill ? contraction.extents : null));
    const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
      if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
      event.preventDefault();
      const next = nextFactor(draft, place, event.key === 'ArrowUp' ? 1 : -1);
      if (next !== null) put(next);
    };
    return (
      <label className="factor" data-one={loop.text === '1' || undefined}>
        {loop.dim}
        <input
          className="field"
          inputMode="numeric"
          autoComplete="off"
          aria-label={`${place.kind === 'temporal' ? 'Temporal' : 'Spatial'} factor of ${loop.dim} at ${levels[place.level]?.name ?? ''}`}
          value={loop.text}
          onChange={(event) => put(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onFocus={(event) => event.currentTarget.select()}
        />
      </label>
    );
  };
  return (
    <div className="nest-fields" role="group" aria-label="Loops, outermost level first">
      {draft.map((level, l) => {
        const machine = levels[l];
        if (machine === undefined) return null;
        const { x, y } = fanOut(stage.machine, l);
        const { words, full: share } = heldAt(stage, cost, l);
        const instances = machine.meshX * machine.meshY;
        return (
          <div
            key={level.level}
            className="nest-level"
            role="group"
            aria-label={level.level}
            data-wrong={wrong === level.level || undefined}
          >
            <span className="name">
              <i style={{ background: levelColour(l, levels.length) }} />
              <b>{level.level}</b>
              {instances > 1 && <span className="note">{formatExact(instances)} of them</span>}
            </span>
            <span className="loops">
              <code>for</code>
              {level.temporal.map((loop, i) => (
                <span key={`${loop.dim} ${i}`} className="loop">
                  {i > 0 && (
                    <button
                      type="button"
                      className="ib"
                      aria-label={`Swap ${level.temporal[i - 1]?.dim} and ${loop.dim} at ${level.level}`}
                      title="Swap these two loops"
                      onClick={() => onChange(swapLoops(draft, l, i - 1))}
                    >
                      ⇄
                    </button>
                  )}
                  {field({ level: l, kind: 'temporal', loop: i })}
                </span>
              ))}
            </span>
            {level.spatial.length > 0 ? (
              <span className="loops">
                <code>par</code>
                {level.spatial.map((loop, i) => (
                  <span key={`${loop.dim} ${i}`} className="loop">
                    {field({ level: l, kind: 'spatial', loop: i })}
                  </span>
                ))}
                <span className="note">
                  in {x} × {y}
                </span>
              </span>
            ) : (
              <span />
            )}
            <span className={stale ? 'holds stale' : 'holds'}>
              {share !== null && (
                <span className="full" aria-hidden="true">
                  <i style={{ width: `${100 * share}%` }} />
                </span>
              )}
              <span>
                {holdsText(words, machine.depthWords, machine.wordBits)}
                {share !== null && `, ${formatPercent(100 * share, 0)}`}
              </span>
            </span>
          </div>
        );
      })}
    </div>
  );
}
