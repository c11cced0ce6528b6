/** What a mapping does at every memory level, operand by operand: words held, read and written, and their energy. */
import type { Accounting, MappingCost } from '../../core/cost/mapping.ts';
import { operands, type Accelerator, type Operand } from '../../core/hardware/accelerator.ts';
import { energyScale, formatCount, formatNumber, formatPercent } from '../format.ts';
import { drainEnergyPj } from './loads.ts';
import { levelColour } from './nest.ts';

const operandNames: Readonly<Record<Operand, string>> = { I: 'inputs', W: 'weights', O: 'outputs' };

export interface AccessesProps {
  readonly accelerator: Accelerator;
  readonly cost: MappingCost;
  readonly accounting: Accounting;
  /** A name for the table. */
  readonly label: string;
}

export function Accesses({ accelerator, cost, accounting, label }: AccessesProps) {
  const scale = energyScale(cost.energyPj, accelerator.energyUnit);
  const energy = (energyPj: number): string => formatNumber(energyPj / scale.divide, 2);
  return (
    <div className="accesses">
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls sideways on narrow screens */}
      <div className="scroll" tabIndex={0} role="region" aria-label={label}>
        <table aria-label={label}>
          <thead>
            <tr>
              <th scope="col">Level</th>
              <th scope="col">Operand</th>
              <th scope="col">Holds</th>
              <th scope="col">Of capacity</th>
              <th scope="col">Instances</th>
              <th scope="col">Reads</th>
              <th scope="col">Fills</th>
              <th scope="col">Updates</th>
              <th scope="col">Energy, {scale.unit}</th>
            </tr>
          </thead>
          <tbody>
            {accelerator.levels.flatMap((level, l) => {
              const counts = cost.levels.find(({ name }) => name === level.name)?.operands ?? {};
              const kept = operands.flatMap((operand) => {
                const words = counts[operand];
                return words === undefined ? [] : [[operand, words] as const];
              });
              return kept.map(([operand, words], i) => (
                <tr key={`${level.name} ${operand}`} className={i === 0 ? 'first' : undefined}>
                  {i === 0 && (
                    <th scope="rowgroup" rowSpan={kept.length}>
                      <i style={{ background: levelColour(l, accelerator.levels.length) }} />
                      {level.name}
                    </th>
                  )}
                  <th scope="row">{operandNames[operand]}</th>
                  <td>{formatCount(words.tileWords)}</td>
                  <td>
                    {level.depthWords === null
                      ? 'unlimited'
                      : formatPercent((100 * words.tileWords) / level.depthWords, 1)}
                  </td>
                  <td>{formatCount(words.instances)}</td>
                  <td>{formatCount(words.reads)}</td>
                  <td>{formatCount(words.fills)}</td>
                  <td>{formatCount(words.updates)}</td>
                  <td>{energy(words.energyPj)}</td>
                </tr>
              ));
            })}
            <tr className="first">
              <th scope="rowgroup">
                <i
                  style={{ background: levelColour(accelerator.levels.length, accelerator.levels.length) }}
                />
                MAC
              </th>
              <th scope="row">products</th>
              <td colSpan={6}>{formatCount(cost.macs)} multiply-accumulates</td>
              <td>{energy(cost.macEnergyPj)}</td>
            </tr>
          </tbody>
        </table>
      </div>
      <p className="note">
        Words, counted per instance; energy over all instances. Holds: words of the operand that one instance
        keeps at a time. Reads: words handed to the level below or, of partial sums, read back to be added to.
        Fills: words that come in from the level above. Updates: results that come up from below.{' '}
        {accounting === 'timeloop'
          ? `Counted as Timeloop does: results that leave for the level above are not charged a read; AccelForge would add ${formatPercent((100 * drainEnergyPj(accelerator, cost)) / cost.energyPj)} to the energy.`
          : 'Counted as AccelForge does: results that leave for the level above are charged a read, which Timeloop leaves out.'}{' '}
        The accelerator's dialog has the switch.
      </p>
    </div>
  );
}
