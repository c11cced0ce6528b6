/** Every layer of the model at once, on demand: its roofline, and its energy and delay by memory level. */
import { memo, useMemo, useState } from 'react';
import type { Derived } from '../../state/derive.ts';
import { useSettled } from '../app.ts';
import { energyScale, formatExact, formatNumber, latencyScale, type Scale } from '../format.ts';
import { levelColour } from './nest.ts';
import { intensity, lowestPort, modelRows, rate, sayRoofs } from './roof.ts';

export function WholeModel() {
  const [open, setOpen] = useState(false);
  return (
    <details
      className="disclosure whole-model"
      onToggle={(event) => {
        const details = event.currentTarget;
        setOpen(details.open);
        if (details.open) requestAnimationFrame(() => details.scrollIntoView({ block: 'nearest' }));
      }}
    >
      <summary>All layers: rooflines, energy and delay by level</summary>
      {open && <Table />}
    </details>
  );
}

function Table() {
  const derived = useSettled();
  return <Rows derived={derived} />;
}

const digits = (value: number): string =>
  value > 0 && value < 0.005 ? '<0.01' : formatNumber(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0);

const Rows = memo(function Rows({ derived }: { readonly derived: Derived }) {
  const { evaluation, evaluator, config } = derived;
  const { mapper, accelerator } = evaluator;
  const rows = useMemo(() => modelRows(derived), [derived]);
  const energy: Scale = energyScale(evaluation.energyPj, accelerator.energyUnit);
  const delay: Scale = latencyScale(evaluation.latencyCycles, accelerator.clockHz);
  const names = [...mapper.accelerator.levels.map(({ name }) => name), 'MAC'];
  const outermost = names[0] ?? '';
  const { meshX, meshY } = accelerator.mac;
  const peak = meshX * meshY;
  const figures = (energyPj: number, latencyCycles: number, byLevel: readonly number[]) => (
    <>
      <td>{digits(latencyCycles / delay.divide)}</td>
      <td>{digits(energyPj / energy.divide)}</td>
      {names.map((name, l) => (
        <td key={name}>{digits((byLevel[l] ?? 0) / energy.divide)}</td>
      ))}
    </>
  );
  return (
    <>
      <p>{sayRoofs(rows)}</p>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls sideways on narrow screens */}
      <div className="scroll" tabIndex={0} role="region" aria-label="All layers">
        <table aria-label="All layers: rooflines, energy and delay">
          <thead>
            <tr>
              <th scope="col">Layers</th>
              <th scope="col" className="text">
                Design
              </th>
              <th scope="col">MACs per cycle, of {formatExact(peak)}</th>
              <th scope="col">Lowest port</th>
              <th scope="col">MACs per {outermost} word</th>
              <th scope="col">Delay, {delay.unit}</th>
              <th scope="col">Energy, {energy.unit}</th>
              {names.map((name, l) => (
                <th key={name} scope="col">
                  <i style={{ background: levelColour(l, names.length - 1) }} />
                  {l === 0 ? `of it ${name}` : name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(
              ({ name, design, layers, roof, attained, energyPj, latencyCycles, energyByLevelPj }) => {
                const port = roof === null ? null : lowestPort(roof);
                const outer = roof?.levels[0];
                return (
                  <tr
                    key={`${name} ${design}`}
                    className={layers.includes(config.view.focus) ? 'focus' : undefined}
                  >
                    <th scope="row">{name}</th>
                    <td className="text note">{design}</td>
                    <td>
                      {attained === null ? '–' : rate(attained)}
                      <Rate
                        attained={(attained ?? 0) / peak}
                        port={(port?.macsPerCycle ?? Infinity) / peak}
                      />
                    </td>
                    <td>{port === null ? '–' : `${port.level} ${rate(port.macsPerCycle)}`}</td>
                    <td>{outer === undefined || outer.words === 0 ? '–' : intensity(outer)}</td>
                    {figures(energyPj, latencyCycles, energyByLevelPj)}
                  </tr>
                );
              },
            )}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">Model</th>
              <td className="text">–</td>
              <td>
                {rate(evaluation.macs / evaluation.latencyCycles)}
                <Rate attained={evaluation.macs / evaluation.latencyCycles / peak} port={Infinity} />
              </td>
              <td>–</td>
              <td>–</td>
              {figures(evaluation.energyPj, evaluation.latencyCycles, evaluation.energyByLevelPj)}
            </tr>
          </tfoot>
        </table>
      </div>
      <p className="note">
        The roof of a row is the lower of {formatExact(peak)} and its lowest port: what the ports in use could
        feed with the words that this mapping moves. The mark on a bar is a port's roof below the array's. A
        layer of several steps may stay below both, as each step has its own.
      </p>
    </>
  );
});

/** Attained, against the array; a mark where a port's roof is lower. */
function Rate({ attained, port }: { readonly attained: number; readonly port: number }) {
  return (
    <span className="rate" aria-hidden="true">
      <i style={{ width: `${100 * Math.min(1, attained)}%` }} />
      {port < 1 && <b style={{ left: `${100 * port}%` }} />}
    </span>
  );
}
