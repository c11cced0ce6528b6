/**
 * The modes of one side. Type any of them (Enter takes the row once the product matches), split one, merge two, or step
 * through every ordered factorization of this many modes.
 */
import { memo, useMemo, useState, type KeyboardEvent } from 'react';
import { orderedFactorizations } from '../../core/factor/tensorization.ts';
import { setModes } from '../../state/edits.ts';
import { nameLayers } from '../../state/labels.ts';
import { modelOf } from '../../state/defaults.ts';
import { useAppObject } from '../app.ts';
import { Icon } from '../icons.tsx';
import { readNumber } from './NumberField.tsx';
import { mergeModes, productProblem, splitModes, stepModes } from './modes.ts';

export interface ShapeRowProps {
  readonly side: 'out' | 'in';
  readonly extent: number;
  readonly modes: readonly number[];
}

export const ShapeRow = memo(function ShapeRow({ side, extent, modes }: ShapeRowProps) {
  const { store } = useAppObject();
  const [draft, setDraft] = useState<readonly string[] | null>(null);
  const all = useMemo(() => orderedFactorizations(extent, modes.length), [extent, modes.length]);
  const at = all.findIndex((each) => each.every((mode, i) => mode === modes[i]));
  const texts = draft ?? modes.map(String);
  const typed = texts.map((text) => readNumber(text, 1, extent));
  const problem = draft === null ? null : productProblem(typed, extent);

  const take = (next: readonly number[] | null): void => {
    setDraft(null);
    if (next === null) return;
    store
      .getState()
      .edit(
        `${nameLayers(modelOf(store.getState().config.model), store.getState().config.view.selection)} ${side} ${next.join(' × ')}`,
        (c) => setModes(c, c.view.selection, side, next),
      );
  };
  const enter = (): void => {
    if (draft !== null && problem === null) take(typed.filter((mode) => mode !== null));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.key === 'Enter') enter();
    else if (event.key === 'Escape' && draft !== null) {
      event.stopPropagation();
      setDraft(null);
    }
  };
  const split = splitModes(modes);
  const merged = mergeModes(modes);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Enter and Escape of its fields
    <div
      className="shape"
      role="group"
      aria-label={`Modes of ${side}, product ${extent}`}
      onKeyDown={onKeyDown}
      onBlur={(event) => {
        if (event.currentTarget.contains(event.relatedTarget)) return;
        if (problem === null) enter();
        else setDraft(null);
      }}
    >
      <span className="lab">
        {side} {extent}
      </span>
      <span className="chips">
        {texts.map((text, i) => (
          <span className="chipbox" key={i}>
            {i > 0 && <em>×</em>}
            <input
              className="field chip"
              inputMode="numeric"
              autoComplete="off"
              aria-label={`${side} mode ${i + 1}`}
              aria-invalid={problem !== null || undefined}
              data-draft={draft === null ? 'none' : undefined}
              size={Math.max(2, text.length)}
              value={text}
              onChange={(event) => {
                const value = event.currentTarget.value;
                setDraft(texts.map((each, j) => (j === i ? value : each)));
              }}
              onFocus={(event) => event.currentTarget.select()}
            />
          </span>
        ))}
        <button
          type="button"
          className="ib"
          disabled={split === null}
          aria-label={`Split ${side} into ${modes.length + 1} modes`}
          title={split === null ? 'No mode can be split' : `Split: ${split.join(' × ')}`}
          onClick={() => take(split)}
        >
          <Icon name="plus" />
        </button>
        <button
          type="button"
          className="ib"
          disabled={merged === null}
          aria-label={`Merge ${side} into ${modes.length - 1} modes`}
          title={merged === null ? 'Two modes are the least' : `Merge: ${merged.join(' × ')}`}
          onClick={() => take(merged)}
        >
          <Icon name="minus" />
        </button>
      </span>
      {problem === null ? (
        <span className="stepper">
          <button
            type="button"
            className="ib"
            aria-label={`Previous shape of ${side}`}
            disabled={all.length < 2}
            onClick={() => take(stepModes(all, at, -1))}
          >
            <Icon name="left" />
          </button>
          <span>
            {at < 0 ? '–' : at + 1}/{all.length}
          </span>
          <button
            type="button"
            className="ib"
            aria-label={`Next shape of ${side}`}
            disabled={all.length < 2}
            onClick={() => take(stepModes(all, at, 1))}
          >
            <Icon name="right" />
          </button>
        </span>
      ) : (
        <span className="bad" role="alert">
          {problem}
        </span>
      )}
    </div>
  );
});
