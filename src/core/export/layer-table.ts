/** The layers of a design as comma-separated values (RFC 4180), one row a layer. */
import { printEinsum } from '../einsum/parse.ts';
import type { ContractionPath } from '../einsum/path.ts';
import type { Factorization } from '../factor/factorization.ts';
import { parameterCount } from '../factor/parameters.ts';

export interface TableLayer {
  readonly name: string;
  readonly weight: string;
  readonly out: number;
  readonly in: number;
  readonly factorization: Factorization;
  /** Null where the weights are not at hand. */
  readonly relativeError: number | null;
  readonly path: ContractionPath;
}

const heading = [
  'layer',
  'weight',
  'out',
  'in',
  'format',
  'out_modes',
  'in_modes',
  'ranks',
  'parameters',
  'dense_parameters',
  'relative_error',
  'macs_per_row',
  'dense_macs_per_row',
  'einsum',
  'path',
];

export function layerTable(layers: readonly TableLayer[]): string {
  const rows = layers.map(({ name, weight, out, in: inside, factorization: f, relativeError, path }) => {
    const [[rowLabel = ''] = []] = path.einsum.inputs;
    const rowCount = path.einsum.extents.get(rowLabel) ?? 1;
    return [
      name,
      weight,
      out,
      inside,
      f.format,
      f.outModes.join('x'),
      f.inModes.join('x'),
      f.ranks.join(' '),
      parameterCount(f),
      out * inside,
      relativeError ?? '',
      path.macs / rowCount,
      out * inside,
      printEinsum(path.einsum),
      path.steps.map(({ operands }) => operands.join('-')).join(' '),
    ];
  });
  return `${[heading, ...rows].map((row) => row.map(field).join(',')).join('\r\n')}\r\n`;
}

/** Quoted where it must be; a text that a spreadsheet would take for a formula gets an apostrophe first. */
function field(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
