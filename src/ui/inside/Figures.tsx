/** The figures of one lane as SVG: tensor network and contraction path. */
import { memo } from 'react';
import { formatCount, formatPercent } from '../format.ts';
import type { NetworkMarks } from './network.ts';
import type { OrderMarks } from './order.ts';

interface NetworkProps {
  readonly marks: NetworkMarks;
  readonly width: number;
  readonly height: number;
  readonly colour: string;
  readonly label: string;
}

export const NetworkFigure = memo(function NetworkFigure({
  marks,
  width,
  height,
  colour,
  label,
}: NetworkProps) {
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <text x={0} y={11}>
        out
      </text>
      <text x={0} y={height - 3}>
        in
      </text>
      {marks.bonds.map(({ path, width: thick }, i) => (
        // oxlint-disable-next-line react/no-array-index-key -- marks have no identity beyond their order
        <path key={i} d={path} fill="none" stroke={colour} strokeWidth={thick} strokeOpacity={0.55} />
      ))}
      {marks.legs.map(({ x, y1, y2, mode, side }) => (
        <g key={`${side} ${x} ${y1}`}>
          <line x1={x} x2={x} y1={y1} y2={y2} stroke="var(--rs-ink-3)" strokeWidth={1.5} />
          <text x={x + 4} y={side === 'out' ? y2 + 7 : y2}>
            {mode}
          </text>
        </g>
      ))}
      {marks.nodes.map(({ name, x, y, kind }) =>
        kind === 'hub' ? (
          <circle key="hub" cx={x} cy={y} r={4} fill={colour} />
        ) : (
          <g key={name}>
            {kind === 'core' ? (
              <rect
                x={x - marks.radius - 1}
                y={y - marks.radius - 1}
                width={2 * marks.radius + 2}
                height={2 * marks.radius + 2}
                fill="var(--rs-bg)"
                stroke={colour}
                strokeWidth={1.75}
              />
            ) : (
              <circle cx={x} cy={y} r={marks.radius} fill="var(--rs-bg)" stroke={colour} strokeWidth={1.75} />
            )}
            <text x={x} y={y + 4} textAnchor="middle" className="i">
              {name}
            </text>
          </g>
        ),
      )}
      {marks.bonds.map(({ rank, labelX, labelY }, i) => (
        // oxlint-disable-next-line react/no-array-index-key -- marks have no identity beyond their order
        <text key={i} x={labelX} y={labelY} textAnchor="middle" className="i b halo">
          {rank}
        </text>
      ))}
    </svg>
  );
});

interface OrderProps {
  readonly marks: OrderMarks;
  readonly width: number;
  readonly height: number;
  readonly colour: string;
  readonly label: string;
  readonly chosen: number;
}

export const OrderFigure = memo(function OrderFigure({
  marks,
  width,
  height,
  colour,
  label,
  chosen,
}: OrderProps) {
  // Where counts would run into each other only the chosen step says its own; the shares always stand.
  const roomy = width / (marks.dots.length + 1) > 38;
  const rows = [marks.trunkY + 26, marks.trunkY + 40];
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      {marks.lines.map(({ path, width: thick }, i) => (
        // oxlint-disable-next-line react/no-array-index-key -- marks have no identity beyond their order
        <path key={i} d={path} fill="none" stroke="var(--rs-line-strong)" strokeWidth={thick} />
      ))}
      <text x={marks.startX - 7} y={marks.trunkY + 4} className="i" textAnchor="middle">
        x
      </text>
      <text x={marks.endX + 2} y={marks.trunkY + 4} className="i" textAnchor="middle">
        y
      </text>
      {marks.factors.map(({ name, x, y }) => (
        <text key={name} x={x} y={y} textAnchor="middle" className="i halo">
          {name}
        </text>
      ))}
      {marks.dots.map((dot) => (
        <g key={dot.step}>
          {dot.step === chosen && (
            <circle cx={dot.x} cy={dot.y} r={dot.r + 3} fill="none" stroke={colour} strokeWidth={1.25} />
          )}
          <circle cx={dot.x} cy={dot.y} r={dot.r} fill={colour} />
          {(roomy || dot.step === chosen) && (
            <text x={dot.x} y={rows[0]} textAnchor="middle" className={dot.macShare > 0.4 ? 'i b' : 'i2'}>
              {formatCount(dot.macs)}
            </text>
          )}
          <text x={dot.x} y={rows[1]} textAnchor="middle">
            {formatPercent(100 * dot.energyShare, 0)}
          </text>
        </g>
      ))}
    </svg>
  );
});
