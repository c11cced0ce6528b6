/**
 * Every number on the screen is written here. True minus sign, `×` for factors, no thin spaces, a missing number is an
 * en dash. Energies carry the accelerator's own unit: a machine whose energies are relative never shows joules.
 */
const minus = '\u2212';
const missing = '\u2013';

const formatters = new Map<number, Intl.NumberFormat>();

function decimals(value: number, digits: number): string {
  if (!Number.isFinite(value)) return missing;
  let formatter = formatters.get(digits);
  if (formatter === undefined) {
    formatter = new Intl.NumberFormat('en-US', {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formatters.set(digits, formatter);
  }
  // No "-0.00": what rounds to zero is zero.
  const text = formatter.format(value);
  return (/^-[0.,]*$/.test(text) ? text.slice(1) : text).replace('-', minus);
}

/** A plain number with fixed decimals: `1,234.50`. */
export function formatNumber(value: number, digits = 2): string {
  return decimals(value, digits);
}

/** An exact integer with separators: `2,359,296`. */
export function formatExact(value: number): string {
  return decimals(value, 0);
}

/** A count: separators up to 999,999, then `1.04M`, `38.2G`. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return missing;
  const size = Math.abs(value);
  if (size < 999_999.5) return decimals(value, 0);
  for (const [unit, divide] of [
    ['M', 1e6],
    ['G', 1e9],
    ['T', 1e12],
    ['P', 1e15],
  ] as const) {
    if (size < divide * 999.5 || unit === 'P') return threeDigits(value / divide) + unit;
  }
  return missing;
}

/** Three significant digits without exponents: `1.04`, `38.2`, `412`. */
function threeDigits(value: number): string {
  const size = Math.abs(value);
  return decimals(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

/** A factor: two decimals below 10, one below 30, none above: `6.29×`, `15.3×`, `63×`. */
export function formatRatio(value: number): string {
  if (!Number.isFinite(value)) return missing;
  return `${decimals(value, value < 9.995 ? 2 : value < 29.95 ? 1 : 0)}×`;
}

/** A factor in small print: two digits: `0.06×`, `0.004×`, `6.3×`, `63×`. */
export function formatRatioShort(value: number): string {
  if (!Number.isFinite(value)) return missing;
  if (value > 0 && value < 0.0005) return '<0.001×';
  return `${decimals(value, value < 0.0095 ? 3 : value < 0.995 ? 2 : value < 9.95 ? 1 : 0)}×`;
}

/** A value that is already in percent: `93.1%`. */
export function formatPercent(percent: number, digits = 1): string {
  return Number.isFinite(percent) ? `${decimals(percent, digits)}%` : missing;
}

/** A signed difference in percent: `+33%`, `−25%`, `0%`. */
export function formatChange(percent: number, digits = 0): string {
  return signed(percent, digits, '%');
}

/** A signed number: `−1.47`, `+0.20`. */
export function formatSigned(value: number, digits = 2): string {
  return signed(value, digits, '');
}

function signed(value: number, digits: number, unit: string): string {
  if (!Number.isFinite(value)) return missing;
  const text = decimals(value, digits);
  const zero = /^[0.,]*$/.test(text);
  return `${value > 0 && !zero ? '+' : ''}${text}${unit}`;
}

/** How a whole row or axis is scaled: divide by `divide`, name it `unit`. */
export interface Scale {
  readonly unit: string;
  readonly divide: number;
}

/** A quantity with its unit apart, so that a header may carry the unit. */
export interface Quantity {
  readonly value: string;
  readonly unit: string;
}

const joules: readonly Scale[] = [
  { unit: 'pJ', divide: 1 },
  { unit: 'nJ', divide: 1e3 },
  { unit: 'µJ', divide: 1e6 },
  { unit: 'mJ', divide: 1e9 },
  { unit: 'J', divide: 1e12 },
];

const relative: readonly Scale[] = [
  { unit: '× MAC', divide: 1 },
  { unit: 'k × MAC', divide: 1e3 },
  { unit: 'M × MAC', divide: 1e6 },
  { unit: 'G × MAC', divide: 1e9 },
  { unit: 'T × MAC', divide: 1e12 },
];

const seconds: readonly Scale[] = [
  { unit: 'ns', divide: 1e-9 },
  { unit: 'µs', divide: 1e-6 },
  { unit: 'ms', divide: 1e-3 },
  { unit: 's', divide: 1 },
];

const kibi: readonly Scale[] = [
  { unit: 'B', divide: 1 },
  { unit: 'KiB', divide: 1024 },
  { unit: 'MiB', divide: 1024 ** 2 },
  { unit: 'GiB', divide: 1024 ** 3 },
  { unit: 'TiB', divide: 1024 ** 4 },
];

const decimalBytes: readonly Scale[] = [
  { unit: 'B', divide: 1 },
  { unit: 'kB', divide: 1e3 },
  { unit: 'MB', divide: 1e6 },
  { unit: 'GB', divide: 1e9 },
  { unit: 'TB', divide: 1e12 },
];

function pick(scales: readonly Scale[], value: number): Scale {
  const size = Math.abs(value);
  const found = [...scales].reverse().find((scale) => size >= scale.divide * 0.9995) ?? scales[0];
  if (found === undefined) throw new Error('internal: no scale to pick from');
  return found;
}

function scaled(value: number, scale: Scale): Quantity {
  if (!Number.isFinite(value)) return { value: missing, unit: scale.unit };
  const part = value / scale.divide;
  return {
    value: scale.divide === 1 && Number.isInteger(part) ? decimals(part, 0) : threeDigits(part),
    unit: scale.unit,
  };
}

/** Whether an accelerator's energies are multiples of one MAC instead of picojoules. */
export function isRelative(energyUnit: string): boolean {
  return energyUnit !== 'pJ';
}

/** The unit that suits the largest energy of a row; `energyUnit` is the accelerator's. */
export function energyScale(largestPj: number, energyUnit: string): Scale {
  return pick(isRelative(energyUnit) ? relative : joules, largestPj);
}

export function formatEnergy(energyPj: number, energyUnit: string): Quantity {
  return scaled(energyPj, energyScale(energyPj, energyUnit));
}

export function latencyScale(largestCycles: number, clockHz: number): Scale {
  const scale = pick(seconds, largestCycles / clockHz);
  return { unit: scale.unit, divide: scale.divide * clockHz };
}

export function formatLatency(latencyCycles: number, clockHz: number): Quantity {
  return scaled(latencyCycles, latencyScale(latencyCycles, clockHz));
}

/** Memory, in powers of 1,024. */
export function formatMemory(bytes: number): Quantity {
  return scaled(bytes, pick(kibi, bytes));
}

/** Traffic and files, in powers of 1,000. */
export function formatBytes(bytes: number): Quantity {
  return scaled(bytes, pick(decimalBytes, bytes));
}

/** `1.23 mJ`. */
export function inline(quantity: Quantity): string {
  return `${quantity.value} ${quantity.unit}`;
}

/** `EDP 5.20× lower`, `EDP 1.30× higher`, `EDP as dense`. */
export function sayGain(reduction: number): string {
  if (!Number.isFinite(reduction) || reduction <= 0) return `EDP ${missing}`;
  if (Math.abs(reduction - 1) < 0.005) return 'EDP as dense';
  return reduction > 1 ? `EDP ${formatRatio(reduction)} lower` : `EDP ${formatRatio(1 / reduction)} higher`;
}
