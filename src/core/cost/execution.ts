/**
 * Settings beside the design that decide the answer: how freely the machine maps, what stays on chip between operations,
 * what is counted. Dense and factorized models always run under the same one.
 */
import { check } from '../base/checks.ts';
import type { EnergyPj } from '../base/units.ts';
import { checkExtras } from '../hardware/extras.ts';
import type { Dataflow } from './mapping.ts';

export interface Execution {
  /** `fixed`: the array's own dataflow and perfect factors only; ranks that do not suit it leave it idle. */
  readonly dataflow: Dataflow;
  /** Operands of a step may change places where that is cheaper. */
  readonly swap: boolean;
  /** Intermediates of a factorized layer stay on chip where they fit and that is better. */
  readonly fusion: boolean;
  /**
   * With fusion: steps may share loops, so that tiles of an intermediate stay where the whole does not fit. Exact gear only,
   * and up to a tenth of a second per layer: searches count the best they found anew with it.
   */
  readonly sharedLoops: boolean;
  /** Activations stay on chip between operations where they fit. */
  readonly residency: boolean;
  /** Norms, softmax, activations and residuals count too, and heads that share keys fetch them once. */
  readonly wholeModel: boolean;
  /** Words per cycle of the outermost level each way; null = the machine's own. */
  readonly outerWordsPerCycle: number | null;
  /** Per word and fan-out on its way between two levels, in the machine's energy unit; 0 = free, as in the references. */
  readonly hopPj: EnergyPj;
  /** Of the whole chip, in the machine's energy unit per cycle. */
  readonly leakagePjPerCycle: EnergyPj;
  /** Tiles take twice their words. */
  readonly doubleBuffered: boolean;
  /** Awkward extents run with partial last tiles, real words only, instead of padded ones; not with a fixed dataflow. */
  readonly ragged: boolean;
}

/** As the reference tools count: every operation by itself, through the outermost level. */
export const referenceExecution: Execution = {
  dataflow: 'flexible',
  swap: false,
  fusion: false,
  sharedLoops: false,
  residency: false,
  wholeModel: false,
  outerWordsPerCycle: null,
  hopPj: 0,
  leakagePjPerCycle: 0,
  doubleBuffered: false,
  ragged: false,
};

export const sharesLoops = ({ fusion, sharedLoops }: Execution): boolean => fusion && sharedLoops;

/** @throws InputError when a figure is unsound */
export function checkExecution(given: Execution): Execution {
  const { outerWordsPerCycle: words } = given;
  check(
    words === null || (Number.isFinite(words) && words >= 1e-6 && words <= 1e9),
    'DRAM bandwidth',
    'must be a number of words per cycle from 1e-6 to 1e9',
    words,
  );
  check(
    given.dataflow === 'flexible' || given.dataflow === 'fixed',
    'dataflow',
    'must be flexible or fixed',
    given.dataflow,
  );
  checkExtras(given);
  return given;
}
