/** Loops that steps share, drawn around the nests of these steps; the chosen one's stands open. */
import { Fragment, type ReactNode } from 'react';
import type { Accelerator } from '../../core/hardware/accelerator.ts';
import type { LayerCost } from '../../core/cost/layer.ts';
import { formatCount } from '../format.ts';
import type { GroupView } from './group.ts';
import { holdsText, levelColour } from './nest.ts';
import { gemmText } from './why.ts';

interface GroupNestProps {
  readonly group: GroupView;
  readonly cost: LayerCost;
  readonly machine: Accelerator;
  /** Of the steps. */
  readonly names: readonly string[];
  readonly chosen: number;
  readonly onChoose: (step: number) => void;
  /** The nest of the chosen step. */
  readonly children: ReactNode;
}

export function GroupNest({ group, cost, machine, names, chosen, onChoose, children }: GroupNestProps) {
  const { levels } = machine;
  const home = levels[group.level];
  const bar = (level: number) => (
    <span className="bar" style={{ background: levelColour(level, levels.length) }} />
  );
  return (
    <>
      {group.loops.map(({ label, bound, of }, i) => (
        // oxlint-disable-next-line react/no-array-index-key -- a loop is its place
        <div key={i} className="shared">
          {bar(0)}
          <span className="lv">{i === 0 ? 'shared' : ''}</span>
          <code style={{ paddingLeft: `${i * 1.1}ch` }}>
            for {label} in {bound}
          </code>
          <span className="tile">
            {of}
            {i === group.loops.length - 1 && `, ${formatCount(group.iterations)} iterations`}
          </span>
        </div>
      ))}
      <div className="group" role="group" aria-label="Steps inside the shared loops">
        {group.steps.map(({ step, runs }) => {
          const tile = group.tiles.find(({ madeBy }) => madeBy === step);
          const once = cost.steps[step]?.tiled?.gemm;
          const size = once === undefined ? '' : gemmText(once);
          return (
            <Fragment key={step}>
              <button
                type="button"
                className="product"
                aria-pressed={step === chosen}
                onClick={() => onChoose(step)}
              >
                <b>
                  {step + 1} {names[step]}
                </b>{' '}
                <code>{size}</code> each time
                {runs > 1 && `, ${formatCount(runs)} times over`}
              </button>
              {step === chosen && children}
              {tile !== undefined && home !== undefined && (
                <div className="between">
                  {bar(group.level)}
                  <span className="lv">{home.name}</span>
                  <code>
                    tile {tile.madeBy + 1}→{tile.usedBy + 1}
                  </code>
                  <span className="tile">{holdsText(tile.words, home.depthWords, home.wordBits)}</span>
                </div>
              )}
            </Fragment>
          );
        })}
      </div>
    </>
  );
}
