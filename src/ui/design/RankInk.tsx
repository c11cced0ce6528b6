/** A rank in a drag: its slider's thumb and its number, drawn over those that stand still meanwhile. */
import { useRef } from 'react';
import type { Scent } from '../../core/search/scent.ts';
import type { Config } from '../../state/config.ts';
import { colourOf } from '../ink/colours.ts';
import { fontOf, metricsOf, writeText, type TextPlace } from '../ink/text.ts';
import { useInk, type Sheet } from '../ink/use-ink.ts';
import { placeOf, type RankScale } from './scale.ts';
import { edpHeight, readScent, type EdpRange } from './ScentStrip.tsx';

const rankIn = ({ design, view }: Config, rank: number): number | undefined =>
  design[view.focus]?.ranks[rank];

const reach = 8;

/** As `sliders.css` has them. */
interface SliderSheet extends Sheet {
  readonly inset: number;
  readonly track: number;
  readonly thumb: number;
  readonly strip: number;
  readonly focused: boolean;
}

function sliderSheet(canvas: HTMLCanvasElement): SliderSheet {
  const slider = canvas.parentElement;
  if (slider === null) throw new Error('internal: the ink of a slider stands outside it');
  const style = getComputedStyle(slider);
  // The thumb's ring reaches beyond the track.
  canvas.style.left = `${-reach}px`;
  canvas.style.top = `${-reach}px`;
  const length = (name: string): number => Number.parseFloat(style.getPropertyValue(name)) || 0;
  return {
    width: slider.clientWidth + 2 * reach,
    height: slider.clientHeight + reach,
    inset: length('--inset'),
    track: length('--track'),
    thumb: length('--thumb'),
    strip: slider.querySelector('.strip')?.getBoundingClientRect().height ?? 0,
    focused: slider.querySelector('input:focus-visible') !== null,
  };
}

interface RankInkProps {
  readonly rank: number;
  readonly scale: RankScale;
  readonly scent: Scent | null;
  readonly range: EdpRange;
  /** All ranks of the layer as the strip knows them. */
  readonly known: readonly number[];
}

/** Stands inside the slider. */
export function SliderInk({ rank, scale, scent, range, known }: RankInkProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  useInk(ref, sliderSheet, (context, sheet, { config, committed }) => {
    const value = rankIn(config, rank);
    const was = rankIn(committed.config, rank);
    if (value === undefined || was === undefined) return;
    markOld(context.canvas.parentElement, isOld(config, rank, known));
    const { width, height, inset, track, thumb, strip, focused } = sheet;
    context.translate(reach, reach);
    const at = (each: number): number => inset + placeOf(scale, each) * (width - 2 * reach - 2 * inset);
    const [x, from, y] = [at(value), at(was), track / 2];
    const accent = colourOf('var(--rs-accent)');
    const ghost = colourOf('var(--rs-ghost)');
    const line = (left: number, thick: number): void => {
      context.lineWidth = thick;
      context.beginPath();
      context.moveTo(left, y);
      context.lineTo(left, track + strip);
      context.stroke();
    };
    const disc = (left: number, radius: number): void => {
      context.beginPath();
      context.arc(left, y, Math.max(0, radius), 0, 2 * Math.PI);
    };
    context.setLineDash([]);
    if (value !== was) {
      context.fillStyle = accent;
      context.fillRect(Math.min(x, from), y - 1, Math.abs(x - from), 2);
      context.strokeStyle = ghost;
      context.setLineDash([3, 3]);
      line(from, 1);
      disc(from, 4);
      context.fillStyle = colourOf('var(--rs-surface)');
      context.fill();
      context.setLineDash([2.5, 2]);
      context.lineWidth = 1.25;
      context.stroke();
      context.setLineDash([]);
    }
    context.strokeStyle = accent;
    line(x, 1.25);
    if (scent !== null) {
      context.fillStyle = colourOf('var(--rs-ink)');
      context.beginPath();
      const share = edpHeight(range, 1 / readScent(scent, value).reduction);
      context.arc(x, height - reach - 14 - 36 * share, 2.5, 0, 2 * Math.PI);
      context.fill();
    }
    const radius = thumb / 2;
    if (value !== was) {
      disc(x, radius + 1.5);
      context.strokeStyle = colourOf('color-mix(in srgb, var(--rs-accent) 35%, transparent)');
      context.lineWidth = 3;
      context.stroke();
    }
    disc(x, radius - 0.875);
    context.fillStyle = value === was ? colourOf('var(--rs-bg)') : accent;
    context.fill();
    context.strokeStyle = accent;
    context.lineWidth = 1.75;
    context.stroke();
    if (focused) {
      disc(x, radius + 3);
      context.strokeStyle = colourOf('var(--rs-focus)');
      context.lineWidth = 2;
      context.stroke();
    }
  });
  return <canvas ref={ref} className="ink" width={0} height={0} aria-hidden="true" />;
}

/** A strip does not depend on its own rank. */
const isOld = ({ design, view }: Config, rank: number, known: readonly number[]): boolean =>
  (design[view.focus]?.ranks ?? []).some((value, i) => i !== rank && value !== known[i]);

/** Only where it changes: once a drag. */
function markOld(slider: HTMLElement | null, old: boolean): void {
  if (slider !== null && (slider.dataset.old !== undefined) !== old) slider.toggleAttribute('data-old', old);
}

interface NumberSheet extends Sheet {
  readonly place: TextPlace;
}

/** Over the field in the same box. */
function numberSheet(canvas: HTMLCanvasElement): NumberSheet {
  const field = canvas.parentElement?.querySelector('input');
  if (!field) throw new Error('internal: no field under the ink of a number');
  const { clientWidth, offsetWidth: width, offsetHeight: height } = field;
  const font = fontOf(field);
  const { ascent, descent } = metricsOf(font);
  const edge = (width - clientWidth) / 2;
  const padding = Number.parseFloat(getComputedStyle(field).paddingRight) || 0;
  const y = Math.round((height - ascent - descent) / 2) + ascent;
  return { width, height, place: { font, x: width - edge - padding, y, align: 'right' } };
}

export function NumberInk({ rank }: { readonly rank: number }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useInk(ref, numberSheet, (context, { place }, { config, committed }) => {
    const value = rankIn(config, rank);
    const moved = value !== rankIn(committed.config, rank);
    if (value !== undefined)
      writeText(context, place, String(value), colourOf(moved ? 'var(--rs-accent)' : 'var(--rs-ink)'));
  });
  return <canvas ref={ref} className="ink" width={0} height={0} aria-hidden="true" />;
}
