/** The chosen few side by side: dense, the current design and up to four pins. */
import { lazy, memo, Suspense, useMemo, type ReactNode } from 'react';
import type { Accelerator } from '../../core/hardware/accelerator.ts';
import type { Evaluation } from '../../core/search/evaluation.ts';
import { AccuracySection } from '../accuracy/AccuracySection.tsx';
import { shownFigure, useFindKnown, type FindKnown, type Known } from '../accuracy/shown.ts';
import { useActions, useApp, useSearchRun, useSettled } from '../app.ts';
import { useOpenDialog } from '../dialogs/dialog-context.ts';
import { LatencySection } from '../latency/LatencySection.tsx';
import { DeviceSection } from '../device/DeviceSection.tsx';
import type { Moving } from '../ink/motion.ts';
import { Icon } from '../icons.tsx';
import { pinLetters, type View } from '../../state/config.ts';
import type { Derived } from '../../state/derive.ts';
import { pin } from '../../state/edits.ts';
import { whoColour, whoName, type Who } from '../plots/shapes.ts';
import { CompareTable } from './CompareTable.tsx';
import { layerDifferences } from './differences.ts';
import { EnergyStack } from './EnergyStack.tsx';
import { compareRows, type Column } from './rows.ts';
import type { Download } from './save.ts';
import { NowInk } from './NowInk.tsx';
import { whyDifferent } from './why.ts';
import './compare.css';

// For models of one's own only.
const ExamplesSection = lazy(() =>
  import('../examples/lazy.ts').then((all) => ({ default: all.ExamplesSection })),
);

/** Dense, now, pins, each with the figure that is on screen for it; in a drag only `now` is new. */
function useColumns({ config, evaluator, model, dense, evaluation }: Derived): readonly Column[] {
  const { pins, design } = config;
  const { tiers } = config.view;
  const find = useFindKnown(config);
  const fixed = useMemo(
    (): Column => ({
      who: 'dense',
      design: model.linears.map((_, i) => evaluator.denseFactorization(i)),
      evaluation: dense,
    }),
    [model, evaluator, dense],
  );
  const pinned = useMemo(
    () =>
      pins.map((entry): Column => ({
        who: entry.letter,
        design: entry.design,
        evaluation: withFigure(evaluator.evaluate(entry.design), find(entry.design), tiers),
      })),
    [pins, evaluator, find, tiers],
  );
  return useMemo(
    () => [fixed, { who: 'now', design, evaluation: withFigure(evaluation, find(design), tiers) }, ...pinned],
    [fixed, pinned, design, evaluation, find, tiers],
  );
}

function withFigure(evaluation: Evaluation, known: Known, tiers: View['tiers']): Evaluation {
  const accuracy = shownFigure(evaluation.accuracy, known, tiers);
  return accuracy === evaluation.accuracy ? evaluation : { ...evaluation, accuracy };
}

/** In a drag the column of the current design and its bar are drawn over it (`NowInk`); all else follows when the hand rests. */
export function ComparePanel() {
  const settled = useSettled();
  const columns = useColumns(settled);
  const find = useFindKnown(settled.config);
  const wanted = settled.config.view.reference;
  const reference: Who = columns.some(({ who }) => who === wanted) ? wanted : 'dense';
  // The sentence is about the current design; against itself it would say nothing, so then against dense.
  const other = columns.find(({ who }) => who === (reference === 'now' ? 'dense' : reference));
  return (
    <div className="compare-panel">
      <Figures reference={reference} columns={columns} derived={settled} find={find}>
        {other !== undefined && (
          <p className="why">
            {whyDifferent(
              'Now',
              settled.evaluation,
              whoName(other.who),
              other.evaluation,
              levelNames(settled.config.accelerator),
            )}
          </p>
        )}
      </Figures>
      {other !== undefined && <Differences from={other} derived={settled} />}
      <LatencySection />
      <DeviceSection />
      <Downloads derived={settled} columns={columns} reference={reference} />
    </div>
  );
}

const levelNames = ({ levels }: Accelerator): readonly string[] => [...levels.map(({ name }) => name), 'MAC'];

