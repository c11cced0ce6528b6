/**
 * Bit widths of a model's numbers, and the machine that a GEMM sees with them: which of its slots hold stored weights, cached
 * keys and values, or activations. Results and everything between two products are activations.
 */
import type { Bits } from '../base/units.ts';
import type { Accelerator, Operand } from '../hardware/accelerator.ts';
import { atBits, checkBits } from '../hardware/bit-widths.ts';
import type { Multiply } from '../hardware/bit-widths.ts';
import type { Gemm, Slots } from './mapping.ts';

/** Absent widths are the accelerator's word; those of the cache are the activations'. */
export interface BitWidths {
  /** As stored, scales and tables included (4.125 = 4 bits and one 16-bit scale per 128). */
  readonly weights?: Bits;
  readonly activations?: Bits;
  /** Keys and values of tokens before this step. */
  readonly cache?: Bits;
  /** `wider` (the default) is weight-only quantization: narrow weights leave the MAC's energy as it is. */
  readonly multiply?: Multiply;
}

/** The slots of a GEMM whose roles are turned around. */
export const swapSlots: Readonly<Record<Slots, Slots>> = {
  aw: 'wa',
  wa: 'aw',
  ac: 'ca',
  ca: 'ac',
  aa: 'aa',
  ww: 'ww',
};

export const slotsOf = (gemm: Gemm): Slots => gemm.slots ?? 'aw';

/**
 * The machine as GEMMs with these slots see it: one object per kind of slots that differ, the accelerator itself where no
 * width does.
 * @throws InputError when a width is no number from 1 to 64
 */
export function machinesAtBits(accelerator: Accelerator, bits: BitWidths): (slots: Slots) => Accelerator {
  const { weights = accelerator.wordBits, activations = accelerator.wordBits, multiply = 'wider' } = bits;
  const { cache = activations } = bits;
  checkBits('bits of weights', weights);
  checkBits('bits of activations', activations);
  checkBits('bits of the cache', cache);
  const widths = { a: activations, w: weights, c: cache } as const;
  const made = new Map<string, Accelerator>();
  const make = (slots: Slots): Accelerator => {
    const [i, w] = [...slots] as ['a' | 'w' | 'c', 'a' | 'w' | 'c'];
    const at: Readonly<Record<Operand, Bits>> = { I: widths[i], W: widths[w], O: activations };
    const key = `${at.I} ${at.W}`;
    let machine = made.get(key);
    if (machine === undefined) made.set(key, (machine = atBits(accelerator, at, multiply)));
    return machine;
  };
  // Asked for with every product that is looked up.
  const known: Readonly<Record<Slots, Accelerator>> = {
    aw: make('aw'),
    aa: make('aa'),
    ac: make('ac'),
    ww: make('ww'),
    wa: make('wa'),
    ca: make('ca'),
  };
  return (slots) => known[slots];
}
