/**
 * Fits what the tables of tier T0 say of formats beside svd: by how much decompositions of a format lie above or below
 * the layer's svd curve at the same loss of output energy. One offset and slope per format (least squares), one shift
 * per layer and format, drawn towards zero where few decompositions speak for it.
 */
import type { Factorization, Format } from '../factor/factorization.ts';
import { along, svdCurve, type FormatShift, type LayerTable } from './sensitivity.ts';
import { createWeightEnergy } from './weight-energy.ts';

/** A decomposition that was tried: what the network said with it in place of one layer. */
export interface TriedLayer {
  /** Position in the tables. */
  readonly layer: number;
  readonly f: Factorization;
  /** Nats an example. */
  readonly divergence: number;
}

export interface FittedFormats {
  readonly formats: Readonly<Partial<Record<Format, FormatShift>>>;
  /** By layer. */
  readonly shifts: readonly Readonly<Partial<Record<Format, number>>>[];
}

interface Point {
  readonly layer: number;
  /** ln lost + 1. */
  readonly x: number;
  /** ln divergence less the svd curve. */
  readonly y: number;
}

/** A layer's own shift counts as much as so many decompositions of the format elsewhere. */
const shrinkage = 2;
/** Slopes beyond would turn curves over. */
const steepest = 0.5;
const least = 1e-7;

/** @param tables svd tables and spectra of the layers; their shifts are not read */
export function fitFormats(tables: readonly LayerTable[], tried: readonly TriedLayer[]): FittedFormats {
  const known = tables.map((table) => ({
    curve: svdCurve(table),
    energy: createWeightEnergy(table.out, table.in, {
      kind: 'spectrum',
      spectrum: Float64Array.from(table.spectrum),
    }),
  }));
  const points = new Map<Format, Point[]>();
  for (const { layer, f, divergence } of tried) {
    const of = known[layer];
    if (of === undefined || f.format === 'dense' || f.format === 'svd') continue;
    const lost = 1 - of.energy.kept(f).value;
    if (!(lost > least && divergence > least)) continue;
    const x = Math.log(lost);
    const list = points.get(f.format) ?? [];
    list.push({ layer, x: x + 1, y: Math.log(divergence) - along(of.curve, x) });
    points.set(f.format, list);
  }
  const formats: Partial<Record<Format, FormatShift>> = {};
  const shifts: Partial<Record<Format, number>>[] = tables.map(() => ({}));
  for (const [format, list] of points) {
    const { offset, slope } = straightLine(list);
    const rest = list.map((point) => ({ ...point, y: point.y - offset - slope * point.x }));
    const own = tables.map((_, layer) => {
      const mine = rest.filter((point) => point.layer === layer);
      return mine.reduce((sum, { y }) => sum + y, 0) / (mine.length + shrinkage);
    });
    own.forEach((shift, layer) => {
      if (shift !== 0) shifts[layer]![format] = shift;
    });
    const squares = rest.reduce((sum, { layer, y }) => sum + (y - own[layer]!) ** 2, 0);
    formats[format] = { offset, slope, spread: Math.sqrt(squares / list.length), samples: list.length };
  }
  return { formats, shifts };
}

function straightLine(points: readonly Point[]): { readonly offset: number; readonly slope: number } {
  const n = points.length;
  const mean = (of: (point: Point) => number): number => points.reduce((sum, each) => sum + of(each), 0) / n;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const [xx, xy] = [mean((point) => (point.x - x) ** 2), mean((point) => (point.x - x) * (point.y - y))];
  const slope = xx > 0 ? Math.max(-steepest, Math.min(steepest, xy / xx)) : 0;
  return { offset: y - slope * x, slope };
}
