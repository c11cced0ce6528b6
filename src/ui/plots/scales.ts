/**
 * Scales between a domain and pixels, as d3 has them (`scales.test.ts` holds them to it): linear, logarithmic, and
 * logarithmic away from zero. A handful of lines in place of the 10 kB that d3's own scales load before the first picture.
 */
export interface Scale {
  readonly at: (value: number) => number;
  readonly invert: (pixel: number) => number;
}

type Ends = readonly [number, number];

function scale(
  forward: (value: number) => number,
  back: (bent: number) => number,
  domain: Ends,
  [first, last]: Ends,
): Scale {
  const from = forward(domain[0]);
  const span = forward(domain[1]) - from;
  return {
    at: (value) => first + ((forward(value) - from) / span) * (last - first),
    invert: (pixel) => back(from + ((pixel - first) / (last - first)) * span),
  };
}

const same = (value: number): number => value;

export const linearScale = (domain: Ends, range: Ends): Scale => scale(same, same, domain, range);

/** @param domain of positive ends */
export const logScale = (domain: Ends, range: Ends): Scale => scale(Math.log, Math.exp, domain, range);

/** Even below `bend`, logarithmic above it, of either sign. */
export const symlogScale = (domain: Ends, range: Ends, bend: number): Scale =>
  scale(
    (value) => Math.sign(value) * Math.log1p(Math.abs(value / bend)),
    (bent) => Math.sign(bent) * Math.expm1(Math.abs(bent)) * bend,
    domain,
    range,
  );

/** Ascending multiples of 1, 2 or 5 times a power of ten between two ends, about `count` of them. */
export function roundTicks([low, high]: Ends, count: number): readonly number[] {
  const rough = (high - low) / Math.max(1, count);
  const power = Math.floor(Math.log10(rough));
  const error = rough / 10 ** power;
  const factor = error >= Math.sqrt(50) ? 10 : error >= Math.sqrt(10) ? 5 : error >= Math.SQRT2 ? 2 : 1;
  // Multiples of a whole number are exact: below 1 its inverse is whole.
  const [times, parts] = power < 0 ? [1, 10 ** -power / factor] : [factor * 10 ** power, 1];
  const first = Math.ceil((low * parts) / times);
  const last = Math.floor((high * parts) / times);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => ((first + i) * times) / parts);
}
