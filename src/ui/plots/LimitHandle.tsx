/** The triangle at the right end of the limit line: dragged by pointer, moved by arrow keys, typed in the search bar. */
import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { metricWords } from '../metric.ts';
import type { Domain, Frame, Scales } from './frame.ts';

interface LimitHandleProps {
  readonly limit: number;
  readonly frame: Frame;
  readonly scales: Scales;
  readonly domain: Domain;
  readonly onLimit: (limit: number, phase: 'drag' | 'done' | 'cancel') => void;
}

const restMs = 600;

export function LimitHandle({ limit: atRest, frame, scales, domain, onLimit }: LimitHandleProps) {
  /** While it is moved, before the plot follows. */
  const [moved, setMoved] = useState<number | null>(null);
  const limit = moved ?? atRest;
  const dragging = useRef<{ readonly offset: number; value: number } | null>(null);
  const held = useRef<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const words = metricWords(domain.metric);
  const { step, page } = words.limit;
  /** Between the worst value and dense, in tenths of a step of the arrow keys. */
  const clamp = (value: number): number => {
    const inside = Math.max(words.least, Math.min(words.dense, value));
    return Number((Math.round((5 * inside) / step) * (step / 5)).toFixed(4));
  };
  const steps: Readonly<Record<string, number>> = {
    ArrowUp: step,
    ArrowRight: step,
    ArrowDown: -step,
    ArrowLeft: -step,
    PageUp: page,
    PageDown: -page,
  };
  const y = Math.max(frame.top, Math.min(frame.bottom, scales.y(limit)));

  const onPointerDown = (event: PointerEvent<HTMLDivElement>): void => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    dragging.current = { offset: event.clientY - y, value: limit };
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    const drag = dragging.current;
    if (drag === null) return;
    drag.value = clamp(Math.max(domain.y[0], scales.invertY(event.clientY - drag.offset)));
    setMoved(drag.value);
    onLimit(drag.value, 'drag');
  };
  const finish = (phase: 'done' | 'cancel'): void => {
    const drag = dragging.current;
    dragging.current = null;
    setMoved(null);
    if (drag !== null) onLimit(drag.value, phase);
  };
  /** Keys at rest, or left: what they did is one undo step. */
  const rest = (): void => {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
    if (held.current !== null) onLimit(held.current, 'done');
    held.current = null;
    setMoved(null);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      if (dragging.current === null && held.current === null) return;
      dragging.current = null;
      held.current = null;
      setMoved(null);
      onLimit(atRest, 'cancel');
    } else if (event.key === 'Enter') rest();
    else {
      const by = steps[event.key];
      const next =
        event.key === 'Home'
          ? words.least
          : event.key === 'End'
            ? words.dense
            : by === undefined
              ? null
              : limit + by;
      if (next === null) return;
      held.current = clamp(next);
      setMoved(held.current);
      onLimit(held.current, 'drag');
      if (timer.current !== null) clearTimeout(timer.current);
      timer.current = setTimeout(rest, restMs);
    }
    event.preventDefault();
  };
  return (
    <div
      className="pareto-limit"
      style={{ left: frame.right - 8, top: y - 12 }}
      role="slider"
      tabIndex={0}
      aria-label={`Limit: ${words.name.toLowerCase()}`}
      aria-orientation="vertical"
      aria-valuemin={words.least}
      aria-valuemax={words.dense}
      aria-valuenow={limit}
      aria-valuetext={words.text(limit)}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => finish('done')}
      onPointerCancel={() => finish('cancel')}
      onKeyDown={onKeyDown}
      onBlur={rest}
    >
      <svg width={24} height={24} aria-hidden="true">
        <path d="M9 12l9 -6v12Z" fill="var(--rs-ink-2)" />
      </svg>
    </div>
  );
}
