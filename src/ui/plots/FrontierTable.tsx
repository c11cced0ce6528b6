/** The plot's twin: the frontier as a table, every design adoptable by button. */
import type { Tier } from '../../core/accuracy/figure.ts';
import { useFindKnown } from '../accuracy/shown.ts';
import { formatCount, formatEnergy, formatLatency, formatRatio, inline } from '../format.ts';
import { bandText, metricWords } from '../metric.ts';
import type { Derived } from '../../state/derive.ts';
import { AdoptButton } from './AdoptButton.tsx';
import type { FoundPlace } from './run-places.ts';
import { formatMix } from './shared.ts';
import { axisName } from './words.ts';

interface FrontierTableProps {
  readonly found: readonly FoundPlace[];
  readonly derived: Derived;
  /** A sentence, or empty. */
  readonly baselines: string;
  readonly onAdopt: (index: number) => void;
}

interface ShownFigure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly tier: Tier;
}

/** A table longer than this helps nobody; both ends stay. */
const mostRows = 60;

export function FrontierTable({ found, derived, baselines, onAdopt }: FrontierTableProps) {
  const { config, energyUnit } = derived;
  const { axis } = config.view;
  const { metric } = derived.evaluation.accuracy;
  const words = metricWords(metric);
  const rows = thinRows(found.length);
  const find = useFindKnown(config);
  // As on the plot: what was measured stands before the estimate, unless measured figures are switched off.
  const figureOf = (point: FoundPlace['point']): ShownFigure => {
    const measured = config.view.tiers.includes('measured') ? find(point.design).measured?.figure : undefined;
    return measured?.metric === metric ? measured : { ...point, tier: 'estimated' };
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region must be reachable by keyboard
    <section className="pareto-table" tabIndex={0} aria-label="Frontier as a table">
      <table>
        <caption className="hidden">
          Frontier designs, {axisName[axis]} reduction against {words.axis}
        </caption>
        <thead>
          <tr>
            <th scope="col">{axisName[axis]} reduction</th>
            <th scope="col">{words.unit}</th>
            <th scope="col">band</th>
            <th scope="col">how sure</th>
            <th scope="col">energy</th>
            <th scope="col">delay</th>
            <th scope="col">parameters</th>
            <th scope="col" className="mix">
              formats
            </th>
            <th scope="col">
              <span className="hidden">adopt</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((index) => {
            const place = found[index];
            if (place === undefined) return null;
            const { point } = place;
            const figure = figureOf(point);
            return (
              <tr key={index}>
                <th scope="row">{formatRatio(place.x)}</th>
                <td>{words.short(figure.value)}</td>
                <td>{bandText(metric, figure) ?? 'exact'}</td>
                <td>{figure.tier}</td>
                <td>{inline(formatEnergy(point.energyPj, energyUnit))}</td>
                <td>{inline(formatLatency(point.latencyCycles, config.accelerator.clockHz))}</td>
                <td>{formatCount(point.parameters)}</td>
                <td className="mix">{formatMix(point.design)}</td>
                <td>
                  <AdoptButton
                    metric={metric}
                    place={{ x: place.x, y: figure.value }}
                    onAdopt={() => onAdopt(index)}
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {baselines !== '' && <p className="note">{baselines}</p>}
      {found.length === 0 && <p className="note">Nothing evaluated yet: run the search.</p>}
      {found.length > rows.length && (
        <p className="note">
          {rows.length} of {found.length} designs, evenly along the frontier; the CSV download has all.
        </p>
      )}
    </section>
  );
}

function thinRows(count: number): readonly number[] {
  if (count <= mostRows) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: mostRows }, (_, i) => Math.round((i * (count - 1)) / (mostRows - 1)));
}
