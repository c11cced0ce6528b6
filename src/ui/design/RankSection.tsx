/** The rank sliders of the layer in focus; what they change, they change in the whole selection. */
import { useCallback, useMemo, useState } from 'react';
import type { Scent } from '../../core/search/scent.ts';
import { rankJoins, rankLimits, rankNames } from '../../core/factor/ranks.ts';
import { arrayWidth, modelOf } from '../../state/defaults.ts';
import { isLocked, setRank, toggleLock } from '../../state/edits.ts';
import { labelRank, nameLayers } from '../../state/labels.ts';
import { useApp, useAppObject, useResting, useScents, useSettled } from '../app.ts';
import { metricWords } from '../metric.ts';
import { formatTitle } from '../words.ts';
import { RankSlider, type StripAxis } from './RankSlider.tsx';
import { edpRange } from './ScentStrip.tsx';

export function RankSection() {
  const { store } = useAppObject();
  const config = useResting();
  const committed = useApp((state) => state.committed);
  const { scents, stale } = useScents();
  const { focus, selection, snap } = config.view;
  const f = config.design[focus];
  const before = committed.design[focus];
  const width = arrayWidth(config.accelerator);
  const model = modelOf(config.model);
  const layers = useMemo(() => nameLayers(model, selection), [model, selection]);
  const limits = useMemo(() => (f === undefined ? [] : rankLimits(f)), [f]);
  const { format, outModes, inModes } = f ?? {};
  // Names do not depend on the ranks themselves: a drag must not make them anew.
  const words = useMemo(
    () => (f === undefined ? [] : rankNames(f).map((name, i) => ({ name, joins: rankJoins(f)[i] ?? '' }))),
    // oxlint-disable-next-line react-hooks/exhaustive-deps
    [format, outModes, inModes],
  );

  const [shared, setShared] = useState(false);
  const range = useMemo(() => (shared ? edpRange(scents) : null), [shared, scents]);

  const valueNow = useCallback(
    (rank: number): number => {
      const { design, view } = store.getState().config;
      return design[view.focus]?.ranks[rank] ?? 1;
    },
    [store],
  );
  const onPreview = useCallback(
    (rank: number, value: number) =>
      store.getState().preview((c) => setRank(c, c.view.selection, rank, value), 'Rank'),
    [store],
  );
  const onCommit = useCallback(
    (rank: number) => {
      const state = store.getState();
      const { committed: from, config: to } = state;
      if (from !== to) state.commit(labelRank(modelOf(to.model), from, to, to.view.selection, rank));
    },
    [store],
  );
  const onType = useCallback(
    (rank: number, value: number) => {
      onPreview(rank, value);
      onCommit(rank);
    },
    [onPreview, onCommit],
  );
  const onCancel = useCallback(() => store.getState().cancel(), [store]);
  const onLock = useCallback(
    (rank: number) => {
      const { config: now, edit } = store.getState();
      const verb = isLocked(now, now.view.focus, rank) ? 'Unlock' : 'Lock';
      edit(`${verb} rank of ${nameLayers(modelOf(now.model), now.view.selection)}`, (c) =>
        toggleLock(c, c.view.selection, rank),
      );
    },
    [store],
  );

  const axis = useStripAxis();
  const held = config.locks.some((lock) => lock.layer === focus && lock.rank === null);
  // A strip does not depend on its own rank: alone in motion, it is never old.
  const moved = f?.ranks.flatMap((value, rank) => (value === before?.ranks[rank] ? [] : [rank])) ?? [];
  if (f === undefined) return null;
  return (
    <div className="sec ranks">
      <header>
        <h2>
          Ranks <span className="narrow soft">of {layers}</span>
        </h2>
        <span className="key" aria-hidden="true">
          <i className="line" />
          EDP <i className="area" />
          {axis === null ? 'energy kept' : axis.words.name.toLowerCase()}
        </span>
        <span className="grow" />
        {width > 1 && f.ranks.length > 0 && (
          <button
            type="button"
            className="toggle"
            aria-pressed={snap}
            title={`Snap to multiples of ${width}, the width of the MAC array. Hold Shift to move freely.`}
            onClick={() => store.getState().look((view) => ({ ...view, snap: !view.snap }))}
          >
            Snap {width}
          </button>
        )}
      </header>
      {f.ranks.length === 0 && (
        <p className="note">{formatTitle(f.format)} has no rank: choose a format to compress this matrix.</p>
      )}
      {f.ranks.length > 1 && (
        <div className="quick">
          <span className="note">EDP line of each strip</span>
          <button
            type="button"
            className="toggle"
            aria-pressed={shared}
            title="Draw all EDP lines on one scale, so that the rank that matters most stands out"
            onClick={() => setShared(!shared)}
          >
            One scale
          </button>
        </div>
      )}
      <div className="sliders" data-many={f.ranks.length > 4 || undefined}>
        {f.ranks.map((value, rank) => (
          <RankSlider
            key={words[rank]?.name ?? rank}
            rank={rank}
            name={words[rank]?.name ?? `r${rank + 1}`}
            joins={words[rank]?.joins ?? ''}
            layers={layers}
            value={value}
            now={valueNow}
            was={before?.format === f.format ? (before.ranks[rank] ?? value) : value}
            min={limits[rank]?.min ?? 1}
            max={limits[rank]?.max ?? value}
            step={snap ? width : 1}
            locked={isLocked(config, focus, rank)}
            scent={scents[rank] ?? null}
            known={f.ranks}
            range={range}
            axis={axis}
            stale={stale && !(moved.length === 1 && moved[0] === rank)}
            held={held}
            onPreview={onPreview}
            onCommit={onCommit}
            onCancel={onCancel}
            onType={onType}
            onLock={onLock}
          />
        ))}
      </div>
    </div>
  );
}

/** Changes only when something outside the selection does: a drag leaves the strips alone. */
function useStripAxis(): StripAxis | null {
  const { config, evaluator, linears, evaluation } = useSettled();
  const { selection } = config.view;
  const { metric } = evaluation.accuracy;
  const others = linears.reduce(
    (sum, { index, factorization }) =>
      selection.includes(index) ? sum : sum + evaluator.damage(index, factorization).value,
    0,
  );
  return useMemo(() => {
    if (metric === 'weightEnergyKeptPercent') return null;
    const values = (scent: Scent) => scent.damage.map((damage) => evaluator.accuracy.value(others + damage));
    return { words: metricWords(metric), values };
  }, [metric, evaluator, others]);
}
