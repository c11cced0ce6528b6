/**
 * The vertical axis in words: what its figure is called, how a value is written, spoken and typed. One entry a metric,
 * so that weight energy is never called accuracy and points are never shown as a percentage kept.
 */
import type { Metric, Tier } from '../core/accuracy/figure.ts';
import { formatNumber, formatPercent, formatSigned } from './format.ts';

export interface MetricWords {
  /** `Weight energy`, `Accuracy`: heads and rows. */
  readonly name: string;
  /** Before a difference: `kept −0.6 pt`. */
  readonly noun: string;
  /** Title of the axis, with its unit. */
  readonly axis: string;
  /** Of a column or row beside the value. */
  readonly unit: string;
  /** Unabridged, for files. */
  readonly exactUnit: string;
  /** What the dense model has. */
  readonly dense: number;
  /** Least value there is. */
  readonly least: number;
  /** `88.2%`, `−1.47`: on chips and in cells. */
  readonly short: (value: number) => string;
  /** Where there is hardly room: `88.2%`, `−1.5`, `−40`. */
  readonly brief: (value: number) => string;
  /** Share of the height of a strip, 1 = as dense. */
  readonly height: (value: number) => number;
  /** `88.2% kept`, `−1.47 points`: in running text. */
  readonly text: (value: number) => string;
  /** `estimated 88.2 percent of weight energy kept`. */
  readonly spoken: (value: number, tier: Tier) => string;
  /** A difference of two values: `+0.40 pt`. */
  readonly difference: (points: number) => string;
  /** Below this much two values are the same on screen. */
  readonly resolution: number;
  readonly limit: LimitWords;
}

/** The least acceptable value, as people type it. */
interface LimitWords {
  /** Stand before and after the field. */
  readonly before: string;
  readonly after: string;
  readonly label: string;
  readonly title: string;
  readonly write: (limit: number) => string;
  /** Null for none, undefined for what is no limit. */
  readonly read: (text: string) => number | null | undefined;
  /** Steps of the arrow and page keys. */
  readonly step: number;
  readonly page: number;
}

const trim = (value: number, digits: number): string => String(Number(value.toFixed(digits)));

/** 1 without a loss, 0 at the largest one, logarithmic in between. */
const lossHeight = (value: number, bend: number, most: number): number =>
  1 - Math.log1p(Math.min(most, Math.max(0, -value)) / bend) / Math.log1p(most / bend);

/** A plain decimal, null when empty, undefined when it is none. */
function readNumber(text: string): number | null | undefined {
  const plain = text.trim().replace(/^−/, '-').replace('%', '').replace(',', '.').trim();
  if (plain === '') return null;
  return /^-?\d{1,3}(\.\d{1,2})?$/.test(plain) ? Number(plain) : undefined;
}

/** Typed as a loss, with or without its sign; kept as a value of 0 or less. */
const readLoss =
  (most: number) =>
  (text: string): number | null | undefined => {
    const value = readNumber(text);
    if (value === null || value === undefined) return value;
    return Math.abs(value) > most ? undefined : 0 - Math.abs(value);
  };

const words: Readonly<Record<Metric, MetricWords>> = {
  weightEnergyKeptPercent: {
    name: 'Weight energy',
    noun: 'kept',
    axis: 'weight energy kept, %',
    unit: '% kept',
    exactUnit: 'percent of weight energy kept',
    dense: 100,
    least: 0,
    short: (value) => formatPercent(value),
    brief: (value) => formatPercent(value),
    height: (value) => value / 100,
    text: (value) => `${formatPercent(value)} kept`,
    spoken: (value, tier) => `${tier} ${trim(value, 1)} percent of weight energy kept`,
    difference: (points) => `${formatSigned(points, 1)} pt`,
    resolution: 0.05,
    limit: {
      before: 'keep at least',
      after: '%',
      label: 'Least weight energy kept, percent; empty for no limit',
      title: 'The limit line on the plot: designs below it keep too little',
      write: (limit) => trim(limit, 2),
      read: (text) => {
        const value = readNumber(text);
        return typeof value === 'number' && (value < 0 || value > 100) ? undefined : value;
      },
      step: 0.5,
      page: 5,
    },
  },
  accuracyChangePoints: {
    name: 'Accuracy',
    noun: 'accuracy',
    axis: 'accuracy change, points',
    unit: 'points',
    exactUnit: 'accuracy points against dense',
    dense: 0,
    least: -100,
    short: (value) => formatSigned(value, Math.abs(value) < 9.995 ? 2 : 1),
    brief: (value) => formatSigned(value, Math.abs(value) < 9.95 ? 1 : 0),
    // As on the plot: a tenth of a point and forty points are both seen.
    height: (value) => lossHeight(value, 1, 100),
    text: (value) => `${formatSigned(value, Math.abs(value) < 9.995 ? 2 : 1)} points`,
    spoken: (value, tier) =>
      `${tier} accuracy ${value < -0.005 ? 'minus ' : value > 0.005 ? 'plus ' : ''}${trim(Math.abs(value), 2)} points`,
    difference: (points) => `${formatSigned(points, 2)} pt`,
    resolution: 0.005,
    limit: {
      before: 'lose at most',
      after: 'points',
      label: 'Most accuracy points that may be lost; empty for no limit',
      title: 'The limit line on the plot: designs below it lose too much accuracy',
      write: (limit) => trim(Math.abs(limit), 2),
      read: readLoss(100),
      step: 0.1,
      page: 1,
    },
  },
  negativeKlNats: {
    name: 'Agreement',
    noun: 'agreement',
    axis: 'KL to the dense model, −nats',
    unit: '−nats',
    exactUnit: 'negative KL divergence to the dense model, nats',
    dense: 0,
    least: -100,
    short: (value) => formatNumber(value, 3),
    brief: (value) => formatNumber(value, 2),
    height: (value) => lossHeight(value, 0.02, 4),
    text: (value) => `KL ${formatNumber(Math.abs(value), 3)} nats`,
    spoken: (value, tier) => `${tier} KL to dense ${trim(Math.abs(value), 3)} nats`,
    difference: (nats) => formatSigned(nats, 3),
    resolution: 0.0005,
    limit: {
      before: 'KL at most',
      after: 'nats',
      label: 'Largest KL divergence to the dense model, nats; empty for no limit',
      title: 'The limit line on the plot: designs below it differ too much from the dense model',
      write: (limit) => trim(Math.abs(limit), 2),
      read: readLoss(100),
      step: 0.01,
      page: 0.1,
    },
  },
};

export function metricWords(metric: Metric): MetricWords {
  return words[metric];
}

/** The band of a figure, or null where it is exact. */
export function bandText(
  metric: Metric,
  { low, high }: { readonly low: number; readonly high: number },
): string | null {
  const { short, resolution } = words[metric];
  return high - low < resolution ? null : `${short(low)} to ${short(high)}`;
}
