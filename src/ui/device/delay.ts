/** Designs of the whole model as this device ran them: places on the plot whose horizontal axis is measured. Pure. */
import type { AccuracyFigure, Tier } from '../../core/accuracy/figure.ts';
import type { Candidate } from '../../core/search/evaluation.ts';
import type { MeasuredDelay } from '../../state/device-run.ts';
import { formatRatio } from '../format.ts';
import { metricWords } from '../metric.ts';
import type { DesignPlace } from '../plots/pareto.ts';
import type { AskedDesign } from '../../state/device-question.ts';

export interface DelayPlace extends DesignPlace {
  readonly who: AskedDesign['who'];
  /** `Now`, `A`; empty for a design of the frontier. */
  readonly name: string;
  readonly design: Candidate;
  /** Quartiles of x. */
  readonly left: number;
  readonly right: number;
  /** Milliseconds. */
  readonly ms: number;
  readonly tier: Tier;
}

/**
 * Left to right.
 * @param whoIs who a design is on screen now; `frontier` when it is nobody
 * @param figureOf its figure on the vertical axis; null where it has none
 */
export function delayPlaces(
  delays: ReadonlyMap<string, MeasuredDelay>,
  whoIs: (key: string) => AskedDesign['who'],
  figureOf: (design: Candidate) => AccuracyFigure | null,
): readonly DelayPlace[] {
  return [...delays]
    .flatMap(([key, { asked, ms, speedUp }]): DelayPlace[] => {
      const figure = figureOf(asked.design);
      if (figure === null) return [];
      const who = whoIs(key);
      const { value, low, high, tier } = figure;
      return [
        {
          who,
          name: who === 'frontier' ? '' : who === 'now' ? 'Now' : who === 'dense' ? 'Dense' : who,
          design: asked.design,
          x: speedUp.median,
          left: speedUp.low,
          right: speedUp.high,
          ms: ms.median,
          y: value,
          low,
          high,
          tier,
        },
      ];
    })
    .toSorted((a, b) => a.x - b.x);
}

/** The picture in a sentence. */
export function sayDelays(
  metric: AccuracyFigure['metric'],
  places: readonly DelayPlace[],
  device: string,
): string {
  const { text } = metricWords(metric);
  const named = places.filter(({ who }) => who !== 'frontier' && who !== 'dense');
  const rest = places.filter(({ who }) => who === 'frontier').length;
  const said = named.map(
    ({ name, x, y }) =>
      `${name} ${x >= 1 ? `${formatRatio(x)} less` : `${formatRatio(1 / x)} more`} delay than dense, ${text(y)}`,
  );
  return `Delay measured on this device (${device}): ${[...said, ...(rest > 0 ? [`${rest} ${rest === 1 ? 'design' : 'designs'} of the search`] : [])].join('; ')}.`;
}
