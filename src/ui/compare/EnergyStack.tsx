/** Energy per memory level, drawn, with its table twin for who cannot see it. */
import { memo, useRef } from 'react';
import { energyScale, formatNumber, type Scale } from '../format.ts';
import { colourOf } from '../ink/colours.ts';
import type { Moving } from '../ink/motion.ts';
import { fontOf, writeText } from '../ink/text.ts';
import { useInk, type Sheet } from '../ink/use-ink.ts';
import { levelColour } from '../inside/nest.ts';
import { Mark } from '../plots/Mark.tsx';
import { whoName, type Who } from '../plots/shapes.ts';
import { useSize } from '../plots/use-size.ts';
import { stackMarks, type StackInput } from './energy-stack.ts';
import type { Column } from './rows.ts';

interface EnergyStackProps {
  readonly columns: readonly Column[];
  /** In a drag. */
  readonly inMotion: (moving: Moving) => readonly Column[];
  /** Outermost first, then the MACs. */
  readonly levels: readonly string[];
  readonly energyUnit: string;
}

export function EnergyStack({ columns, inMotion, levels, energyUnit }: EnergyStackProps) {
  const ref = useRef<HTMLDivElement>(null);
  const size = useSize(ref);
  const scale = scaleOf(columns, energyUnit);
  const marks = size === null ? null : stackMarks(inputsOf(columns), size.width);
  const titleOf = (who: Who, level: number): string => {
    const energyPj = columns.find((column) => column.who === who)?.evaluation.energyByLevelPj[level] ?? 0;
    return `${levels[level]}: ${numberOn(scale, energyPj)} ${scale.unit}`;
  };
  return (
    <div className="energy-stack">
      <h3>Energy by memory level, {scale.unit}</h3>
      <div ref={ref} className="bars" style={{ minHeight: columns.length * 22 }}>
        {marks !== null && size !== null && (
          <svg width={size.width} height={marks.height} aria-hidden="true">
            {marks.bars.map((bar) => (
              <g key={bar.who}>
                <g transform={`translate(7 ${bar.y + marks.barHeight / 2})`}>
                  <Mark who={bar.who} tier="measured" r={4.4} stroke={1.5} />
                </g>
                <g className={bar.who === 'now' ? 'moves' : undefined}>
                  {bar.segments.map(({ level, x, width }) => (
                    <rect
                      key={level}
                      x={x}
                      y={bar.y}
                      width={width}
                      height={marks.barHeight}
                      fill={levelColour(level, levels.length - 1)}
                      className="kept-colour"
                    >
                      <title>{titleOf(bar.who, level)}</title>
                    </rect>
                  ))}
                  <text x={bar.endX + 4} y={bar.y + marks.barHeight - 3} className="i">
                    {numberOn(scale, bar.totalPj)}
                  </text>
                </g>
              </g>
            ))}
          </svg>
        )}
        <BarInk columns={inMotion} levels={levels.length} energyUnit={energyUnit} />
      </div>
      <Twin columns={columns} levels={levels} energyUnit={energyUnit} />
    </div>
  );
}

/** The bar of the current design in a drag. */
function BarInk({
  columns,
  levels,
  energyUnit,
}: {
  readonly columns: EnergyStackProps['inMotion'];
  readonly levels: number;
  readonly energyUnit: string;
}) {
  const ref = useRef<HTMLCanvasElement>(null);
  useInk(ref, barSheet, (context, { width, font }, moving) => {
    const all = columns(moving);
    const scale = scaleOf(all, energyUnit);
    const { bars, barHeight } = stackMarks(inputsOf(all), width);
    const bar = bars.find(({ who }) => who === 'now');
    if (bar === undefined) return;
    for (const segment of bar.segments) {
      context.fillStyle = colourOf(levelColour(segment.level, levels - 1));
      context.fillRect(segment.x, bar.y, segment.width, barHeight);
    }
    const place = { font, x: bar.endX + 4, y: bar.y + barHeight - 3, align: 'left' } as const;
    writeText(context, place, numberOn(scale, bar.totalPj), colourOf('var(--rs-ink)'));
  });
  return <canvas ref={ref} className="ink" width={0} height={0} aria-hidden="true" />;
}

function barSheet(canvas: HTMLCanvasElement): Sheet & { readonly font: string } {
  const svg = canvas.parentElement?.querySelector('svg');
  const text = svg?.querySelector('text');
  const { width = 0, height = 0 } = svg?.getBoundingClientRect() ?? {};
  return { width, height, font: text ? fontOf(text) : '' };
}

const inputsOf = (columns: readonly Column[]): readonly StackInput[] =>
  columns.map(({ who, evaluation }) => ({ who, energyByLevelPj: evaluation.energyByLevelPj }));

function scaleOf(columns: readonly Column[], energyUnit: string): Scale {
  return energyScale(Math.max(...columns.map(({ evaluation }) => evaluation.energyPj)), energyUnit);
}

function numberOn({ divide }: Scale, energyPj: number): string {
  const part = energyPj / divide;
  return formatNumber(part, part < 9.995 ? 2 : part < 99.95 ? 1 : 0);
}

/** What the colours mean, and the bars as a table. */
const Twin = memo(function Twin({ columns, levels, energyUnit }: Omit<EnergyStackProps, 'inMotion'>) {
  const scale = scaleOf(columns, energyUnit);
  return (
    <>
      <ul className="level-key" aria-hidden="true">
        {levels.map((name, i) => (
          <li key={name}>
            <i style={{ background: levelColour(i, levels.length - 1) }} />
            {name}
          </li>
        ))}
      </ul>
      <div className="hidden">
        <table>
          <caption>Energy by memory level, {scale.unit}</caption>
          <thead>
            <tr>
              <th scope="col">Level</th>
              {columns.map(({ who }) => (
                <th key={who} scope="col">
                  {whoName(who)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {levels.map((name, level) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {columns.map(({ who, evaluation }) => (
                  <td key={who}>{numberOn(scale, evaluation.energyByLevelPj[level] ?? 0)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
});
