/**
 * A design for PyTorch: NAME.json says what each layer is, NAME.safetensors holds its factors, NAME.py runs them. What
 * tensorly-torch 0.5 has (CP with any modes, Tucker, BlockTT, svd as CP of order 2, Kronecker of two modes as BlockTT of
 * two cores) is its FactorizedLinear with the factors set by hand; the rest is plain PyTorch along the contraction path.
 */
import { invariant } from '../base/checks.ts';
import type { ContractionPath } from '../einsum/path.ts';
import type { Factorization, Format } from '../factor/factorization.ts';
import { operandNames } from '../factor/forward.ts';
import { parameterCount } from '../factor/parameters.ts';
import { tensor, type Tensor } from '../tensor/dense.ts';
import type { NamedTensor } from './safetensors.ts';

export interface TorchLayer {
  readonly name: string;
  readonly factorization: Factorization;
  /** In the order and shapes of the forward einsum. */
  readonly factors: readonly Tensor[];
  readonly path: ContractionPath;
  readonly relativeError: number;
  /** [out] */
  readonly bias: Float64Array | null;
}

/** Of the JSON file. */
export interface TorchEntry {
  readonly name: string;
  readonly format: Format;
  readonly library: 'tltorch' | 'torch';
  /** tensorly-torch's word, null for plain PyTorch. */
  readonly factorization: 'CP' | 'Tucker' | 'BlockTT' | null;
  /** Modes. */
  readonly out: readonly number[];
  readonly in: readonly number[];
  readonly ranks: readonly number[];
  /** Of the factors, without bias. */
  readonly parameters: number;
  readonly relativeError: number;
  /** The first operand is the input. */
  readonly einsum: string;
  /** Which operands each step joins, as in opt_einsum: they leave the list, the result is appended. */
  readonly path: readonly (readonly number[])[];
  /** Keys of the safetensors file, in the einsum's order. */
  readonly operands: readonly string[];
  readonly bias: string | null;
}

export interface TorchDesign {
  readonly version: string;
  /** The safetensors file beside. */
  readonly factors: string;
  readonly link: string | null;
  readonly layers: readonly TorchEntry[];
}

export interface TorchOptions {
  readonly library: 'tltorch' | 'pytorch';
  readonly version: string;
  readonly link: string | null;
  /** NAME.safetensors */
  readonly factors: string;
}

export interface TorchFiles {
  readonly json: TorchDesign;
  readonly tensors: readonly NamedTensor[];
}

export function torchFiles(layers: readonly TorchLayer[], options: TorchOptions): TorchFiles {
  const tensors: NamedTensor[] = [];
  const entries = layers.map((layer): TorchEntry => {
    const { name, factorization: f, factors, path, bias, relativeError } = layer;
    const operands = operandNames(f)
      .slice(1)
      .map((operand) => `${name}.${operand}`);
    operands.forEach((key, k) => {
      const factor = factors[k];
      invariant(factor !== undefined, `no factor ${key}`);
      tensors.push({ name: key, tensor: factor });
    });
    if (bias !== null) tensors.push({ name: `${name}.bias`, tensor: tensor([bias.length], bias) });
    const kind = options.library === 'tltorch' ? kindOf(f) : null;
    return {
      name,
      format: f.format,
      library: kind === null ? 'torch' : 'tltorch',
      factorization: kind,
      out: f.outModes,
      in: f.inModes,
      ranks: f.ranks,
      parameters: parameterCount(f),
      relativeError,
      einsum: asciiEinsum(path),
      path: path.steps.map((step) => step.operands),
      operands,
      bias: bias === null ? null : `${name}.bias`,
    };
  });
  const { version, link, factors } = options;
  return { json: { version, factors, link, layers: entries }, tensors };
}

/** tensorly-torch 0.5: Tucker and BlockTT need as many output as input modes. */
function kindOf({ format, outModes, inModes }: Factorization): TorchEntry['factorization'] {
  const paired = outModes.length === inModes.length;
  switch (format) {
    case 'svd':
    case 'cp':
      return 'CP';
    case 'tucker':
      return paired ? 'Tucker' : null;
    case 'ttm':
      return outModes.length > 1 ? 'BlockTT' : null;
    case 'kronecker':
      return outModes.length === 2 ? 'BlockTT' : null;
    case 'dense':
    case 'tt':
    case 'tr':
    case 'block-term':
      return null;
    default:
      return format satisfies never;
  }
}

const alphabet = Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ');

/** torch and numpy take ASCII letters only; more than 52 stay as they are, for opt_einsum. */
function asciiEinsum({ einsum: { inputs, output } }: ContractionPath): string {
  const labels = [...new Set(inputs.flat())];
  const taken = new Set(labels);
  const free = alphabet.filter((letter) => !taken.has(letter));
  const foreign = labels.filter((label) => !alphabet.includes(label));
  const renamed = new Map(foreign.map((label, k) => [label, free[k] ?? label]));
  const print = (term: readonly string[]): string =>
    term.map((label) => (labels.length <= alphabet.length ? (renamed.get(label) ?? label) : label)).join('');
  return `${inputs.map(print).join(',')}->${print(output)}`;
}
