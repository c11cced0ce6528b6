/**
 * Weights that are stored with a scale beside them: compressed-tensors (`weight_scale`, `weight_zero_point`), bitsandbytes'
 * LLM.int8() (`SCB`, rows times 127: Dettmers et al. 2022, 2.1), DeepSeek's 8-bit floats (`weight_scale_inv`, blocks), and
 * optimum-quanto (`weight._data`, `weight._scale`). Those that are packed several to a number are refused by name.
 */
import { InputError, check } from '../base/checks.ts';
import { readFloat64, type StoredTensor, type TensorStore } from './safetensors.ts';

/** Tensors that turn stored numbers into weights: (stored - zero) x scale x unit. */
export interface StoredScale {
  readonly scale: string;
  readonly zero: string | null;
  readonly unit: number;
}

interface Shaped {
  readonly name: string;
  readonly shape: readonly number[];
}

const subject = 'safetensors';

/** Suffixes after the weight's name, or in place of its last part. */
const suffixes: readonly (readonly [suffix: string, replaces: boolean, unit: number])[] = [
  ['_scale', false, 1],
  ['_scale_inv', false, 1],
  ['SCB', true, 1 / 127],
];

/** The scale of a weight, by the names beside it. */
export function scaleBeside(weight: string, byName: ReadonlyMap<string, Shaped>): StoredScale | null {
  const parent = weight.replace(/weight$/, '');
  for (const [suffix, replaces, unit] of suffixes) {
    const scale = replaces ? parent + suffix : weight + suffix;
    if (!byName.has(scale)) continue;
    const zero = `${weight}_zero_point`;
    return { scale, zero: byName.has(zero) ? zero : null, unit };
  }
  return null;
}

const packed: readonly (readonly [name: RegExp, what: string])[] = [
  [/\.qweight$/, 'GPTQ or AWQ'],
  [/\.weight_packed$/, 'compressed-tensors, packed'],
  [/\.weight\.(?:absmax|quant_map|quant_state\..*)$/, 'bitsandbytes, 4 bits'],
  [/\.weight\._(?:data|scale)$/, 'optimum-quanto'],
  [/_proj_blocks$/, 'MXFP4 blocks'],
];

/** @throws InputError when weights are packed in a way that is not read: half a model would be shown. */
export function refusePacked(names: Iterable<string>): void {
  for (const name of names) {
    const found = packed.find(([pattern]) => pattern.test(name));
    if (found !== undefined)
      throw new InputError(
        subject,
        `quantized weights must be int8 or float8 with a scale; ${found[1]} must be saved dequantized first, found`,
        name,
      );
  }
}

/** Whole-number types and 8-bit floats say little without a scale. */
export function needsScale(dtype: string): boolean {
  return /^(?:[IU](?:8|16|32)|F8_)/.test(dtype);
}

/** Values of a stored [rows, columns] in place: a scale a tensor, a row, a column or a block. */
export async function applyScale(
  store: TensorStore,
  tensor: StoredTensor,
  values: Float64Array,
  { scale, zero, unit }: StoredScale,
): Promise<void> {
  const [rows = 1, columns = 1] = tensor.shape;
  const scales = await grid(store, scale, rows, columns);
  const zeros = zero === null ? null : await grid(store, zero, rows, columns);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const at = r * columns + c;
      values[at] = ((values[at] ?? 0) - (zeros?.(r, c) ?? 0)) * scales(r, c) * unit;
    }
}

async function grid(
  store: TensorStore,
  name: string,
  rows: number,
  columns: number,
): Promise<(row: number, column: number) => number> {
  const tensor = store.tensors.find((each) => each.name === name);
  check(tensor !== undefined, subject, 'a scale must be in the file', name);
  const values = await readFloat64(store, tensor);
  const down = tensor.shape.length === 0 ? 1 : (tensor.shape[0] ?? 1);
  const across = tensor.shape.length < 2 ? 1 : (tensor.shape[1] ?? 1);
  const fits = tensor.shape.length <= 2 && down >= 1 && across >= 1 && down <= rows && across <= columns;
  check(fits, subject, `scale ${name} must fit ${rows} x ${columns}`, `[${tensor.shape.join(', ')}]`);
  const [height, width] = [Math.ceil(rows / down), Math.ceil(columns / across)];
  return (row, column) => values[Math.floor(row / height) * across + Math.floor(column / width)] ?? 0;
}
