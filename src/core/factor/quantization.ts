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

/** What overhead is shared by: weights of a row (the last axis) and of a whole factor. */
export interface Sharing {
  readonly row: number;
  readonly count: number;
}

const many: Sharing = { row: Infinity, count: Infinity };
const halfBits = 16;
/** E8M0 (OCP MX 1.0) and E4M3 (NVFP4) alike. */
const fp4ScaleBits = 8;
/** NVFP4's second scale, one float32 per tensor. */
const tensorScaleBits = 32;
/** OCP MX 1.0: 32 weights share an E8M0 scale; below, NVFP4's 16 share an E4M3 scale. */
export const smallestMxGroup = 32;

/**
 * Bits per weight with its share of scales or palette: b + 16/g, fp4 4 + 8/g, palettes b + 16 2^b / count; null when
 * weights are the machine's words. Groups are pieces of a row; its last one may be shorter.
 * @param sharing of large factors when it is not given
 */
export function weightBits(q: Quantization, { row, count }: Sharing = many): number | null {
  // As many scales as groups begin: exact also where groups do not fill the row.
  const perScale = (group: number): number =>
    row === Infinity ? group : row / Math.ceil(row / Math.min(group, row));
  switch (q.kind) {
    case 'none':
      return null;
    case 'int':
      return q.bits + halfBits / perScale(q.group === 'row' ? row : q.group);
    case 'w8a8':
      return 8 + halfBits / row;
    case 'fp4':
      return 4 + fp4ScaleBits / perScale(q.group) + (q.group < smallestMxGroup ? tensorScaleBits / count : 0);
    case 'palette':
      return q.bits + (halfBits * 2 ** q.bits) / count;
    default:
      return q satisfies never;
  }
}

/** Bits per activation that a MAC multiplies; null when they are the machine's words. */
export function activationBits(q: Quantization): number | null {
  return q.kind === 'w8a8' ? 8 : null;
}
