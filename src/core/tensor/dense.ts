/** Dense row-major arrays of float64. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row-major, rows x columns. */
  readonly values: Float64Array;
}
