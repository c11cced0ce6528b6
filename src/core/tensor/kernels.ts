/**
 * The loops in which decompositions spend their time, for whoever can run them faster: a program that has such kernels
 * hands them over once, before or while it works. They compute bit by bit what the loops of this room compute, so no
 * figure depends on whether they are there.
 */
export interface TensorKernels {
  /**
   * Adds A B^T to C, sums cut as in matmul.ts.
   * @param lower what lies above the diagonal may be left out
   * @returns false where there is no room for the arrays, and nothing was done
   */
  readonly product: (
    sizes: { readonly m: number; readonly n: number; readonly k: number },
    x: Float64Array,
    a: number,
    y: Float64Array,
    b: number,
    c: Float64Array,
    to: number,
    lower: boolean,
  ) => boolean;
  /** As eigen.ts does it; `a` [n, n], whose lower triangle is read, is not written to. */
  readonly tridiagonalize: (n: number, a: Float64Array) => Tridiagonal;
  /** Rotates rows of the unit matrix [n, n]. */
  readonly rotations: (n: number) => Rotations;
  /** Reflects the rows of `vectors`, as eigen.ts does. */
  readonly reflect: (
    vectors: Float64Array,
    n: number,
    reflections: Float64Array,
    scales: Float64Array,
  ) => void;
}

export interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Entry i joins i and i + 1; the last is 0. */
  readonly off: Float64Array;
  /** Row k: the unit-free reflection vector of step k from entry k + 1 on; its scale in `scales`. */
  readonly reflections: Float64Array;
  readonly scales: Float64Array;
}

export interface Rotations {
  /** Rows i and i + 1. */
  readonly rotate: (i: number, sine: number, cosine: number) => void;
  /** The rows after all rotations; afterwards it cannot be used. */
  readonly finish: () => Float64Array;
}

let given: TensorKernels | null = null;

export function giveTensorKernels(kernels: TensorKernels | null): void {
  given = kernels;
}

export const tensorKernels = (): TensorKernels | null => given;
