import type { Situation } from '../../workers/protocol.ts';
import type { Derived } from './derive.ts';

/** What a worker's evaluator is made of, but for the model, of which some are asked for a part. */
export const situationOf = ({
  config: { workload, accelerator, accounting, execution, quantization },
  accuracy,
}: Derived): Omit<Situation, 'model'> => ({
  workload,
  accelerator,
  accounting,
  execution,
  quantization,
  accuracy,
});
