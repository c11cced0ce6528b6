/** One design of one layer from the inside: network, contraction path, loop nest of a chosen step, and why. */
import { lazy, memo, Suspense, useMemo, useRef, useState } from 'react';
import { InputError } from '../../core/base/checks.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { operandNames } from '../../core/factor/forward.ts';
import { roofline } from '../../core/cost/roofline.ts';
import type { Evaluator } from '../../core/search/evaluate.ts';
import { useApp } from '../app.ts';
import {
  formatCount,
  formatEnergy,
  formatExact,
  formatLatency,
  formatPercent,
  formatRatio,
  inline,
} from '../format.ts';
import { WhoIcon } from '../plots/Mark.tsx';
import { whoColour, whoName, type Who } from '../plots/shapes.ts';
import { useSize } from '../plots/use-size.ts';
import { formatTitle, shapeText } from '../words.ts';
import { Accesses } from './Accesses.tsx';
import { OrderFigure } from './Figures.tsx';
import { LaneNetwork } from './LaneNetwork.tsx';
import { groupOf } from './group.ts';
import { GroupNest } from './GroupNest.tsx';
import { boundWords } from './loads.ts';
import { levelColour, loopsText, nestLines } from './nest.ts';
import type { NestDraft } from './nest-draft.ts';
import { orderMarks } from './order.ts';
import { regroup, sharedLoopsOf } from './regroup.ts';
import { sayRoof } from './roof.ts';
import { stageStep, type StagedStep } from './stage.ts';
import { Stays } from './Stays.tsx';
import { RankTurns } from './RankTurns.tsx';
import { useBound } from './use-bound.ts';
import { gemmText, standing, whyLayer } from './why.ts';

interface LaneProps {
  readonly who: Who;
  readonly evaluator: Evaluator;
  readonly index: number;
  readonly factorization: Factorization;
  /** More than one lane stands on the page. */
  readonly beside: boolean;
}

// Its fields are not needed for the first picture.
const NestDialog = lazy(() => import('./NestDialog.tsx').then((all) => ({ default: all.NestDialog })));

/** Beside each other lanes must be low, or the sentence at their foot is cut off. */
const heights = { alone: 112, beside: 88 } as const;

