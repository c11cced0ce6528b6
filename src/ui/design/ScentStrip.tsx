/**
 * What a rank slider would do over its whole range, on the slider's own scale: EDP reduction (line, its part above dense
 * in red), predicted value of the model (area), ticks at efficient ranks. The hatch past break-even is the slider's.
 */
import { memo } from 'react';
import type { Scent } from '../../core/search/scent.ts';
import { interpolate, placeOf, type RankScale } from './scale.ts';

const height = 36;
const width = 1000;

export interface StripProps {
  readonly scent: Scent;
  readonly scale: RankScale;
  readonly range: EdpRange;
  /** Of the area at each value, 0 to 1. */
  readonly heights: readonly number[];
}

/** Least and largest relative EDP that a strip's height spans. */
export interface EdpRange {
  readonly least: number;
  readonly most: number;
}

export function edpRange(scents: readonly (Scent | null)[]): EdpRange {
  const all = scents.flatMap((scent) => scent?.edp ?? []);
  return all.length === 0 ? { least: 1, most: 1 } : { least: Math.min(...all), most: Math.max(...all) };
}

/** Share of the strip's height, 0 at the bottom, of a relative EDP: its reduction on a log scale. */
export function edpHeight({ least, most }: EdpRange, value: number): number {
  const low = -Math.log(most);
  const high = -Math.log(least);
  // A flat line stands in the middle: less than 30 % apart is not a cliff.
  const span = Math.max(high - low, 0.3);
  return 0.08 + (0.84 * (-Math.log(value) - (low + high - span) / 2)) / span;
}

export const ScentStrip = memo(function ScentStrip({ scent, scale, range, heights }: StripProps) {
  const xs = scent.values.map((value) => placeOf(scale, value) * width);
  const points = xs.map((x, i) => ({
    x: x.toFixed(1),
    edp: ((1 - edpHeight(range, scent.edp[i] ?? 1)) * height).toFixed(1),
    kept: ((1 - 0.94 * (heights[i] ?? 0)) * height).toFixed(1),
  }));
  const line = points.map(({ x, edp }) => `${x} ${edp}`).join('L');
  const area = points.map(({ x, kept }) => `L${x} ${kept}`).join('');
  const isWorse = (i: number): boolean => (scent.edp[i] ?? 0) > 1;
  const worse = points
    .flatMap(({ x, edp }, i) =>
      isWorse(i) && isWorse(i - 1) ? `M${points[i - 1]?.x} ${points[i - 1]?.edp}L${x} ${edp}` : [],
    )
    .join('');
  const first = points[0]?.x ?? '0';
  const last = points.at(-1)?.x ?? '0';
  const dense = (1 - edpHeight(range, 1)) * height;
  const showDense = dense > 0 && dense < height;
  // When nearly every rank is efficient a tick says nothing.
  const ticks = scent.efficient.length * 2 < scent.values.length ? scent.efficient : [];
  return (
    <svg className="strip" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <path className="kept" d={`M${first} ${height}${area}L${last} ${height}Z`} />
      {showDense && <path className="dense" d={`M0 ${dense.toFixed(1)}H${width}`} />}
      <path className="edp" d={`M${line}`} />
      <path className="edp worse" d={worse} />
      {ticks.map((value) => (
        <path
          key={value}
          className="efficient"
          d={`M${(placeOf(scale, value) * width).toFixed(1)} ${height}v-5`}
        />
      ))}
      <path className="base" d={`M0 ${height}H${width}`} />
    </svg>
  );
});

/** EDP reduction and share kept at a rank, read off the strip. */
export function readScent(scent: Scent, rank: number): { readonly reduction: number; readonly kept: number } {
  return {
    reduction: 1 / interpolate(scent.values, scent.edp, rank),
    kept: interpolate(scent.values, scent.kept, rank),
  };
}
