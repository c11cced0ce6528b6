/** Settings beside the design that decide which format wins; dense runs under the same ones. */
import { referenceExecution, type Execution } from '../../core/cost/execution.ts';
import { setExecution } from '../../state/edits.ts';
import { sameData } from '../../state/same.ts';
import { useActions, useApp } from '../app.ts';
import { NumberField } from './NumberField.tsx';

type Flag = 'fusion' | 'residency' | 'wholeModel' | 'swap';

const flags: readonly { readonly flag: Flag; readonly name: string; readonly title: string }[] = [
  {
    flag: 'fusion',
    name: 'Fuse the steps of a layer',
    title: 'Intermediates between factors stay on chip where they fit and that is cheaper',
  },
  {
    flag: 'residency',
    name: 'Keep activations on chip',
    title: 'Between operations, where they fit; dense gets it too',
  },
  {
    flag: 'wholeModel',
    name: 'Count vector work',
    title: 'Softmax, layer norms, activations and residuals; heads that share keys fetch them once',
  },
  {
    flag: 'swap',
    name: 'Let operands change places',
    title: 'Weights may take the way of the inputs through the machine where that is cheaper',
  },
];

const labels: Readonly<Record<Flag, string>> = {
  fusion: 'Fusion',
  residency: 'Residency',
  wholeModel: 'Vector work',
  swap: 'Operand swap',
};

export function ExecutionSection() {
  const { edit } = useActions();
  const execution = useApp((state) => state.config.execution);
  const own = useApp((state) => state.config.accelerator.levels[0]);
  const set = (label: string, change: Partial<Execution>): void =>
    edit(label, (config) => setExecution(config, change));
  const changed = !sameData(execution, referenceExecution);
  const machine = Math.max(own?.readWordsPerCycle ?? 0, own?.writeWordsPerCycle ?? 0);
  return (
    <details className="sec execution">
      <summary>
        <b>Execution</b>{' '}
        <span className="note">
          {changed ? sayExecution(execution) : 'each step by itself, as references count'}
        </span>
      </summary>
      {flags.map(({ flag, name, title }) => (
        <label key={flag} title={title}>
          <input
            type="checkbox"
            checked={execution[flag]}
            onChange={(event) =>
              set(`${labels[flag]} ${event.currentTarget.checked ? 'on' : 'off'}`, {
                [flag]: event.currentTarget.checked,
              })
            }
          />
          {name}
        </label>
      ))}
      <label title="The array's own dataflow and perfect factors only: ranks that do not suit it leave it idle">
        <input
          type="checkbox"
          checked={execution.dataflow === 'fixed'}
          onChange={(event) => {
            const dataflow = event.currentTarget.checked ? 'fixed' : 'flexible';
            set(`Dataflow ${dataflow}`, { dataflow });
          }}
        />
        Fixed dataflow
      </label>
      <span className="bandwidth">
        <span>DRAM words per cycle</span>
        <NumberField
          label="DRAM words per cycle"
          className="field"
          value={execution.outerWordsPerCycle ?? Math.max(1, Math.round(machine))}
          min={1}
          max={65_536}
          onEnter={(words) => set(`DRAM ${words} words per cycle`, { outerWordsPerCycle: words })}
        />
        {execution.outerWordsPerCycle !== null && (
          <button
            type="button"
            className="link"
            onClick={() => set("DRAM at the machine's bandwidth", { outerWordsPerCycle: null })}
          >
            machine’s own
          </button>
        )}
      </span>
    </details>
  );
}

/** `fused, resident, DRAM 4 words`. */
function sayExecution(execution: Execution): string {
  const words = [
    execution.fusion ? 'fused' : '',
    execution.residency ? 'resident' : '',
    execution.wholeModel ? 'with vector work' : '',
    execution.swap ? 'operands swap' : '',
    execution.dataflow === 'fixed' ? 'fixed dataflow' : '',
    execution.outerWordsPerCycle === null ? '' : `DRAM ${execution.outerWordsPerCycle} words`,
  ];
  return words.filter((word) => word !== '').join(', ');
}
