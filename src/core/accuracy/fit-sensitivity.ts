/**
 * Fits what the tables of tier T0 say of formats beside svd, from decompositions that were tried: ln divergence on what
 * svd loses at the same loss and at the same size (`SvdLikeness`), per format by least squares with a little ridge towards
 * the mean of both; one shift per layer and format, drawn towards zero where few decompositions speak for it.
 */
import type { Factorization, Format } from '../factor/factorization.ts';
import { svdLikeness, type FormatShift, type LayerTable } from './sensitivity.ts';
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
  readonly loss: number;
  readonly size: number;
  /** ln divergence. */
  readonly y: number;
}

/** A layer's own shift counts as much as so many decompositions of the format elsewhere. */
const shrinkage = 2;
/** Ridge, in decompositions. */
const ridge = 2;
/** Nats below it are rounding. */
const leastNats = 1e-7;

/** @param tables svd tables and spectra of the layers; their shifts are not read */
export function fitFormats(tables: readonly LayerTable[], tried: readonly TriedLayer[]): FittedFormats {
  const known = tables.map((table) => {
    const { kept } = createWeightEnergy(table.out, table.in, {
      kind: 'spectrum',
      spectrum: Float64Array.from(table.spectrum),
    });
    return svdLikeness(table, (f) => 1 - kept(f).value);
  });
  const points = new Map<Format, Point[]>();
  for (const { layer, f, divergence } of tried) {
    if (f.format === 'dense' || f.format === 'svd' || !(divergence > leastNats)) continue;
    const like = known[layer]?.(f) ?? null;
    if (like === null) continue;
    const list = points.get(f.format) ?? [];
    list.push({ layer, ...like, y: Math.log(divergence) });
    points.set(f.format, list);
  }
  const formats: Partial<Record<Format, FormatShift>> = {};
  const shifts: Partial<Record<Format, number>>[] = tables.map(() => ({}));
  for (const [format, list] of points) {
    const { offset, byLoss, bySize } = plane(list);
    const rest = list.map(({ layer, loss, size, y }) => ({
      layer,
      y: y - offset - byLoss * loss - bySize * size,
    }));
    const own = tables.map((_, layer) => {
      const mine = rest.filter((point) => point.layer === layer);
      return mine.reduce((sum, { y }) => sum + y, 0) / (mine.length + shrinkage);
    });
    own.forEach((shift, layer) => {
      if (shift !== 0) shifts[layer]![format] = shift;
    });
    const squares = rest.reduce((sum, { layer, y }) => sum + (y - own[layer]!) ** 2, 0);
    const spread = Math.sqrt(squares / list.length);
    formats[format] = { offset, byLoss, bySize, spread, samples: list.length };
  }
  return { formats, shifts };
}

/** y = offset + byLoss loss + bySize size, neither slope negative. */
function plane(points: readonly Point[]): Pick<FormatShift, 'offset' | 'byLoss' | 'bySize'> {
  const mean = (of: (point: Point) => number): number =>
    points.reduce((sum, each) => sum + of(each), 0) / points.length;
  const [loss, size, y] = [mean((p) => p.loss), mean((p) => p.size), mean((p) => p.y)];
  const weak = ridge / points.length;
  const aa = mean((p) => (p.loss - loss) ** 2) + weak;
  const bb = mean((p) => (p.size - size) ** 2) + weak;
  const ab = mean((p) => (p.loss - loss) * (p.size - size));
  const ay = mean((p) => (p.loss - loss) * (p.y - y)) + weak / 2;
  const by = mean((p) => (p.size - size) * (p.y - y)) + weak / 2;
  const both = aa * bb - ab * ab;
  let [byLoss, bySize] = [(ay * bb - by * ab) / both, (by * aa - ay * ab) / both];
  if (byLoss < 0) [byLoss, bySize] = [0, Math.max(0, by / bb)];
  else if (bySize < 0) [byLoss, bySize] = [Math.max(0, ay / aa), 0];
  return { offset: y - byLoss * loss - bySize * size, byLoss, bySize };
}
