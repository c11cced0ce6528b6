/** Settings beside the design that decide which format wins; dense runs under the same ones. */
import { referenceExecution, type Execution } from '../../core/cost/execution.ts';
import { setExecution } from '../../state/edits.ts';
import { sameData } from '../../state/same.ts';
import { useActions, useApp } from '../app.ts';
import { sayExecution } from './execution-words.ts';
import { NumberField } from './NumberField.tsx';

type Flag = 'fusion' | 'sharedLoops' | 'residency' | 'wholeModel' | 'swap' | 'doubleBuffered' | 'ragged';
type Energy = 'hopPj' | 'leakagePjPerCycle';

const flags: readonly { readonly flag: Flag; readonly name: string; readonly title: string }[] = [
  {
    flag: 'fusion',
    name: 'Fuse the steps of a layer',
    title: 'Intermediates between factors stay on chip where they fit and that is cheaper',
  },
  {
    flag: 'sharedLoops',
    name: 'Share loops between steps',
    title:
      'With fusion, where an intermediate does not fit whole: its steps run tile by tile together. Counted when a drag ends; a search keeps whole intermediates and counts the best anew; strips keep whole ones',
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

/** What the reference tools leave out. */
const beyondFlags: typeof flags = [
  {
    flag: 'doubleBuffered',
    name: 'Double buffers',
    title:
      'Tiles take twice their words, so that the next ones can come in meanwhile; arrays that stay on chip do not',
  },
  {
    flag: 'ragged',
    name: 'Ragged last tiles',
    title:
      'Loops may cover more than the extents: last tiles are partial and only real words move, where padding counts all. Best found, with its gap to the least possible at the loop nest; not with a fixed dataflow',
  },
];

const energies: readonly {
  readonly energy: Energy;
  readonly name: string;
  readonly label: string;
  readonly title: string;
}[] = [
  {
    energy: 'hopPj',
    name: 'Hop, per word',
    label: 'Hops',
    title: 'Energy per word and fan-out that it passes between two levels; every copy of a multicast pays',
  },
  {
    energy: 'leakagePjPerCycle',
    name: 'Leakage, per cycle',
    label: 'Leakage',
    title: 'Energy per cycle of the whole chip, whatever it does',
  },
];

const labels: Readonly<Record<Flag, string>> = {
  fusion: 'Fusion',
  sharedLoops: 'Shared loops',
  residency: 'Residency',
  wholeModel: 'Vector work',
  swap: 'Operand swap',
  doubleBuffered: 'Double buffers',
  ragged: 'Ragged tiles',
};

export function ExecutionSection() {
  const { edit } = useActions();
  const execution = useApp((state) => state.config.execution);
  const accelerator = useApp((state) => state.config.accelerator);
  const [own] = accelerator.levels;
  const unit = accelerator.energyUnit === 'pJ' ? 'pJ' : '× MAC';
  const set = (label: string, change: Partial<Execution>): void =>
    edit(label, (config) => setExecution(config, change));
  const changed = !sameData(execution, referenceExecution);
  const machine = Math.max(own?.readWordsPerCycle ?? 0, own?.writeWordsPerCycle ?? 0);
  const box = ({ flag, name, title }: (typeof flags)[number], disabled = false) => (
    <label key={flag} title={title}>
      <input
        type="checkbox"
        checked={execution[flag]}
        disabled={disabled}
        onChange={(event) =>
          set(`${labels[flag]} ${event.currentTarget.checked ? 'on' : 'off'}`, {
            [flag]: event.currentTarget.checked,
          })
        }
      />
      {name}
    </label>
  );
  return (
    <details className="sec execution">
      <summary>
        <b>Execution</b>{' '}
        <span className="note">
          {changed
            ? sayExecution(execution, accelerator.energyUnit)
            : 'each step by itself, as references count'}
        </span>
      </summary>
      {flags.map((each) => box(each))}
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
      <fieldset>
        <legend>Beyond the reference tools</legend>
        <p className="note">
          Left out by Timeloop and AccelForge, so off at first. Both sides pay: the reduction rises a little,
          since dense moves more words, takes longer and needs larger tiles.
        </p>
        {beyondFlags.map((each) => box(each, each.flag === 'ragged' && execution.dataflow === 'fixed'))}
        {energies.map(({ energy, name, label, title }) => (
          <label key={energy} className="bandwidth" title={title}>
            <span>
              {name}, {unit}
            </span>
            <NumberField
              label={name}
              className="field"
              value={execution[energy]}
              min={0}
              max={1e9}
              decimals
              onEnter={(value) =>
                set(value === 0 ? `${label} off` : `${label} ${value} ${unit}`, { [energy]: value })
              }
            />
          </label>
        ))}
      </fieldset>
    </details>
  );
}
