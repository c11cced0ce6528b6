/**
 * What a weight matrix W [out, in] is replaced by: a format, a tensorization and its ranks.
 * Names and order of ranks are those of the command line (see README): svd r; kronecker R; cp R; tucker one per mode
 * (out then in); tt 2d-1 inner ranks; ttm d-1 inner ranks; tr 2d ranks (r_0 closes the ring); block-term C, then the
 * tucker ranks; dense none.
 */
export const formats = [
  'dense',
  'svd',
  'kronecker',
  'cp',
  'tucker',
  'tt',
  'ttm',
  'tr',
  'block-term',
] as const;
export type Format = (typeof formats)[number];

export interface Factorization {
  readonly format: Format;
  /** Modes of the output side; their product is `out`. One mode (`[out]`) for dense and svd. */
  readonly outModes: readonly number[];
  /** Modes of the input side; their product is `in`. */
  readonly inModes: readonly number[];
  readonly ranks: readonly number[];
}
