/**
 * Reverse-mode differentiation (Linnainmaa 1976; Griewank, Walther 2008): walks the tape backwards and emits, into the
 * same graph, the nodes that carry cotangents from outputs to whatever is asked for.
 */
import { invariant } from '../../core/base/checks.ts';
import type { Value } from './graph.ts';
import { add } from './ops.ts';

/** A value and the cotangent (of the same shape) to start from: ones for a loss, any v for a v^T J. */
export interface Start {
  readonly value: Value;
  readonly cotangent: Value;
}

/**
 * Cotangents of `wanted`, in order: parameters or any values in between, each shaped like its value.
 * Only what lies between the starts and the wanted values is computed.
 */
export function gradients(starts: readonly Start[], wanted: readonly Value[]): readonly Value[] {
  const graph = starts[0]?.value.graph;
  invariant(graph !== undefined, 'gradients of nothing');
  // What depends on a wanted value; the order of the tape is an order of computation.
  const concerned = new Set(wanted);
  for (const step of graph.tape)
    if (step.inputs.some((input) => concerned.has(input))) concerned.add(step.output);

  const cotangents = new Map<Value, Value>();
  const accumulate = (value: Value, part: Value): void => {
    const known = cotangents.get(value);
    cotangents.set(value, known === undefined ? part : add(known, part));
  };
  for (const start of starts) accumulate(start.value, start.cotangent);
  // The pull-backs record steps themselves: walk a copy.
  for (const step of [...graph.tape].reverse()) {
    const cotangent = cotangents.get(step.output);
    if (cotangent === undefined) continue;
    const needed = step.inputs.map((input) => concerned.has(input));
    if (!needed.includes(true)) continue;
    step.pullBack(cotangent, needed).forEach((part, i) => {
      const input = step.inputs[i];
      if (part !== null && input !== undefined && needed[i] === true) accumulate(input, part);
    });
  }
  return wanted.map((value) => {
    const cotangent = cotangents.get(value);
    invariant(cotangent !== undefined, `${value.name} does not reach the starts`);
    return cotangent;
  });
}
