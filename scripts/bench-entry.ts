import { loadavg } from 'node:os';
import type { Bench } from '../src/core/base/bench.ts';

interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly budget: number | null;
  readonly ok: boolean;
}

const modules = import.meta.glob<{ readonly benches: readonly Bench[] }>(
  ['../src/**/*.bench.ts', './*.bench.ts'],
  {
    eager: true,
  },
);

const words = process.argv.slice(2);
const json = words.includes('--json');
const wanted = words.filter((word) => !word.startsWith('--'));
const now = (): number => performance.now();

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Fixed arithmetic, to set absolute figures of two machines (or of one machine at two loads) beside each other. */
function calibration(): number {
  const start = now();
  let x = 1;
  for (let i = 0; i < 20_000_000; i++) x = (x * 1.000001 + i) % 1000;
  return x < 0 ? NaN : now() - start;
}

async function measure(bench: Bench): Promise<number> {
  const start = now();
  await bench.run(now);
  const slow = now() - start > 500;
  const values: number[] = [];
  for (let i = 0; i < (slow ? 3 : 9); i++) values.push(await bench.run(now));
  return median(values);
}

const print = (row: Row): void => {
  const value = row.value.toPrecision(3).padStart(9);
  const budget = row.budget === null ? '' : `budget ${row.budget} ${row.unit}  ${row.ok ? 'ok' : 'OVER'}`;
  console.log(`${row.name.padEnd(72)}${value} ${row.unit.padEnd(6)}${budget}`);
};

const rows: Row[] = [
  {
    name: 'calibration: 20 M dependent floating-point steps',
    value: calibration(),
    unit: 'ms',
    budget: null,
    ok: true,
  },
  {
    name: 'load average of the machine, 1 minute',
    value: loadavg()[0] ?? 0,
    unit: 'count',
    budget: null,
    ok: true,
  },
];
if (!json) rows.forEach(print);
for (const bench of Object.values(modules).flatMap((module) => module.benches)) {
  if (wanted.length > 0 && !wanted.some((word) => bench.name.includes(word))) continue;
  const value = await measure(bench);
  const row = {
    name: bench.name,
    value,
    unit: bench.unit,
    budget: bench.budget,
    ok: bench.budget === null || value <= bench.budget,
  };
  rows.push(row);
  if (!json) print(row);
}
if (json) console.log(JSON.stringify(rows));
