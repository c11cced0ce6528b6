/** The whole space: every evaluated design, the frontier, the baselines and where the current design stands. */
import { lazy, Suspense, useState } from 'react';
import { useActions, useAppObject, useCommitted, useProblem, useSearchRun, useSettled } from '../app.ts';
import { axes, type Axis, type Config } from '../../state/config.ts';
import type { Derived } from '../../state/derive.ts';
import { adoptDesign, setSearch } from '../../state/edits.ts';
import { formatExact, formatRatio } from '../format.ts';
import { metricWords } from '../metric.ts';
import { FrontierTable } from './FrontierTable.tsx';
import { PlotLegend } from './PlotLegend.tsx';
import { ParetoPlot, type Range } from './ParetoPlot.tsx';
import type { FoundPlace } from './run-places.ts';
import { formatMix, shareInWords } from './shared.ts';
import { AxisBadge, isWeighted } from '../accuracy/AxisBadge.tsx';
import { TierToggles } from '../accuracy/TierToggles.tsx';
import { useLive, useRunPlaces } from './use-pareto.ts';
import { adoptLabel, axisName, sayBaselines, sayPlace, sayPlot } from './words.ts';
import './plots.css';

const DelayAxis = lazy(() => import('../device/DelayAxis.tsx'));

export function ParetoPanel() {
  const derived = useSettled();
  const problem = useProblem();
  const committed = useCommitted();
  const actions = useActions();
  const { axis } = derived.config.view;
  const { metric, tier } = derived.evaluation.accuracy;
  const words = metricWords(metric);
  const isOfOutputs = metric === 'weightEnergyKeptPercent' && isWeighted(derived.linears);
  const axisTitle = isOfOutputs ? 'energy of the outputs kept, %' : words.axis;
  const status = useSearchRun((run) => run.status);
  const { runner, store } = useAppObject();
  const [dominated, setDominated] = useState(true);
  const [ghost, setGhost] = useState(true);
  const [brushing, setBrushing] = useState(false);
  const [asTable, setAsTable] = useState(false);
  /** The horizontal axis is delay as measured on this device. */
  const [here, setHere] = useState(false);
  const [preview, setPreview] = useState<number | null>(null);
  const [brushed, setBrushed] = useState<Range | null>(null);
  const [spoken, setSpoken] = useState('');

  const { found, still, cloud, evaluations, stale } = useRunPlaces(derived);
  const live = useLive(derived, committed);
  const { now, limit } = live.atRest;
  const shown = preview === null ? undefined : found[preview];

  const adopt = (index: number): void => {
    const place = found[index];
    if (place === undefined) return;
    actions.edit(adoptLabel(metric, place.point), (config) => adoptDesign(config, place.point.design));
    setPreview(null);
    setSpoken(`Adopted: ${sayPlace(axis, metric, place)}`);
  };
  const onBrush = (range: Range | null): void => {
    setBrushed(range);
    if (range !== null) setSpoken(`${range.to - range.from + 1} designs selected`);
  };
  const onLimit = (wanted: number, phase: 'drag' | 'done' | 'cancel'): void => {
    const change = (config: Config): Config => setSearch(config, { limit: wanted });
    if (phase === 'drag') actions.preview(change, 'Limit');
    else if (phase === 'cancel') actions.cancel();
    else if (store.getState().config !== store.getState().committed)
      actions.commit(`Limit ${words.text(wanted)}`);
    else actions.edit(`Limit ${words.text(wanted)}`, change);
  };
  const empty = found.length === 0;
  const look = (next: Axis): void => {
    setPreview(null);
    setBrushed(null);
    setHere(false);
    actions.look((view) => ({ ...view, axis: next }));
  };

  const baselineWords = sayBaselines(axis, metric, now, still.baselines);
  return (
    <div className="pareto-panel">
      <header className="pareto-head">
        <h2 title={`Reduction against dense, and ${words.axis}`}>
          {here ? 'Delay' : axisName[axis]} reduction
        </h2>
        <div className="seg" role="group" aria-label="Horizontal axis">
          {axes.map((name) => (
            <button key={name} type="button" aria-pressed={!here && name === axis} onClick={() => look(name)}>
              {axisName[name]}
            </button>
          ))}
          <button
            type="button"
            aria-pressed={here}
            aria-label="Delay here"
            title="Delay measured on this device"
            onClick={() => setHere(true)}
          >
            <span className="wide">Delay here</span>
            <span className="brief">Here</span>
          </button>
        </div>
        <span className="grow" />
        <AxisBadge />
        <TierToggles />
        {!here && (
          <>
            <Toggle name="Dominated" on={dominated} set={setDominated} optional />
            <Toggle name="Ghost" on={ghost} set={setGhost} optional />
            <Toggle
              name="Brush"
              on={brushing}
              optional
              set={(on) => {
                setBrushing(on);
                setBrushed(null);
              }}
            />
          </>
        )}
        <Toggle name="Table" on={asTable} set={setAsTable} />
      </header>
      {here ? (
        <Suspense fallback={<div className="pareto-body" />}>
          <DelayAxis asTable={asTable} />
        </Suspense>
      ) : (
        <>
          <div className={brushing ? 'pareto-strip brushing' : 'pareto-strip'}>
            {shown !== undefined && preview !== null ? (
              <>
                <span className="words">
                  <b>
                    {formatRatio(shown.x)}, {words.text(shown.y)}
                  </b>{' '}
                  {formatMix(shown.point.design)}
                </span>
                <span className="grow" />
                <button type="button" className="tb line" onClick={() => adopt(preview)}>
                  Adopt
                </button>
              </>
            ) : brushed !== null ? (
              <BrushWords range={brushed} found={found} derived={derived} />
            ) : brushing ? (
              <span className="words">
                Drag across the frontier, or hold Shift and walk with the arrow keys.
              </span>
            ) : (
              <PlotLegend still={still} ghost={ghost} cloud={dominated && evaluations > 0} now={now.tier} />
            )}
          </div>
          <div className={`pareto-body${problem === null ? '' : ' greyed'}`}>
            {asTable ? (
              <FrontierTable found={found} derived={derived} baselines={baselineWords} onAdopt={adopt} />
            ) : (
              <>
                <ParetoPlot
                  metric={metric}
                  estimates={derived.config.view.tiers.includes('estimated')}
                  cloud={dominated && derived.config.view.tiers.includes('estimated') ? cloud : null}
                  still={still}
                  live={live}
                  ghost={ghost}
                  brushing={brushing}
                  preview={preview}
                  brushed={brushed}
                  xTitle={`${axisName[axis]} reduction, log scale → better`}
                  yTitle={`${axisTitle}${now.tier === tier ? ` · ${tier}` : ''} ↑ better`}
                  spoken={
                    shown === undefined
                      ? `Current design: ${sayPlace(axis, metric, now)}`
                      : `${sayPlace(axis, metric, shown)}. ${formatMix(shown.point.design)}`
                  }
                  sentence={`${sayPlot(axis, metric, now, found, evaluations, limit)} ${baselineWords}`.trimEnd()}
                  onPreview={setPreview}
                  onAdopt={adopt}
                  onBrush={onBrush}
                  onLimit={onLimit}
                />
                {problem !== null && (
                  <div className="pareto-notice top" role="alert">
                    <b className="bad">This design has no mapping</b>
                    <p>{problem}. The picture is the last that could be computed.</p>
                    <button type="button" className="link" onClick={actions.undo}>
                      Undo the last step
                    </button>
                  </div>
                )}
                {problem === null && empty && status === 'running' && (
                  <div className="pareto-notice">
                    <div className="pareto-bars" aria-hidden="true">
                      <i />
                      <i />
                    </div>
                    <p className="note">Costing layers; the first designs follow</p>
                  </div>
                )}
                {problem === null && empty && status !== 'running' && (
                  <div className="pareto-notice">
                    <b>{stale ? 'The search was for another setting' : 'Nothing evaluated yet'}</b>
                    <p>
                      {stale
                        ? 'Its frontier stays as the dashed ghost.'
                        : 'Drag a rank, or let the search look for you.'}
                    </p>
                    <button type="button" className="tb primary" onClick={() => runner.start()}>
                      Run search
                    </button>
                  </div>
                )}
              </>
            )}
          </div>
        </>
      )}
      <p className="hidden" role="status">
        {spoken}
      </p>
    </div>
  );
}

function Toggle({
  name,
  on,
  set,
  optional = false,
}: {
  readonly name: string;
  readonly on: boolean;
  readonly set: (on: boolean) => void;
  readonly optional?: boolean;
}) {
  return (
    <button
      type="button"
      className={optional ? 'toggle optional' : 'toggle'}
      aria-pressed={on}
      onClick={() => set(!on)}
    >
      {name}
    </button>
  );
}

function BrushWords({
  range,
  found,
  derived,
}: {
  readonly range: Range;
  readonly found: readonly FoundPlace[];
  readonly derived: Derived;
}) {
  const chosen = found.slice(range.from, range.to + 1);
  const [first, last] = [chosen[0], chosen.at(-1)];
  if (first === undefined || last === undefined) return null;
  const text = shareInWords(
    chosen.map(({ point }) => point.design),
    derived.model.linears,
  );
  return (
    <span className="words">
      <b>
        {formatExact(chosen.length)} {chosen.length === 1 ? 'design' : 'designs'}, {formatRatio(first.x)} to{' '}
        {formatRatio(last.x)}:
      </b>{' '}
      {text}
    </span>
  );
}
