/** The matrix grid with its legend, and one-press selections for those who do not drag. */
import { useMemo } from 'react';
import { select, selectBlock, selectRole } from '../../state/selection.ts';
import { useActions, useApp, useSettled } from '../app.ts';
import { formatCount, formatPercent } from '../format.ts';
import { Choice } from '../Choice.tsx';
import { MatrixGrid } from './MatrixGrid.tsx';
import { gridOf } from '../../state/selection.ts';

export function MatrixSection() {
  const { look } = useActions();
  const { model, linears, evaluation } = useSettled();
  const view = useApp((state) => state.config.view);
  const locks = useApp((state) => state.config.locks);
  const byEdp = view.gridColour === 'edp';
  const { energyPj, latencyCycles } = evaluation;

  const amounts = useMemo(
    () =>
      linears.map(({ cost, parameters, denseParameters }) =>
        byEdp
          ? (cost.energyPj / energyPj + cost.latencyCycles / latencyCycles) / 2
          : parameters / denseParameters,
      ),
    [linears, byEdp, energyPj, latencyCycles],
  );
  const largest = Math.max(...amounts, 1e-9);
  const shades = useMemo(
    () =>
      amounts.map((amount) => ({
        share: amount / largest,
        text: `${formatPercent(100 * amount, byEdp ? 1 : 0)} ${byEdp ? 'of EDP' : 'of dense parameters'}`,
      })),
    [amounts, largest, byEdp],
  );
  const totals = useMemo(() => {
    const { columns, cells } = gridOf(model);
    return columns.map((_, role) => {
      const layers = cells.flatMap((row) => row[role] ?? []);
      if (byEdp) return formatPercent(100 * layers.reduce((sum, layer) => sum + (amounts[layer] ?? 0), 0), 0);
      return formatCount(layers.reduce((sum, layer) => sum + (linears[layer]?.parameters ?? 0), 0));
    });
  }, [model, amounts, linears, byEdp]);
  const locked = useMemo(() => new Set(locks.map((lock) => lock.layer)), [locks]);
  const focus = model.linears[view.focus];

  return (
    <div className="sec matrices">
      <header>
        <h2>Matrices</h2>
        <span className="ramp note">
          <i />
          <i />
          <i />
          <i />0 to {formatPercent(100 * largest, largest < 0.1 ? 1 : 0)}
        </span>
        <span className="grow" />
        <Choice
          label="Cell colour"
          value={view.gridColour}
          options={[
            { value: 'edp', text: 'EDP share', title: 'Mean of the share of energy and the share of delay' },
            { value: 'rank', text: 'Size', title: 'Parameters left, of the dense matrix' },
          ]}
          onChange={(gridColour) => look((v) => ({ ...v, gridColour }))}
        />
      </header>
      <MatrixGrid
        model={model}
        selection={view.selection}
        focus={view.focus}
        shades={shades}
        totals={totals}
        locked={locked}
        look={look}
      />
      <div className="quick" role="group" aria-label="Select">
        <span className="note">Select</span>
        <button type="button" className="tb" onClick={() => look((v) => select(v, [v.focus]))}>
          This one
        </button>
        {focus !== undefined && (
          <>
            <button
              type="button"
              className="tb"
              onClick={() => look((v) => selectRole(v, model, focus.role))}
            >
              {focus.role}
            </button>
            <button
              type="button"
              className="tb"
              onClick={() => look((v) => selectBlock(v, model, focus.block))}
            >
              {focus.block === null ? 'Outside' : `Layer ${focus.block + 1}`}
            </button>
          </>
        )}
        <button
          type="button"
          className="tb"
          onClick={() =>
            look((v) =>
              select(
                v,
                model.linears.map((_, index) => index),
              ),
            )
          }
        >
          All
        </button>
      </div>
    </div>
  );
}
