/**
 * Units as flavours of `number`: a plain number may become a quantity, but one quantity never passes for another.
 * Inside functions the unit stands in the name (`energyPj`, `latencyCycles`); formatting lives in `format.ts`.
 */
declare const unit: unique symbol;
type Quantity<Unit extends string> = number & { readonly [unit]?: Unit };

/** Energy in the accelerator's own unit: picojoules, or multiples of one MAC when the accelerator says so. */
export type EnergyPj = Quantity<'pJ'>;
export type Cycles = Quantity<'cycle'>;
/** Energy-delay product, picojoule x cycle. */
export type EdpPjCycles = Quantity<'pJ cycle'>;
export type Words = Quantity<'word'>;
export type Bits = Quantity<'bit'>;
export type Bytes = Quantity<'byte'>;
/** Multiply-accumulates; one MAC = 2 FLOPs. */
export type Macs = Quantity<'MAC'>;
export type Hertz = Quantity<'1/s'>;
