/** What stands still in the Pareto plot, as SVG. */
import { memo } from 'react';
import type { Frame } from './frame.ts';
import type { StillMarks } from './pareto.ts';

interface StillProps {
  readonly estimates: boolean;
  readonly marks: StillMarks;
  readonly frame: Frame;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly ghost: boolean;
  readonly clip: string;
  /** Labels of the ticks that the axis chips of the current design cover, a space between them. */
  readonly coveredX: string;
  readonly coveredY: string;
}

export const Axes = memo(function Axes({
  marks,
  frame,
  xTitle,
  yTitle,
  coveredX,
  coveredY,
}: Omit<StillProps, 'estimates' | 'ghost' | 'clip'>) {
  const { left, right, top, bottom, height } = frame;
  const [hiddenX, hiddenY] = [coveredX.split(' '), coveredY.split(' ')];
  return (
    <g>
      {marks.yTicks.map(({ y, label }) => (
        <g key={label}>
          <line
            x1={left}
            x2={right}
            y1={y}
            y2={y}
            stroke={label === '100' ? 'var(--rs-line-strong)' : 'var(--rs-grid)'}
          />
          {!hiddenY.includes(label) && (
            <text x={left - 8} y={y + 4} textAnchor="end">
              {label}
            </text>
          )}
        </g>
      ))}
      {marks.xTicks.map(({ x, label }) => (
        <g key={label}>
          <line x1={x} x2={x} y1={bottom} y2={bottom + 4} stroke="var(--rs-line-strong)" />
          {!hiddenX.includes(label) && (
            <text x={x} y={bottom + 16} textAnchor="middle">
              {label}
            </text>
          )}
        </g>
      ))}
      <line x1={left} x2={right} y1={bottom} y2={bottom} stroke="var(--rs-line-strong)" />
      <text x={right} y={height - 6} textAnchor="end" className="i2">
        {xTitle}
      </text>
      <text x={4} y={top - 12} className="i2">
        {yTitle}
      </text>
    </g>
  );
});

export const baselineDash = {
  'uniform-svd': '7 3',
  tltorch: '8 3 2 3',
  random: '2 3',
  sweep: '12 3',
  'water-filling': '7 3 2 3 2 3',
  allocated: '12 3 2 3',
  evolutionary: '4 2 1 2',
} as const;

export const Curves = memo(function Curves({
  marks,
  estimates,
  ghost,
  clip,
}: Pick<StillProps, 'marks' | 'estimates' | 'ghost' | 'clip'>) {
  return (
    <g clipPath={`url(#${clip})`} fill="none" strokeLinejoin="round">
      {estimates && marks.band !== '' && (
        <>
          <pattern
            id={`${clip}-hatch`}
            width={7}
            height={7}
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <path d="M0 0V7" stroke="var(--rs-hatch)" strokeWidth={1} />
          </pattern>
          <path d={marks.band} fill={`url(#${clip}-hatch)`} opacity={0.3} />
        </>
      )}
      {marks.baselines.map(({ strategy, path }) => (
        <g key={strategy}>
          <path d={path} stroke="var(--rs-bg)" strokeWidth={3.5} strokeOpacity={0.7} />
          <path
            d={path}
            stroke="var(--rs-ink-3)"
            strokeWidth={1.5}
            strokeDasharray={baselineDash[strategy]}
          />
        </g>
      ))}
      {ghost && marks.previous !== '' && (
        <>
          <path d={marks.previous} stroke="var(--rs-bg)" strokeWidth={4} strokeOpacity={0.85} />
          <path d={marks.previous} stroke="var(--rs-ghost)" strokeWidth={1.5} strokeDasharray="4 3" />
        </>
      )}
      {estimates && marks.frontier !== '' && (
        <>
          <path d={marks.frontier} stroke="var(--rs-bg)" strokeWidth={4} />
          <path d={marks.frontier} stroke="var(--rs-front)" strokeWidth={1.5} />
        </>
      )}
      {(estimates ? marks.dots : []).map(({ x, y }) => (
        <circle
          key={`${x} ${y}`}
          cx={x}
          cy={y}
          r={2.2}
          fill="var(--rs-bg)"
          stroke="var(--rs-front)"
          strokeWidth={1.25}
        />
      ))}
      {marks.measured.map(({ x, y, top, bottom, from }) => (
        <g key={`${x} ${y}`} stroke="var(--rs-front)">
          {estimates && <path d={`M${x} ${from}V${y}`} strokeDasharray="1 2.5" />}
          <path d={`M${x} ${top}V${bottom}`} strokeOpacity={0.6} />
          <circle cx={x} cy={y} r={3} fill="var(--rs-front)" stroke="var(--rs-bg)" strokeWidth={0.75} />
        </g>
      ))}
    </g>
  );
});
