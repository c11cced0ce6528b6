/**
 * The plot with delay as measured on this device on its horizontal axis, for designs that have been measured and for no
 * others: dense, the current design, pins, points of the frontier. No modelled figure stands on this axis.
 */
import { use, useMemo, useRef } from 'react';
import { useStore } from 'zustand';
import { InputError } from '../../core/base/checks.ts';
import type { Candidate } from '../../core/search/evaluation.ts';
import { adoptDesign } from '../../state/edits.ts';
import { designKey, deviceQuestion, deviceSetting, type AskedDesign } from '../../state/device-question.ts';
import { measuredDelays } from '../../state/device-run.ts';
import { shownFigure, useFindKnown } from '../accuracy/shown.ts';
import { useActions, useAppObject, useSettled } from '../app.ts';
import { formatRatio } from '../format.ts';
import { metricWords } from '../metric.ts';
import { useSize } from '../plots/use-size.ts';
import { delayPlaces, sayDelays, type DelayPlace } from './delay.ts';
import { DelayPlot } from './DelayPlot.tsx';
import { DelayTable } from './DelayTable.tsx';
import { useFrontierDesigns } from './designs.ts';
import { backendName, sayLoss, sayStage } from './words.ts';
import './device.css';

export default function DelayAxis({ asTable }: { readonly asTable: boolean }) {
  const { device } = useAppObject();
  const { run, bench } = use(device());
  const { results, running, problem, losses } = useStore(run);
  const { edit } = useActions();
  const derived = useSettled();
  const frontier = useFrontierDesigns(derived);
  const find = useFindKnown(derived.config);
  const { config, evaluator } = derived;
  const setting = deviceSetting(derived);
  const delays = useMemo(() => measuredDelays(results, setting), [results, setting]);
  const places = useMemo(() => {
    const names = new Map<string, AskedDesign['who']>();
    for (const { letter, design } of config.pins) names.set(designKey(derived, design), letter);
    names.set(designKey(derived, config.design), 'now');
    names.set(
      designKey(
        derived,
        derived.model.linears.map((_, index) => evaluator.denseFactorization(index)),
      ),
      'dense',
    );
    const figureOf = (design: Candidate) => {
      try {
        return shownFigure(evaluator.evaluate(design).accuracy, find(design), config.view.tiers);
      } catch (error) {
        if (error instanceof InputError) return null;
        throw error;
      }
    };
    return delayPlaces(delays, (key) => names.get(key) ?? 'frontier', figureOf);
  }, [delays, derived, config, evaluator, find]);
  const ref = useRef<HTMLDivElement>(null);
  const size = useSize(ref);
  const { metric } = derived.evaluation.accuracy;
  const first = [...delays.values()][0]?.device;
  const name = first === undefined ? '' : backendName[first.backend];
  const sentence = sayDelays(metric, places, name);
  const adopt = (place: DelayPlace): void =>
    edit(`Adopt ${formatRatio(place.x)} measured delay`, (old) => adoptDesign(old, place.design));
  const missing = !places.some(({ who }) => who === 'now') && !places.every(({ who }) => who === 'dense');
  const ask = (scope: 'pins' | 'frontier'): void => {
    const question = deviceQuestion(derived, scope, frontier);
    if (question !== null) bench.measure(question);
  };
  return (
    <>
      <div className="pareto-strip delay-strip">
        <span className="words" role="status">
          {running !== null
            ? `${running.device === null ? '' : `${backendName[running.device.backend]}: `}${running.stage === null ? 'starting' : sayStage(running.stage)}`
            : first === undefined
              ? 'Only what this device has run stands on this axis.'
              : `${losses.map(sayLoss).join(' ')} ${name}, linear layers, float32${missing ? '; the current design was not measured' : ''}`.trim()}
        </span>
        <span className="grow" />
        {running === null ? (
          <>
            <button
              type="button"
              className="tb line"
              title="Dense, the current design and its pins"
              onClick={() => ask('pins')}
            >
              Measure this
            </button>
            <button
              type="button"
              className="tb line"
              title="A few designs of the frontier as well"
              disabled={frontier.length === 0}
              onClick={() => ask('frontier')}
            >
              Measure frontier
            </button>
          </>
        ) : (
          <button type="button" className="tb line" onClick={bench.cancel}>
            Stop
          </button>
        )}
      </div>
      <div className="pareto-body">
        {asTable ? (
          <DelayTable places={places} metric={metric} onAdopt={adopt} />
        ) : (
          <div className="pareto-plot" ref={ref}>
            {size !== null && places.length > 0 && (
              <DelayPlot
                places={places}
                metric={metric}
                size={size}
                xTitle={`delay reduction measured here, ${name}, log scale → better`}
                yTitle={`${metricWords(metric).axis} ↑ better`}
                sentence={sentence}
                onAdopt={adopt}
              />
            )}
          </div>
        )}
        {places.length === 0 && running === null && (
          <div className="pareto-notice">
            <b>Nothing measured on this device yet</b>
            <p>Measure the current design beside dense and the pins, or a few points of the frontier.</p>
            {problem !== null && (
              <p className="bad" role="alert">
                {problem.text}
              </p>
            )}
          </div>
        )}
      </div>
    </>
  );
}
