/** The page that the benchmark opens: `compareAll` is called from outside and gives back everything it measured. */
import { einsumProgram, programMacs } from '../../src/core/einsum/program.ts';
import { largeCases, smallCases } from './cases.ts';
import { compare } from './compare.ts';
import type { Contestant } from './contestant.ts';
import { openJax } from './contestants/jax.ts';
import { openOnnxruntime } from './contestants/onnxruntime.ts';
import { openRankscape } from './contestants/rankscape.ts';
import { openTfjs } from './contestants/tfjs.ts';
import { installDeviceClock } from './device-clock.ts';
import {
  markdown,
  summarize,
  type AdapterReport,
  type CaseReport,
  type Circumstances,
  type Summary,
} from './table.ts';
import { within } from './within.ts';

export interface Wanted extends Circumstances {
  /** Only cases whose name contains one of these; all when empty. */
  readonly names: readonly string[];
  readonly contestants: readonly string[];
}

const openMs = 60_000;
const roofMs = 60_000;
/** Cases later than their share of this, and some slack, are done with fewer samples. */
const wholeMs = 450_000;
const slackMs = 60_000;

const openers: Readonly<Record<string, () => Promise<Contestant>>> = {
  'onnxruntime-web': openOnnxruntime,
  'jax-js': openJax,
  tfjs: openTfjs,
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

interface Result {
  readonly summary: Summary;
  readonly table: string;
}

async function compareAll({ names, contestants: wanted, ...circumstances }: Wanted): Promise<Result> {
  const adapter = await describeAdapter();
  installDeviceClock();
  const contestants: Contestant[] = [];
  const missing: Record<string, string> = {};
  const attempt = async <T>(
    name: string,
    milliseconds: number,
    make: () => Promise<T>,
  ): Promise<T | null> => {
    try {
      return await within(milliseconds, name, make());
    } catch (error) {
      missing[name] = error instanceof Error ? error.message : String(error);
      return null;
    }
  };
  const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);
  const own = isWanted('rankscape') ? await attempt('rankscape', openMs, openRankscape) : null;
  contestants.push(...(own?.contestants ?? []));
  for (const [name, open] of Object.entries(openers)) {
    const opened = isWanted(name) ? await attempt(name, openMs, open) : null;
    if (opened !== null) contestants.push(opened);
  }
  const all = adapter.software ? smallCases : largeCases;
  const chosen = all.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));
  const cases: CaseReport[] = [];
  const start = performance.now();
  for (const [k, item] of chosen.entries()) {
    const hurried = performance.now() - start > (k / chosen.length) * wholeMs + slackMs;
    const outcomes = await compare(item, contestants, hurried);
    const macs = programMacs(einsumProgram(item.equation, item.shapes));
    cases.push({ ...item, macs, outcomes: Object.fromEntries(outcomes) });
    console.log(`case ${JSON.stringify(cases.at(-1))}`);
  }
  const roof = own === null ? null : await attempt('roof', roofMs, own.roof);
  const summary = summarize({ adapter, missing, roof, cases }, circumstances);
  return { summary, table: markdown(summary) };
}

declare global {
  interface Window {
    compareAll: typeof compareAll;
  }
}

window.compareAll = compareAll;
