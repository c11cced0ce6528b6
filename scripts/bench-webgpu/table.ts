/** What was measured as the benchmark's document, and as a table for people. */
import type { DeviceRoof } from '../../src/core/cost/device-roof.ts';
import type { FusionChoice } from '../../src/core/einsum/engine.ts';
import type { BenchCase } from './cases.ts';
import type { Outcome, Timing } from './compare.ts';

export interface AdapterReport {
  readonly name: string;
  readonly software: boolean;
  readonly timestamps: boolean;
}

export interface CaseReport extends BenchCase {
  /** Multiply-accumulates along our path. */
  readonly macs: number;
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

export interface Report {
  readonly adapter: AdapterReport;
  /** Who could not be opened, and why. */
  readonly missing: Readonly<Record<string, string>>;
  readonly roof: Pick<DeviceRoof, 'gflops' | 'side' | 'gigabytes'> | null;
  readonly cases: readonly CaseReport[];
}

export interface Circumstances {
  readonly versions: Readonly<Record<string, string>>;
  /** Average of the machine over the minute before. */
  readonly load: number;
}

interface Row extends BenchCase {
  readonly ms: number | null;
  readonly peers: Readonly<Record<string, number | null>>;
  readonly bestPeer: string | null;
  /** The best peer's time over ours. */
  readonly ratio: number | null;
  readonly gflops: number | null;
  readonly unfusedMs?: number | null;
  readonly fusion?: readonly FusionChoice[];
  readonly wallMs: Readonly<Record<string, number | null>>;
  readonly ways: Readonly<Record<string, string>>;
  readonly tried: Readonly<Record<string, Timing['tried']>>;
  readonly problems?: Readonly<Record<string, string>>;
}

export interface Summary extends Circumstances {
  readonly adapter: string;
  readonly software: boolean;
  readonly clock: string;
  readonly missing: Report['missing'];
  readonly roof: {
    readonly gflops: number;
    readonly side: number;
    readonly gigabytesPerSecond: number;
  } | null;
  readonly cases: readonly Row[];
  readonly geometricMean: number | null;
  readonly worst: { readonly name: string; readonly ratio: number } | null;
}

const ours = 'rankscape';
const unfused = 'rankscape, unfused';
const peers = ['onnxruntime-web', 'jax-js', 'tfjs'] as const;

const round = (value: number): number => Number(value.toPrecision(4));
const rounded = (value: number | undefined): number | null => (value === undefined ? null : round(value));

function rowOf({ name, equation, shapes, macs, outcomes }: CaseReport): Row {
  const timing = (who: string): Timing | undefined => outcomes[who]?.timing ?? undefined;
  const all = <T>(who: readonly string[], of: (timed: Timing) => T): Readonly<Record<string, T>> =>
    Object.fromEntries(
      who.flatMap((one) => {
        const timed = timing(one);
        return timed === undefined ? [] : [[one, of(timed)]];
      }),
    );
  const own = timing(ours);
  const plain = timing(unfused);
  const [best] = peers
    .flatMap((peer) => {
      const timed = timing(peer);
      return timed === undefined ? [] : [{ peer, ms: timed.ms }];
    })
    .toSorted((x, y) => x.ms - y.ms);
  const problems = Object.entries(outcomes).flatMap(([who, { problem }]) =>
    problem === undefined ? [] : [[who, problem]],
  );
  return {
    name,
    equation,
    shapes,
    ms: rounded(own?.ms),
    peers: Object.fromEntries(peers.map((peer) => [peer, rounded(timing(peer)?.ms)])),
    bestPeer: best?.peer ?? null,
    ratio: own === undefined || best === undefined ? null : round(best.ms / own.ms),
    gflops: own === undefined ? null : round((2 * macs) / (own.ms * 1e6)),
    ...(plain === undefined ? {} : { unfusedMs: round(plain.ms), fusion: own?.choices ?? [] }),
    wallMs: Object.fromEntries([ours, ...peers].map((who) => [who, rounded(timing(who)?.wallMs)])),
    ways: all([ours, ...peers], ({ way }) => way),
    tried: all(peers, ({ tried }) => tried),
    ...(problems.length === 0 ? {} : { problems: Object.fromEntries(problems) }),
  };
}

export function summarize(
  { adapter, missing, roof, cases }: Report,
  { versions, load }: Circumstances,
): Summary {
  const rows = cases.map(rowOf);
  const compared = rows.flatMap(({ name, ratio }) => (ratio === null ? [] : [{ name, ratio }]));
  const [worst = null] = compared.toSorted((x, y) => x.ratio - y.ratio);
  const logs = compared.reduce((sum, { ratio }) => sum + Math.log(ratio), 0);
  return {
    adapter: adapter.name,
    software: adapter.software,
    clock: adapter.timestamps
      ? 'timestamps on the device, summed over compute passes'
      : 'submission to completion',
    versions,
    load: round(load),
    missing,
    roof:
      roof === null
        ? null
        : {
            gflops: round(roof.gflops),
            side: roof.side,
            gigabytesPerSecond: round(roof.gigabytes),
          },
    cases: rows,
    geometricMean: compared.length === 0 ? null : round(Math.exp(logs / compared.length)),
    worst,
  };
}

const cell = (value: number | null, width: number): string =>
  (value === null ? '-' : value.toPrecision(3)).padStart(width);

/** Markdown, so that it can be kept as it is. */
export function markdown(summary: Summary): string {
  const { adapter, clock, versions, load, roof, cases, geometricMean, worst } = summary;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const head = [
    `- Adapter: ${adapter}. Milliseconds, medians; ${clock}. Load average before it ${load}.`,
    `- Versions: ${named.join(', ')}.`,
    ...(roof === null
      ? []
      : [
          `- Roof by our own kernels: ${roof.gflops} GFLOP/s (matrices of side ${roof.side}), copies ${roof.gigabytesPerSecond} GB/s.`,
        ]),
    worst === null
      ? ''
      : `- Best peer's time over ours: geometric mean ${geometricMean}, worst ${worst.ratio} (${worst.name}).`,
  ];
  const width = Math.max(4, ...cases.map(({ name }) => name.length));
  const rows = cases.map(
    ({ name, ms, gflops, unfusedMs = null, peers: times, ratio }) =>
      `| ${name.padEnd(width)} | ${[ms, gflops, unfusedMs, ...peers.map((peer) => times[peer] ?? null), ratio].map((value) => cell(value, 8)).join(' | ')} |`,
  );
  return [
    ...head,
    '',
    `| ${'case'.padEnd(width)} |     ours |  GFLOP/s |  unfused |      ort |   jax-js |     tfjs |    ratio |`,
    `| ${'-'.repeat(width)} | -------: | -------: | -------: | -------: | -------: | -------: | -------: |`,
    ...rows,
  ].join('\n');
}
