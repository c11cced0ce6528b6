/**
 * How the weights of linear layers are stored, and with it the numbers a MAC multiplies: an axis beside the ranks.
 * Every linear layer of a model is stored alike; biases, embeddings and norms stay as they are.
 */
export type Quantization =
  | { readonly kind: 'none' }
  /** Round to nearest, symmetric, one fp16 scale per group of so many weights along the input, or per output row. */
  | { readonly kind: 'int'; readonly bits: 16 | 8 | 6 | 5 | 4 | 3; readonly group: number | 'row' }
  /** 8-bit weights per output row and 8-bit activations per tensor: MACs shrink too. */
  | { readonly kind: 'w8a8' }
  /** E2M1 with one scale per group (4.25 to 4.5 bits a weight). */
  | { readonly kind: 'fp4'; readonly group: number }
  /** Indices into 2^bits fp16 values per matrix (eDKM). */
  | { readonly kind: 'palette'; readonly bits: 4 | 3 | 2 };

export const unquantized: Quantization = { kind: 'none' };
