/** What stays on chip around and between the steps of a layer, where the execution settings let it. */
import { useMemo } from 'react';
import type { LayerCost } from '../../core/cost/layer.ts';
import type { Evaluator } from '../../core/search/evaluate.ts';
import { useSettled } from '../app.ts';
import { sayGroup, type GroupView } from './group.ts';
import { endsOf, fates, sayEnds, sayFate } from './stays.ts';

interface StaysProps {
  readonly evaluator: Evaluator;
  readonly cost: LayerCost;
  /** Of the chosen step. */
  readonly group: GroupView | null;
}

export function Stays({ evaluator, cost, group }: StaysProps) {
  const { fusion, residency } = useSettled().config.execution;
  const { mapper, gear } = evaluator;
  const lines = useMemo((): readonly string[] => {
    const outermost = mapper.accelerator.levels[0]?.name ?? 'the outermost level';
    return [
      ...(residency ? [sayEnds(endsOf(mapper, cost), outermost)] : []),
      ...(fusion ? fates(mapper, cost, gear).map((fate) => sayFate(fate, outermost)) : []),
      ...(group === null ? [] : sayGroup(group, mapper.accelerator.levels[group.level]?.name ?? '')),
    ];
  }, [mapper, gear, cost, group, fusion, residency]);
  return lines.map((line) => (
    <p key={line} className="note stays">
      {line}
    </p>
  ));
}
