/** The marks of the Pareto plot as SVG. What stands still is memoized: a drag frame redraws the live layer only. */
import { memo } from 'react';
import type { Frame } from './frame.ts';
import { Mark } from './Mark.tsx';
import type { Label, LiveMarks, StillMarks } from './pareto.ts';
import { whoColour } from './shapes.ts';

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

interface LiveProps {
  readonly marks: LiveMarks;
  readonly frame: Frame;
  readonly clip: string;
  readonly xChip: string;
  readonly yChip: string;
}

const whisker = ({ x, top, bottom }: { x: number; top: number; bottom: number }): string =>
  `M${x} ${top}V${bottom}M${x - 4} ${top}h8M${x - 4} ${bottom}h8`;

export function Live({ marks, frame, clip, xChip, yChip }: LiveProps) {
  const { left, right, bottom } = frame;
  const { now, before, flag, limit } = marks;
  return (
    <>
      {limit?.inside === true && (
        <line x1={left} x2={right} y1={limit.y} y2={limit.y} stroke="var(--rs-ink-2)" strokeDasharray="1 3" />
      )}
      <g clipPath={`url(#${clip})`} fill="none" strokeWidth={1.5}>
        {marks.pins.map(
          ({ letter, band }) =>
            band !== null && <path key={letter} d={whisker(band)} stroke={whoColour[letter]} />,
        )}
        <path
          d={marks.crosshair}
          stroke="var(--rs-accent)"
          strokeOpacity={0.55}
          strokeDasharray="3 3"
          strokeWidth={1}
        />
        {marks.band !== null && <path d={whisker(marks.band)} stroke="var(--rs-accent)" />}
      </g>
      <g transform={`translate(${marks.dense.x} ${marks.dense.y})`}>
        <Mark who="dense" tier="measured" r={5} />
      </g>
      {before !== null && (
        <g fill="none">
          <path d={marks.trail} stroke="var(--rs-bg)" strokeWidth={4} strokeOpacity={0.8} />
          <path d={marks.trail} stroke="var(--rs-accent)" strokeWidth={1.5} />
          <circle
            cx={before.x}
            cy={before.y}
            r={5}
            fill="var(--rs-bg)"
            stroke="var(--rs-ghost)"
            strokeWidth={1.5}
            strokeDasharray="2 1.5"
          />
        </g>
      )}
      {marks.pins.map(({ letter, tier, x, y }) => (
        <g key={letter} transform={`translate(${x} ${y})`}>
          <Mark who={letter} tier={tier} />
        </g>
      ))}
      {marks.labels.map((label) => (
        <PlotLabel key={`${label.who ?? ''} ${label.text}`} label={label} />
      ))}
      {flag !== null && (
        <g>
          <path d={flag.pole} stroke="var(--rs-accent)" strokeWidth={1.5} fill="none" />
          <rect
            x={flag.x}
            y={flag.y}
            width={flag.width}
            height={flag.height}
            fill="var(--rs-bg)"
            stroke="var(--rs-accent)"
            strokeWidth={1.5}
          />
          {flag.lines.map(({ text, tone }, i) => (
            // oxlint-disable-next-line react/no-array-index-key -- a line is its place in the flag
            <text key={i} x={flag.x + 8} y={flag.y + 16 + i * 15} className={`flag-${tone}`}>
              {text}
            </text>
          ))}
        </g>
      )}
      {marks.echo !== null && (
        <>
          <path
            d={`M${marks.echo.x} ${marks.echo.y}L${now.x} ${now.y}`}
            stroke="var(--rs-accent)"
            strokeDasharray="1 2.5"
          />
          <Mark who="now" tier={marks.echo.tier} x={marks.echo.x} y={marks.echo.y} r={4.5} stroke={1.5} />
        </>
      )}
      <Mark who="now" tier={now.tier} x={now.x} y={now.y} r={7.5} stroke={2.75} />
      <AxisChip x={Math.max(left + 12, Math.min(right - 20, now.x))} y={bottom + 12} text={xChip} />
      <AxisChip x={left - 2 - chipWidth(yChip) / 2} y={now.y} text={yChip} />
    </>
  );
}

function PlotLabel({ label }: { readonly label: Label }) {
  return (
    <text className="halo i2" x={label.x} y={label.y} textAnchor={label.anchor}>
      {label.who !== undefined && (
        <tspan fill={whoColour[label.who]} className="b">
          {label.who}{' '}
        </tspan>
      )}
      <tspan fill={label.who === undefined ? 'var(--rs-ink-2)' : 'var(--rs-ink)'}>{label.text}</tspan>
    </text>
  );
}

const chipWidth = (text: string): number => Math.max(34, text.length * 6.3 + 7);

function AxisChip({ x, y, text }: { readonly x: number; readonly y: number; readonly text: string }) {
  const width = chipWidth(text);
  return (
    <>
      <rect x={x - width / 2} y={y - 8} width={width} height={16} rx={3} fill="var(--rs-accent)" />
      <text x={x} y={y + 4} textAnchor="middle" className="on-accent b">
        {text}
      </text>
    </>
  );
}
