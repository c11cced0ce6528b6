/** What became of somebody's examples, in words. */
import type { ExamplesFound, ExamplesStage } from '../../../workers/protocol.ts';
import { formatExact, formatNumber } from '../format.ts';

const kinds: Readonly<Record<ExamplesFound['kind'], readonly [one: string, many: string]>> = {
  arrays: ['example', 'examples'],
  'token ids': ['row of token ids', 'rows of token ids'],
  text: ['text', 'texts'],
  pictures: ['picture', 'pictures'],
};

/** `48 texts: 24 tell what layers read, 24 are measured on; no labels`. */
export function foundText({ kind, count, calibration, heldOut, isLabelled }: ExamplesFound): string {
  const [one, many] = kinds[kind];
  return (
    `${formatExact(count)} ${count === 1 ? one : many}: ${formatExact(calibration)} tell what layers read, ` +
    `${formatExact(heldOut)} are measured on; ${isLabelled ? 'with labels' : 'no labels'}`
  );
}

const stages: Readonly<Record<ExamplesStage, string>> = {
  reading: 'reading the examples',
  calibrating: 'taking the inputs of each layer',
  spectra: 'finding what each layer’s rank keeps',
  probing: 'trying layers and designs, to make the axis',
};

export const stageText = (stage: ExamplesStage): string => stages[stage];

/** Nats, four digits; a very small one by its order: `0.0213`, `3.2e−6`. */
export function natsText(nats: number): string {
  if (nats === 0 || Math.abs(nats) >= 1e-3) return formatNumber(nats, 4);
  return nats.toExponential(1).replace('-', '−');
}
