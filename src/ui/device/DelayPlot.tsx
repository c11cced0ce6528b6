/** Marks of the measured axis: whiskers both ways, for both coordinates have their spread. */
import { useMemo } from 'react';
import type { Metric } from '../../core/accuracy/figure.ts';
import { formatRatio } from '../format.ts';
import { metricWords } from '../metric.ts';
import { paretoDomain, plotFrame, plotScales } from '../plots/frame.ts';
import { Mark } from '../plots/Mark.tsx';
import { stillMarks } from '../plots/pareto.ts';
import { Axes } from '../plots/PlotLayers.tsx';
import { whoColour } from '../plots/shapes.ts';
import type { Size } from '../plots/use-size.ts';
import type { DelayPlace } from './delay.ts';

interface DelayPlotProps {
  readonly places: readonly DelayPlace[];
  readonly metric: Metric;
  readonly size: Size;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly sentence: string;
  readonly onAdopt: (place: DelayPlace) => void;
}

const nothing = { frontier: [], measured: [], previous: [], baselines: [] } as const;

export function DelayPlot({ places, metric, size, xTitle, yTitle, sentence, onAdopt }: DelayPlotProps) {
  const frame = useMemo(() => plotFrame(size.width, size.height), [size]);
  const domain = useMemo(
    () =>
      paretoDomain(
        [
          ...places,
          ...places.flatMap(({ left, right, y: value }) => [
            { x: left, y: value },
            { x: right, y: value },
          ]),
        ],
        metric,
      ),
    [places, metric],
  );
  const { x, y } = plotScales(frame, domain);
  const marks = useMemo(() => stillMarks(nothing, frame, domain), [frame, domain]);
  const { short } = metricWords(metric);
  return (
    <svg width={size.width} height={size.height} role="img" aria-label={sentence}>
      <Axes marks={marks} frame={frame} xTitle={xTitle} yTitle={yTitle} coveredX="" coveredY="" />
      {places.map((place) => {
        const { who, name, tier } = place;
        const at = { x: x(place.x), y: y(place.y) };
        const colour = who === 'frontier' ? 'var(--rs-front)' : whoColour[who];
        const label = `${name === '' ? '' : `${name} `}${formatRatio(place.x)}, ${short(place.y)}`;
        return (
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions -- the table adopts by button
          <g key={`${who} ${place.x} ${place.y}`} className="delay-mark" onClick={() => onAdopt(place)}>
            <title>{`${label}: adopt`}</title>
            <circle cx={at.x} cy={at.y} r={12} fill="transparent" />
            <path
              d={`M${x(place.left)} ${at.y}H${x(place.right)}M${at.x} ${Math.max(frame.top, y(place.high))}V${Math.min(frame.bottom, y(place.low))}`}
              stroke={colour}
              strokeWidth={1.25}
              strokeOpacity={who === 'frontier' ? 0.4 : 1}
              fill="none"
            />
            {who === 'frontier' ? (
              <circle
                cx={at.x}
                cy={at.y}
                r={3}
                fill={tier === 'estimated' ? 'var(--rs-bg)' : colour}
                stroke={colour}
                strokeWidth={1.25}
              />
            ) : (
              <Mark who={who} tier={who === 'dense' ? 'measured' : tier} x={at.x} y={at.y} />
            )}
          </g>
        );
      })}
      {places.map(({ who, name, ...place }) => {
        const at = x(place.x);
        const toLeft = at > frame.right - 120;
        return name === '' ? null : (
          <text
            key={name}
            x={toLeft ? at - 10 : at + 10}
            y={y(place.y) - 9}
            textAnchor={toLeft ? 'end' : 'start'}
            className="halo"
          >
            {who === 'dense' ? name : `${name} ${formatRatio(place.x)}, ${short(place.y)}`}
          </text>
        );
      })}
    </svg>
  );
}
