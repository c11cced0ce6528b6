/** In a table of designs: makes one the current design. Its name tells which to whoever hears only the button. */
import type { Metric } from '../../core/accuracy/figure.ts';
import { formatRatio } from '../format.ts';
import { metricWords } from '../metric.ts';
import type { Place } from './frame.ts';

interface AdoptButtonProps {
  readonly metric: Metric;
  /** As the table shows it. */
  readonly place: Place;
  readonly onAdopt: () => void;
}

export function AdoptButton({ metric, place, onAdopt }: AdoptButtonProps) {
  return (
    <button
      type="button"
      className="tb"
      aria-label={`Adopt ${formatRatio(place.x)}, ${metricWords(metric).text(place.y)}`}
      onClick={onAdopt}
    >
      Adopt
    </button>
  );
}
