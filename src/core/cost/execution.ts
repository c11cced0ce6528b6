/**
 * Settings beside the design that decide the answer: how freely the machine maps, what stays on chip between operations,
 * what is counted. Dense and factorized models always run under the same one.
 */
import { check } from '../base/checks.ts';
import type { Dataflow } from './mapping.ts';

export interface Execution {
  /** `fixed`: the array's own dataflow and perfect factors only; ranks that do not suit it leave it idle. */
  readonly dataflow: Dataflow;
  /** Operands of a step may change places where that is cheaper. */
  readonly swap: boolean;
  /** Intermediates of a factorized layer stay on chip where they fit and that is better. */
  readonly fusion: boolean;
  /** Activations stay on chip between operations where they fit. */
  readonly residency: boolean;
  /** Norms, softmax, activations and residuals count too, and heads that share keys fetch them once. */
  readonly wholeModel: boolean;
  /** Words per cycle of the outermost level each way; null = the machine's own. */
  readonly outerWordsPerCycle: number | null;
}

/** As the reference tools count: every operation by itself, through the outermost level. */
export const referenceExecution: Execution = {
  dataflow: 'flexible',
  swap: false,
  fusion: false,
  residency: false,
  wholeModel: false,
  outerWordsPerCycle: null,
};

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
  return given;
}
