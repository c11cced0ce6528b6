/** The parameter count in a drag, drawn over its figures and its bar. */
import { useRef } from 'react';
import { colourOf } from '../ink/colours.ts';
import { textPlace, writeText, type TextPlace } from '../ink/text.ts';
import { useInk, type Sheet } from '../ink/use-ink.ts';
import { sizeFigures } from './size-figures.ts';

interface SizeSheet extends Sheet {
  readonly count: TextPlace;
  readonly ofDense: TextPlace;
  readonly gain: TextPlace;
  readonly bar: { readonly left: number; readonly top: number; readonly width: number };
}

function sizeSheet(canvas: HTMLCanvasElement): SizeSheet {
  const section = canvas.parentElement;
  const find = (selector: string): Element | null => section?.querySelector(selector) ?? null;
  const [bold, share, said, bar] = ['.count b', '.count span', '.gain', '.sizebar'].map(find);
  if (!section || !bold || !share || !said || !bar)
    throw new Error('internal: the ink of a size stands alone');
  const corner = section.getBoundingClientRect();
  const count = textPlace(bold, corner, 'right');
  const ofDense = textPlace(share, corner, 'right');
  const gain = textPlace(said, corner, 'left');
  if (count === null || ofDense === null || gain === null)
    throw new Error('internal: a size without figures');
  const { left, top, width } = bar.getBoundingClientRect();
  return {
    width: corner.width,
    height: corner.height,
    count,
    ofDense,
    gain,
    bar: { left: left - corner.left, top: top - corner.top, width },
  };
}

export function SizeInk() {
  const ref = useRef<HTMLCanvasElement>(null);
  useInk(ref, sizeSheet, (context, { count, ofDense, gain, bar }, { config, derived }) => {
    const view = derived.linears[config.view.focus];
    if (view === undefined) return;
    const figures = sizeFigures(view);
    const note = colourOf('var(--rs-ink-3)');
    writeText(context, ofDense, figures.ofDense, figures.isOver ? colourOf('var(--rs-danger)') : note);
    const x = ofDense.x - context.measureText(` ${figures.ofDense}`).width;
    writeText(context, { ...count, x }, figures.parameters, colourOf('var(--rs-ink)'));
    writeText(context, gain, figures.gain, note);
    drawBar(context, bar, figures.filled, figures.dense, figures.isOver);
  });
  return <canvas ref={ref} className="ink" width={0} height={0} aria-hidden="true" />;
}

/** As `design.css` has it. */
function drawBar(
  context: CanvasRenderingContext2D,
  { left, top, width }: SizeSheet['bar'],
  filled: number,
  dense: number,
  isOver: boolean,
): void {
  const even = left + dense * width;
  context.fillStyle = colourOf('var(--rs-sunken)');
  context.fillRect(left, top + 4, width, 8);
  context.save();
  context.beginPath();
  context.rect(even, top + 4, left + width - even, 8);
  context.clip();
  context.strokeStyle = colourOf('var(--rs-hatch)');
  context.lineWidth = 1;
  context.beginPath();
  for (let x = even; x < left + width + 8; x += 5 * Math.SQRT2) {
    context.moveTo(x, top + 4);
    context.lineTo(x - 8, top + 12);
  }
  context.stroke();
  context.restore();
  context.fillStyle = colourOf(isOver ? 'var(--rs-danger)' : 'var(--rs-accent)');
  context.fillRect(left, top + 4, filled * width, 8);
  context.fillStyle = colourOf('var(--rs-ink-2)');
  context.fillRect(even, top, 1.25, 16);
}
