/** What the marks mean, outside the frame so that it never covers a point. */
import { memo } from 'react';
import type { Tier } from '../../core/accuracy/figure.ts';
import type { StillData } from './pareto.ts';

interface LegendProps {
  readonly still: StillData;
  readonly ghost: boolean;
  readonly cloud: boolean;
  /** How sure the figure of the current design is. */
  readonly now: Tier;
}

export const PlotLegend = memo(function PlotLegend({ still, ghost, cloud, now }: LegendProps) {
  return (
    <ul className="pareto-legend" aria-label="Legend">
      <li>
        <svg width={14} height={12} viewBox="-7 -6 14 12" aria-hidden="true">
          <circle r={4} fill="var(--rs-bg)" stroke="var(--rs-ink-2)" strokeWidth={1.5} />
        </svg>
        estimated
      </li>
      {now === 'calibrated' && (
        <li>
          <svg width={14} height={12} viewBox="-7 -6 14 12" aria-hidden="true">
            <circle r={4} fill="var(--rs-bg)" stroke="var(--rs-ink-2)" strokeWidth={1.5} />
            <path d="M-4 0a4 4 0 0 0 8 0Z" fill="var(--rs-ink-2)" />
          </svg>
          calibrated
        </li>
      )}
      {(still.measured.length > 0 || now === 'measured') && (
        <li>
          <svg width={14} height={12} viewBox="-7 -6 14 12" aria-hidden="true">
            <path d="M0 -6V6" stroke="var(--rs-ink-2)" />
            <circle r={4} fill="var(--rs-ink-2)" />
          </svg>
          measured
        </li>
      )}
      {cloud && (
        <li>
          <svg width={14} height={12} aria-hidden="true" fill="var(--rs-cloud)">
            <circle cx={3} cy={4} r={1.1} />
            <circle cx={10} cy={6} r={1.1} />
            <circle cx={5} cy={9} r={1.1} />
          </svg>
          evaluated
        </li>
      )}
      {still.frontier.length > 0 && (
        <li>
          <svg width={16} height={12} aria-hidden="true">
            <path d="M0 6h16" stroke="var(--rs-front)" strokeWidth={1.5} />
            <circle cx={8} cy={6} r={2.2} fill="var(--rs-bg)" stroke="var(--rs-front)" strokeWidth={1.25} />
          </svg>
          frontier
        </li>
      )}
      {ghost && still.previous.length > 0 && (
        <li>
          <svg width={16} height={12} aria-hidden="true">
            <path d="M0 6h16" stroke="var(--rs-ghost)" strokeWidth={1.5} strokeDasharray="4 3" />
          </svg>
          previous search
        </li>
      )}
      <li className="extra">
        <svg width={22} height={14} viewBox="-5 -7 22 14" aria-hidden="true">
          <path d="M0 -5.5V5.5M-3 -5.5h6M-3 5.5h6" stroke="var(--rs-ink-2)" strokeWidth={1.5} />
          <path d="M6 5L11 -5M10 5L15 -5" stroke="var(--rs-hatch)" strokeWidth={1} />
        </svg>
        band of the estimate
      </li>
    </ul>
  );
});
