/** What our own kernels took on this device, in words, beside what the cost model says. Pure. */
import type { Backend, Dispatch, FusionChoice } from '../../core/einsum/engine.ts';
import type { ContractionPath } from '../../core/einsum/path.ts';
import type { Spread } from '../../core/base/spread.ts';
import { gflopsOf, type DeviceRoof } from '../../core/cost/device-roof.ts';
import type { AskedDesign } from '../../state/device-question.ts';
import type { DeviceLoss, DeviceResult } from '../../state/device-run.ts';
import type { DesignFigures, DeviceChoice, DeviceStage, WorkFigures } from '../../../workers/protocol.ts';
import { formatMemory, formatExact, formatNumber, formatPercent, formatRatio, inline } from '../format.ts';
import { formatMs } from '../latency/words.ts';

export const backendName: Readonly<Record<Backend, string>> = {
  webgpu: 'WebGPU',
  wasm: 'WebAssembly',
  js: 'JavaScript',
};

export const choiceName: Readonly<Record<DeviceChoice, string>> = { auto: 'Automatic', ...backendName };

/** `23.4`, `0.84`, `1,240`: three digits. */
export const formatGflops = (gflops: number): string =>
  formatNumber(gflops, gflops < 9.995 ? 2 : gflops < 99.95 ? 1 : 0);

/** One design as a row of the table. */
export interface DeviceRow {
  readonly who: AskedDesign['who'];
  /** `Dense`, `A`, `frontier 3`. */
  readonly name: string;
  readonly ms: Spread | null;
  readonly gflops: number | null;
  /** Share of what the roof allows. */
  readonly share: number | null;
  /** Time of dense over this one's; above 1 = faster. Null for dense itself and before both are known. */
  readonly measured: Spread | null;
  readonly modelled: number | null;
  /** Dense over this one. */
  readonly macs: number;
  /** Whether steps of its layers run in one call; null where no layer has two steps. */
  readonly fused: 'fused' | 'partly fused' | 'not fused' | null;
}

export function deviceRows({
  question,
  figures,
}: Pick<DeviceResult, 'question' | 'figures'>): readonly DeviceRow[] {
  const denseAt = question.designs.findIndex(({ who }) => who === 'dense');
  const dense = figures.designs[denseAt];
  const denseAsked = question.designs[denseAt];
  let found = 0;
  return question.designs.flatMap(({ who, latencyCycles, parts }, k): DeviceRow[] => {
    const own = figures.designs[k];
    if (own === undefined || dense === undefined) return [];
    const { ms: time } = own;
    const isDense = k === denseAt;
    const cycles = denseAsked?.latencyCycles ?? null;
    if (who === 'frontier') found += 1;
    return [
      {
        who,
        name: nameOf(who, found),
        ms: time,
        gflops: time === null ? null : gflopsOf(own.macs, time.median),
        share: shareOf(own),
        measured: isDense ? null : own.speedUp,
        modelled: isDense || cycles === null || latencyCycles === null ? null : cycles / latencyCycles,
        macs: dense.macs / own.macs,
        fused: fusedOf(parts.map(({ program }) => figures.works[program])),
      },
    ];
  });
}

function fusedOf(works: readonly (WorkFigures | undefined)[]): DeviceRow['fused'] {
  const chains = works.flatMap((work) =>
    work !== undefined && work.steps > 1 ? [work.dispatches ?? []] : [],
  );
  if (chains.length === 0) return null;
  const fused = chains.filter((dispatches) => dispatches.some(({ steps }) => steps.length > 1)).length;
  return fused === 0 ? 'not fused' : fused === chains.length ? 'fused' : 'partly fused';
}

const nameOf = (who: AskedDesign['who'], found: number): string => {
  switch (who) {
    case 'dense':
      return 'Dense';
    case 'now':
      return 'Now';
    case 'frontier':
      return `Found ${found}`;
    default:
      return who;
  }
};

const shareOf = ({ ms, leastMs }: DesignFigures): number | null => (ms === null ? null : leastMs / ms.median);

/** Nearer than this is the same time. */
const tie = 1.03;

/** `2.10× faster`, `1.30× slower`, `as fast as dense`. */
export function sayMeasured({ median, low, high }: Spread): string {
  if (Math.abs(Math.log(median)) < Math.log(tie)) return 'as fast as dense';
  const said = median > 1 ? `${formatRatio(median)} faster` : `${formatRatio(1 / median)} slower`;
  return low < 1 && high > 1 ? `${said} (the rounds lie on both sides)` : said;
}

const sayModelled = (ratio: number): string =>
  Math.abs(ratio - 1) < 0.005
    ? 'as fast'
    : ratio > 1
      ? `${formatRatio(ratio)} faster`
      : `${formatRatio(1 / ratio)} slower`;

