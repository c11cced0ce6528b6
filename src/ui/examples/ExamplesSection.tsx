/**
 * A person's examples for the model on screen: given here or dropped anywhere, what became of them, and what the current
 * design does to the answers on them. Nothing of them leaves the tab.
 */
import { use, useState, useSyncExternalStore } from 'react';
import { InputError } from '../../core/base/checks.ts';
import type { Measured } from '../../state/measurements.ts';
import type { ExamplesSource, ExamplesState } from '../../state/examples-source.ts';
import { Measuring } from '../accuracy/Measuring.tsx';
import { useFindKnown } from '../accuracy/shown.ts';
import { useAccuracyRun, useAppObject, useFile, useSettled } from '../app.ts';
import { formatExact, formatPercent, formatSigned } from '../format.ts';
import { foundText, natsText, stageText } from './words.ts';
import './examples.css';

export function ExamplesSection() {
  const { examples, file } = useAppObject();
  useFile();
  const source = use(examples());
  const state = useSyncExternalStore(source.state.subscribe, source.state.get);
  const { config } = useSettled();
  const [refused, setRefused] = useState<string | null>(null);
  const hasModel = file.files() !== null;
  const give = (files: readonly File[]): void => {
    setRefused(null);
    if (files.length === 0) return;
    try {
      source.give(files.map((each) => ({ name: each.webkitRelativePath || each.name, file: each })));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      setRefused(error.message);
    }
  };
  const name = config.model.kind === 'file' ? config.model.name : '';
  const problem = refused ?? state.problem;
  return (
    <section className="sec own-examples" aria-label="Your examples">
      <header>
        <h2>Measured on your examples</h2>
        <span className="grow" />
        <Actions state={state} source={source} />
      </header>
      {!hasModel ? (
        <p className="note">
          A link holds shapes and the design, never the model or examples: drop {name} here again, then your
          examples, to measure it.
        </p>
      ) : (
        <>
          <Given state={state} />
          {problem !== null && (
            <p className="bad" role="alert">
              {problem}
            </p>
          )}
          {state.status === 'ready' && <Current />}
          <p className="note choose">
            <Choose
              label={state.files.length === 0 ? 'Choose examples' : 'Add or replace files'}
              onGive={give}
            />
            <Choose label="a folder" folder onGive={give} />
            <span>
              or drop them on the page. They stay in this tab: nothing is uploaded, no link holds them.
            </span>
          </p>
        </>
      )}
    </section>
  );
}

function Actions({ state, source }: { readonly state: ExamplesState; readonly source: ExamplesSource }) {
  const { measurer } = useAppObject();
  const measuring = useAccuracyRun(({ status }) => status === 'measuring' || status === 'promoting');
  const failed = useAccuracyRun(({ status }) => status === 'failed');
  const { status, files } = state;
  return (
    <>
      {status === 'working' || (status === 'ready' && measuring) ? (
        <button type="button" className="tb" onClick={status === 'working' ? source.cancel : measurer.cancel}>
          Stop
        </button>
      ) : (
        (status === 'failed' || status === 'cancelled' || (status === 'ready' && failed)) && (
          <button type="button" className="tb" onClick={status === 'ready' ? measurer.retry : source.retry}>
            Try again
          </button>
        )
      )}
      {files.length > 0 && (
        <button type="button" className="tb" onClick={source.clear}>
          Forget them
        </button>
      )}
    </>
  );
}

/** What was given, and how far it is understood. */
function Given({ state: { status, files, found, progress, weighted } }: { readonly state: ExamplesState }) {
  if (files.length === 0)
    return (
      <p className="note">
        Until there are examples the vertical axis knows nothing but the weights. Give arrays (.npz, .npy)
        named as the graph’s inputs; texts or token ids (.txt, .csv, .tsv, .jsonl) with the model’s
        tokenizer.json; or pictures (.png, .jpg) with its preprocessor_config.json. One half tells what each
        layer reads, the other is measured on; without labels the figure is the divergence from the dense
        model, with them accuracy.
      </p>
    );
  const [first, ...others] = files;
  return (
    <>
      <p className="given">
        <b>{first}</b>
        {others.length > 0 && ` and ${formatExact(others.length)} more`}
        {found !== null && <span className="note">: {foundText(found)}</span>}
      </p>
      {found !== null && found.told.length > 0 && (
        <details>
          <summary className="note">How they are read</summary>
          {found.told.map((sentence) => (
            <p key={sentence} className="note">
              {sentence}
            </p>
          ))}
        </details>
      )}
      {status === 'none' && <p className="note">These tell how examples are read; now give the examples.</p>}
      {progress !== null && (
        <p className="note progress-line">
          <progress max={Math.max(1, progress.of)} value={progress.done} aria-label="Examples" />
          {stageText(progress.stage)}
        </p>
      )}
      {status === 'cancelled' && (
        <p className="note">
          Stopped
          {weighted
            ? '; the axis is the share of the layers’ outputs that is kept, as your examples weigh them'
            : ''}
          .
        </p>
      )}
    </>
  );
}

/** Of the design on screen. */
function Current() {
  const { config } = useSettled();
  const { measured } = useFindKnown(config)(config.design);
  return (
    <>
      {measured !== undefined && <Figures measured={measured} />}
      <Measuring isMeasured={measured !== undefined} isLive />
    </>
  );
}

function Figures({ measured }: { readonly measured: Measured }) {
  const { measurement, own, examples, complete } = measured;
  if (own === null) return null;
  const { candidate, dense, paired, flips, n } = measurement;
  const count = `${formatExact(examples)} held-out examples${complete ? '' : ', more to come'}`;
  const { kl } = own;
  return (
    <>
      <p className="shares">
        {own.isLabelled ? (
          <>
            <b>{formatPercent(100 * candidate.value, 2)}</b> right, dense{' '}
            {formatPercent(100 * dense.value, 2)}{' '}
          </>
        ) : (
          <>
            <b>KL {natsText(kl.value)} nats</b> to the dense model{' '}
          </>
        )}
        <span className="note">({count})</span>
      </p>
      <dl className="measured">
        {own.isLabelled && (
          <>
            <dt>Difference</dt>
            <dd>
              {formatSigned(100 * paired.difference, 2)} points ({formatSigned(100 * paired.low, 2)} to{' '}
              {formatSigned(100 * paired.high, 2)})
            </dd>
          </>
        )}
        <dt>KL of an answer</dt>
        <dd>
          {natsText(kl.value)} nats ({natsText(kl.low)} to {natsText(kl.high)})
        </dd>
        <dt>Answers changed</dt>
        <dd>
          {formatPercent(100 * flips, 2)} of {formatExact(n)}
        </dd>
      </dl>
      <p className="note">Intervals of 95 %, over examples.</p>
    </>
  );
}

interface ChooseProps {
  readonly label: string;
  readonly folder?: boolean;
  readonly onGive: (files: readonly File[]) => void;
}

const accepted = '.npz,.npy,.txt,.csv,.tsv,.jsonl,.ndjson,.json,.png,.jpg,.jpeg';

function Choose({ label, folder = false, onGive }: ChooseProps) {
  return (
    <label className="link filebutton">
      {label}
      <input
        type="file"
        multiple
        className="hidden"
        {...(folder ? { webkitdirectory: '' } : { accept: accepted })}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = '';
          onGive(files);
        }}
      />
    </label>
  );
}
