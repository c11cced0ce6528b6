/** What one engine measured: the figures with their provenance, in words, and what stands behind them. */
import type { Spread } from '../../core/base/spread.ts';
import type { Derived } from '../../state/derive.ts';
import type { DeviceResult } from '../../state/device-run.ts';
import { formatExact, formatRatio } from '../format.ts';
import { formatMs } from '../latency/words.ts';
import { WhoIcon } from '../plots/Mark.tsx';
import { Agreement } from './Agreement.tsx';
import { PathsAndFusion } from './PathsAndFusion.tsx';
import { Tuned } from './Tuned.tsx';
import {
  backendName,
  deviceRows,
  deviceSentences,
  formatGflops,
  sayRoof,
  sayShare,
  type DeviceRow,
} from './words.ts';

interface DeviceFiguresViewProps {
  readonly result: DeviceResult;
  readonly derived: Derived;
  readonly onFreshRoof: () => void;
}

export function DeviceFiguresView({ result, derived, onFreshRoof }: DeviceFiguresViewProps) {
  const { device, figures, question } = result;
  const rows = deviceRows(result);
  const { roof, complete } = figures;
  return (
    <section className="device-figures" aria-label={`Measured by ${backendName[device.backend]}`}>
      <h3>
        {backendName[device.backend]}{' '}
        <span className="note">
          {device.name
            .replace(`${backendName[device.backend]} `, '')
            .replace(`${backendName[device.backend]}, `, '')}
        </span>
      </h3>
      {device.why !== null && <p className="note">Chosen because {device.why}.</p>}
      <Table rows={rows} machine={question.machine} fuses={device.backend === 'webgpu'} />
      <p className="note">
        {complete ? 'Median' : 'So far: median'} and quartiles of {rounds(rows)} rounds in turns, speed-up
        round by round
        {givenUp(result)}; GFLOP/s counts two for each of the path’s MACs.
      </p>
      {complete && deviceSentences(result).map((text) => <p key={text}>{text}</p>)}
      {complete && <Agreement rows={rows} machine={question.machine} />}
      {rows.some(({ share }) => share !== null && share > 1.05) && (
        <p className="note">
          Above 100% of the roof: the layer stays in a cache that the copy did not, or the roof was measured
          at a busier moment.
        </p>
      )}
      <p className="note">
        Roof of this device, by the same kernels: {sayRoof(roof)}, measured{' '}
        {new Date(roof.at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })}.{' '}
        <button type="button" className="link" onClick={onFreshRoof}>
          Measure it again
        </button>
      </p>
      <PathsAndFusion result={result} derived={derived} />
      {figures.tuned.length > 0 && <Tuned tuned={figures.tuned} />}
    </section>
  );
}

const rounds = (rows: readonly DeviceRow[]): string =>
  formatExact(Math.min(...rows.flatMap(({ ms }) => (ms === null ? [] : [ms.count]))));

/** Slow devices are given fewer rows; the figures are of those. */
function givenUp({ question, figures }: DeviceResult): string {
  const at = question.works.findIndex(({ rows }, k) => (figures.works[k]?.rows ?? rows) < rows);
  const work = question.works[at];
  if (work === undefined) return '';
  return `, of ${formatExact(figures.works[at]?.rows ?? 0)} of ${formatExact(work.rows)} rows, for more would take too long`;
}

interface TableProps {
  readonly rows: readonly DeviceRow[];
  readonly machine: string;
  /** Whether the engine fuses steps at all. */
  readonly fuses: boolean;
}

function Table({ rows, machine, fuses }: TableProps) {
  return (
    <table className="timing-table">
      <caption className="hidden">
        Milliseconds of one run, work per second, share of the roof, and how much faster than dense: measured,
        and modelled on {machine}
      </caption>
      <thead>
        <tr>
          <th scope="col">Design</th>
          <th scope="col">ms a run</th>
          <th scope="col">
            GFLOP/s
            <small>of the roof</small>
          </th>
          <th scope="col">Speed-up</th>
          <th scope="col">
            Modelled
            <small>{machine}</small>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ who, name, ms, gflops, share, measured, modelled, fused }) => (
          <tr key={name}>
            <th scope="row">
              <span className="who-head">
                {who === 'frontier' ? <i className="found-dot" /> : <WhoIcon who={who} />}
                {name}
              </span>
              {fuses && fused !== null && <small>{fused}</small>}
            </th>
            <Time ms={ms} />
            <td>
              {gflops === null ? '–' : formatGflops(gflops)}
              <small>{share === null ? '' : sayShare(share)}</small>
            </td>
            <td className={measured !== null && measured.median < 1 ? 'bad' : undefined}>
              {who === 'dense' ? 'reference' : measured === null ? '–' : formatRatio(measured.median)}
              {measured !== null && (
                <small>
                  {formatRatio(measured.low)} to {formatRatio(measured.high)}
                </small>
              )}
            </td>
            <td>{who === 'dense' ? '' : modelled === null ? '–' : formatRatio(modelled)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Time({ ms }: { readonly ms: Spread | null }) {
  if (ms === null) return <td>–</td>;
  return (
    <td>
      {formatMs(ms.median)}
      <small>
        {formatMs(ms.low)} to {formatMs(ms.high)}
      </small>
    </td>
  );
}
