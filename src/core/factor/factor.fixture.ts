/** Test-only: arbitrary factorizations for laws. */
import fc from 'fast-check';
import { formats, type Factorization, type Format } from './factorization.ts';
import { clipRanks, rankCount } from './ranks.ts';

/** Any format on small modes, with wished ranks clipped to realizable ones. */
export function anyFactorization(
  among: readonly Format[] = formats,
  { most = 6, order = 3 } = {},
): fc.Arbitrary<Factorization> {
  const modes = fc.array(fc.integer({ min: 1, max: most }), { minLength: 1, maxLength: order });
  return fc
    .tuple(
      fc.constantFrom(...among),
      modes,
      modes,
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 7, maxLength: 7 }),
    )
    .map(([format, outs, ins, wished]) => {
      const matrix = format === 'dense' || format === 'svd';
      const paired = format === 'ttm' || format === 'kronecker';
      const outModes = matrix ? outs.slice(0, 1) : outs;
      const inModes = matrix ? ins.slice(0, 1) : paired ? outs.map((_, k) => ins[k] ?? 2) : ins;
      const ranks = wished.slice(0, rankCount(format, outModes.length, inModes.length));
      return clipRanks({ format, outModes, inModes, ranks });
    });
}
