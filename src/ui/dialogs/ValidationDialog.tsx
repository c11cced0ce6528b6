/** Our counts and optima against those of other tools, case by case. The file is fetched when this opens. */
import { useState } from 'react';
import type { OptimumCase, Validation } from '../../core/cost/validation.ts';
import { Choice } from '../Choice.tsx';
import { formatExact, formatRatio } from '../format.ts';
import { Dialog } from './Dialog.tsx';
import { Fetched } from './Fetched.tsx';
import type { OpenDialogProps } from './Dialogs.tsx';
import {
  countedRows,
  countedTotals,
  formatCycles,
  formatDeviation,
  machinesOf,
  optimumRows,
  optimumTotals,
  type ValidationFilter,
} from './validation-rows.ts';

type Table = 'counted' | 'optima';

export function ValidationDialog({ onClose }: OpenDialogProps) {
  return (
    <Dialog title="Validation" onClose={onClose} wide>
      <p>
        The cost model counts words by closed rules. Here those counts stand beside what Timeloop and
        AccelForge report for the same mappings, and our mapper's answers beside proven optima.
      </p>
      <Fetched<Validation> name="validation.json">{(file) => <Tables file={file} />}</Fetched>
      <h3>How it was made</h3>
      <dl className="terms">
        <div>
          <dt>Counts</dt>
          <dd>
            Timeloop (Parashar et al., ISPASS 2019; NVlabs commit 4cf6d4cd, timeloop-model, classic analysis)
            on random valid mappings of matrix products and other einsums; AccelForge (commit 1c1929c2) on
            unfused low-rank pairs, with its own accounting. Compared are whole numbers: instances, words
            held, reads, fills, updates and MACs. Cycles and energies may differ by what the tools round.
          </dd>
        </div>
        <div>
          <dt>Optima</dt>
          <dd>
            Matrix products whose best mapping an exact search has proven (perfect factors, Timeloop's
            accounting), itself checked against the enumeration of every mapping of small machines. Timeloop's
            mapper ran with its default settings and no constraints.
          </dd>
        </div>
        <div>
          <dt>Not covered</dt>
          <dd>
            Chips: no figure here was measured on silicon. Both tools model the same abstract machine as this
            page; agreement means that the counting is right, not that a chip behaves so.
          </dd>
        </div>
        <div>
          <dt>To redo it</dt>
          <dd>
            <code>node scripts/validation.mjs</code>, with the reference tables beside the clone; a test fails
            when the file is not what they give.
          </dd>
        </div>
      </dl>
    </Dialog>
  );
}

function Tables({ file }: { readonly file: Validation }) {
  const [table, setTable] = useState<Table>('counted');
  const [filter, setFilter] = useState<ValidationFilter>({ machine: null, text: '' });
  const counted = countedRows(file, filter);
  const optima = optimumRows(file, filter);
  return (
    <>
      <div className="actions">
        <Choice
          label="Compare"
          value={table}
          options={[
            { value: 'counted', text: 'Counts' },
            { value: 'optima', text: 'Optima' },
          ]}
          onChange={setTable}
        />
        <label>
          <span className="note">Machine </span>
          <select
            className="field"
            value={filter.machine ?? ''}
            onChange={(event) =>
              setFilter({
                ...filter,
                machine: event.currentTarget.value === '' ? null : event.currentTarget.value,
              })
            }
          >
            <option value="">all</option>
            {machinesOf(file).map((machine) => (
              <option key={machine}>{machine}</option>
            ))}
          </select>
        </label>
        <label className="filter">
          <span className="note">Filter </span>
          <input
            className="field"
            type="search"
            placeholder="outer, M 128, AccelForge"
            value={filter.text}
            onChange={(event) => setFilter({ ...filter, text: event.currentTarget.value })}
          />
        </label>
      </div>
      <p className="totals" role="status">
        <b>{table === 'counted' ? countedTotals(counted) : optimumTotals(optima)}</b>
      </p>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls */}
      <div className="cases" tabIndex={0} role="region" aria-label="Cases">
        {table === 'counted' ? (
          <table className="counts" aria-label="Counts, case by case">
            <thead>
              <tr>
                <th scope="col">Case</th>
                <th scope="col">Tool</th>
                <th scope="col">Machine</th>
                <th scope="col">Counts</th>
                <th scope="col">Equal</th>
                <th scope="col">Cycles off</th>
                <th scope="col">Energy off</th>
                <th scope="col">Einsum</th>
                <th scope="col">Extents</th>
              </tr>
            </thead>
            <tbody>
              {counted.map((row) => (
                <tr key={`${row.tool} ${row.id}`}>
                  <th scope="row">{row.id}</th>
                  <td>{row.tool}</td>
                  <td>{row.machine}</td>
                  <td>{formatExact(row.counts)}</td>
                  <td className={row.equal === row.counts ? undefined : 'bad'}>{formatExact(row.equal)}</td>
                  <td>{formatCycles(row.cycles)}</td>
                  <td>{formatDeviation(row.energy)}</td>
                  <td className="mono">{row.einsum}</td>
                  <td>{row.extents}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ) : (
          <table className="optima" aria-label="Optima, case by case">
            <thead>
              <tr>
                <th scope="col">Machine</th>
                <th scope="col">Extents</th>
                <th scope="col">Objective</th>
                <th scope="col">Ours over the optimum</th>
                <th scope="col">EDP of Timeloop's mapper over ours</th>
              </tr>
            </thead>
            <tbody>
              {optima.map((row, i) => (
                <tr key={`${row.machine} ${row.extents} ${row.objective} ${i}`}>
                  <th scope="row">{row.machine}</th>
                  <td>{row.extents}</td>
                  <td>{objectives[row.objective]}</td>
                  <td>{formatRatio(row.ratio)}</td>
                  <td>{theirsText(row.timeloopMapper)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </>
  );
}

const objectives = { edp: 'EDP', energy: 'energy', latency: 'latency' } as const;

function theirsText(ratio: OptimumCase['timeloopMapper']): string {
  if (ratio === null) return 'not run';
  return ratio === 'none' ? 'found none' : formatRatio(ratio);
}
