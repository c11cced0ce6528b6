/** Modelled against measured speed-up, one mark a design; on the diagonal the model is right about this device. */
import { scaleLog } from 'd3';
import { spearman } from '../../core/accuracy/rank-correlation.ts';
import { formatNumber, formatRatio } from '../format.ts';
import { Mark } from '../plots/Mark.tsx';
import type { DeviceRow } from './words.ts';

const side = 168;
const left = 44;
const bottom = 34;
const inset = 8;

interface AgreementProps {
  readonly rows: readonly DeviceRow[];
  readonly machine: string;
}

export function Agreement({ rows, machine }: AgreementProps) {
  const points = rows.flatMap(({ who, name, measured, modelled }) =>
    measured === null || modelled === null ? [] : [{ who, name, measured: measured.median, modelled }],
  );
  if (points.length < 2) return null;
  const values = points.flatMap(({ measured, modelled }) => [measured, modelled]);
  const domain = [Math.min(0.8, ...values) / 1.1, Math.max(1.5, ...values) * 1.1];
  const x = scaleLog(domain, [left, left + side]);
  const y = scaleLog(domain, [inset + side, inset]);
  const ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].filter(
    (tick) => tick >= (domain[0] ?? 0) && tick <= (domain[1] ?? 0),
  );
  const rank = spearman(
    points.map(({ modelled }) => modelled),
    points.map(({ measured }) => measured),
  );
  const words = `Speed-up over dense, measured against modelled on ${machine}: ${points
    .map(
      ({ name, measured, modelled }) => `${name} ${formatRatio(measured)} against ${formatRatio(modelled)}`,
    )
    .join(', ')}.`;
  return (
    <figure className="device-agreement">
      <svg width={left + side + inset} height={inset + side + bottom} role="img" aria-label={words}>
        {ticks.map((tick) => (
          <g key={tick} className="i2">
            <line x1={left} x2={left + side} y1={y(tick)} y2={y(tick)} stroke="var(--rs-grid)" />
            <line x1={x(tick)} x2={x(tick)} y1={inset} y2={inset + side} stroke="var(--rs-grid)" />
            <text x={left - 6} y={y(tick) + 4} textAnchor="end">
              {tick}×
            </text>
            <text x={x(tick)} y={inset + side + 14} textAnchor="middle">
              {tick}×
            </text>
          </g>
        ))}
        <path
          d={`M${x(domain[0] ?? 1)} ${y(domain[0] ?? 1)}L${x(domain[1] ?? 1)} ${y(domain[1] ?? 1)}`}
          stroke="var(--rs-line-strong)"
          strokeDasharray="3 3"
        />
        {points.map(({ who, name, measured, modelled }) =>
          who === 'frontier' ? (
            <circle key={name} cx={x(modelled)} cy={y(measured)} r={2.5} fill="var(--rs-front)" />
          ) : (
            <Mark key={name} who={who} tier="measured" x={x(modelled)} y={y(measured)} r={4.4} stroke={1.5} />
          ),
        )}
        <text x={left + side} y={inset + side + 28} textAnchor="end" className="i2">
          modelled speed-up, {machine}
        </text>
      </svg>
      <figcaption className="note">
        Up: measured speed-up over dense. On the dashed line the model of {machine} is right about this
        device.
        {points.length >= 4 && Number.isFinite(rank)
          ? ` Rank correlation ${formatNumber(rank, 2)} over ${points.length} designs.`
          : ''}
      </figcaption>
    </figure>
  );
}
