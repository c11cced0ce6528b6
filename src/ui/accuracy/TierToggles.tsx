/** Whose figures the plot shows. Only where something can be measured there is a choice. */
import { tiers, type Tier } from '../../core/accuracy/figure.ts';
import type { View } from '../../state/config.ts';
import { useAccuracyRun, useActions, useApp } from '../app.ts';

interface Offered {
  readonly tier: Tier;
  readonly name: string;
  /** Where there is no room. */
  readonly brief: string;
  readonly title: string;
}

const offered: readonly Offered[] = [
  {
    tier: 'estimated',
    name: 'Estimated',
    brief: 'Est.',
    title: 'Predicted from sensitivity tables, with a 90 % band (open marks)',
  },
  {
    tier: 'calibrated',
    name: 'Calibrated',
    brief: 'Cal.',
    title:
      'Rebuilt in this tab: how far it agrees with the dense model on 64 examples, with a 90 % band (half marks)',
  },
  {
    tier: 'measured',
    name: 'Measured',
    brief: 'Meas.',
    title: 'Run in this tab on held-out examples, with a 95 % interval (full marks)',
  },
];

export function TierToggles() {
  const { look } = useActions();
  const shown = useApp((state) => state.config.view.tiers);
  const available = useAccuracyRun((run) => run.status !== 'unavailable');
  if (!available) return null;
  const only = offered.filter(({ tier }) => shown.includes(tier)).length === 1;
  return (
    <div className="seg" role="group" aria-label="Figures shown">
      {offered.map(({ tier, name, brief, title }) => {
        const on = shown.includes(tier);
        return (
          <button
            key={tier}
            type="button"
            aria-pressed={on}
            aria-label={name}
            title={on && only ? `${title}; the last one stays` : title}
            aria-disabled={(on && only) || undefined}
            onClick={() => {
              if (on && only) return;
              look((view): View => ({
                ...view,
                tiers: tiers.filter((each) => (each === tier ? !on : view.tiers.includes(each))),
              }));
            }}
          >
            <span className="wide">{name}</span>
            <span className="brief">{brief}</span>
          </button>
        );
      })}
    </div>
  );
}
