/**
 * The Pareto plot as an instrument: hover previews, click adopts, arrow keys walk along the frontier, a brush selects a
 * range, the limit line is dragged. It knows places, not designs: what an index means is its owner's affair.
 */
import {
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
} from 'react';
import type { Metric } from '../../core/accuracy/figure.ts';
import type { CloudPoints } from './cloud.ts';
import { CloudCanvas } from './CloudCanvas.tsx';
import { paretoDomain, plotFrame, plotScales, widen, type Domain, type Place } from './frame.ts';
import { nearest, walk } from './frontier.ts';
import { LimitHandle } from './LimitHandle.tsx';
import { liveMarks, stillMarks, type LiveData, type LiveMarks, type StillData } from './pareto.ts';
import { useAppObject } from '../app.ts';
import { formatRatio } from '../format.ts';
import { fontOf } from '../ink/text.ts';
import { useInk } from '../ink/use-ink.ts';
import { metricWords } from '../metric.ts';
import { Drawing } from './Drawing.tsx';
import { liveShapes, type Shape } from './drawing.ts';
import { paint } from './paint.ts';
import { Axes, Curves } from './PlotLayers.tsx';
import type { Live } from './use-pareto.ts';
import { useSize, type Size } from './use-size.ts';

/** Indices of the frontier, both included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

interface ParetoPlotProps {
  readonly metric: Metric;
  /** Whether frontier and band of the estimates are drawn. */
  readonly estimates: boolean;
  readonly cloud: CloudPoints | null;
  readonly still: StillData;
  readonly live: Live;
  readonly ghost: boolean;
  readonly brushing: boolean;
  readonly preview: number | null;
  readonly brushed: Range | null;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly sentence: string;
  /** The previewed design, or the current one. */
  readonly spoken: string;
  readonly onPreview: (index: number | null) => void;
  readonly onAdopt: (index: number) => void;
  readonly onBrush: (range: Range | null) => void;
  readonly onLimit: (limit: number, phase: 'drag' | 'done' | 'cancel') => void;
}

export function ParetoPlot(props: ParetoPlotProps) {
  const ref = useRef<HTMLDivElement>(null);
  const size = useSize(ref);
  return (
    <div className="pareto-plot" ref={ref}>
      {size !== null && <Sized {...props} size={size} />}
    </div>
  );
}

/** How far a pointer may be from a point of the frontier, pixels. */
const reach = { mouse: 22, touch: 36 } as const;

function Sized(props: ParetoPlotProps & { readonly size: Size }) {
  const { metric, cloud, still, preview, brushed, size, brushing, onPreview, onAdopt, onBrush } = props;
  const live = props.live.atRest;
  const clip = useId();
  const frame = useMemo(() => plotFrame(size.width, size.height), [size]);
  const { domain, grow } = useDomain(metric, still, live);
  const scales = useMemo(() => plotScales(frame, domain), [frame, domain]);
  const stillDrawn = useMemo(() => stillMarks(still, frame, domain), [still, frame, domain]);
  const marksOf = (data: LiveData) => liveMarks(data, still, stillDrawn.dots, frame, domain);
  const shapesOf = (data: LiveData, marks: LiveMarks): readonly Shape[] =>
    liveShapes(marks, frame, formatRatio(data.now.x), metricWords(metric).short(data.now.y));
  const drawn = marksOf(live);
  const ink = useRef<HTMLCanvasElement>(null);
  useInk(
    ink,
    (canvas) => ({ ...size, family: fontOf(canvas).replace(/^.*?px /, '') }),
    (context, { family }, moving) => {
      const data = props.live.inMotion(moving);
      grow(data.now);
      paint(context, shapesOf(data, marksOf(data)), frame, family);
    },
  );
  const { motion } = useAppObject();
  // What it is drawn over has changed beneath it.
  useLayoutEffect(() => motion.ask());
  const brushStart = useRef<number | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const places = still.frontier;

  const pixel = (event: PointerEvent<Element>): { x: number; y: number } => {
    const box = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const rangeTo = (x: number): Range | null => {
    const start = brushStart.current;
    if (start === null) return null;
    const [a, b] = [Math.min(start, x), Math.max(start, x)];
    const inside = places.flatMap((place, i) =>
      scales.x(place.x) >= a && scales.x(place.x) <= b ? [i] : [],
    );
    const [from, to] = [inside[0], inside.at(-1)];
    return from === undefined || to === undefined ? null : { from, to };
  };
  const onPointerMove = (event: PointerEvent<Element>): void => {
    const { x, y } = pixel(event);
    if (brushStart.current !== null) {
      onBrush(rangeTo(x));
      return;
    }
    if (event.pointerType === 'touch') return;
    const found = nearest(places, scales, x, y, reach.mouse);
    setCursor(null);
    if ((found < 0 ? null : found) !== preview) onPreview(found < 0 ? null : found);
  };
  const onPointerDown = (event: PointerEvent<Element>): void => {
    if (!brushing || event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    brushStart.current = pixel(event).x;
    onBrush(null);
  };
  const onPointerUp = (event: PointerEvent<Element>): void => {
    const { x, y } = pixel(event);
    if (brushStart.current !== null) {
      brushStart.current = null;
      return;
    }
    if (event.button !== 0) return;
    const touch = event.pointerType === 'touch';
    const found = nearest(places, scales, x, y, touch ? reach.touch : reach.mouse);
    // A finger cannot hover: its first tap previews, the second adopts.
    if (found < 0) onPreview(null);
    else if (touch && found !== preview) onPreview(found);
    else onAdopt(found);
  };
  const onPointerLeave = (event: PointerEvent<Element>): void => {
    // A lifted finger leaves too, and a walk by keys goes on without the pointer: their previews stay.
    const passing = event.pointerType !== 'touch' && cursor === null;
    if (passing && brushStart.current === null) onPreview(null);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' && preview !== null) onAdopt(preview);
    else if (event.key === 'Escape') {
      setCursor(null);
      onPreview(null);
      onBrush(null);
    } else {
      const next = walk(event.key, preview ?? cursor, places, live.now);
      if (next === null) return;
      if (event.shiftKey) onBrush(extend(brushed, preview ?? cursor ?? next, next));
      setCursor(next);
      onPreview(next);
    }
    event.preventDefault();
  };

  const shown = preview === null ? undefined : places[preview];
  return (
    <>
      {cloud !== null && cloud.count > 0 && <CloudCanvas points={cloud} frame={frame} domain={domain} />}
      <div
        className="pareto-walk"
        role="slider"
        aria-label={props.sentence}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, places.length - 1)}
        aria-valuenow={preview ?? 0}
        aria-valuetext={props.spoken}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <svg width={size.width} height={size.height} aria-hidden="true">
          <clipPath id={clip}>
            <rect
              x={frame.left}
              y={frame.top - 6}
              width={frame.right - frame.left}
              height={frame.bottom - frame.top + 6}
            />
          </clipPath>
          <Axes
            marks={stillDrawn}
            frame={frame}
            xTitle={props.xTitle}
            yTitle={props.yTitle}
            coveredX={covered(stillDrawn.xTicks, ({ x }) => Math.abs(x - drawn.now.x) < 36)}
            coveredY={covered(stillDrawn.yTicks, ({ y }) => Math.abs(y - drawn.now.y) < 15)}
          />
          {brushed !== null && <BrushBand range={brushed} places={places} scales={scales} frame={frame} />}
          <Curves marks={stillDrawn} estimates={props.estimates} ghost={props.ghost} clip={clip} />
        </svg>
        <svg
          width={size.width}
          height={size.height}
          aria-hidden="true"
          className={brushing ? 'brushing' : shown === undefined ? undefined : 'pointing'}
          onPointerMove={onPointerMove}
          onPointerLeave={onPointerLeave}
          onPointerDown={onPointerDown}
          onPointerUp={onPointerUp}
          onPointerCancel={() => (brushStart.current = null)}
        >
          <g className="moves">
            <Drawing shapes={shapesOf(live, drawn)} frame={frame} clip={clip} />
          </g>
          {shown !== undefined && (
            <g transform={`translate(${scales.x(shown.x)} ${scales.y(shown.y)})`} className="pareto-preview">
              <circle r={8} />
              <circle r={3} />
            </g>
          )}
        </svg>
      </div>
      <canvas ref={ink} className="ink" width={0} height={0} aria-hidden="true" />
      {live.limit !== null && (
        <LimitHandle
          limit={live.limit}
          frame={frame}
          scales={scales}
          domain={domain}
          onLimit={props.onLimit}
        />
      )}
    </>
  );
}

