/**
 * A native range input laid over a drawing. The input keeps the plain value for keyboards and screen readers; the
 * pointer follows the drawing's own scale. Previews while it moves; ends as one commit (pointer up, keys at rest) or
 * is cancelled (Escape). React may follow only when the hand rests: what counts in a drag is `now`.
 */
import {
  useEffect,
  useLayoutEffect,
  useRef,
  type ChangeEvent,
  type CSSProperties,
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
} from 'react';

export interface SliderProps {
  readonly label: string;
  readonly valueText: string;
  readonly min: number;
  readonly max: number;
  readonly value: number;
  /** The value by now; `value` where React follows at once. */
  readonly now?: () => number;
  /** Where the last undo step stands; the ghost shows when it differs from `value`. */
  readonly was: number;
  /** Where a value stands, 0 to 1. */
  readonly place: (value: number) => number;
  /** The value at a place; `free` = Shift is held. */
  readonly at: (place: number, free: boolean) => number;
  /** The value after a key, null for keys that mean nothing here. */
  readonly afterKey: (value: number, key: string, free: boolean) => number | null;
  readonly disabled?: boolean;
  readonly onPreview: (value: number) => void;
  readonly onCommit: () => void;
  readonly onCancel: () => void;
  readonly onHover?: (value: number | null) => void;
  readonly children?: ReactNode;
}

/** Where the scale lies on the screen, in pixels. */
interface Extent {
  readonly left: number;
  readonly width: number;
}

/** Keys at rest this long end a keyboard change as one undo step. */
const restMs = 600;

export function Slider(props: SliderProps) {
  const { label, valueText, min, max, value, was, place, disabled = false } = props;
  const latest = useRef(props);
  const dragging = useRef(false);
  const extent = useRef<Extent | null>(null);
  const rest = useRef<number | null>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    latest.current = props;
  });
  // Not by React: it would set an input back to what it drew last, which in a drag is not what it shows.
  useLayoutEffect(() => {
    if (input.current !== null) input.current.value = String(value);
  }, [value]);
  const now = (): number => (latest.current.now ?? (() => latest.current.value))();

  const stopRest = (): void => {
    if (rest.current !== null) clearTimeout(rest.current);
    rest.current = null;
  };
  const commit = (): void => {
    stopRest();
    latest.current.onCommit();
  };
  const cancel = (): void => {
    stopRest();
    dragging.current = false;
    extent.current = null;
    latest.current.onCancel();
  };
  const keyed = (next: number): void => {
    latest.current.onPreview(next);
    stopRest();
    rest.current = window.setTimeout(commit, restMs);
  };
  useEffect(
    () => () => {
      if (rest.current !== null) clearTimeout(rest.current);
    },
    [],
  );

  /** The ends of the scale stand half a thumb inside the input. Measured once a drag: reading it forces a layout. */
  const measure = (element: HTMLInputElement): Extent => {
    const box = element.getBoundingClientRect();
    const inset = Number.parseFloat(getComputedStyle(element).paddingLeft) || 0;
    return { left: box.left + inset, width: Math.max(1, box.width - 2 * inset) };
  };
  const valueUnder = (event: PointerEvent<HTMLInputElement>): number => {
    const { left, width } = extent.current ?? measure(event.currentTarget);
    return latest.current.at((event.clientX - left) / width, event.shiftKey);
  };
  const onPointerDown = (event: PointerEvent<HTMLInputElement>): void => {
    if (event.button !== 0 || disabled) return;
    stopRest();
    dragging.current = true;
    extent.current = measure(event.currentTarget);
    event.currentTarget.setPointerCapture(event.pointerId);
    event.currentTarget.focus({ preventScroll: true });
    latest.current.onHover?.(null);
    latest.current.onPreview(valueUnder(event));
  };
  const onPointerMove = (event: PointerEvent<HTMLInputElement>): void => {
    if (dragging.current) {
      const next = valueUnder(event);
      if (next !== now()) latest.current.onPreview(next);
    } else if (event.pointerType === 'mouse' && !disabled) latest.current.onHover?.(valueUnder(event));
  };
  const onPointerUp = (): void => {
    if (!dragging.current) return;
    dragging.current = false;
    extent.current = null;
    commit();
  };
  const onChange = (event: ChangeEvent<HTMLInputElement>): void => {
    // While the pointer drags, the browser's own linear idea of the value is not ours.
    if (!dragging.current) keyed(Number(event.currentTarget.value));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      if (now() === was && rest.current === null && !dragging.current) return;
      event.preventDefault();
      event.stopPropagation();
      cancel();
      return;
    }
    const next = latest.current.afterKey(now(), event.key, event.shiftKey);
    if (next === null) return;
    event.preventDefault();
    if (next !== now()) keyed(next);
  };

  const style = { '--at': place(value), '--was': place(was) } as CSSProperties;
  return (
    <div
      className="slider"
      style={style}
      data-moved={value !== was || undefined}
      data-disabled={disabled || undefined}
    >
      <input
        ref={input}
        type="range"
        aria-label={label}
        aria-valuetext={valueText}
        min={min}
        max={max}
        step={1}
        defaultValue={value}
        disabled={disabled}
        onChange={onChange}
        onKeyDown={onKeyDown}
        onBlur={() => {
          if (rest.current !== null) commit();
        }}
        onMouseDown={(event) => event.preventDefault()}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => {
          if (dragging.current) cancel();
        }}
        onPointerLeave={() => latest.current.onHover?.(null)}
      />
      <span className="rail" />
      <span className="trail" />
      <span className="ghost" />
      <span className="thumb" />
      {props.children}
    </div>
  );
}
