/**
 * A canvas of `Motion`, of no size until the first drag. Its parent element is marked `data-moving` as long as it is drawn on, so that styles can hide
 * what it draws (`.moves`).
 */
import { useEffect, useLayoutEffect, useRef, type RefObject } from 'react';
import { useAppObject } from '../app.ts';
import { refreshColours } from './colours.ts';
import type { Moving } from './motion.ts';
import './ink.css';

/** Size in CSS pixels, and what else was measured. */
export interface Sheet {
  readonly width: number;
  readonly height: number;
}

/**
 * @param measure reads the layout when a drag begins; may place the canvas by giving its corner
 * @param draw a frame on a clean sheet in CSS pixels
 */
export function useInk<S extends Sheet>(
  canvas: RefObject<HTMLCanvasElement | null>,
  measure: (canvas: HTMLCanvasElement) => S,
  draw: (context: CanvasRenderingContext2D, sheet: S, moving: Moving) => void,
): void {
  const { motion } = useAppObject();
  const latest = useRef({ measure, draw });
  useLayoutEffect(() => {
    latest.current = { measure, draw };
  });
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    const host = element?.parentElement;
    if (!element || !context || !host) return undefined;
    let sheet: S | null = null;
    let scale = 1;
    return motion.join({
      begin: () => {
        refreshColours();
        sheet = latest.current.measure(element);
      },
      draw: (moving) => {
        if (sheet === null) return;
        if (host.dataset.moving === undefined) {
          host.dataset.moving = '';
          scale = fit(element, sheet);
        }
        context.setTransform(scale, 0, 0, scale, 0, 0);
        context.clearRect(0, 0, sheet.width, sheet.height);
        latest.current.draw(context, sheet, moving);
      },
      end: () => {
        delete host.dataset.moving;
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.clearRect(0, 0, element.width, element.height);
        sheet = null;
      },
    });
  }, [motion, canvas]);
}

/** Gives the canvas the sheet's size; returns how many of its pixels are one of the page's. */
function fit(canvas: HTMLCanvasElement, { width, height }: Sheet): number {
  const scale = Math.min(3, Math.max(1, window.devicePixelRatio || 1));
  const [columns, rows] = [Math.round(scale * width), Math.round(scale * height)];
  if (canvas.width !== columns || canvas.height !== rows) {
    canvas.width = columns;
    canvas.height = rows;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  return scale;
}
