/** What one operator tells of a product by a constant, before it is known to be a linear layer; or why it is none. */
import { nodeName, type Op, type Value } from './graph.ts';
import type { SkippedNode, WeightSource } from './model.ts';

export interface Draft {
  readonly input: Value | null | undefined;
  readonly source: WeightSource | null;
  /** The operator multiplies by [in, out]. */
  readonly isInOut: boolean;
  readonly output?: Value | undefined;
  readonly bias?: Value | null | undefined;
  readonly alpha?: number;
  readonly beta?: number;
}

export interface Skip {
  readonly skipped: SkippedNode;
}

export const skip = (op: Op, reason: string): Skip => ({
  skipped: { node: nodeName(op.node), op: op.node.opType, reason },
});
