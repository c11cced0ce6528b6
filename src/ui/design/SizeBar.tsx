/** The exact parameter count of the layer in focus against dense, where it breaks even, and what that gives. */
import { breakEvenRanks } from '../../core/factor/parameters.ts';
import { rankNames } from '../../core/factor/ranks.ts';
import { useSettled } from '../app.ts';
import { formatCount, formatExact, formatPercent, sayGain } from '../format.ts';

/** The bar ends a quarter above dense, or at the count itself. */
const headroom = 1.25;

export function SizeBar() {
  const { linears, config } = useSettled();
  const view = linears[config.view.focus];
  if (view === undefined) return null;
  const { parameters, denseParameters, cost, denseCost, factorization } = view;
  const end = Math.max(headroom * denseParameters, parameters);
  const percent = (value: number): string => `${((100 * value) / end).toFixed(2)}%`;
  const reduction = (denseCost.energyPj * denseCost.latencyCycles) / (cost.energyPj * cost.latencyCycles);
  return (
    <div className="sec size">
      <div className="sizes">
        <span>Parameters per matrix</span>
        <span>
          <b>{formatExact(parameters)}</b>{' '}
          <span className={parameters > denseParameters ? 'bad' : 'note'}>
            {formatPercent((100 * parameters) / denseParameters)}
          </span>
        </span>
      </div>
      <div
        className="sizebar"
        role="img"
        aria-label={`${formatExact(parameters)} of ${formatExact(denseParameters)} dense parameters`}
      >
        <i className="beyond" style={{ left: percent(denseParameters) }} />
        <i
          className={parameters > denseParameters ? 'fill over' : 'fill'}
          style={{ width: percent(parameters) }}
        />
        <i className="even" style={{ left: percent(denseParameters) }} />
      </div>
      <div className="sizes note">
        <span>{sayGain(reduction)}, modelled</span>
        <span>{breakEvenText(factorization, denseParameters)}</span>
      </div>
    </div>
  );
}

function breakEvenText(factorization: Parameters<typeof breakEvenRanks>[0], denseParameters: number): string {
  const [first] = breakEvenRanks(factorization);
  if (factorization.ranks.length === 1 && first !== undefined && first !== null)
    return `break-even ${rankNames(factorization)[0]} ${first}`;
  return `dense ${formatCount(denseParameters)}`;
}
