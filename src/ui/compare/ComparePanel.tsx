/** The chosen few side by side: dense, the current design and up to four pins. */
import { useMemo } from 'react';
import { useActions, useDerived, useSearchRun } from '../app.ts';
import { Icon } from '../icons.tsx';
import { pinLetters, type PinLetter, type View } from '../../state/config.ts';
import type { Derived } from '../../state/derive.ts';
import { adoptDesign, pin, unpin } from '../../state/edits.ts';
import { encodeLink } from '../../state/url.ts';
import { whoColour, whoName, type Who } from '../plots/shapes.ts';
import { CompareTable } from './CompareTable.tsx';
import { layerDifferences } from './differences.ts';
import { download, plotSvg } from './download.ts';
import { EnergyStack } from './EnergyStack.tsx';
import { compareCsv, compareJson, frontierCsv } from './exporters.ts';
import { compareRows, type Column } from './rows.ts';
import { whyDifferent } from './why.ts';
import './compare.css';

/** Dense, now, pins; in a drag only `now` is new. */
function useColumns({ config, evaluator, model, dense, evaluation }: Derived): readonly Column[] {
  const { pins, design } = config;
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
        evaluation: evaluator.evaluate(entry.design),
      })),
    [pins, evaluator],
  );
  return useMemo(
    () => [fixed, { who: 'now', design, evaluation }, ...pinned],
    [fixed, pinned, design, evaluation],
  );
}

export function ComparePanel() {
  const derived = useDerived();
  const actions = useActions();
  const { config, model } = derived;
  const columns = useColumns(derived);
  const reference: Who = columns.some(({ who }) => who === config.view.reference)
    ? config.view.reference
    : 'dense';
  const rows = useMemo(
    () =>
      compareRows(columns, reference, {
        energyUnit: derived.energyUnit,
        clockHz: config.accelerator.clockHz,
      }),
    [columns, reference, derived.energyUnit, config.accelerator.clockHz],
  );
  const levels = [...config.accelerator.levels.map((level) => level.name), 'MAC'];
  const full = config.pins.length >= pinLetters.length;
  const base = columns.find(({ who }) => who === reference);
  // The sentence is about the current design; against itself it would say nothing, so then against dense.
  const other = reference === 'now' ? columns[0] : base;

  const onAdopt = (letter: PinLetter): void =>
    actions.edit(`Adopt pin ${letter}`, (old) => {
      const design = old.pins.find((entry) => entry.letter === letter)?.design;
      return design === undefined ? old : adoptDesign(old, design);
    });

  return (
    <div className="compare-panel">
      <div className="sec">
        <header>
          <h2>Compare</h2>
          <label className="reference">
            <span className="note">difference from</span>
            <select
              className="field"
              value={reference}
              style={{ color: whoColour[reference] }}
              onChange={(event) => {
                const chosen = columns.find(({ who }) => who === event.currentTarget.value)?.who;
                if (chosen !== undefined) actions.look((view): View => ({ ...view, reference: chosen }));
              }}
            >
              {columns.map(({ who }) => (
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
            onClick={() => actions.edit('Pin current', (old) => pin(old))}
          >
            <Icon name="plus" />
            Pin current
          </button>
        </header>
        <CompareTable
          columns={columns}
          rows={rows}
          onAdopt={onAdopt}
          onUnpin={(letter) => actions.edit(`Unpin ${letter}`, (old) => unpin(old, letter))}
        />
      </div>
      <div className="sec">
        <EnergyStack columns={columns} levels={levels} energyUnit={derived.energyUnit} />
        {other !== undefined && (
          <p className="why">
            {whyDifferent('Now', derived.evaluation, whoName(other.who), other.evaluation, levels)}
          </p>
        )}
      </div>
      {other !== undefined && <Differences from={other} derived={derived} />}
      <Downloads derived={derived} columns={columns} rows={rows} title={model.title} />
    </div>
  );
}

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
  rows,
  title,
}: {
  readonly derived: Derived;
  readonly columns: readonly Column[];
  readonly rows: ReturnType<typeof compareRows>;
  readonly title: string;
}) {
  const actions = useActions();
  const frontier = useSearchRun((run) => run.frontier);
  const stem = `rankscape-${derived.model.id}`;
  const saveSvg = (): void => {
    const text = plotSvg(`${title}: EDP reduction against weight energy kept, estimated`);
    if (text === null)
      actions.notify({ kind: 'info', text: 'The plot is shown as a table: switch Table off first.' });
    else download(`${stem}-pareto.svg`, text, 'image/svg+xml');
  };
  return (
    <div className="sec downloads">
      <span className="note">Download</span>
      <button
        type="button"
        className="tb"
        aria-label="Download the comparison as CSV"
        onClick={() => download(`${stem}-compare.csv`, compareCsv(columns, rows), 'text/csv')}
      >
        CSV
      </button>
      <button
        type="button"
        className="tb"
        aria-label="Download the comparison as JSON"
        onClick={() =>
          download(
            `${stem}-compare.json`,
            compareJson(derived, columns, encodeLink(derived.config)),
            'application/json',
          )
        }
      >
        JSON
      </button>
      <button
        type="button"
        className="tb"
        disabled={frontier.length === 0}
        aria-label="Download the frontier as CSV"
        onClick={() =>
          download(`${stem}-frontier.csv`, frontierCsv(frontier, derived.energyUnit), 'text/csv')
        }
      >
        Frontier CSV
      </button>
      <button type="button" className="tb" aria-label="Download the plot as SVG" onClick={saveSvg}>
        Plot SVG
      </button>
    </div>
  );
}
