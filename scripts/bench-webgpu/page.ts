/** The page that the benchmark opens: `compareAll` is called from outside and gives back everything it measured. */
import { largeCases, smallCases } from './cases.ts';
import { compare, type Outcome } from './compare.ts';
import type { Contestant } from './contestant.ts';
import { openJax } from './contestants/jax.ts';
import { openOnnxruntime } from './contestants/onnxruntime.ts';
import { openRankscape } from './contestants/rankscape.ts';
import { openTfjs } from './contestants/tfjs.ts';
import { installDeviceClock } from './device-clock.ts';
import { within } from './within.ts';

export interface AdapterReport {
  readonly name: string;
  readonly software: boolean;
  readonly timestamps: boolean;
}

export interface CaseReport {
  readonly name: string;
  readonly equation: string;
  readonly shapes: readonly (readonly number[])[];
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

export interface PageReport {
  readonly adapter: AdapterReport;
  readonly missing: Readonly<Record<string, string>>;
  readonly cases: readonly CaseReport[];
}

export interface Wanted {
  /** Only cases whose name contains one of these; all when empty. */
  readonly names: readonly string[];
  readonly contestants: readonly string[];
}

const openMs = 60_000;
/** Cases later than their share of this, and some slack, are done with fewer samples. */
const wholeMs = 450_000;
const slackMs = 60_000;

const openers: Readonly<Record<string, () => Promise<readonly Contestant[]>>> = {
  rankscape: openRankscape,
  'onnxruntime-web': async () => [await openOnnxruntime()],
  'jax-js': async () => [await openJax()],
  tfjs: async () => [await openTfjs()],
};

async function describeAdapter(): Promise<AdapterReport> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (adapter === null || adapter === undefined) throw new Error('there is no WebGPU adapter');
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const words = [vendor, architecture, device, description].filter((word) => word !== '');
  return {
    name: [...new Set(words)].join(' '),
    software: isFallbackAdapter,
    timestamps: adapter.features.has('timestamp-query'),
  };
}

async function compareAll({ names, contestants: wanted }: Wanted): Promise<PageReport> {
  const adapter = await describeAdapter();
  installDeviceClock();
  const contestants: Contestant[] = [];
  const missing: Record<string, string> = {};
  for (const [name, open] of Object.entries(openers)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    try {
      contestants.push(...(await within(openMs, name, open())));
    } catch (error) {
      missing[name] = error instanceof Error ? error.message : String(error);
    }
  }
  const all = adapter.software ? smallCases : largeCases;
  const chosen = all.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));
  const cases: CaseReport[] = [];
  const start = performance.now();
  for (const [k, item] of chosen.entries()) {
    const hurried = performance.now() - start > (k / chosen.length) * wholeMs + slackMs;
    const outcomes = await compare(item, contestants, hurried);
    cases.push({ ...item, outcomes: Object.fromEntries(outcomes) });
    console.log(`case ${JSON.stringify(cases.at(-1))}`);
  }
  return { adapter, missing, cases };
}

declare global {
  interface Window {
    compareAll: typeof compareAll;
  }
}

window.compareAll = compareAll;