/** Labels of the ticks under a chip. */
function covered<T extends { readonly label: string }>(
  ticks: readonly T[],
  under: (tick: T) => boolean,
): string {
  return ticks
    .filter(under)
    .map(({ label }) => label)
    .join(' ');
}

function extend(range: Range | null, from: number, to: number): Range {
  const a = range?.from ?? from;
  const b = range?.to ?? from;
  return from === a && from !== b
    ? { from: Math.min(to, b), to: Math.max(to, b) }
    : { from: Math.min(a, to), to: Math.max(a, to) };
}

function BrushBand({
  range,
  places,
  scales,
  frame,
}: {
  readonly range: Range;
  readonly places: readonly Place[];
  readonly scales: ReturnType<typeof plotScales>;
  readonly frame: ReturnType<typeof plotFrame>;
}) {
  const [first, last] = [places[range.from], places[range.to]];
  if (first === undefined || last === undefined) return null;
  const left = Math.max(frame.left, scales.x(first.x) - 3);
  const right = Math.min(frame.right, scales.x(last.x) + 3);
  return (
    <rect
      className="pareto-brush"
      x={left}
      y={frame.top}
      width={Math.max(0, right - left)}
      height={frame.bottom - frame.top}
    />
  );
}

/** Axes that hold everything of interest; in a drag they never shrink, so that the scene does not pump. */
function useDomain(
  metric: Metric,
  still: StillData,
  live: LiveData,
): { readonly domain: Domain; readonly grow: (place: Place) => void } {
  const { motion } = useAppObject();
  const base = useMemo(
    () =>
      paretoDomain(
        [
          ...still.frontier,
          ...still.previous,
          ...still.baselines.flatMap((baseline) => baseline.places.filter((place) => place.x > 0.9)),
        ],
        metric,
      ),
    [still, metric],
  );
  const fresh = widen(
    base,
    paretoDomain(
      [
        live.now,
        ...live.pins,
        ...(live.before === null ? [] : [live.before]),
        ...(live.limit === null ? [] : [{ x: 1, y: live.limit }]),
      ],
      metric,
    ),
  );
  const [held, setHeld] = useState<Domain>(fresh);
  const next = motion.isMoving() && held.metric === metric ? widen(held, fresh) : fresh;
  if (!sameDomain(next, held)) setHeld(next);
  return {
    domain: held,
    /** In a drag, where the point is about to leave the plot. */
    grow: (place) => {
      const wide = widen(held, paretoDomain([place], metric));
      if (!sameDomain(wide, held)) setHeld(wide);
    },
  };
}

const sameDomain = (a: Domain, b: Domain): boolean =>
  a.metric === b.metric && a.x[0] === b.x[0] && a.x[1] === b.x[1] && a.y[0] === b.y[0] && a.y[1] === b.y[1];
