/**
 * What if the loops ran otherwise: the loop nest of one step edited by hand, counted at once beside the mapper's own.
 * Not part of the design; while a nest is impossible the last one that could be counted stays.
 */
import { useState } from 'react';
import { gemmContraction } from '../../core/cost/gemm.ts';
import type { Bound, Gear } from '../../core/cost/mapping.ts';
import type { Accelerator } from '../../core/hardware/accelerator.ts';
import { useApp } from '../app.ts';
import { attempt } from '../dialogs/attempt.ts';
import { Dialog } from '../dialogs/Dialog.tsx';
import {
  formatCount,
  formatEnergy,
  formatExact,
  formatLatency,
  formatPercent,
  formatRatio,
  inline,
  isRelative,
} from '../format.ts';
import { Accesses } from './Accesses.tsx';
import { sayGroup, sayLoops, type GroupView } from './group.ts';
import { boundWords } from './loads.ts';
import { MappingText } from './MappingText.tsx';
import { coverage, draftOf, judge, mappingOfDraft, type NestDraft } from './nest-draft.ts';
import { NestFields } from './NestFields.tsx';
import type { Regrouped, SharedLoop } from './regroup.ts';
import { SharedLoopFields } from './SharedLoopFields.tsx';
import type { StagedStep, StepCost } from './stage.ts';
import { standing } from './why.ts';
import './nest.css';

export interface NestDialogProps {
  /** `Step 2, U` */
  readonly title: string;
  readonly stage: StagedStep;
  /** Steps that share loops with it. */
  readonly group: GroupView | null;
  /** The loops that they share, and what other loops would make of the group; null = the step runs by itself. */
  readonly under: {
    readonly loops: readonly SharedLoop[];
    readonly regroup: (loops: readonly SharedLoop[]) => Regrouped;
  } | null;
  /** Of the stage's mapping, once it is known. */
  readonly bound: Bound | null;
  readonly gear: Gear;
  /** What was edited before in this panel. */
  readonly kept: NestDraft | undefined;
  readonly onKeep: (draft: NestDraft) => void;
  readonly onClose: () => void;
}

export function NestDialog(props: NestDialogProps) {
  const { title, group, under, bound, gear, kept, onKeep, onClose } = props;
  const [opening] = useState((): Chosen => {
    return { loops: under?.loops ?? [], stage: props.stage, group, said: null, problem: null };
  });
  const [chosen, setChosen] = useState(opening);
  const { stage } = chosen;
  const { machine, mapped } = stage;
  const accounting = useApp((state) => state.config.accounting);
  const contraction = gemmContraction(mapped.padded);
  const mappers = draftOf(machine, contraction, mapped.mapping);
  const [draft, setDraft] = useState(kept ?? mappers);
  const [fill, setFill] = useState(true);
  const judgement = judge(stage, contraction, draft, accounting);
  const [last, setLast] = useState(judgement.ok ? judgement.cost : mapped.cost);
  const cost = judgement.ok ? judgement.cost : last;
  const stale = !judgement.ok;

  const change = (next: NestDraft): void => {
    if (judgement.ok) setLast(judgement.cost);
    setDraft(next);
    if (stage === opening.stage) onKeep(next);
  };
  /** On the mapper's nest of this stage. */
  const start = ({ machine: of, mapped: found }: StagedStep): void => {
    const next = draftOf(of, gemmContraction(found.padded), found.mapping);
    setDraft(next);
    setLast(found.cost);
    if (found === opening.stage.mapped) onKeep(next);
  };
  const choose = (next: Chosen): void => {
    setChosen(next);
    if (next.stage !== stage) start(next.stage);
  };
  const changeLoops = (loops: readonly SharedLoop[]): void => {
    if (under === null) return;
    const found = under.regroup(loops);
    choose(found.ok ? { loops, ...found, problem: null } : { ...chosen, loops, problem: found.problem });
  };
  const reset = (): void => {
    setChosen(opening);
    start(opening.stage);
  };
  const made = attempt(() => mappingOfDraft(draft));
  const untouched = chosen.loops === opening.loops && JSON.stringify(draft) === JSON.stringify(mappers);
  return (
    <Dialog title={`Loop nest: ${title}`} onClose={onClose} wide>
      <p>
        What if the loops ran otherwise? Change any factor or order; it is counted at once. This is no part of
        the design or of its link: copy it out to keep it.
      </p>
      <div className="nest-tools">
        <label className="check">
          <input type="checkbox" checked={fill} onChange={(event) => setFill(event.currentTarget.checked)} />
          {machine.levels[0]?.name} takes the rest of each dim
        </label>
        <span className="grow" />
        <span className="note keys-hint">↑ ↓ in a field: the next factor that divides</span>
        <button type="button" className="tb line" disabled={untouched} onClick={reset}>
          Back to the mapper's
        </button>
      </div>
      {group !== null && under !== null && (
        <>
          <SharedLoopFields
            loops={chosen.loops}
            levels={machine.levels.length}
            wrong={chosen.problem !== null}
            onChange={changeLoops}
          />
          {chosen.problem !== null && (
            <p className="problem" role="alert">
              {chosen.problem}. The nest below is of the last loops under which all fits.
            </p>
          )}
          <p className="note around" role="status">
            {[
              ...(chosen.group === null ? [] : [sayLoops(chosen.group)]),
              ...(chosen.group === null
                ? []
                : sayGroup(chosen.group, machine.levels[group.level]?.name ?? '')),
              ...(chosen.said === null ? [] : [chosen.said]),
              'Below is one iteration of this step; the figures are of all of them',
            ].join('. ')}
            .
          </p>
        </>
      )}
      <NestFields
        stage={stage}
        contraction={contraction}
        draft={draft}
        cost={cost}
        stale={stale}
        wrong={judgement.ok ? null : judgement.level}
        fill={fill}
        onChange={change}
      />
      <p className="note">
        {coverage(draft, contraction)
          .map(({ dim, extent, covered }) =>
            covered === extent
              ? `${dim} ${formatExact(extent)}`
              : `${dim} ${covered === null ? 'unclear' : formatExact(covered)} of ${formatExact(extent)}`,
          )
          .join(', ')}
        {'; '}
        {standing(mapped, gear, stage === opening.stage ? bound : null)}
      </p>
      {!judgement.ok && (
        <p className="problem" role="alert">
          {judgement.problem}. The figures below are of the last nest that could be counted.
        </p>
      )}
      <Against accelerator={machine} cost={cost} mappers={opening.stage.mapped.cost} stale={stale} />
      <p className={stale ? 'stale' : undefined} role="status">
        {boundWords(machine, cost)}
      </p>
      <details className="disclosure">
        <summary>Accesses</summary>
        <Accesses stage={stage} cost={cost} accounting={accounting} label="Accesses by hand" />
      </details>
      <h3>As text</h3>
      <MappingText
        stage={stage}
        contraction={contraction}
        mapping={made.ok ? made.value : null}
        onRead={change}
      />
    </Dialog>
  );
}

