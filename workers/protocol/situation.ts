/** What an evaluator is made of, as data: part of several messages. */
import type { AccuracySource } from '../../src/core/accuracy/source.ts';
import type { Execution } from '../../src/core/cost/execution.ts';
import type { Accounting } from '../../src/core/cost/mapping.ts';
import type { Quantization } from '../../src/core/factor/quantization.ts';
import type { Accelerator } from '../../src/core/hardware/accelerator.ts';
import type { TransformerModel, Workload } from '../../src/core/workload/model.ts';

export interface Situation {
  readonly model: TransformerModel;
  readonly workload: Workload;
  readonly accelerator: Accelerator;
  readonly accounting: Accounting;
  readonly execution: Execution;
  readonly quantization: Quantization;
  /** What the vertical axis is made of. */
  readonly accuracy: AccuracySource;
}
