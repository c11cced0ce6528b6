/**
 * Where the operands of one product live, and what other tensors take beside it: the surroundings that residency between
 * layers and fusion within one give a GEMM.
 */
import type { Words } from '../base/units.ts';
import type { Homes } from './fusion/homes.ts';

export interface Place {
  readonly homes: Homes;
  /** Words of each level that other tensors take. */
  readonly held: readonly Words[];
}

export const placeKey = ({ homes, held }: Place): string => `${homes.I},${homes.W},${homes.O} ${held.join()}`;

/** The place when the input slots are exchanged. */
export const turned = ({ homes, held }: Place): Place => ({
  homes: { I: homes.W, W: homes.I, O: homes.O },
  held,
});
