/** The column of the current design in a drag, drawn over its cells. */
import { useRef } from 'react';
import type { Tier } from '../../core/accuracy/figure.ts';
import { colourOf } from '../ink/colours.ts';
import type { Moving } from '../ink/motion.ts';
import { textPlace, writeText, type TextPlace } from '../ink/text.ts';
import { useInk, type Sheet } from '../ink/use-ink.ts';
import { markShapes } from '../plots/drawing.ts';
import { paint } from '../plots/paint.ts';
import type { Who } from '../plots/shapes.ts';
import { compareRows, type Cell, type Column, type Row } from './rows.ts';

interface CellPlace {
  readonly text: TextPlace;
  readonly note: TextPlace;
}

interface CellSheet extends Sheet {
  /** Top to bottom, as the rows are. */
  readonly cells: readonly (CellPlace | null)[];
}

/** Puts the canvas over the column. */
function columnSheet(canvas: HTMLCanvasElement): CellSheet {
  const table = canvas.parentElement;
  if (table === null) throw new Error('internal: the ink of a table stands outside it');
  const boxes = [...table.querySelectorAll('td.now > div')];
  const [first, last] = [boxes[0]?.getBoundingClientRect(), boxes.at(-1)?.getBoundingClientRect()];
  if (first === undefined || last === undefined) return { width: 0, height: 0, cells: [] };
  // Marks before long figures reach out of their cell.
  const corner = { left: first.left - reach, top: first.top };
  const within = table.getBoundingClientRect();
  canvas.style.left = `${corner.left - within.left}px`;
  canvas.style.top = `${corner.top - within.top}px`;
  return {
    width: first.width + reach,
    height: last.bottom - first.top,
    cells: boxes.map((box): CellPlace | null => {
      const figure = [...box.childNodes].find((node) => node.nodeType === Node.TEXT_NODE);
      const small = box.querySelector('small');
      const text = figure === undefined ? null : textPlace(figure, corner, 'right');
      const note = small === null ? null : textPlace(small, corner, 'right');
      return text === null || note === null ? null : { text, note };
    }),
  };
}

const reach = 12;

const tones: Readonly<Record<Cell['tone'], string>> = {
  better: 'var(--rs-ok)',
  worse: 'var(--rs-danger)',
  plain: 'var(--rs-ink-3)',
};

/** The whole canvas: marks are cut off nowhere. */
const frameOf = ({ width, height }: Sheet) => ({
  width,
  height,
  left: 0,
  right: width,
  top: 0,
  bottom: height,
  compact: false,
});

interface NowInkProps {
  readonly columns: (moving: Moving) => readonly Column[];
  readonly reference: Who;
}

export function NowInk({ columns, reference }: NowInkProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  useInk(ref, columnSheet, (context, sheet, moving) => {
    const all = columns(moving);
    const at = all.findIndex(({ who }) => who === 'now');
    const { clockHz } = moving.config.accelerator;
    const rows = compareRows(all, reference, { energyUnit: moving.derived.energyUnit, clockHz });
    for (const [i, row] of rows.entries()) {
      const [cell, place] = [row.cells[at], sheet.cells[i]];
      if (cell === undefined || !place) continue;
      writeText(context, place.text, cell.text, colourOf('var(--rs-accent)'));
      if (row.key === 'kept') drawTier(context, sheet, place.text, cell, tierOf(all, at));
      writeText(context, place.note, cell.note, colourOf(tones[cell.tone]));
    }
  });
  return <canvas ref={ref} className="ink" width={0} height={0} aria-hidden="true" />;
}

const tierOf = (columns: readonly Column[], at: number): Tier =>
  columns[at]?.evaluation.accuracy.tier ?? 'estimated';

/** How sure a figure is stands before it. */
function drawTier(
  context: CanvasRenderingContext2D,
  sheet: Sheet,
  { x, y }: TextPlace,
  { text }: Pick<Row['cells'][number], 'text'>,
  tier: Tier,
): void {
  const left = x - context.measureText(text).width;
  paint(
    context,
    markShapes('now', tier, { x: left - 8.5, y: y - 4.5, r: 3.2, stroke: 1.25 }),
    frameOf(sheet),
    '',
  );
}
