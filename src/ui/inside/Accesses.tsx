/** What a mapping does at every memory level, operand by operand: words held, read and written, and their energy. */
import type { AccessCounts, Accounting } from '../../core/cost/mapping.ts';
import type { Operand } from '../../core/hardware/accelerator.ts';
import { energyScale, formatCount, formatNumber, formatPercent, formatRatio } from '../format.ts';
import { drainEnergyPj, reuseOf } from './loads.ts';
import { levelColour } from './nest.ts';
import { holdings, leakageOf, operandNames, type Stage, type StepCost } from './stage.ts';

export interface AccessesProps {
  readonly stage: Stage;
  readonly cost: StepCost;
  readonly accounting: Accounting;
  /** A name for the table. */
  readonly label: string;
}

export function Accesses({ stage, cost, accounting, label }: AccessesProps) {
  const { machine, place, ragged, looped } = stage;
  const times = looped?.tile.times ?? 1;
  const leakagePj = machine.leakagePjPerCycle === undefined ? 0 : leakageOf(cost);
  const names = operandNames(stage);
  const isWord = machine.levels.every(({ takes }) => takes === undefined);
  const scale = energyScale(cost.energyPj, machine.energyUnit);
  const energy = (energyPj: number): string => formatNumber(energyPj / scale.divide, 2);
  const reuse = (operand: Operand | null, counts: AccessCounts): string => {
    const often = operand === null ? null : reuseOf(operand, counts, accounting);
    return often === null ? '–' : formatRatio(often);
  };
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
              <th scope="col">Reuse</th>
              <th scope="col">Energy, {scale.unit}</th>
            </tr>
          </thead>
          <tbody>
            {machine.levels.flatMap((level, l) => {
              const counts = cost.levels[l]?.operands ?? {};
              const kept = holdings(stage, cost, l);
              const beside = cost.passing?.[l];
              const passes = beside !== undefined && beside.energyPj > 0;
              const rows = kept.map(({ operand, words: held, whole }, i) => {
                const words = operand === null ? undefined : counts[operand];
                return (
                  <tr key={`${level.name} ${operand}`} className={i === 0 ? 'first' : undefined}>
                    {i === 0 && (
                      <th scope="rowgroup" rowSpan={kept.length + (passes ? 1 : 0)}>
                        <i style={{ background: levelColour(l, machine.levels.length) }} />
                        {level.name}
                      </th>
                    )}
                    <th scope="row">
                      {operand === null ? 'other tensors' : names[operand]}
                      {operand !== null && whole && (times > 1 ? ', tile' : ', whole')}
                    </th>
                    <td>{formatCount(whole || words === undefined ? held : words.tileWords)}</td>
                    <td>
                      {level.depthWords === null
                        ? 'unlimited'
                        : formatPercent((100 * held) / level.depthWords, 1)}
                    </td>
                    {words === undefined ? (
                      <td colSpan={6}>there meanwhile</td>
                    ) : (
                      <>
                        <td>{formatCount(words.instances)}</td>
                        <td>{formatCount(words.reads)}</td>
                        <td>{formatCount(words.fills)}</td>
                        <td>{formatCount(words.updates)}</td>
                        <td>{reuse(operand, words)}</td>
                        <td>{energy(words.energyPj)}</td>
                      </>
                    )}
                  </tr>
                );
              });
              if (!passes) return rows;
              return [
                ...rows,
                <tr key={`${level.name} beside`}>
                  <th scope="row">over the loops</th>
                  <td colSpan={2}>stays or is come back to</td>
                  <td>{formatCount(level.meshX * level.meshY)}</td>
                  <td>{formatCount(beside.reads)}</td>
                  <td colSpan={3}>{formatCount(beside.writes)}, fills and updates</td>
                  <td>{energy(beside.energyPj)}</td>
                </tr>,
              ];
            })}
            {leakagePj > 0 && (
              <tr className="first">
                <th scope="rowgroup">All levels</th>
                <th scope="row">leakage</th>
                <td colSpan={7}>{formatCount(cost.latencyCycles)} cycles</td>
                <td>{energy(leakagePj)}</td>
              </tr>
            )}
            <tr className="first">
              <th scope="rowgroup">
                <i style={{ background: levelColour(machine.levels.length, machine.levels.length) }} />
                MAC
              </th>
              <th scope="row">products</th>
              <td colSpan={7}>{formatCount(cost.macs)} multiply-accumulates</td>
              <td>{energy(cost.macEnergyPj)}</td>
            </tr>
          </tbody>
        </table>
      </div>
      <p className="note">
        Words, counted per instance; energy over all instances. Holds: words of the operand that one instance
        keeps at a time. Reads: words handed to the level below or, of partial sums, read back to be added to.
        Fills: words that come in from the level above. Updates: results that come up from below. Reuse: how
        often a word that came in is handed on, or a result is added to before it leaves; at the outermost
        level how often each word is fetched or written.{' '}
        {accounting === 'timeloop'
          ? `Counted as Timeloop does: results that leave for the level above are not charged a read${looped === undefined ? `; AccelForge would add ${formatPercent((100 * drainEnergyPj(machine, cost)) / cost.energyPj)} to the energy` : ', AccelForge would'}.`
          : 'Counted as AccelForge does: results that leave for the level above are charged a read, which Timeloop leaves out.'}{' '}
        The accelerator's dialog has the switch.
        {!isWord &&
          ' Counts are in words of the operand; capacity and energy follow its bits against those of the level.'}
        {machine.hopPj !== undefined && ' Energies have the hops to a level in them.'}
        {ragged &&
          ' Last tiles are partial: counts are of the fullest instance, energies of real words only.'}
        {times > 1 &&
          ` Counts are of all ${formatCount(times)} iterations of the shared loops, sizes of what is there at a time.`}
        {place !== null &&
          looped === undefined &&
          ' A whole tensor stays at its level and is not seen further out.'}
      </p>
    </div>
  );
}
