/** A value that follows another at most every so many milliseconds, the last one always: for what may lag a drag. */
import { useEffect, useRef, useState } from 'react';

export function useThrottled<T>(value: T, milliseconds: number): T {
  const [shown, setShown] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
    if (timer.current !== null || Object.is(value, shown)) return;
    timer.current = setTimeout(() => {
      timer.current = null;
      setShown(latest.current);
    }, milliseconds);
  }, [value, shown, milliseconds]);
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
      timer.current = null;
    },
    [],
  );
  return shown;
}