/** Table and bars; `children` stand under the bars. */
function Figures({
  reference,
  columns,
  derived,
  find,
  children,
}: {
  readonly reference: Who;
  readonly columns: readonly Column[];
  readonly derived: Derived;
  readonly find: FindKnown;
  readonly children: ReactNode;
}) {
  const { config } = derived;
  const { accelerator, pins } = config;
  const names = useMemo((): readonly Who[] => ['dense', 'now', ...pins.map(({ letter }) => letter)], [pins]);
  const levels = useMemo(() => levelNames(accelerator), [accelerator]);
  /** All columns in a drag: only the current design's is new. */
  const columnsIn = ({ derived: { evaluation, config: draft } }: Moving): readonly Column[] =>
    columns.map((column) =>
      column.who === 'now'
        ? {
            who: 'now',
            design: draft.design,
            evaluation: withFigure(evaluation, find(draft.design), draft.view.tiers),
          }
        : column,
    );
  return (
    <>
      <div className="sec">
        <Head names={names} reference={reference} />
        <CompareTable
          names={names}
          columns={columns}
          rows={compareRows(columns, reference, {
            energyUnit: derived.energyUnit,
            clockHz: accelerator.clockHz,
          })}
        >
          <NowInk columns={columnsIn} reference={reference} />
        </CompareTable>
      </div>
      <AccuracySection />
      {config.model.kind === 'file' && (
        <Suspense fallback={<div className="sec examples-to-come" />}>
          <ExamplesSection />
        </Suspense>
      )}
      <div className="sec">
        <EnergyStack columns={columns} inMotion={columnsIn} levels={levels} energyUnit={derived.energyUnit} />
        {children}
      </div>
    </>
  );
}

const Head = memo(function Head({
  names,
  reference,
}: {
  readonly names: readonly Who[];
  readonly reference: Who;
}) {
  const { edit, look } = useActions();
  const full = useApp((state) => state.config.pins.length >= pinLetters.length);
  return (
    <header>
      <h2>Compare</h2>
      <label className="reference">
        <span className="note">difference from</span>
        <select
          className="field"
          value={reference}
          style={{ color: whoColour[reference] }}
          onChange={(event) => {
            const chosen = names.find((who) => who === event.currentTarget.value);
            if (chosen !== undefined) look((view): View => ({ ...view, reference: chosen }));
          }}
        >
          {names.map((who) => (
            <option key={who} value={who}>
              {whoName(who)}
            </option>
          ))}
        </select>
      </label>
      <span className="grow" />
      <button
        type="button"
        className="tb"
        disabled={full}
        title={full ? 'Four pins are the most: unpin one first' : 'Keep the current design as a pin'}
        onClick={() => edit('Pin current', (old) => pin(old))}
      >
        <Icon name="plus" />
        Pin current
      </button>
    </header>
  );
});

function Differences({ from, derived }: { readonly from: Column; readonly derived: Derived }) {
  const { linears } = derived.model;
  const differences = useMemo(
    () => layerDifferences(from.design, derived.config.design, linears),
    [from.design, derived.config.design, linears],
  );
  const count = differences.reduce((sum, difference) => sum + difference.count, 0);
  return (
    <details className="sec layer-differences">
      <summary>
        <b>Layers</b>{' '}
        <span className="note">
          {count === 0
            ? `all as in ${whoName(from.who)}`
            : `${count} of ${linears.length} differ from ${whoName(from.who)}`}
        </span>
      </summary>
      <ul>
        {differences.map(({ role, blocks, from: before, to }) => (
          <li key={`${role} ${blocks} ${before} ${to}`}>
            <b>{role}</b> <span className="note">{blocks}</span>
            <span className="mono">
              {before} → {to}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Downloads({
  derived,
  columns,
  reference,
}: {
  readonly derived: Derived;
  readonly columns: readonly Column[];
  readonly reference: Who;
}) {
  const actions = useActions();
  const frontier = useSearchRun((run) => run.frontier);
  const open = useOpenDialog();
  const shown = { derived, columns, reference, frontier };
  const save = async (file: Download): Promise<void> => {
    const { saveFile } = await import('./save.ts');
    const problem = await saveFile(file, shown);
    if (problem !== null) actions.notify(problem);
  };
  return (
    <div className="sec downloads">
      <button type="button" className="tb line" aria-haspopup="dialog" onClick={() => open('export')}>
        <Icon name="export" />
        Export model
      </button>
      <span className="note">Download</span>
      <button
        type="button"
        className="tb"
        aria-label="Download the comparison as CSV"
        onClick={() => void save('comparison CSV')}
      >
        CSV
      </button>
      <button
        type="button"
        className="tb"
        aria-label="Download the comparison as JSON"
        onClick={() => void save('comparison JSON')}
      >
        JSON
      </button>
      <button
        type="button"
        className="tb"
        disabled={frontier.length === 0}
        aria-label="Download the frontier as CSV"
        onClick={() => void save('frontier CSV')}
      >
        Frontier CSV
      </button>
      <button
        type="button"
        className="tb"
        aria-label="Download the plot as SVG"
        onClick={() => void save('plot SVG')}
      >
        SVG
      </button>
      <button
        type="button"
        className="tb"
        aria-label="Download the plot as PNG"
        onClick={() => void save('plot PNG')}
      >
        PNG
      </button>
    </div>
  );
}
