/** Whose figures the plot shows. Only where something can be measured there is a choice. */
import { tiers, type Tier } from '../../core/accuracy/figure.ts';
import type { View } from '../../state/config.ts';
import { useAccuracyRun, useActions, useApp } from '../app.ts';

const offered: readonly { readonly tier: Tier; readonly name: string; readonly title: string }[] = [
  {
    tier: 'estimated',
    name: 'Estimated',
    title: 'Predicted from sensitivity tables, with a 90 % band (open marks)',
  },
  {
    tier: 'calibrated',
    name: 'Calibrated',
    title:
      'Rebuilt in this tab: how far it agrees with the dense model on 64 examples, with a 90 % band (half marks)',
  },
  {
    tier: 'measured',
    name: 'Measured',
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
      {offered.map(({ tier, name, title }) => {
        const on = shown.includes(tier);
        return (
          <button
            key={tier}
            type="button"
            aria-pressed={on}
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
            {name}
          </button>
        );
      })}
    </div>
  );
}