/** One sentence for each design that is not dense; those that are slower say so, and why. */
export function deviceSentences(
  result: Pick<DeviceResult, 'question' | 'figures' | 'device'>,
): readonly string[] {
  const rows = deviceRows(result);
  const dense = rows.find(({ who }) => who === 'dense');
  const { machine } = result.question;
  const own = rows.flatMap((row): string[] => {
    const { who, name, measured, modelled } = row;
    // A frontier is a table; each of its points in a sentence would be a wall.
    if (measured === null || who === 'frontier') return [];
    const what = who === 'now' ? 'the factorized one' : name;
    const why = measured.median < 1 / tie && dense !== undefined ? whySlower(row, dense) : '';
    const model =
      modelled === null ? `${machine} cannot hold it` : `${machine} is modelled ${sayModelled(modelled)}`;
    return [
      `On this device (${backendName[result.device.backend]}) ${what} is ${sayMeasured(measured)}${why}; ${model}.`,
    ];
  });
  const found = rows.filter(({ who, measured }) => who === 'frontier' && measured !== null);
  return found.length === 0 ? own : [...own, saySlower(found)];
}

function saySlower(found: readonly DeviceRow[]): string {
  const slower = found.filter(({ measured }) => measured !== null && measured.median < 1 / tie);
  const of = `of the ${found.length === 1 ? 'one design' : `${formatExact(found.length)} designs`} of the frontier`;
  if (slower.length === 0) return `None ${of} is slower than dense here.`;
  const names = slower.map(({ name }) => name).join(', ');
  return `${formatExact(slower.length)} ${of} ${slower.length === 1 ? 'is' : 'are'} slower than dense here: ${names}.`;
}

function whySlower({ macs, share }: DeviceRow, dense: DeviceRow): string {
  const less = macs >= 1;
  const work = less
    ? `it multiplies ${formatRatio(macs)} less`
    : `it multiplies ${formatRatio(1 / macs)} more`;
  if (share === null || dense.share === null) return `: ${work}`;
  const reached = `reaches ${sayShare(share)} of the roof where dense reaches ${sayShare(dense.share)}`;
  return `: ${work}, ${less ? 'but' : 'and'} ${reached}`;
}

/** `45%`, `3.1%`. */
export const sayShare = (share: number): string => formatPercent(100 * share, share < 0.0995 ? 1 : 0);

export function sayRoof({ gflops, side, gigabytes, copied }: DeviceRoof): string {
  return `${formatGflops(gflops)} GFLOP/s (matrix product ${formatExact(side)}³), ${formatGflops(gigabytes)} GB/s (copy of ${inline(formatMemory(copied))})`;
}

const stepName: Readonly<Record<DeviceStage['step'], string>> = {
  opening: 'opening the device',
  roof: 'measuring the roof of the device',
  preparing: 'preparing kernels',
  timing: 'timing in turns',
};

/** What is being done now, and how far the tuner is. */
export function sayStage({ step, done, of, tuning }: DeviceStage): string {
  const count = step === 'preparing' ? `, ${formatExact(done + 1)} of ${formatExact(of)}` : '';
  const tuned =
    tuning === null
      ? ''
      : `; kernels for ${tuning.shape}: ${formatExact(tuning.done)} of ${formatExact(tuning.of)} tried${tuning.bestMs === null ? '' : `, best ${formatMs(tuning.bestMs)} ms`}`;
  return `${stepName[step]}${count}${tuned}`;
}

export function sayLoss({ backend, reason, next }: DeviceLoss): string {
  const then =
    next === backend
      ? `the work was done again on a new ${backendName[next]} device`
      : `its work was handed to ${backendName[next]}`;
  return `The ${backendName[backend]} device was lost (${reason}); ${then}.`;
}

/** `bi,ir→br`, one a step. */
export const stepTexts = (steps: ContractionPath['steps']): readonly string[] =>
  steps.map(
    ({ inputs, output }) => `${inputs.map((labels) => labels.join('')).join(',')}→${output.join('')}`,
  );

/** `steps 1 and 2 in one call, the rest one by one`. */
export function fusedText(dispatches: readonly Dispatch[] | null, steps: number): string {
  const fused = (dispatches ?? []).filter((dispatch) => dispatch.steps.length > 1);
  if (steps < 2) return 'one call';
  if (fused.length === 0) return 'not fused: each step by itself';
  const which = fused.map((dispatch) => {
    const numbers = dispatch.steps.map((step) => formatExact(step + 1));
    return `steps ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)} in one call`;
  });
  const rest = steps - fused.reduce((sum, dispatch) => sum + dispatch.steps.length, 0);
  return `fused: ${which.join(', ')}${rest > 0 ? ', the rest one by one' : ''}`;
}

/** `steps 1 and 2 fused 0.9 ms, by themselves 1.3 ms`, what decided. */
export function sayChoice({ steps, fusedMs, unfusedMs }: FusionChoice): string {
  const fused = fusedMs === null ? 'refused by the device' : `${formatMs(fusedMs)} ms`;
  return `steps ${steps.map((step) => formatExact(step + 1)).join(' and ')} fused ${fused}, by themselves ${formatMs(unfusedMs)} ms`;
}

/** @param levels where intermediates would stay; null where the machine cannot hold the layer */
export function sayMapper(machine: string, levels: readonly string[] | null): string {
  if (levels === null) return `${machine} cannot hold it`;
  if (levels.length === 0) return `on ${machine} the mapper fuses nothing`;
  const names = [...new Set(levels)].join(' and ');
  return `on ${machine} the mapper would keep ${levels.length === 1 ? 'the intermediate' : `${formatExact(levels.length)} intermediates`} in ${names}`;
}
