/** What was measured on this device, in words, beside what the cost model says. Pure. */
import type { Latency } from '../../../workers/protocol.ts';
import type { Device } from '../../state/latency-run.ts';
import type { ContractionPath } from '../../core/einsum/path.ts';
import { formatExact, formatNumber, formatRatio } from '../format.ts';

export const deviceName = ({ provider, threads, adapter, software }: Device): string =>
  provider === 'wasm'
    ? `WASM, ${threads === 1 ? 'one thread' : `${formatExact(threads)} threads`}`
    : `WebGPU, ${software ? 'software adapter' : (adapter ?? 'unnamed')}`;

/** `2.27`, `0.084`: milliseconds with three digits. */
export const formatMs = (ms: number): string =>
  formatNumber(ms, ms < 0.1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0);

/** Dense over factorized: above 1 the factorized one is faster. */
export const speedUp = ({ dense, factorized }: Latency): number => dense.median / factorized.median;

/** Whether the middle halves of the two overlap, so that the difference is within their spread. */
const isTie = ({ dense, factorized }: Latency): boolean =>
  dense.low <= factorized.high && factorized.low <= dense.high;

const alike = 'as fast as dense';
/** Medians as near as this are one where the spreads overlap. */
const tie = 1.05;

/** `2.10× faster`, `1.30× slower`, `as fast`. */
export function standing(latency: Latency): string {
  const ratio = speedUp(latency);
  if (isTie(latency) && Math.abs(Math.log(ratio)) < Math.log(tie)) return alike;
  return ratio >= 1 ? `${formatRatio(ratio)} faster` : `${formatRatio(1 / ratio)} slower`;
}

/** What the work of a design is, beside that of dense. */
export interface Work {
  readonly subject: 'layer' | 'model';
  /** `int8`; null for float32. */
  readonly stored: string | null;
  /** Dense over factorized. */
  readonly macs: number;
  /** Delay of dense over that of the factorized one, as modelled, and on what. */
  readonly predicted: number;
  readonly machine: string;
  /** Of the layer; null for a model. */
  readonly path: ContractionPath | null;
}

/** One sentence, with the reason where the factorized one is slower. */
export function latencySentence(device: Device, latency: Latency, work: Work): string {
  const { subject, stored, predicted, machine } = work;
  const thing = `${subject}${stored === null ? '' : `, stored as ${stored},`}`;
  const where = `On this device (${deviceName(device)})`;
  const modelled = `${machine} is modelled at ${sayDelay(predicted)}`;
  const said = standing(latency);
  const loose = isTie(latency) && said !== alike ? ' (the middle halves of the two overlap)' : '';
  const what = `the factorized ${thing} is ${said}${loose}`;
  if (speedUp(latency) >= 1 || said === alike) return `${where} ${what}; ${modelled}.`;
  return `${where} ${what}: ${reason(work)}; ${modelled}.`;
}

function sayDelay(ratio: number): string {
  if (Math.abs(ratio - 1) < 0.005) return 'the same delay';
  return ratio > 1 ? `${formatRatio(ratio)} less delay` : `${formatRatio(1 / ratio)} more delay`;
}

function reason({ macs, path, subject }: Work): string {
  const less =
    macs >= 1
      ? `it multiplies ${formatRatio(macs)} less`
      : `it multiplies ${formatRatio(1 / macs)} more than dense`;
  if (path === null) return macs >= 1 ? `${less}, but in more and smaller products` : less;
  const steps = path.steps.filter((step) => step.macs > 0).length;
  const narrowest = narrowestSum(path);
  const link = macs >= 1 ? ', but' : ', and';
  return `${less}${link} in ${formatExact(steps)} products instead of one, the shortest sums of ${formatExact(narrowest)} terms${subject === 'layer' && steps > 2 ? ', with axes moved in between' : ''}`;
}

/** Fewest terms that one output of any step sums: short sums leave a processor's units empty. */
function narrowestSum({ steps, einsum }: ContractionPath): number {
  return steps.reduce((least, { inputs, output }) => {
    const summed = new Set(inputs.flat().filter((label) => !output.includes(label)));
    const terms = [...summed].reduce((product, label) => product * (einsum.extents.get(label) ?? 1), 1);
    return inputs.length === 2 ? Math.min(least, terms) : least;
  }, Infinity);
}

/** Multiplications of one dense run that are waited for: some half a second on one WASM thread, a few on the others. */
const mostMacs = { wasm: 2e9, card: 2e10, software: 2e8 } as const;

/** Rows (or examples) of at most so many that a device is given, at least one. */
export function affordable(device: Device, wanted: number, macsEach: number): number {
  const most = mostMacs[device.provider === 'wasm' ? 'wasm' : device.software ? 'software' : 'card'];
  return Math.max(1, Math.min(wanted, Math.floor(most / Math.max(1, macsEach))));
}
