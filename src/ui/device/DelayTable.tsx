/** The measured axis as a table, every design adoptable by button. */
import type { Metric } from '../../core/accuracy/figure.ts';
import { formatRatio } from '../format.ts';
import { formatMs } from '../latency/words.ts';
import { bandText, metricWords } from '../metric.ts';
import { AdoptButton } from '../plots/AdoptButton.tsx';
import { formatMix } from '../plots/shared.ts';
import type { DelayPlace } from './delay.ts';

interface DelayTableProps {
  readonly places: readonly DelayPlace[];
  readonly metric: Metric;
  readonly onAdopt: (place: DelayPlace) => void;
}

export function DelayTable({ places, metric, onAdopt }: DelayTableProps) {
  const words = metricWords(metric);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region must be reachable by keyboard
    <section className="pareto-table" tabIndex={0} aria-label="Designs measured on this device">
      <table>
        <caption className="hidden">Delay measured on this device against {words.axis}</caption>
        <thead>
          <tr>
            <th scope="col">design</th>
            <th scope="col">delay reduction, measured</th>
            <th scope="col">ms</th>
            <th scope="col">{words.unit}</th>
            <th scope="col">band</th>
            <th scope="col">how sure</th>
            <th scope="col" className="mix">
              formats
            </th>
            <th scope="col">
              <span className="hidden">adopt</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {places.map((place) => (
            <tr key={`${place.name} ${place.x} ${place.y}`}>
              <th scope="row">{place.name === '' ? 'Found' : place.name}</th>
              <td>{formatRatio(place.x)}</td>
              <td>{formatMs(place.ms)}</td>
              <td>{words.short(place.y)}</td>
              <td>{bandText(metric, place) ?? 'exact'}</td>
              <td>{place.who === 'dense' ? 'reference' : place.tier}</td>
              <td className="mix">{formatMix(place.design)}</td>
              <td>
                <AdoptButton metric={metric} place={place} onAdopt={() => onAdopt(place)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
