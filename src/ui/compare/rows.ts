/**
 * The comparison as rows: per figure a value for every design and its difference from the chosen reference. Differences
 * are of costs (EDP, energy, ...): a minus is always less of it. Pure.
 */
import type { Tier } from '../../core/accuracy/figure.ts';
import type { Candidate, Evaluation } from '../../core/search/evaluation.ts';
import {
  energyScale,
  formatChange,
  formatCount,
  formatNumber,
  formatRatio,
  isRelative,
  latencyScale,
  type Scale,
} from '../format.ts';
import { metricWords } from '../metric.ts';
import type { Who } from '../plots/shapes.ts';

export interface Column {
  readonly who: Who;
  readonly design: Candidate;
  readonly evaluation: Evaluation;
}

export interface Cell {
  readonly who: Who;
  /** Full precision, in the unit of `Row.exactUnit`. */
  readonly exact: number;
  readonly text: string;
  readonly note: string;
  readonly tone: 'better' | 'worse' | 'plain';
}

export interface Row {
  readonly key: 'edp' | 'kept' | 'band' | 'energy' | 'delay' | 'parameters' | 'bytes' | 'macs';
  readonly name: string;
  readonly unit: string;
  readonly exactUnit: string;
  readonly cells: readonly Cell[];
}

export interface Machine {
  readonly energyUnit: string;
  readonly clockHz: number;
}

type Figure = (evaluation: Evaluation) => number;

/** Rows of the table; `columns` holds the reference. */
export function compareRows(columns: readonly Column[], reference: Who, machine: Machine): readonly Row[] {
  const metric = columns[0]?.evaluation.accuracy.metric ?? 'weightEnergyKeptPercent';
  const words = metricWords(metric);
  // The unit stands in the row's head.
  const bare = (value: number): string => words.short(value).replace('%', '');
  const base = (columns.find((column) => column.who === reference) ?? columns[0])?.evaluation;
  if (base === undefined) return [];
  const largest = (figure: Figure): number =>
    Math.max(...columns.map(({ evaluation }) => figure(evaluation)));

  /** A cost: less is better, the difference is in percent of the reference. */
  const cost = (
    head: Pick<Row, 'key' | 'name' | 'unit' | 'exactUnit'>,
    figure: Figure,
    text: (value: number) => string,
    value: Figure = figure,
    noun = '',
  ): Row => ({
    ...head,
    cells: columns.map(({ who, evaluation }) => {
      const change = 100 * (figure(evaluation) / figure(base) - 1);
      return {
        who,
        exact: value(evaluation),
        text: text(value(evaluation)),
        note: who === reference ? 'reference' : noun + formatChange(change),
        tone: who === reference || who === 'dense' ? 'plain' : toneOf(-change),
      };
    }),
  });
  const energy = energyScale(
    largest((e) => e.energyPj),
    machine.energyUnit,
  );
  const delay = latencyScale(
    largest((e) => e.latencyCycles),
    machine.clockHz,
  );
  const bytes = bytesScale(largest((e) => e.bytes));
  const parameters = countScale(largest((e) => e.parameters));
  const macs = countScale(largest((e) => e.macs));
  const energyUnit = isRelative(machine.energyUnit) ? machine.energyUnit : 'pJ';
  return [
    cost(
      { key: 'edp', name: 'EDP reduction', unit: 'modelled', exactUnit: 'times' },
      (e) => e.edpPjCycles,
      formatRatio,
      (e) => e.edpReduction,
      'EDP ',
    ),
    {
      key: 'kept',
      name: words.name,
      unit: `${words.unit}, ${tierWords(columns)}`,
      exactUnit: words.exactUnit,
      cells: columns.map(({ who, evaluation: { accuracy } }) => {
        const difference = accuracy.value - base.accuracy.value;
        return {
          who,
          exact: accuracy.value,
          text: bare(accuracy.value),
          note: who === reference ? 'reference' : words.difference(difference),
          tone: who === reference || who === 'dense' ? 'plain' : toneOf(difference, words.resolution),
        };
      }),
    },
    {
      key: 'band',
      name: 'Band',
      unit: 'low to high',
      exactUnit: 'width of the band',
      cells: columns.map(({ who, evaluation: { accuracy } }) => ({
        who,
        exact: accuracy.high - accuracy.low,
        text: accuracy.high - accuracy.low < words.resolution ? 'exact' : bare(accuracy.low),
        note: accuracy.high - accuracy.low < words.resolution ? '' : `to ${bare(accuracy.high)}`,
        tone: 'plain',
      })),
    },
    cost(
      { key: 'energy', name: 'Energy', unit: `${energy.unit}, modelled`, exactUnit: energyUnit },
      (e) => e.energyPj,
      scaled(energy),
    ),
    cost(
      { key: 'delay', name: 'Delay', unit: `${delay.unit}, modelled`, exactUnit: 'cycles' },
      (e) => e.latencyCycles,
      scaled(delay),
    ),
    cost(
      { key: 'parameters', name: 'Parameters', unit: `${parameters.unit}, exact`, exactUnit: 'parameters' },
      (e) => e.parameters,
      scaled(parameters),
    ),
    cost(
      { key: 'bytes', name: 'Weights', unit: `${bytes.unit}, exact`, exactUnit: 'bytes' },
      (e) => e.bytes,
      scaled(bytes),
    ),
    cost(
      { key: 'macs', name: 'MACs', unit: `${macs.unit}, exact`, exactUnit: 'MAC' },
      (e) => e.macs,
      scaled(macs),
    ),
  ];
}

const tierShort: Readonly<Record<Tier, string>> = {
  estimated: 'est.',
  calibrated: 'cal.',
  measured: 'meas.',
  distilled: 'dist.',
};

/** One word where all designs but dense are of one tier; else their marks say it. */
function tierWords(columns: readonly Column[]): string {
  const found = new Set(
    columns.filter(({ who }) => who !== 'dense').map(({ evaluation }) => evaluation.accuracy.tier),
  );
  return [...found].map((tier) => tierShort[tier]).join(' and ');
}

const toneOf = (gain: number, resolution = 0.05): Cell['tone'] =>
  Math.abs(gain) < resolution ? 'plain' : gain > 0 ? 'better' : 'worse';

/** Three digits, one scale for the whole row. */
function scaled({ divide }: Scale): (value: number) => string {
  return (value) => {
    const part = value / divide;
    return formatNumber(part, part < 9.995 ? 2 : part < 99.95 ? 1 : 0);
  };
}

function countScale(largest: number): Scale {
  const unit = /[A-Z]$/.exec(formatCount(largest))?.[0] ?? '';
  const divide = { M: 1e6, G: 1e9, T: 1e12, P: 1e15 }[unit];
  return divide === undefined ? { unit: 'count', divide: 1 } : { unit, divide };
}

function bytesScale(largest: number): Scale {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.max(0, Math.min(4, Math.floor(Math.log2(Math.max(1, largest)) / 10)));
  return { unit: units[power] ?? 'B', divide: 1024 ** power };
}
