/**
 * AdamW (Loshchilov, Hutter, "Decoupled Weight Decay Regularization", 2019) on flat vectors, as nodes of the step's own
 * graph, after the gradient is clipped to a global norm (Pascanu et al. 2013).
 */
import type { Value } from './graph.ts';
import { plain } from './ops.ts';

export interface AdamW {
  /** Decay of the first and of the second moment. */
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Largest norm of the whole gradient. */
  readonly clip: number;
}

/** Vectors of all parameters, [n]. */
export interface Moments {
  readonly parameters: Value;
  readonly first: Value;
  readonly second: Value;
}

/** Scalars that change from step to step. */
export interface Rates {
  readonly learningRate: Value;
  /** Weight decay, multiplied by the learning rate. */
  readonly decay: Value;
  /** 1 / (1 - beta^t) of the first and of the second moment. */
  readonly correction1: Value;
  readonly correction2: Value;
}

/** Keeps torch's clip_grad_norm_ finite at a gradient of zero. */
const clipEpsilon = 1e-6;

/** @param gradient [n] @param decayed [n], 1 where weights decay, 0 elsewhere */
export function adamW(
  { parameters, first, second }: Moments,
  gradient: Value,
  decayed: Value,
  rates: Rates,
  { beta1, beta2, epsilon, clip }: AdamW,
): Moments {
  const { graph, shape } = parameters;
  const number = (value: number): Value => graph.floats([value]);
  const map = (op: string, ...inputs: readonly Value[]): Value => plain(op, inputs, shape);
  const scalar = (op: string, ...inputs: readonly Value[]): Value => plain(op, inputs, []);

  const norm = scalar('Sqrt', plain('ReduceSumSquare', [gradient], [], { keepdims: { int: 0 } }));
  const allowed = scalar('Div', number(clip), scalar('Add', norm, number(clipEpsilon)));
  const clipped = map('Mul', gradient, scalar('Min', allowed, number(1)));

  const newFirst = map('Add', map('Mul', first, number(beta1)), map('Mul', clipped, number(1 - beta1)));
  const square = map('Mul', clipped, clipped);
  const newSecond = map('Add', map('Mul', second, number(beta2)), map('Mul', square, number(1 - beta2)));

  const spread = map('Sqrt', map('Mul', newSecond, rates.correction2));
  const direction = map('Div', map('Mul', newFirst, rates.correction1), map('Add', spread, number(epsilon)));
  const pull = map('Mul', parameters, map('Mul', decayed, rates.decay));
  const change = map('Mul', map('Add', direction, pull), rates.learningRate);
  return { parameters: map('Sub', parameters, change), first: newFirst, second: newSecond };
}
