/**
 * GEMMs: the shape in which every pairwise contraction is costed. A contraction step's labels merge by where they occur:
 * batch in both inputs and the output, K in both inputs only, M in the first and the output, N in the second and the
 * output. A label of one input only that the output lacks is summed before the product and does not count.
 */
import { check } from '../base/checks.ts';
import type { Einsum } from '../einsum/einsum.ts';
import type { Contraction, Gemm, Slots } from './mapping.ts';

/** O[b, m, n] = sum over k of I[b, m, k] W[b, k, n]; the dim B is there only when the batch is above 1. */
export function gemmContraction(gemm: Gemm): Contraction {
  const { batch, m, n, k } = checkGemm(gemm);
  const lead = batch > 1 ? ['B'] : [];
  return {
    dims: { I: [...lead, 'M', 'K'], W: [...lead, 'K', 'N'], O: [...lead, 'M', 'N'] },
    extents: batch > 1 ? { B: batch, M: m, N: n, K: k } : { M: m, N: n, K: k },
  };
}

/** Extents whole and at least 1, their product countable (below 2^53). @throws InputError */
export function checkGemm(gemm: Gemm): Gemm {
  for (const [name, extent] of [
    ['batch', gemm.batch],
    ['M', gemm.m],
    ['N', gemm.n],
    ['K', gemm.k],
  ] as const) {
    check(
      Number.isSafeInteger(extent) && extent >= 1,
      `gemm ${name}`,
      'must be a whole number of at least 1',
      extent,
    );
  }
  const macs = gemm.batch * gemm.m * gemm.n * gemm.k;
  check(macs <= Number.MAX_SAFE_INTEGER, 'gemm', 'must have fewer than 2^53 multiply-accumulates', macs);
  return gemm;
}

/** `aw` is what an absent field says. */
export const withSlots = (gemm: Gemm, slots: Slots): Gemm => (slots === 'aw' ? gemm : { ...gemm, slots });

/** What `stepGemm` reads of a step of a contraction path: the labels of its two inputs and of its result. */
export interface StepLabels {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/** The GEMM of one pairwise step; outer and matrix-vector products have extents of 1. A presum (one input) is N = 1. */
export function stepGemm(einsum: Einsum, step: StepLabels): Gemm {
  const first = step.inputs[0] ?? [];
  const second = step.inputs[1] ?? [];
  const gemm = { batch: 1, m: 1, n: 1, k: 1 };
  for (const label of new Set([...first, ...second])) {
    const extent = einsum.extents.get(label);
    check(extent !== undefined, 'einsum', `label ${label} must have an extent`);
    const role = roleOf(first.includes(label), second.includes(label), step.output.includes(label));
    if (role !== null) gemm[role] *= extent;
  }
  return gemm;
}

/** The dim that a label of the inputs is part of; null = summed before the product. */
export function roleOf(
  inFirst: boolean,
  inSecond: boolean,
  inOutput: boolean,
): 'batch' | 'm' | 'n' | 'k' | null {
  if (inFirst && inSecond) return inOutput ? 'batch' : 'k';
  if (!inOutput) return null;
  return inFirst ? 'm' : 'n';
}
