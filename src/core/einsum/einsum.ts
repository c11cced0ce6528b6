/**
 * The einsum as data: labels per operand, labels of the output, one extent per label.
 * Labels are single unicode characters; an ellipsis is already expanded into labels of its own.
 */
export interface Einsum {
  /** Labels of each operand, in axis order; a label may repeat within one operand (diagonal). */
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
  /** Extent of every label, after size-1 broadcasting. */
  readonly extents: ReadonlyMap<string, number>;
  /** Shape of each operand, only where an axis of size 1 is broadcast; without it the extents are the shapes. */
  readonly shapes?: readonly (readonly number[])[];
}
