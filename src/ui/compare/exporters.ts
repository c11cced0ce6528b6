/** What is on screen as text: CSV, JSON, SVG. Pure; `download.ts` hands it to the browser. Full precision, units named. */
import type { Metric } from '../../core/accuracy/figure.ts';
import { printEinsum } from '../../core/einsum/parse.ts';
import { forwardEinsum } from '../../core/factor/forward.ts';
import { costModel } from '../../core/cost/version.ts';
import type { FrontierPoint } from '../../core/search/pareto.ts';
import type { Derived } from '../../state/derive.ts';
import { metricWords } from '../metric.ts';
import { whoName } from '../plots/shapes.ts';
import { shapeText } from '../words.ts';
import type { Column, Row } from './rows.ts';

/** RFC 4180: quoted only where needed, CRLF. */
export function csv(rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number): string => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** The table as it stands, its values unrounded, and the band of the estimate in rows of its own. */
export function compareCsv(columns: readonly Column[], rows: readonly Row[]): string {
  const words = metricWords(columns[0]?.evaluation.accuracy.metric ?? 'weightEnergyKeptPercent');
  const bound = (name: string, pick: (column: Column) => number): readonly (string | number)[] => [
    name,
    words.exactUnit,
    ...columns.map(pick),
  ];
  return csv([
    ['figure', 'unit', ...columns.map(({ who }) => whoName(who))],
    ...rows
      .filter((row) => row.key !== 'band')
      .map((row) => [row.name, row.exactUnit, ...row.cells.map((cell) => cell.exact)]),
    bound(`${words.name}, low`, ({ evaluation }) => evaluation.accuracy.low),
    bound(`${words.name}, high`, ({ evaluation }) => evaluation.accuracy.high),
    ['Tier', '', ...columns.map(({ evaluation }) => evaluation.accuracy.tier)],
  ]);
}

/** Every design of the frontier with its figures. */
export function frontierCsv(points: readonly FrontierPoint[], metric: Metric, energyUnit: string): string {
  return csv([
    [
      'EDP reduction',
      `${metricWords(metric).exactUnit} (estimated)`,
      'low',
      'high',
      `energy ${energyUnit}`,
      'latency cycles',
      'parameters',
      'weight bytes',
      'MACs',
      'formats',
    ],
    ...points.map((point) => [
      point.edpReduction,
      point.value,
      point.low,
      point.high,
      point.energyPj,
      point.latencyCycles,
      point.parameters,
      point.bytes,
      point.macs,
      formatList(point),
    ]),
  ]);
}

function formatList({ design }: FrontierPoint): string {
  const counts = new Map<string, number>();
  for (const { format } of design) counts.set(format, (counts.get(format) ?? 0) + 1);
  return [...counts].map(([format, count]) => `${count} ${format}`).join(' + ');
}

/** Designs with their layers and figures, and what they were computed with. */
export function compareJson(derived: Derived, columns: readonly Column[], link: string): string {
  const { config, model } = derived;
  const { accelerator } = config;
  return `${JSON.stringify(
    {
      format: 'rankscape-comparison',
      version: 1,
      costModel,
      link,
      model: { id: model.id, title: model.title, source: model.source },
      workload: config.workload,
      accelerator,
      accounting: config.accounting,
      designs: columns.map(({ who, design, evaluation }) => ({
        name: whoName(who),
        figures: {
          edpReduction: evaluation.edpReduction,
          energy: evaluation.energyPj,
          energyUnit: accelerator.energyUnit,
          latencyCycles: evaluation.latencyCycles,
          latencySeconds: evaluation.latencyCycles / accelerator.clockHz,
          parameters: evaluation.parameters,
          weightBytes: evaluation.bytes,
          macs: evaluation.macs,
          energyByLevel: Object.fromEntries(
            evaluation.energyByLevelPj.map((energy, i) => [accelerator.levels[i]?.name ?? 'MAC', energy]),
          ),
          accuracy: evaluation.accuracy,
        },
        layers: design.map((factorization, i) => ({
          name: model.linears[i]?.name ?? String(i),
          format: factorization.format,
          modes: shapeText(factorization),
          ranks: factorization.ranks,
          einsum: printEinsum(forwardEinsum(factorization, config.workload.tokens)),
        })),
      })),
    },
    null,
    2,
  )}\n`;
}

export interface SvgParts {
  /** Inner markup of the figure as it stands on the page. */
  readonly markup: string;
  readonly width: number;
  readonly height: number;
  /** The cloud as a data URL, or null. */
  readonly cloud: string | null;
  readonly title: string;
  /** Value of a token such as `--rs-ink`. */
  readonly token: (name: string) => string;
}

const styles = `text{font:11px "Liberation Sans",Arial,sans-serif;fill:INK3}
.i{fill:INK}.i2{fill:INK2}.b{font-weight:600}.on-accent{fill:ONACCENT}
.halo{paint-order:stroke;stroke:BG;stroke-width:3px;stroke-linejoin:round}
.flag-strong{font-size:12px;font-weight:600;fill:INK}.flag-plain{fill:INK2}.flag-warn{fill:WARN}
.pareto-brush{fill-opacity:.1}.pareto-preview{display:none}`;

/** A figure that stands by itself: tokens become colours, the page's rules come along, the page's ground behind it. */
export function standaloneSvg({ markup, width, height, cloud, title, token }: SvgParts): string {
  const names = { INK3: 'ink-3', INK2: 'ink-2', ONACCENT: 'on-accent', INK: 'ink', BG: 'bg', WARN: 'warn' };
  let style = styles;
  for (const [key, name] of Object.entries(names)) style = style.replaceAll(key, token(`--rs-${name}`));
  const body = markup.replaceAll(/var\((--[\w-]+)\)/g, (_, name: string) => token(name));
  const image = cloud === null ? '' : `<image href="${cloud}" width="${width}" height="${height}"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img"><title>${escapeXml(title)}</title><style>${escapeXml(style)}</style><rect width="100%" height="100%" fill="${token('--rs-bg')}"/>${image}${body}</svg>\n`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