/** The shared loops as they are chosen, and the last ones under which all fits. */
interface Chosen {
  readonly loops: readonly SharedLoop[];
  readonly stage: StagedStep;
  readonly group: GroupView | null;
  /** What they do to the group. */
  readonly said: string | null;
  readonly problem: string | null;
}

interface AgainstProps {
  readonly accelerator: Accelerator;
  readonly cost: StepCost;
  readonly mappers: StepCost;
  readonly stale: boolean;
}

/** By hand beside the mapper's own. */
function Against({ accelerator, cost, mappers, stale }: AgainstProps) {
  const { energyUnit, clockHz } = accelerator;
  const rows: readonly {
    readonly name: string;
    readonly of: (cost: StepCost) => number;
    readonly show: (value: number) => string;
    /** A larger value is better. */
    readonly more?: true;
  }[] = [
    { name: 'Energy', of: ({ energyPj }) => energyPj, show: (v) => inline(formatEnergy(v, energyUnit)) },
    {
      name: 'Latency',
      of: ({ latencyCycles }) => latencyCycles,
      show: (v) => `${formatExact(v)} cycles, ${inline(formatLatency(v, clockHz))}`,
    },
    {
      name: `EDP, ${isRelative(energyUnit) ? '× MAC' : energyUnit} × cycles`,
      of: ({ edpPjCycles }) => edpPjCycles,
      show: formatCount,
    },
    {
      name: 'MACs busy',
      of: ({ utilization }) => utilization,
      show: (v) => formatPercent(100 * v, 1),
      more: true,
    },
  ];
  return (
    <table className={stale ? 'against stale' : 'against'} aria-label="By hand beside the mapper's">
      <thead>
        <tr>
          <th scope="col">Figure</th>
          <th scope="col">By hand</th>
          <th scope="col">Mapper's</th>
          <th scope="col">Ratio</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, of, show, more }) => {
          const ratio = of(cost) / of(mappers);
          const same = Math.abs(ratio - 1) < 5e-4;
          const better = more === true ? ratio > 1 : ratio < 1;
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{show(of(cost))}</td>
              <td>{show(of(mappers))}</td>
              <td className={same || stale ? undefined : better ? 'good' : 'bad'}>{formatRatio(ratio)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