/** Memoized: in a drag only the current design's lane is drawn anew. */
export const Lane = memo(function Lane({ who, evaluator, index, factorization, beside }: LaneProps) {
  const { accelerator, mapper, gear } = evaluator;
  const ref = useRef<HTMLDivElement>(null);
  const size = useSize(ref);
  const cost = evaluator.layer(index, factorization);
  const dense = evaluator.layer(index, evaluator.denseFactorization(index));
  const kept = evaluator.kept(index, factorization);
  const names = useMemo(() => operandNames(factorization), [factorization]);
  const largest = cost.steps.reduce(
    (best, step, i) => (step.macs > (cost.steps[best]?.macs ?? 0) ? i : best),
    0,
  );
  const accounting = useApp((state) => state.config.accounting);
  const [wanted, setWanted] = useState<number | null>(null);
  const [editing, setEditing] = useState(false);
  const [counting, setCounting] = useState(false);
  /** Nests edited by hand, as long as the panel shows this layer. */
  const [drafts] = useState(() => new WeakMap<StagedStep, NestDraft>());
  const chosen = wanted !== null && wanted < cost.steps.length ? wanted : largest;
  const step = cost.steps[chosen];
  const stage = useMemo((): StagedStep | null => {
    if (step === undefined) return null;
    try {
      return stageStep(mapper, step, gear, accounting);
    } catch (error) {
      if (error instanceof InputError) return null;
      throw error;
    }
  }, [mapper, gear, step, accounting]);
  const bound = useBound(mapper, step, gear);
  const group = useMemo(() => groupOf(cost, chosen, names), [cost, chosen, names]);

  const roof = useMemo(
    () => (beside || cost.steps.length === 0 ? null : roofline(mapper, cost, gear)),
    [beside, mapper, cost, gear],
  );

  const edp = (dense.energyPj * dense.latencyCycles) / (cost.energyPj * cost.latencyCycles);
  const width = size?.width ?? 0;
  const figureHeight = beside ? heights.beside : heights.alone;
  const wide = !beside && width >= 760;
  const networkWidth = wide ? 220 : Math.floor(width * 0.46);
  const orderWidth = wide ? 320 : width - networkWidth;
  const order = useMemo(
    () => orderMarks(cost.path, cost.steps, names, Math.max(60, orderWidth), figureHeight),
    [cost, names, orderWidth, figureHeight],
  );
  const stepNames = order.dots.map((dot) => dot.name);
  /** `Step 2, U: 128·3072·192, 75.5M MAC, 107 µJ, 73.7 µs`. */
  const sayStep = (i: number): string => {
    const entry = cost.steps[i];
    if (entry === undefined) return '';
    const energy = inline(formatEnergy(entry.cost.energyPj, accelerator.energyUnit));
    const delay = inline(formatLatency(entry.cost.latencyCycles, accelerator.clockHz));
    return `Step ${i + 1}, ${stepNames[i]}: ${gemmText(entry.gemm)}, ${formatCount(entry.macs)} MAC, ${energy}, ${delay}`;
  };
  const title = `${whoName(who)}: ${formatTitle(factorization.format)}`;
  return (
    <article
      className={wide ? 'lane wide' : beside ? 'lane beside' : 'lane'}
      aria-label={`${title} of this layer`}
    >
      <header>
        <WhoIcon who={who} />
        <b style={{ color: whoColour[who] }}>{whoName(who)}</b>
        <b>{formatTitle(factorization.format)}</b>
        <span className="note shape">{shapeText(factorization)}</span>
        <span className="grow" />
        <span title="Than this layer dense under the same settings">
          <b>{formatRatio(edp >= 1 ? edp : 1 / edp)}</b>{' '}
          <span className={edp >= 1 ? 'note' : 'bad'}>{edp >= 1 ? 'lower EDP' : 'higher EDP'}, modelled</span>
        </span>
      </header>
      <div className="lane-body" ref={ref}>
        {width > 0 && (
          <div className="pair">
            <LaneNetwork
              who={who}
              factorization={factorization}
              cost={cost}
              width={networkWidth}
              height={figureHeight}
            />
            <div className="order">
              <OrderFigure
                marks={order}
                width={orderWidth}
                height={figureHeight}
                colour={whoColour[who]}
                chosen={chosen}
                label={`Contraction path in ${cost.steps.length} ${cost.steps.length === 1 ? 'step' : 'steps'}`}
              />
              {order.dots.map((dot) => (
                <button
                  key={dot.step}
                  type="button"
                  className="dot"
                  style={{ left: dot.x - 12, top: dot.y - 12 }}
                  aria-pressed={dot.step === chosen}
                  aria-label={sayStep(dot.step)}
                  title={sayStep(dot.step)}
                  onClick={() => setWanted(dot.step)}
                />
              ))}
            </div>
          </div>
        )}
        <div className="steps">
          <table>
            <caption className="hidden">Steps of the contraction path</caption>
            <thead>
              <tr>
                <th scope="col">Step</th>
                <th scope="col">GEMM</th>
                <th scope="col">MACs</th>
                <th scope="col">Energy</th>
                <th scope="col">Delay</th>
              </tr>
            </thead>
            <tbody>
              {cost.steps.map((entry, i) => (
                // oxlint-disable-next-line react/no-array-index-key -- a step is its place in the path
                <tr key={i} className={i === chosen ? 'chosen' : undefined}>
                  <th scope="row">
                    <button
                      type="button"
                      className="step"
                      aria-pressed={i === chosen}
                      onClick={() => setWanted(i)}
                    >
                      {i + 1} {stepNames[i]}
                    </button>
                  </th>
                  <td className="mono">{gemmText(entry.gemm)}</td>
                  <td>{formatCount(entry.macs)}</td>
                  <td>{inline(formatEnergy(entry.cost.energyPj, accelerator.energyUnit))}</td>
                  <td>{inline(formatLatency(entry.cost.latencyCycles, accelerator.clockHz))}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p className="note">
            {formatCount(cost.macs)} MAC, {formatExact(cost.parameters)} parameters,{' '}
            {formatPercent(100 * kept.value)} kept, widest {formatCount(cost.path.largestIntermediate)} words
          </p>
        </div>
        <p className="note chosen-step">{sayStep(chosen)}</p>
        {stage !== null && (
          <div className="nest-block">
            <div className="nest" role="group" aria-label={`Loop nest of step ${chosen + 1}`}>
              {group === null ? (
                <NestRows stage={stage} from={0} />
              ) : (
                <GroupNest
                  group={group}
                  cost={cost}
                  machine={stage.machine}
                  names={stepNames}
                  chosen={chosen}
                  onChoose={setWanted}
                >
                  <NestRows stage={stage} from={1} />
                </GroupNest>
              )}
            </div>
            <p className="nest-foot">
              <span className="note">
                {standing(stage.mapped, gear, bound)}
                {stage.looped !== undefined && stage.mapped.bound.gap !== null && ', all steps together'}
              </span>
              <button type="button" className="link" onClick={() => setEditing(true)}>
                Edit the loops
              </button>
            </p>
            <Stays evaluator={evaluator} cost={cost} group={group} />
          </div>
        )}
      </div>
      {stage !== null && (
        <p className="why">
          {whyLayer(accelerator, cost, chosen, stage.mapped, stepNames, !beside)}
          {roof !== null && ` ${sayRoof(roof)}.`}
          {who === 'now' && !beside && <RankTurns factorization={factorization} />}
        </p>
      )}
      {stage !== null && (
        <details
          className="disclosure"
          onToggle={(event) => {
            const details = event.currentTarget;
            setCounting(details.open);
            // It opens below the fold of the strip.
            if (details.open) requestAnimationFrame(() => details.scrollIntoView({ block: 'nearest' }));
          }}
        >
          <summary>Accesses</summary>
          {counting && (
            <>
              <p>{boundWords(stage.machine, stage.mapped.cost)}</p>
              <Accesses
                stage={stage}
                cost={stage.mapped.cost}
                accounting={accounting}
                label={`Accesses of step ${chosen + 1}`}
              />
            </>
          )}
        </details>
      )}
      {editing && stage !== null && step !== undefined && (
        <Suspense>
          <NestDialog
            group={group}
            under={
              group === null
                ? null
                : {
                    loops: sharedLoopsOf(cost, chosen),
                    regroup: (loops) => regroup(mapper, cost, chosen, names, loops, gear, accounting),
                  }
            }
            title={`step ${chosen + 1}${stepNames[chosen] === undefined ? '' : ` (${stepNames[chosen]})`}, ${gemmText(step.gemm)}`}
            stage={stage}
            bound={bound}
            gear={gear}
            kept={drafts.get(stage)}
            onKeep={(draft) => drafts.set(stage, draft)}
            onClose={() => setEditing(false)}
          />
        </Suspense>
      )}
    </article>
  );
});

/** The nest of one product, `from` loops in. */
function NestRows({ stage, from }: { readonly stage: StagedStep; readonly from: number }) {
  return nestLines(stage, from).map((line) => (
    <div key={`${line.level} ${line.kind} ${line.depth}`}>
      <span className="bar" style={{ background: levelColour(line.level, stage.machine.levels.length) }} />
      <span className="lv">{line.name}</span>
      <code style={{ paddingLeft: `${Math.min(10, line.depth) * 1.1}ch` }}>{loopsText(line)}</code>
      {line.full !== null && <Full share={line.full} />}
      <span className="tile">{line.holds}</span>
    </div>
  ));
}

/** How full a buffer is; the words beside it say the same. */
function Full({ share }: { readonly share: number }) {
  return (
    <span className="full" aria-hidden="true">
      <i style={{ width: `${100 * share}%` }} />
    </span>
  );
}
