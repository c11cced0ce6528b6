/** The contraction path of each layer that was run, which of its steps were fused, and what the mapper makes of it. */
import { useMemo } from 'react';
import { InputError } from '../../core/base/checks.ts';
import { costLayer } from '../../core/cost/layer.ts';
import type { Derived } from '../../state/derive.ts';
import type { AskedWork } from '../../state/device-question.ts';
import type { DeviceResult } from '../../state/device-run.ts';
import { formatExact } from '../format.ts';
import { formatMs } from '../latency/words.ts';
import { formatTitle } from '../words.ts';
import { fusedText, sayChoice, sayMapper, stepTexts } from './words.ts';

/** Each asks the mapper for a few milliseconds. */
const mostShown = 8;

interface PathsAndFusionProps {
  readonly result: DeviceResult;
  readonly derived: Derived;
}

export function PathsAndFusion({ result: { question, figures }, derived }: PathsAndFusionProps) {
  const { works } = question;
  const shown = works.slice(0, mostShown);
  const { evaluator, config } = derived;
  const machine = config.accelerator.name;
  const predicted = useMemo(
    () => works.slice(0, mostShown).map((work) => onChipOf(evaluator, work)),
    [works, evaluator],
  );
  return (
    <details>
      <summary>Paths and fusion</summary>
      <ul className="device-paths">
        {shown.map((work, k) => {
          const run = figures.works[k];
          const dispatches = run?.dispatches ?? null;
          const { format, ranks } = work.factorization;
          return (
            <li key={`${work.name} ${format} ${ranks.join()}`}>
              <b>{work.name}</b>, {formatTitle(format)}
              {ranks.length === 0 ? '' : ` ${ranks.join('·')}`}
              {run?.ms ? `, ${formatMs(run.ms.median)} ms` : ''}
              <ol className="mono">
                {stepTexts(work.steps).map((text, step) => (
                  <li key={`${step} ${text}`}>
                    {text}
                    <KernelOf dispatches={dispatches} step={step} />
                  </li>
                ))}
              </ol>
              <span className="note">
                Here {fusedText(dispatches, work.steps.length)}
                {(run?.choices ?? []).map((choice) => ` (${sayChoice(choice)})`).join('')}
                {work.steps.length > 1 ? `; ${sayMapper(machine, predicted[k] ?? null)}` : ''}.
              </span>
            </li>
          );
        })}
      </ul>
      {works.length > mostShown && (
        <p className="note">and {formatExact(works.length - mostShown)} more layers of their own kind</p>
      )}
    </details>
  );
}

function KernelOf({
  dispatches,
  step,
}: {
  readonly dispatches: NonNullable<DeviceResult['figures']['works'][number]['dispatches']> | null;
  readonly step: number;
}) {
  const own = dispatches?.find(({ steps }) => steps.includes(step));
  return own === undefined ? null : <small className="note"> {own.kernel}</small>;
}

/** Levels in which intermediates would stay, were fusion counted; null: the machine cannot hold the layer. */
function onChipOf(
  { mapper, gear }: Derived['evaluator'],
  { factorization, rows }: AskedWork,
): readonly string[] | null {
  try {
    const { onChip = [] } = costLayer(mapper, factorization, rows, gear, { fusion: 'auto' });
    return onChip.map(({ level }) => level);
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}
