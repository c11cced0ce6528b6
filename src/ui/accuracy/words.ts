/** What a measurement is at, in words. */
import type { MeasureStage } from '../../../workers/protocol.ts';

const stages: Readonly<Record<MeasureStage, string>> = {
  loading: 'loading the runtime and the model',
  calibrating: 'taking the inputs of each layer',
  rebuilding: 'decomposing layers',
  comparing: 'comparing a few answers with the dense model',
  measuring: 'running examples',
};

/** @param promotion of frontier points; null for the current design */
export function measuringText(
  stage: MeasureStage,
  promotion: { readonly done: number; readonly of: number } | null,
): string {
  const what =
    promotion === null
      ? ''
      : `frontier point ${Math.min(promotion.done + 1, promotion.of)} of ${promotion.of}: `;
  return `${what}${stages[stage]}`;
}
