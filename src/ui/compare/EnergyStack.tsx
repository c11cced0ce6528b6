/** Energy per memory level, drawn, with its table twin for who cannot see it. */
import { useRef } from 'react';
import { energyScale, formatNumber } from '../format.ts';
import { levelColour } from '../inside/nest.ts';
import { Mark } from '../plots/Mark.tsx';
import { whoName } from '../plots/shapes.ts';
import { useSize } from '../plots/use-size.ts';
import { stackMarks } from './energy-stack.ts';
import type { Column } from './rows.ts';

interface EnergyStackProps {
  readonly columns: readonly Column[];
  /** Outermost first, then the MACs. */
  readonly levels: readonly string[];
  readonly energyUnit: string;
}

export function EnergyStack({ columns, levels, energyUnit }: EnergyStackProps) {
  const ref = useRef<HTMLDivElement>(null);
  const size = useSize(ref);
  const inputs = columns.map(({ who, evaluation }) => ({ who, energyByLevelPj: evaluation.energyByLevelPj }));
  const scale = energyScale(Math.max(...columns.map(({ evaluation }) => evaluation.energyPj)), energyUnit);
  const marks = size === null ? null : stackMarks(inputs, size.width);
  const number = (energyPj: number): string => {
    const part = energyPj / scale.divide;
    return formatNumber(part, part < 9.995 ? 2 : part < 99.95 ? 1 : 0);
  };
  return (
    <div className="energy-stack">
      <h3>Energy by memory level, {scale.unit}</h3>
      <div ref={ref} style={{ minHeight: columns.length * 22 }}>
        {marks !== null && size !== null && (
          <svg width={size.width} height={marks.height} aria-hidden="true">
            {marks.bars.map((bar) => (
              <g key={bar.who}>
                <g transform={`translate(7 ${bar.y + marks.barHeight / 2})`}>
                  <Mark who={bar.who} tier="measured" r={4.4} stroke={1.5} />
                </g>
                {bar.segments.map(({ level, x, width, energyPj }) => (
                  <rect
                    key={level}
                    x={x}
                    y={bar.y}
                    width={width}
                    height={marks.barHeight}
                    fill={levelColour(level, levels.length - 1)}
                    className="kept-colour"
                  >
                    <title>
                      {levels[level]}: {number(energyPj)} {scale.unit}
                    </title>
                  </rect>
                ))}
                <text x={bar.endX + 4} y={bar.y + marks.barHeight - 3} className="i">
                  {number(bar.totalPj)}
                </text>
              </g>
            ))}
          </svg>
        )}
      </div>
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
                  <td key={who}>{number(evaluation.energyByLevelPj[level] ?? 0)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
