/** Estimated against measured points, one dot a design; the diagonal is where an estimate is right. */
import { scaleSymlog } from 'd3';
import type { ValidatedModel } from '../../core/accuracy/agreement.ts';

interface TierScatterProps {
  readonly designs: ValidatedModel['designs'];
  readonly title: string;
}

const side = 240;
const margin = 34;
const ticks = [0, -1, -5, -20, -100] as const;

export function TierScatter({ designs, title }: TierScatterProps) {
  return (
    <div className="tier-scatters">
      {(['estimated', 'calibrated'] as const).map((tier) => (
        <Scatter
          key={tier}
          title={`${title}: ${tier}`}
          axis={`${tier}, points`}
          dots={designs.map(([, estimated, calibrated, measured]) => [
            tier === 'estimated' ? estimated : calibrated,
            measured,
          ])}
        />
      ))}
    </div>
  );
}

function Scatter({
  title,
  axis,
  dots,
}: {
  readonly title: string;
  readonly axis: string;
  readonly dots: readonly (readonly [predicted: number, measured: number])[];
}) {
  const scale = scaleSymlog([-100, 0.5], [0, side]).constant(1);
  const x = (value: number): number => margin + scale(value);
  const y = (value: number): number => 8 + side - scale(value);
  return (
    <svg width={side + margin + 8} height={side + margin + 8} role="img" aria-label={title}>
      {ticks.map((tick) => (
        <g key={tick} className="i2">
          <line x1={margin} x2={margin + side} y1={y(tick)} y2={y(tick)} stroke="var(--rs-grid)" />
          <text x={margin - 4} y={y(tick) + 4} textAnchor="end">
            {tick === 0 ? '0' : `−${-tick}`}
          </text>
          <text x={x(tick)} y={side + 22} textAnchor="middle">
            {tick === 0 ? '0' : `−${-tick}`}
          </text>
        </g>
      ))}
      <path
        d={`M${x(-100)} ${y(-100)}L${x(0)} ${y(0)}`}
        stroke="var(--rs-line-strong)"
        strokeDasharray="3 3"
      />
      {dots.map(([predicted, measured], i) => (
        // oxlint-disable-next-line react/no-array-index-key -- designs have no other name
        <circle key={i} cx={x(predicted)} cy={y(measured)} r={2} fill="var(--rs-accent)" fillOpacity={0.6} />
      ))}
      <text x={margin + side} y={side + 36} textAnchor="end" className="i2">
        {axis}
      </text>
      <text x={margin + 4} y={16} className="i2">
        measured, points
      </text>
    </svg>
  );
}
