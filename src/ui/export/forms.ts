/** What an export may be: its forms, how numbers are stored in each, and what that takes. Pure. */
import { quantizationName } from '../../core/factor/check-quantization.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { factorShapes } from '../../core/factor/forward.ts';
import { unquantized, weightBits, type Quantization } from '../../core/factor/quantization.ts';
import { product } from '../../core/factor/tensorization.ts';
import type { Candidate } from '../../core/search/evaluation.ts';
import type { ExportForm, ExportMade } from '../../../workers/protocol.ts';
import type { Weights } from '../../state/exportable.ts';
import { formatBytes, formatExact, inline } from '../format.ts';
import { quantizationTitle } from '../words.ts';

interface FormWords {
  readonly form: ExportForm;
  readonly title: string;
  readonly about: string;
}

export const forms: readonly FormWords[] = [
  {
    form: 'onnx',
    title: 'ONNX',
    about:
      'The same model with factors in place of its layers, as plain MatMul, Reshape and Transpose along the chosen path: any runtime takes it.',
  },
  {
    form: 'tltorch',
    title: 'tensorly-torch',
    about:
      'A Python file with its factors: FactorizedLinear where tensorly-torch has the format, plain PyTorch where not.',
  },
  {
    form: 'pytorch',
    title: 'PyTorch',
    about: 'The same without tensorly-torch: torch and safetensors suffice.',
  },
  {
    form: 'csv',
    title: 'CSV',
    about: 'One row a layer: format, modes, ranks, parameters, error, MACs, einsum, path.',
  },
  {
    form: 'zip',
    title: 'Everything',
    about:
      'One zip: the model, the Python files, the tables, a notebook that draws them, the figures on the page, what to cite, the link.',
  },
];

/** Why a form cannot be had of this file, or null. */
export function formProblem(form: ExportForm, weights: Weights): string | null {
  const safetensors = weights.kind === 'files' && !weights.files.some(({ name }) => /\.onnx$/i.test(name));
  return form === 'onnx' && safetensors
    ? 'ONNX needs a graph, which safetensors do not have. Export the model to ONNX first (optimum-cli export onnx).'
    : null;
}

export interface Storage {
  readonly id: 'f32' | 'f16' | 'int8' | 'int4' | 'own';
  readonly text: string;
  readonly precision: 'f32' | 'f16';
  readonly quantization: Quantization;
}

export const plainStorage: Storage = { id: 'f32', text: 'f32', precision: 'f32', quantization: unquantized };
const plain: readonly Storage[] = [
  plainStorage,
  { id: 'f16', text: 'f16', precision: 'f16', quantization: unquantized },
];
/** As the command line's --weights: int4 shares a scale among 32, as llama.cpp's Q4_0. */
const integers: readonly Storage[] = [
  { id: 'int8', text: 'int8', precision: 'f32', quantization: { kind: 'int', bits: 8, group: 'row' } },
  { id: 'int4', text: 'int4', precision: 'f32', quantization: { kind: 'int', bits: 4, group: 32 } },
];

/** The storages of a form, the one that follows from the design first chosen. */
export function storagesOf(
  form: ExportForm,
  quantization: Quantization,
): { readonly storages: readonly Storage[]; readonly usual: Storage['id']; readonly note: string | null } {
  if (form === 'csv') return { storages: [], usual: 'f32', note: null };
  if (form !== 'onnx' && form !== 'zip')
    return {
      storages: plain,
      usual: 'f32',
      note: quantization.kind === 'none' ? null : 'PyTorch gets float factors: quantize them there.',
    };
  switch (quantization.kind) {
    case 'none':
      return { storages: [...plain, ...integers], usual: 'f32', note: null };
    case 'int': {
      const same = integers.find(
        (each) => quantizationName(each.quantization) === quantizationName(quantization),
      );
      if (same !== undefined) return { storages: [...plain, ...integers], usual: same.id, note: null };
      const own: Storage = {
        id: 'own',
        text: quantizationTitle(quantization),
        precision: 'f32',
        quantization,
      };
      return { storages: [...plain, ...integers, own], usual: 'own', note: null };
    }
    case 'w8a8':
    case 'fp4':
    case 'palette':
      return {
        storages: [...plain, ...integers],
        usual: 'f32',
        note: `Standard ONNX nodes hold integer weights only, so ${quantizationTitle(quantization)} of the design cannot be written.`,
      };
    default:
      return quantization satisfies never;
  }
}

/** Bytes of the linear layers' weights in float32, and as stored; biases stay. */
export function linearBytes(
  design: Candidate,
  { precision, quantization }: Pick<Storage, 'precision' | 'quantization'>,
): { readonly dense: number; readonly stored: number } {
  const floatBits = precision === 'f16' ? 16 : 32;
  let dense = 0;
  let stored = 0;
  for (const f of design) {
    const whole = product(f.outModes) * product(f.inModes);
    dense += 4 * whole;
    stored += storedBits(f, quantization, f.format === 'dense' ? 32 : floatBits) / 8;
  }
  return { dense, stored };
}

function storedBits(f: Factorization, quantization: Quantization, floatBits: number): number {
  return factorShapes(f).reduce((sum, shape) => {
    const count = product(shape);
    return sum + count * (weightBits(quantization, { row: shape.at(-1) ?? 1, count }) ?? floatBits);
  }, 0);
}

/** A name that Python can import: `glyph_vit_factorized`. */
export function stemOf(modelId: string): string {
  const bare = modelId.replace(/\.(?:onnx|safetensors|json)$/i, '').replace(/\W+/g, '_');
  return `${/^\d/.test(bare) ? 'model_' : ''}${bare}_factorized`;
}

/** `3e-7`; 0 is said as it is. */
export const formatDistance = (value: number): string =>
  value === 0 ? '0' : value.toExponential(0).replace('e+', 'e').replace('-', '\u2212');

export interface Verdict {
  readonly bad: boolean;
  /** For the button. */
  readonly text: string;
  /** Below it. */
  readonly note: string | null;
}

/** What the check says of a file. */
export function verdictOf(check: ExportMade['check']): Verdict | null {
  if (check === null) return null;
  const { of, difference, reason, limit } = check;
  if (difference === null)
    return {
      bad: false,
      text: 'not checked',
      note: `It could not be checked here: ${reason ?? 'it did not run'}.`,
    };
  const meant = of === 'outputs' ? 'the same matrices' : 'the factors meant';
  const text = `differs by ${formatDistance(difference)} from ${meant}`;
  return difference <= limit
    ? { bad: false, text, note: reason === null ? null : `Checked with a reserve: ${reason}.` }
    : {
        bad: true,
        text: `${text}, more than ${formatDistance(limit)}: do not use it`,
        note: 'The file does not do what its factors say. It can be taken, but something is wrong with it.',
      };
}

/** Which of the files of an export its check is about. */
export const isChecked = (name: string): boolean => /\.(?:onnx|zip|safetensors)$/.test(name);

/** `12 of 20 layers change`. */
export function changesText(design: Candidate, storage: Storage | undefined): string {
  const count = design.filter(({ format }) => format !== 'dense').length;
  const all = storage !== undefined && storage.quantization.kind !== 'none';
  const which = `${formatExact(count)} of ${formatExact(design.length)} linear layers are factorized`;
  return all && count < design.length ? `${which}; the rest keep their shape as integers` : which;
}

export const sizeText = (bytes: number): string => inline(formatBytes(bytes));
