/** What the vertical axis of a model of one's own is worth before its answers were measured on examples. */
import type { LinearView } from '../../state/derive.ts';
import { useSettled } from '../app.ts';

/** Shares are then of what layers give, not of their weights. */
export const isWeighted = (linears: readonly Pick<LinearView, 'weights'>[]): boolean =>
  linears.some(({ weights }) => weights.kind === 'spectrum' && weights.weighted === true);

export function AxisBadge() {
  const { config, accuracy, linears } = useSettled();
  if (config.model.kind !== 'file' || accuracy.kind === 'own') return null;
  return isWeighted(linears) ? (
    <span
      className="axis-badge"
      title="Share of the energy of the layers’ outputs that is kept over your examples; it is not how well the model answers"
    >
      your examples
    </span>
  ) : (
    <span
      className="axis-badge weak"
      title="From the weights alone: it orders designs badly (rank correlation with accuracy 0.4 to 0.7). Drop examples for the model to measure its answers"
    >
      weak, data-free
    </span>
  );
}
