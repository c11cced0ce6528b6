/** The exact parameter count of the layer in focus against dense, where it breaks even, and what that gives. */
import { breakEvenRanks } from '../../core/factor/parameters.ts';
import { rankNames } from '../../core/factor/ranks.ts';
import { useSettled } from '../app.ts';
import { formatCount, formatExact } from '../format.ts';
import { sizeFigures } from './size-figures.ts';
import { SizeInk } from './SizeInk.tsx';

export function SizeBar() {
  const { linears, config } = useSettled();
  const view = linears[config.view.focus];
  if (view === undefined) return null;
  const { parameters, ofDense, gain, isOver, filled, dense } = sizeFigures(view);
  const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;
  return (
    <div className="sec size">
      <div className="sizes">
        <span>Parameters per matrix</span>
        <span className="count moves">
          <b>{parameters}</b> <span className={isOver ? 'bad' : 'note'}>{ofDense}</span>
        </span>
      </div>
      <div
        className="sizebar moves"
        role="img"
        aria-label={`${parameters} of ${formatExact(view.denseParameters)} dense parameters`}
      >
        <i className="beyond" style={{ left: percent(dense) }} />
        <i className={isOver ? 'fill over' : 'fill'} style={{ width: percent(filled) }} />
        <i className="even" style={{ left: percent(dense) }} />
      </div>
      <div className="sizes note">
        <span className="gain moves">{gain}</span>
        <span>{breakEvenText(view.factorization, view.denseParameters)}</span>
      </div>
      <SizeInk />
    </div>
  );
}

function breakEvenText(factorization: Parameters<typeof breakEvenRanks>[0], denseParameters: number): string {
  const [first] = breakEvenRanks(factorization);
  if (factorization.ranks.length === 1 && first !== undefined && first !== null)
    return `break-even ${rankNames(factorization)[0]} ${first}`;
  return `dense ${formatCount(denseParameters)}`;
}
