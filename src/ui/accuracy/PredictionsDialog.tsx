/** What the dense and the compressed model answer to the same held-out examples, those that changed first. */
import { useMemo, useState } from 'react';
import { glyphImage } from '../../core/tasks/glyphs.ts';
import { taskOf } from '../../core/tasks/tasks.ts';
import type { Task } from '../../core/tasks/task.ts';
import { useAccuracyRun, useSettled } from '../app.ts';
import { Dialog } from '../dialogs/Dialog.tsx';
import type { OpenDialogProps } from '../dialogs/Dialogs.tsx';
import { formatExact } from '../format.ts';
import { choose, countChanges, type Change, type Chosen, type Predictions } from './chosen.ts';
import { GlyphImage } from './GlyphImage.tsx';
import { answerWords, Question } from './Question.tsx';
import './accuracy.css';

const atFirst = 24;

const changeWords: Readonly<Record<Change, string>> = {
  lost: 'lost',
  gained: 'gained',
  moved: 'both wrong, differently',
  same: 'same answer',
};

export function PredictionsDialog({ onClose }: OpenDialogProps) {
  const { model } = useSettled();
  const answers = useAccuracyRun((run) => run.answers);
  const task = taskOf(model.id);
  return (
    <Dialog title={`Predictions of ${model.title}`} wide onClose={onClose}>
      {task === null || answers === null ? (
        <p className="note">The current design is still being measured; its answers follow.</p>
      ) : (
        <Gallery task={task} predictions={{ ...answers, from: 0 }} />
      )}
    </Dialog>
  );
}

function Gallery({ task, predictions }: { readonly task: Task; readonly predictions: Predictions }) {
  const [most, setMost] = useState(atFirst);
  const counts = countChanges(predictions);
  const { length } = predictions.truth;
  const shown = choose(predictions, most);
  const glyphs = task.id === 'glyph-vit';
  return (
    <>
      <p className="predictions-head">
        Of {formatExact(length)} held-out examples the compressed model answers{' '}
        <b>{formatExact(length - counts.same)}</b> differently: {formatExact(counts.lost)} that dense had
        right are lost, {formatExact(counts.gained)} are gained.
        {glyphs ? '' : ' Shaded: the right answer; grey line: dense; blue line: compressed.'}
      </p>
      <ul className={glyphs ? 'predictions glyphs' : 'predictions'}>
        {shown.map((chosen) => (
          <Example key={chosen.index} task={task} seed={predictions.seed} chosen={chosen} />
        ))}
      </ul>
      {most < length && (
        <p>
          <button type="button" className="tb line" onClick={() => setMost(most + atFirst)}>
            Show more
          </button>
        </p>
      )}
    </>
  );
}

interface ExampleProps {
  readonly task: Task;
  readonly seed: number;
  readonly chosen: Chosen;
}

function Example({ task, seed, chosen }: ExampleProps) {
  const { index, change } = chosen;
  const { inputs } = useMemo(() => task.examples(seed, index, 1), [task, seed, index]);
  const values = Object.values(inputs)[0]?.values ?? new Float32Array();
  return (
    <li data-change={change}>
      {values instanceof Float32Array ? (
        <Glyph pixels={values} chosen={chosen} />
      ) : (
        <Asked tokens={Array.from(values, Number)} chosen={chosen} />
      )}
    </li>
  );
}

/** The image, and the shapes that either model takes it for. */
function Glyph({ pixels, chosen }: { readonly pixels: Float32Array; readonly chosen: Chosen }) {
  const { truth, dense, candidate, change, index } = chosen;
  const guess = (name: string, label: number) => (
    <span>
      <GlyphImage
        className="small"
        pixels={glyphImage(label)}
        label={`glyph ${label}${label === truth ? ', right' : ', wrong'}`}
      />
      {name} {label === truth ? '✓' : '✗'}
    </span>
  );
  return (
    <>
      <div className="glyph-row">
        <GlyphImage pixels={pixels} label={`Example ${index}: glyph ${truth}`} />
        {guess('dense', dense)}
        {guess('now', candidate)}
      </div>
      <span className="note">{changeWords[change]}</span>
    </>
  );
}

function Asked({ tokens, chosen }: { readonly tokens: readonly number[]; readonly chosen: Chosen }) {
  const { truth, dense, candidate, change } = chosen;
  return (
    <>
      <Question tokens={tokens} truth={truth} dense={dense} candidate={candidate} />
      <span className="note">
        {changeWords[change]}: dense “{answerWords(tokens, dense)}”, compressed “
        {answerWords(tokens, candidate)}”
        {change === 'same' && dense === truth ? '' : `; right is “${answerWords(tokens, truth)}”`}
      </span>
    </>
  );
}
